"""What a source of images holds: content, sizes, classes, guesses, findings; as `core.data.load` does it for tables."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.data.images import formats, recognize
from core.data.images.album import TEST, TRAIN, VALIDATION, Album, Size
from core.data.images.formats import Header
from core.data.images.goal import Goal, column, findings, goal
from core.data.progress import Progress, silent, sparing
from core.data.roles import FEW_ROWS
from core.data.schema import ColumnProfile, Finding, ImageFacts, RejectedRow, TableProfile
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

NAME = "image"
PART_NUMBERS = {TRAIN: 0, VALIDATION: 1, TEST: 2}
MEASURED = 20_000  # headers that are read before training; of more images, so many spread over all
COLOURED = 24  # images that are looked at for colours: a grey picture may be stored as RGB
COLOUR_LEVELS = 12  # by which channels of one pixel must differ; JPEG makes greys that are not quite grey
LARGEST = 64  # the longer side of the guess: larger ones take much longer and rarely help
REMEMBERED = 4


@dataclass(frozen=True)
class Seen:
    """What the headers of an album say: one entry an image; None for an image that was not looked at."""

    headers: tuple[Header | str | None, ...]
    is_coloured: bool

    @property
    def usable(self) -> np.ndarray:
        return np.array([not isinstance(header, str) for header in self.headers], bool)


_SEEN: dict[str, Seen] = {}
_DIGESTS: dict[tuple[object, ...], str] = {}
_EACH: dict[str, tuple[bytes, ...]] = {}  # by the digest of all files together, that of each


def content_hash(source: DataSource, *, progress: Progress = silent) -> str | None:
    """SHA-256 of all files that a source of images reads; None where it holds no images, or is one file."""
    album = recognize.recognize(source)
    if album is None or (album.files == (Path(source.path),) and not source.also):
        return None
    key = tuple((str(path), stat.st_size, stat.st_mtime_ns) for path in album.files if (stat := path.stat()))
    if key not in _DIGESTS:
        whole, each, tell = hashlib.sha256(), [], sparing(progress)
        for k, path in enumerate(album.files):
            tell(f"Reading {source.name}", k / len(album.files))
            whole.update(f"{path.name}\0{path.parent.name}\0".encode("utf-8", "surrogateescape"))
            each.append(_digest(path))
            whole.update(each[-1])
        _remember(_DIGESTS, key, whole.hexdigest())
        _remember(_EACH, whole.hexdigest(), tuple(each))
    return _DIGESTS[key]


def _digest(path: Path) -> bytes:
    one = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(2**20):
                one.update(chunk)
    except OSError as err:
        one.update(str(err.errno).encode())
    return one.digest()


def _remember(kept: dict[Any, Any], key: object, value: object) -> None:
    kept[key] = value
    if len(kept) > REMEMBERED:
        kept.pop(next(iter(kept)))


# --- what there is


def inspect(spec: DataSpec, digest: str, album: Album, *, where: str, progress: Progress = silent) -> TableProfile:
    """What is in a source of images: sizes, classes, guesses, findings.

    Raises:
        UserInputError: none of the images can be read, or a target that is not there.
    """
    seen = look(album, digest, where, progress)
    found, usable = goal(album, spec), seen.usable
    rejected = tuple(
        RejectedRow(i + 1, header, album.names[i]) for i, header in enumerate(seen.headers) if isinstance(header, str)
    )
    guess = guessed(seen)
    facts = _facts(album, seen, found, wanted(spec, guess), guess)
    return TableProfile(
        name=where,
        rows=int(usable.sum()),
        columns=(_image_column(facts), column(found, usable)),
        target=found.name,
        task=found.task,
        target_reason=found.reason,
        sha256=digest,
        findings=_findings(album, seen, found, facts, spec, digest),
        rejected=(*rejected, *album.rejected)[:100],
        rejected_count=len(rejected),
        format=album.kind,
        images=facts,
    )


def look(album: Album, digest: str, where: str, progress: Progress) -> Seen:
    """The headers of an album's images, remembered for those who look first and prepare then."""
    if digest not in _SEEN:
        count = len(album)
        which = range(count) if count <= MEASURED else np.linspace(0, count - 1, MEASURED).astype(int).tolist()
        headers: list[Header | str | None] = [None] * count
        tell = sparing(progress)
        for k, (i, header) in enumerate(zip(which, album.pixels.headers(which), strict=False)):
            headers[i] = header
            tell(f"Measuring {where}", k / len(which))
        _check_any(headers, where)
        _remember(_SEEN, digest, Seen(tuple(headers), _coloured(album, headers)))
    return _SEEN[digest]


def _check_any(headers: Sequence[Header | str | None], where: str) -> None:
    """Refuse a source of which no image can be used."""
    reasons = [header for header in headers if isinstance(header, str)]
    refuse_all(reasons, sum(header is not None for header in headers), where)


def refuse_all(reasons: Sequence[str], count: int, where: str) -> None:
    """Refuse `count` images, if there is a reason against each of them."""
    if reasons and len(reasons) == count:
        most, count = Counter(reasons).most_common(1)[0]
        many = f"Of {count:,} images: " if count > 1 else ""
        one = "This image cannot be read." if len(reasons) == 1 else "None of these images can be read."
        raise UserInputError(
            one, where=where, reason=f"{many}{most[:1].upper()}{most[1:]}.", remedy=f"Use {formats.NAMES}."
        )


