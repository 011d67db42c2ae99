"""IDX, the format of MNIST: big-endian arrays of numbers. Images become one row of pixel columns each."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from core.data.progress import Progress
from core.data.readers.arrays import Named, table_of
from core.data.readers.base import Options, RawTable, damaged
from core.data.workspace import Workspace

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 8


@dataclass(frozen=True)
class IdxReader:
    label: str = "IDX (MNIST)"
    suffixes: tuple[str, ...] = ("-ubyte", ".idx")

    def accepts(self, path: Path, head: bytes) -> bool:
        return len(head) >= 8 and head[:2] == b"\0\0" and head[2] in TYPES and 1 <= head[3] <= MOST_AXES

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a file that is shorter than its header says, too many columns, no rows."""
        with path.open("rb") as file:
            head = file.read(4 + 4 * MOST_AXES)
        axes = head[3]
        if len(head) < 4 + 4 * axes:
            raise damaged(path.name, "IDX", "Its header is cut")
        shape = struct.unpack(f">{axes}I", head[4 : 4 + 4 * axes])
        dtype, offset = np.dtype(TYPES[head[2]]), 4 + 4 * axes
        size, there = prod(shape) * dtype.itemsize, path.stat().st_size - offset
        if size > there:
            raise damaged(path.name, "IDX", f"Its header announces {size:,} bytes; {there:,} follow")
        # Without values the other sizes play no part, and may be such as no array has.
        values = np.memmap(path, dtype, "r", offset, shape) if size else np.zeros((0, 1), dtype)
        name = "label" if axes == 1 else "pixel"
        return table_of([Named(name, values)], work, where=path.name, format=self.label, progress=progress)


READER = IdxReader()
