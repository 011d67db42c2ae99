"""Several NumPy arrays in one file (.npz). Those with equally many rows stand side by side: X and y make one table."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.progress import Progress
from core.data.readers import archive
from core.data.readers.arrays import Named, table_of
from core.data.readers.base import Options, RawTable, choose
from core.data.readers.npy import open_array, read_header
from core.data.readers.unpack import unpack
from core.data.workspace import Workspace
from core.errors import UserInputError

JOIN = " + "
MOST_ARRAYS = 1000
NAMED = 6


@dataclass(frozen=True)
class NpzReader:
    label: str = "NumPy archives"
    suffixes: tuple[str, ...] = (".npz",)

    def accepts(self, path: Path, head: bytes) -> bool:
        names = archive.names(path) if head.startswith(b"PK") else ()
        return bool(names) and all(name.endswith(".npy") for name in names)

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for what `NpyReader.read` refuses, and an archive that is damaged or hostile."""
        with archive.opened(path, work.budget) as found:
            rows = _rows(found, path.name)
            groups = parts_of(rows)
            part = choose(options.part, tuple(groups), where=path.name, kind="array")
            arrays = [_array(found, name, work, path.name, progress) for name in groups[part]]
            raw = table_of(arrays, work, where=path.name, format=self.label, progress=progress)
        return raw if len(groups) < 2 else replace(raw, parts=tuple(groups), part=part)


READER = NpzReader()


def parts_of(rows: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """What can be chosen, most rows first: arrays that fit side by side, then each by itself. rows: by array."""
    by_rows: dict[int, list[str]] = {}
    for name, count in rows.items():
        by_rows.setdefault(count, []).append(name)
    groups = [tuple(names) for _, names in sorted(by_rows.items(), reverse=True)]
    joined = {_label(names): names for names in groups if len(names) > 1}
    # A table of one row is a list of names or settings beside the data.
    alone = {name: (name,) for names in groups for name in names}
    first = _label(groups[0])
    return {first: groups[0], **joined, **alone}


def _label(names: tuple[str, ...]) -> str:
    return JOIN.join(names) if len(names) <= NAMED else f"{JOIN.join(names[:NAMED])}{JOIN}{len(names) - NAMED} more"


def _rows(found: zipfile.ZipFile, where: str) -> dict[str, int]:
    """The rows of every array that can be a table, from the headers alone."""
    rows, refused = {}, None
    for info in found.infolist()[:MOST_ARRAYS]:
        with found.open(info) as file:
            try:
                shape, _, _ = read_header(file, f"{where}, {info.filename}")  # type: ignore[arg-type]
            except UserInputError as err:
                refused = err
                continue
        rows[info.filename.removesuffix(".npy")] = shape[0]
    if not rows:
        raise refused or UserInputError("This archive holds no array.", where=where)
    return rows


def _array(found: zipfile.ZipFile, name: str, work: Workspace, where: str, progress: Progress) -> Named:
    member = f"{name}.npy"
    packed = found.getinfo(member).compress_size
    with found.open(member) as stream:
        path = unpack(stream, member, work, packed=lambda: packed, where=where, progress=progress)
    return Named(name, open_array(path, where=f"{where}, {name}"))
