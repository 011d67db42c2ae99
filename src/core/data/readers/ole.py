"""Compound files, in which old Office programs keep several streams: one stream taken out, one put in.

[MS-CFB], "Compound File Binary File Format", §2: a header, sectors of 512 or 4096 bytes, a table (FAT) that says which
sector follows which, a directory, and a second table for streams below 4096 bytes. Chains may lead anywhere in a
hostile file: none is followed for longer than the file has sectors.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.budget import Budget, require
from core.data.readers.base import damaged

MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LABEL = "Excel"
_HEADER = 512
_IN_HEADER = 109  # sectors of the FAT that the header itself names
_LAST = 0xFFFFFFFA  # from here on, numbers of sectors mean something else
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_ENTRY, _MINI = 128, 64
_SMALL = 4096  # streams below lie in the stream of small ones
MOST_ENTRIES = 10_000


@dataclass(frozen=True)
class Compound:
    """An open compound file. `data`: all of it, memory-mapped; fat: what follows each sector."""

    data: np.ndarray
    sector: int
    fat: np.ndarray
    mini_fat: np.ndarray
    mini: bytes
    entries: tuple[tuple[str, int, int], ...]
    where: str

    def stream(self, names: Collection[str], budget: Budget) -> bytes | None:
        """The stream of one of these names, in lower case; None where there is none.

        Raises:
            UserInputError: it is not all there, or above the limit.
        """
        found = next((entry for entry in self.entries if entry[0].lower() in names), None)
        if found is None:
            return None
        _, start, size = found
        what, remedy = "This workbook is too large.", "Save the table alone in a new workbook (.xlsx), or as CSV."
        require(size, budget.sheet_text_bytes, what=what, unit="bytes", where=self.where, remedy=remedy)
        if size < _SMALL:
            parts = [self.mini[n * _MINI : (n + 1) * _MINI] for n in _chain(self.mini_fat, start, self.where)]
            content = b"".join(parts)
        else:
            content = _joined(self.data, self.sector, _chain(self.fat, start, self.where))
        if len(content) < size:
            raise damaged(self.where, LABEL, f"Its content should have {size:,} bytes; {len(content):,} are there")
        return content[:size]


def opened(path: Path) -> Compound:
    """The tables and the directory of a compound file.

    Raises:
        UserInputError: it is damaged, or its chains of sectors have no end.
    """
    data, where = np.memmap(path, np.uint8, "r"), path.name
    if len(data) < _HEADER or bytes(data[:8]) != MARK:
        raise damaged(where, LABEL, "Its header is missing")
    head = bytes(data[:_HEADER])
    shift, mini_shift = struct.unpack_from("<HH", head, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise damaged(where, LABEL, "Its sectors have an impossible size")
    sector = 1 << shift
    directory, mini_start, mini_count = (struct.unpack_from("<I", head, at)[0] for at in (48, 60, 64))
    fat = _fat(data, head, sector, where)
    entries = _entries(_joined(data, sector, _chain(fat, directory, where)))
    if not entries:
        raise damaged(where, LABEL, "It has no table of contents")
    mini_fat, mini = np.zeros(0, np.uint32), b""
    if mini_count:
        mini_fat = _numbers(_joined(data, sector, _chain(fat, mini_start, where)))
        _, start, size = entries[0]
        mini = _joined(data, sector, _chain(fat, start, where))[:size]
    return Compound(data, sector, fat, mini_fat, mini, entries, where)


def _fat(data: np.ndarray, head: bytes, sector: int, where: str) -> np.ndarray:
    sectors = len(data) // sector
    places = list(struct.unpack_from(f"<{_IN_HEADER}I", head, 76))
    more, seen = struct.unpack_from("<I", head, 68)[0], 0
    while more < _LAST:
        part = _numbers(_joined(data, sector, [more]))
        seen += 1
        if not len(part) or seen > sectors:
            raise damaged(where, LABEL, "Its table of sectors has no end")
        places += part[:-1].tolist()
        more = int(part[-1])
    used = [place for place in places if place < _LAST]
    if len(used) > sectors:
        raise damaged(where, LABEL, "Its table of sectors is larger than the file")
    return _numbers(_joined(data, sector, used))


def _numbers(content: bytes) -> np.ndarray:
    """A part of a table of sectors; the last number may be cut."""
    return np.frombuffer(content[: len(content) // 4 * 4], "<u4")


def _chain(fat: np.ndarray, start: int, where: str) -> list[int]:
    found: list[int] = []
    while start < _LAST:
        if start >= len(fat) or len(found) > len(fat):
            raise damaged(where, LABEL, "Its chain of sectors is broken")
        found.append(start)
        start = int(fat[start])
    return found


def _joined(data: np.ndarray, sector: int, numbers: list[int]) -> bytes:
    """The bytes of these sectors; those beyond the end of the file are not there."""
    return b"".join(bytes(data[(n + 1) * sector : (n + 2) * sector]) for n in numbers)


def _entries(directory: bytes) -> tuple[tuple[str, int, int], ...]:
    found = []
    for at in range(0, min(len(directory), MOST_ENTRIES * _ENTRY) - _ENTRY + 1, _ENTRY):
        length = min(struct.unpack_from("<H", directory, at + 64)[0], 64)
        start, size = struct.unpack_from("<II", directory, at + 116)
        name = directory[at : at + max(0, length - 2)].decode("utf-16-le", "replace")
        found.append((name, start, size))
    return tuple(found)


def write(path: Path, name: str, content: bytes) -> None:
    """A compound file of this one stream."""
    sector = 4096
    content = content.ljust(_SMALL, b"\0")
    body = -(-len(content) // sector)
    tables = 1
    while tables * (sector // 4) < tables + 1 + body:
        tables += 1
    if tables > _IN_HEADER:
        raise ValueError("the stream is too large for one header")
    follow = [_FAT] * tables + [_END] + [tables + 2 + k for k in range(body - 1)] + [_END]
    fat = np.array(follow, "<u4").tobytes().ljust(tables * sector, b"\xff")
    places = [*range(tables), *[_FREE] * (_IN_HEADER - tables)]
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", MARK, 62, 4, 0xFFFE, 12, 6, 1, tables, tables, 0, _SMALL, 0, 0, _END, 0
    )
    head = head[:76] + struct.pack(f"<{_IN_HEADER}I", *places)
    entries = _entry("Root Entry", 5, 0, 0, child=1) + _entry(name, 2, tables + 1, len(content))
    with path.open("wb") as file:
        file.write(head.ljust(sector, b"\0") + fat + entries.ljust(sector, b"\0"))
        file.write(content.ljust(body * sector, b"\0"))


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHBBIII36xIQ", text, len(text), kind, 1, _FREE, _FREE, child, start, size)