def _coloured(album: Album, headers: Sequence[Header | str | None]) -> bool:
    """Whether some of the images that may hold colours do."""
    may = [i for i, header in enumerate(headers) if isinstance(header, Header) and header.colour]
    some = sorted({may[k] for k in np.linspace(0, len(may) - 1, COLOURED).astype(int)}) if may else []
    for picture in album.pixels.pictures(some, Size(32, 32, formats.RGB)):
        if not isinstance(picture, str):
            spread = np.ptp(np.asarray(picture, np.float32), axis=-1).max()
            if spread > COLOUR_LEVELS / 255 * album.pixels.white:
                return True
    return False


def guessed(seen: Seen) -> Size:
    """The most frequent size, shrunk until its longer side has 64 pixels; square where proportions differ."""
    sizes = Counter((h.width, h.height) for h in seen.headers if isinstance(h, Header))
    channels = formats.RGB if seen.is_coloured else formats.GREY
    if not sizes:
        return Size(LARGEST, LARGEST, channels)
    (width, height), count = sizes.most_common(1)[0]
    if count < sizes.total() / 2:
        side = min(LARGEST, int(np.median([min(pair) for pair in sizes.elements()])))
        return Size(side, side, channels)
    longest = max(width, height)
    if longest <= LARGEST:
        return Size(height, width, channels)
    down, across = (max(4, round(n * LARGEST / longest / 4) * 4) for n in (height, width))
    return Size(down, across, channels)


def wanted(spec: DataSpec, guess: Size) -> Size:
    """The size as a person chose it, the guess where not."""
    return Size(spec.height or guess.height, spec.width or guess.width, spec.channels or guess.channels)


def _facts(album: Album, seen: Seen, found: Goal, size: Size, guess: Size) -> ImageFacts:
    sizes = Counter((h.width, h.height) for h in seen.headers if isinstance(h, Header))
    return ImageFacts(
        kind=album.kind,
        height=size.height,
        width=size.width,
        channels=size.channels,
        guessed=guess.shape,
        names=album.names,
        classes=found.classes,
        labels=found.values,
        part=np.array([PART_NUMBERS[part] for part in album.parts] or [-1] * len(album), np.int8),
        usable=seen.usable,
        sizes=tuple((*pair, n) for pair, n in sizes.most_common(8)),
        sizes_count=len(sizes),
        colour=sum(h.colour for h in seen.headers if isinstance(h, Header)),
        targets=tuple(album.targets),
    )


def _image_column(facts: ImageFacts) -> ColumnProfile:
    colours = "in colour" if facts.channels == formats.RGB else "in grey"
    reason = f"The network gets {facts.width} × {facts.height} pixels {colours}."
    return ColumnProfile(NAME, "image", reason, distinct=len(facts.names), invalid=int((~facts.usable).sum()))


def _findings(
    album: Album, seen: Seen, found: Goal, facts: ImageFacts, spec: DataSpec, digest: str
) -> tuple[Finding, ...]:
    usable = seen.usable
    told = [*findings(found, usable), *album.findings]
    if spec.source.sha256 not in ("", digest):
        text = "The images have changed since they were chosen: what was trained before saw others."
        told.append(Finding("warning", text))
    if lost := int((~usable).sum()):
        many = "One image" if lost == 1 else f"{lost:,} images"
        told.append(Finding("warning", f"{many} cannot be read and will be skipped."))
    if usable.sum() < FEW_ROWS:
        text = f"Only {int(usable.sum())} images: whatever is learned from so few may not hold elsewhere."
        told.append(Finding("warning", text))
    told += _duplicates(album, album.digests or _EACH.get(digest, ())[: len(album)], usable)
    if facts.sizes_count > 1:
        told.append(Finding("info", _sizes_text(facts)))
    grave = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(told, key=lambda finding: grave[finding.severity]))


def _sizes_text(facts: ImageFacts) -> str:
    width, height, count = facts.sizes[0]
    share = f"most are {width} × {height}" if count * 2 > len(facts.names) else f"{count:,} are {width} × {height}"
    return (
        f"The images have {facts.sizes_count:,} different sizes, {share}: all are resized to "
        f"{facts.width} × {facts.height}, whatever their proportions."
    )


def _duplicates(album: Album, digests: Sequence[object], usable: np.ndarray) -> list[Finding]:
    """digests: of every image; of others nothing is known."""
    if len(digests) != len(album):
        return []
    counts = Counter(digest for digest, fine in zip(digests, usable, strict=True) if fine)
    extra = sum(n - 1 for n in counts.values())
    told = []
    if extra:
        many = "One image is" if extra == 1 else f"{extra:,} images are"
        text = f"{many} the same as another: such rows may train and test at once, which flatters the test."
        told.append(Finding("warning", text))
    if album.parts:
        by_part = {part: {d for d, p in zip(digests, album.parts, strict=True) if p == part} for part in (TRAIN, TEST)}
        both = len(by_part[TRAIN] & by_part[TEST])
        if both:
            many = "One image lies" if both == 1 else f"{both:,} images lie"
            told.append(Finding("warning", f"{many} both in train/ and in test/: the test is no test for them."))
    return told
