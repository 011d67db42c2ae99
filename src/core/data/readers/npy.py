"""NumPy arrays (.npy), memory-mapped after their header was checked; never pickled."""

from __future__ import annotations

import io
import tokenize
import warnings
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.budget import measure
from core.data.progress import Progress
from core.data.readers.arrays import KINDS, Named, table_of
from core.data.readers.base import Options, RawTable, damaged
from core.data.workspace import Workspace
from core.errors import UserInputError

MARK = b"\x93NUMPY"
# NumPy reads the header as a Python literal: a long one could take much memory.
LONGEST_HEADER = 10_000
MOST_AXES = 32


@dataclass(frozen=True)
class NpyReader:
    label: str = "NumPy arrays"
    suffixes: tuple[str, ...] = (".npy",)

    def accepts(self, path: Path, head: bytes) -> bool:
        return head.startswith(MARK)

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a damaged header, a size that the file does not have, Python objects."""
        values = open_array(path, where=path.name)
        return table_of([Named("", values)], work, where=path.name, format=self.label, progress=progress)


READER = NpyReader()


def open_array(path: Path, *, where: str) -> np.ndarray:
    """The array in a file, memory-mapped and read-only, with at least one axis.

    Raises:
        UserInputError: see `NpyReader.read`.
    """
    with path.open("rb") as file:
        shape, fortran, dtype = read_header(file, where)
        offset = file.tell()
    size = prod(shape) * dtype.itemsize
    there = path.stat().st_size - offset
    if size > there:
        raise UserInputError(
            "This array is not all there.",
            where=where,
            reason=f"Its header asks for {measure(size, 'bytes')}; {measure(max(there, 0), 'bytes')} follow.",
            remedy="Save or download it again.",
        )
    if not size:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape, order="F" if fortran else "C")


def read_header(file: BinaryIO, where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether the first axis runs fastest, and type; the shape in Python's integers, which never overflow."""
    try:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise damaged(where, "NumPy", f"Version {version} is unknown")
        length = file.read(2 if version == (1, 0) else 4)
        if int.from_bytes(length, "little") > LONGEST_HEADER:
            raise damaged(where, "NumPy", "Its header is far too long")
        # NumPy would read as many bytes as the header claims to have.
        head = io.BytesIO(length + file.read(int.from_bytes(length, "little")))
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        with warnings.catch_warnings(action="ignore"):  # of arrays that Python 2 wrote
            shape, fortran, dtype = read(head, max_header_size=LONGEST_HEADER)
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError, OverflowError,
            EOFError, IndexError, tokenize.TokenError) as err:  # fmt: skip
        raise damaged(where, "NumPy", err) from err
    if dtype.hasobject:
        raise UserInputError(f"This array holds {KINDS['O']}.", where=where, remedy="Save it as an array of numbers.")
    if not shape:
        remedy = "Save an array with one row per example."
        raise UserInputError("This array is a single value, not a table.", where=where, remedy=remedy)
    if len(shape) > MOST_AXES or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in shape):
        raise damaged(where, "NumPy", f"Its shape is {shape}")
    if not dtype.itemsize:
        raise UserInputError("This array has no values.", where=where, remedy="Save it again with its values.")
    return shape, fortran, dtype
