"""What image files are called by: the folders they lie in, a table of labels beside them, or their own names."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data.images.album import TEST, TRAIN, VALIDATION
from core.data.schema import Finding, RejectedRow

SPLITS = {
    "train": TRAIN, "training": TRAIN, "trainset": TRAIN, "train_set": TRAIN,
    "valid": VALIDATION, "validation": VALIDATION, "val": VALIDATION, "dev": VALIDATION,
    "test": TEST, "testing": TEST, "testset": TEST, "test_set": TEST,
}  # fmt: skip
TABLES = (".csv", ".tsv", ".txt")
TARGET_NAMES = ("label", "class", "target", "category", "y", "species", "digit", "breed", "diagnosis", "score", "age")
DELIMITERS = ",;\t|"
MATCHING = 0.5  # of the images, at least, must stand in a table for it to be theirs
LISTED = 5
_NUMBERED = re.compile(r"^(?P<stem>[^\W\d_]{2,}(?:[ _-][^\W\d_]+)*?)[ ._-]*\(?\d+\)?$")


@dataclass(frozen=True)
class Labels:
    """targets, reason, labelled, parts: as in `Album`. kept: which of the images they are of."""

    targets: Mapping[str, tuple[str, ...]]
    reason: str
    labelled: bool
    parts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()


def labels_of(names: Sequence[str], tables: Mapping[str, bytes]) -> Labels:
    """What can be predicted for images of these names. tables: the small texts that lay beside them, by name."""
    parts, rest = parted(names)
    for table, content in tables.items():
        found = _from_table(names, parts, content, table)
        if found is not None:
            return found
    folders = [path.split("/")[0] if "/" in path else "" for path in rest]
    if len(set(folders) - {""}) > 1:
        loose = folders.count("")
        found_loose = (
            (Finding("warning", f"{_images(loose)} in no class folder and will be left out."),) if loose else ()
        )
        reason = "The images lie in one folder for each class."
        return Labels({"class": tuple(folders)}, reason, True, parts, (*_split_found(parts), *found_loose))
    stems = [_stem(path) for path in rest]
    counts = Counter(stems)
    if "" not in counts and 2 <= len(counts) <= len(names) / 2:
        found_names = (Finding("info", "The classes were read from the names of the files: “cat.12.jpg” is a cat."),)
        reason = "The names of the files begin with it."
        return Labels({"class": tuple(stems)}, reason, True, parts, (*_split_found(parts), *found_names))
    return Labels({"class": tuple("" for _ in names)}, "", True, parts, _split_found(parts))


def parted(names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The part that each name belongs to by a folder "train", "validation" or "test", () where there are no such
    folders; and the names without what all share and without that folder."""
    paths = [name.split("/") for name in names]
    while paths and all(len(path) > 1 and path[0] == paths[0][0] for path in paths):
        paths = [path[1:] for path in paths]
    deepest = max(map(len, paths), default=0) - 1
    for level in range(min(deepest, 3)):
        found = [SPLITS.get(path[level].lower(), "") if len(path) > level + 1 else "" for path in paths]
        if all(found) and TRAIN in found and len(set(found)) > 1:
            return tuple(found), ["/".join((*path[:level], *path[level + 1 :])) for path in paths]
    return (), ["/".join(path) for path in paths]


def _split_found(parts: Sequence[str]) -> tuple[Finding, ...]:
    if not parts:
        return ()
    counts = Counter(parts)
    told = ", ".join(f"{counts[part]:,} in {part}/" for part in (TRAIN, VALIDATION, TEST) if counts[part])
    more = "" if counts[VALIDATION] else " Images that validate are taken from train/."
    return (Finding("info", f"The split is that of the folders: {told}.{more}"),)


def _stem(path: str) -> str:
    name = PurePosixPath(path).stem
    found = _NUMBERED.match(name)
    return found["stem"].lower() if found else ""


# --- a table of labels


def _from_table(names: Sequence[str], parts: tuple[str, ...], content: bytes, table: str) -> Labels | None:
    """The labels in a table that names the images, or None where it does not."""
    rows = _rows(content)
    if len(rows) < 2:
        return None
    place = _places(names)
    width = len(rows[0])
    hits = [sum(_key(row[k]) in place for row in rows[1:] if len(row) > k) for k in range(width)]
    by = max(range(width), key=lambda k: (hits[k], -k))
    if hits[by] < MATCHING * min(len(names), len(rows) - 1) or width < 2:
        return None
    others = [k for k in range(width) if k != by]
    head = [cell.strip() or f"column {k + 1}" for k, cell in enumerate(rows[0])]
    has_header = _key(rows[0][by]) not in place
    if not has_header:
        head = [f"column {k + 1}" for k in range(width)]
        head[others[0]] = "label"
    found: dict[int, list[str]] = {k: [""] * len(names) for k in others}
    unknown: list[RejectedRow] = []
    for line, row in enumerate(rows[has_header:], start=1 + has_header):
        at = place.get(_key(row[by]), None) if len(row) > by else None
        if at is None:
            unknown.append(RejectedRow(line, "names no image that is here", ", ".join(row)[:200]))
            continue
        for k in others:
            if len(row) > k:
                found[k][at] = row[k].strip()
    order = sorted(others, key=lambda k: (rank(head[k]), k))
    targets = {head[k]: tuple(found[k]) for k in order if any(found[k])}
    if not targets:
        return None
    findings = [*_split_found(parts), Finding("info", f"The labels come from {table}.")]
    if unknown:
        which = "One line" if len(unknown) == 1 else f"{len(unknown):,} lines"
        findings.append(Finding("warning", f"{which} of {table} name images that are not here."))
    reason = f"A column of {table}."
    return Labels(targets, reason, False, parts, tuple(findings), tuple(unknown))


def _rows(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "cp1252", "latin-1"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    if delimiter not in first:
        return []
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return []


def _places(names: Sequence[str]) -> dict[str, int]:
    """Position of every image by its path, its file name and its stem, as far as these are its own."""
    found: dict[str, int] = {}
    for form in (lambda n: PurePosixPath(n).stem, lambda n: PurePosixPath(n).name, lambda n: n):
        counts = Counter(form(name) for name in names)
        found |= {form(name): i for i, name in enumerate(names) if counts[form(name)] == 1}
    shared = [name.split("/") for name in names]
    while shared and all(len(path) > 1 and path[0] == shared[0][0] for path in shared):
        shared = [path[1:] for path in shared]
        found |= {"/".join(path): i for i, path in enumerate(shared)}
    return found


def _key(cell: str) -> str:
    text = cell.strip().replace("\\", "/")
    return text.removeprefix("./").lstrip("/")


def rank(name: str) -> int:
    words = re.split(r"[\W_]+", name.lower())
    return next((k for k, wanted in enumerate(TARGET_NAMES) if wanted in words), len(TARGET_NAMES))


def _images(count: int) -> str:
    return "One image lies" if count == 1 else f"{count:,} images lie"
