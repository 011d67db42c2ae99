"""The data of a project: small files are carried along, others are found again by where they lie and what they hold."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.data import digest
from core.errors import UserInputError
from core.paths import cache_folder
from core.project.atomic import atomic_write
from core.spec import DataSource, DataSpec

EMBED_BYTES = 2**20
EMBED_FILES = 32
DATA = "data/"

Embedded = tuple[tuple[str, bytes], ...]


def to_json(source: DataSource, folder: Path, embedded: Embedded) -> dict[str, Any]:
    """What a project remembers besides the paths: places relative to its folder, and the files that it carries."""
    made: dict[str, Any] = {}
    if source.path:
        made["data_relative"] = _relative(Path(source.path), folder)
    if source.also:
        made["data_relative_also"] = [_relative(Path(path), folder) for path in source.also]
    told = [{"name": name, "sha256": hashlib.sha256(content).hexdigest()} for name, content in embedded]
    if told:
        made["data_embedded"] = told[0]
    if told[1:]:
        made["data_embedded_also"] = told[1:]
    return made


def members(embedded: Embedded) -> dict[str, bytes]:
    """The carried files, by their names in the archive."""
    return {DATA + _safe(name): content for name, content in embedded}


def small(data: DataSpec | None) -> Embedded:
    """Names and contents of data files worth carrying along; () where they are large together, gone or changed."""
    if data is None or data.source.kind != "file":
        return ()
    paths = [Path(path) for path in (data.source.path, *data.source.also)]
    if len(paths) > EMBED_FILES:
        return ()
    try:
        if not all(path.is_file() for path in paths) or sum(path.stat().st_size for path in paths) > EMBED_BYTES:
            return ()
        contents = [path.read_bytes() for path in paths]
    except OSError:
        return ()
    hashes = [hashlib.sha256(content).hexdigest() for content in contents]
    known, names = data.source.sha256, [_safe(path.name) for path in paths]
    changed = known and digest.together(digest.labels(paths), hashes) != known
    if changed or sum(map(len, contents)) > EMBED_BYTES or len(set(names)) < len(names):
        return ()
    return tuple((path.name, content) for path, content in zip(paths, contents, strict=True))


def located(
    spec: DataSpec, data: Mapping[str, Any], folder: Path, held: Mapping[str, bytes], data_folder: Path | None
) -> DataSpec:
    """The specification with paths that exist, if there are any.

    Of these, each file is the first that exists: beside the project as when saved, where it was, in the project's
    folder (only if its content is the same), the copy that the project carries. Where several exist, the same content
    decides. data: project.json; held: the members of the archive.
    """
    source = spec.source
    if source.kind != "file":
        return spec
    relatives = [str(data.get("data_relative", "")), *map(str, data.get("data_relative_also", ()))]
    carried = [data.get("data_embedded", {}), *data.get("data_embedded_also", ())]
    paths, known = (source.path, *source.also), source.sha256 if not source.also else ""
    found = [
        _place(path, relatives[k] if k < len(relatives) else "", folder, known)
        or _unpacked(carried[k] if k < len(carried) else {}, held, data_folder)
        or Path(path)
        for k, path in enumerate(paths)
    ]
    first, *also = map(str, found)
    return replace(spec, source=replace(source, path=first, also=tuple(also)))


def _place(path: str, relative: str, folder: Path, known: str) -> Path | None:
    """Where a file lies now, or None. known: its hash, "" where that is not known of it alone."""
    was = Path(path) if path else None
    beside = Path(os.path.normpath(folder / relative)) if relative else None
    usual = _different([place for place in (beside, was) if place is not None and place.exists()])
    if len(usual) > 1 and known:
        return next((place for place in usual if _holds(place, known)), usual[0])
    if usual:
        return usual[0]
    near = folder / was.name if was is not None and was.name else None
    return near if near is not None and known and near.is_file() and _holds(near, known) else None


def _different(places: Sequence[Path]) -> list[Path]:
    return [place for k, place in enumerate(places) if not any(_same(place, other) for other in places[:k])]


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _holds(place: Path, known: str) -> bool:
    try:
        return place.is_file() and digest.of_files([place]) == known
    except OSError:
        return False


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return ""


def _safe(name: str) -> str:
    """A file name that every system accepts and that stays in its folder."""
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name.encode("utf-8", "replace").decode())
    return plain.strip(". ")[:100] or "data"


def _unpacked(told: Mapping[str, Any], held: Mapping[str, bytes], data_folder: Path | None) -> Path | None:
    """The carried file, placed under its hash: a path of our making, whatever the archive calls it."""
    name = dict(told).get("name")
    content = held.get(DATA + _safe(name)) if isinstance(name, str) else None
    if content is None:
        return None
    root = data_folder or cache_folder() / "embedded"
    path = root / hashlib.sha256(content).hexdigest()[:16] / _safe(str(name))
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, content)
    except (OSError, UserInputError):
        return None  # the project opens all the same, and says that its data are missing
    return path
