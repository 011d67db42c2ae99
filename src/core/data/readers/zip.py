"""A ZIP archive of tables: one of its files is read, the others can be chosen."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.progress import Progress
from core.data.readers import archive
from core.data.readers.base import Options, RawTable, choose, damaged
from core.data.readers.unpack import read_unpacked, unpack
from core.data.workspace import Workspace
from core.errors import UserInputError

TABLES = (
    ".csv", ".tsv", ".tab", ".txt", ".data", ".dat", ".json", ".jsonl", ".ndjson", ".arff", ".parquet", ".xlsx",
    ".xlsm", ".xls", ".ods", ".sqlite", ".sqlite3", ".db", ".npy", ".npz", ".mat", ".gz", ".zst", ".bz2", "-ubyte",
)  # fmt: skip
# How a part of a file in the archive is named: "book.xlsx → Sheet1".
WITHIN = " → "


@dataclass(frozen=True)
class ZipReader:
    label: str = "ZIP archives"
    suffixes: tuple[str, ...] = (".zip",)

    def accepts(self, path: Path, head: bytes) -> bool:
        return head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for an archive that is damaged, hostile or without tables, and what is wrong inside."""
        member, _, within = options.part.partition(WITHIN)
        with archive.opened(path, work.budget) as found:
            names = _tables(found, path.name)
            chosen = choose(member, names, where=path.name, kind="file")
            with found.open(chosen) as stream:
                inner = unpack(
                    stream, chosen, work, packed=lambda: found.getinfo(chosen).compress_size,
                    where=path.name, progress=progress,
                )  # fmt: skip
            if inner.stat().st_size != found.getinfo(chosen).file_size:
                raise damaged(path.name, "ZIP", f"{chosen[:60]} is not as long as it says")
        where = path.name if len(names) == 1 else f"{path.name}{WITHIN}{chosen}"
        options = replace(options, part=within)
        raw = read_unpacked(inner, work, options=options, progress=progress, where=where)
        return _with_parts(raw, names, chosen)


READER = ZipReader()


def _with_parts(raw: RawTable, names: tuple[str, ...], chosen: str) -> RawTable:
    """What there is to choose from: the archive's files, the chosen one with its own parts."""
    own = tuple(f"{chosen}{WITHIN}{part}" for part in raw.parts)
    parts = tuple(part for name in names for part in (own or (name,) if name == chosen else (name,)))
    if len(parts) < 2:
        return replace(raw, parts=(), part="")
    return replace(raw, parts=parts, part=f"{chosen}{WITHIN}{raw.part}" if own else chosen)


def _tables(found: zipfile.ZipFile, where: str) -> tuple[str, ...]:
    """The members that may be tables, largest first: what was packed beside the data is smaller."""
    infos = archive.files(found)
    tables = [info for info in infos if info.filename.lower().endswith(TABLES)] or (infos if len(infos) == 1 else [])
    if not tables:
        listed = ", ".join(info.filename[:60] for info in infos[:5])
        raise UserInputError(
            "This archive holds no table.",
            where=where,
            reason=f"It holds {listed}{' …' if len(infos) > 5 else ''}." if infos else "It is empty.",
            remedy="Unpack it and open the table inside.",
        )
    return tuple(info.filename for info in sorted(tables, key=lambda info: (-info.file_size, info.filename)))
