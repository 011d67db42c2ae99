"""Whether the arrays of a MATLAB file are what they say, told from their first bytes before SciPy believes them.

MAT-File Format, version 5 (The MathWorks 2023): an element is a tag of kind and length, then that many bytes, filled
up to a multiple of 8; of four bytes or fewer the tag holds them itself. A matrix is made of elements: flags, sizes,
name, and the values where it holds numbers.
"""

from __future__ import annotations

import struct
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

from core.budget import Budget, require
from core.data.readers.base import damaged
from core.data.readers.unpack import check_ratio

HEADER = 128
MATRIX, COMPRESSED = 14, 15
CHUNK = 2**18
HEAD = 2**13  # bytes in which flags, sizes, name and the tag of the values lie
# An array of this many bytes is still held in memory whole.
LARGEST = 512 * 2**20
INT8, INT32, UINT32 = 1, 5, 6
BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # of one value, by the kind of its element
NUMBERS = range(6, 16)  # classes of matrices
COMPLEX = 1 << 11


def check(path: Path, budget: Budget) -> None:
    """Refuse what is longer than its file, unpacks to more than a budget, or contradicts itself.

    Raises:
        UserInputError: any of these.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        order = "<" if file.read(HEADER)[126:128] == b"IM" else ">"
        at = HEADER
        while at + 8 <= size:
            file.seek(at)
            kind, length = struct.unpack(f"{order}LL", file.read(8))
            if length > size - at - 8:
                raise damaged(path.name, "MATLAB", f"An array claims {length:,} bytes; {size - at - 8:,} follow")
            head, there = file.read(min(length, HEAD)), length
            if kind == COMPRESSED:
                file.seek(at + 8)
                head, there = _unpacked(file, length, budget, path.name)
                kind, inner = struct.unpack(f"{order}LL", head[:8]) if len(head) >= 8 else (0, 0)
                if inner > there - 8:
                    raise damaged(path.name, "MATLAB", f"An array claims {inner:,} bytes; {there - 8:,} are packed")
                head = head[8:]
            what, remedy = "An array in this file is too large.", "Save it as CSV or as a NumPy array."
            require(there, LARGEST, what=what, unit="bytes", where=path.name, remedy=remedy)
            if kind == MATRIX and (reason := _contradiction(head, order)):
                raise damaged(path.name, "MATLAB", reason)
            at += 8 + length


def _unpacked(file: BinaryIO, length: int, budget: Budget, where: str) -> tuple[bytes, int]:
    """The first bytes of a packed element, and how many there are."""
    decoder, done, size, head = zlib.decompressobj(), 0, 0, b""
    try:
        while done < length and not decoder.eof:
            piece = file.read(min(CHUNK, length - done))
            done += len(piece)
            while piece and not decoder.eof:
                found = decoder.decompress(piece, CHUNK)
                head += found[: HEAD - len(head)]
                size += len(found)
                piece = decoder.unconsumed_tail
                check_ratio(length, size, budget, where)
    except zlib.error as err:
        raise damaged(where, "MATLAB", err) from err
    return head, size


def _contradiction(body: bytes, order: str) -> str:
    """What is wrong with a matrix of numbers whose element begins so; "" for nothing."""
    try:
        at, kind, flags = _element(body, 0, order)
        if kind != UINT32 or len(flags) != 8:
            return "The flags of an array are malformed"
        word = struct.unpack(f"{order}L", flags[:4])[0]
        if word & 0xFF not in NUMBERS:
            return ""  # it is not read
        at, kind, sizes = _element(body, at, order)
        if kind != INT32 or len(sizes) % 4 or len(sizes) < 8:
            return "The sizes of an array are malformed"
        shape = struct.unpack(f"{order}{len(sizes) // 4}l", sizes)
        at, kind, _ = _element(body, at, order)
        if kind != INT8 or min(shape) < 0:
            return "The name or a size of an array is malformed"
        for _ in range(2 if word & COMPLEX else 1):
            kind, length, _, at = _tag(body, at, order)
            if kind not in BYTES or length != prod(shape) * BYTES[kind]:
                return f"An array of {prod(shape):,} numbers has {length:,} bytes of kind {kind}"
            if at > len(body):
                return ""  # the imaginary parts lie further on; complex numbers are refused later
    except struct.error:
        return "An array is cut"
    return ""


def _tag(body: bytes, at: int, order: str) -> tuple[int, int, int, int]:
    """(kind, length, where the values begin, where the next element does) of the element at a place."""
    first, second = struct.unpack(f"{order}LL", body[at : at + 8])
    if first >> 16:
        return first & 0xFFFF, first >> 16, at + 4, at + 8
    return first, second, at + 8, at + 8 + -(-second // 8) * 8


def _element(body: bytes, at: int, order: str) -> tuple[int, int, bytes]:
    """(where the next begins, kind, values)"""
    kind, length, begin, after = _tag(body, at, order)
    if begin + length > len(body):
        raise struct.error
    return after, kind, body[begin : begin + length]
