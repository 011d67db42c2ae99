"""Arrays of pixels: IDX files (MNIST), packed or not, and arrays of NumPy of shape (N, H, W) or (N, H, W, C).

They are read from front to back, a block at a time: a packed file of any size takes little memory.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from PIL import Image

from core.budget import DEFAULT, Budget, require
from core.data.images import formats
from core.data.images.album import Size
from core.data.images.formats import Header
from core.data.readers.base import damaged
from core.data.readers.npy import read_header
from core.errors import UserInputError

BLOCK_BYTES = 8 * 2**20
IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 8
LEAST_SIDE = 8  # of pictures that rows of numbers can be
LONGEST = 8  # times that one side of an image may be longer than the other
MOST_PACKED = 1040  # bytes that DEFLATE can make of one
GZIP = b"\x1f\x8b"
NPY = b"\x93NUMPY"
_BROKEN = (
    EOFError,
    OSError,
    zlib.error,
    struct.error,
    ValueError,
    zipfile.BadZipFile,
    SyntaxError,
    KeyError,
    TypeError,
)


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Stored:
    """An array in a file. name: of the file and, in an archive, of the array. opened: a stream at its first value."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    opened: Callable[[], contextlib.AbstractContextManager[Stream]]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def whole(self, budget: Budget = DEFAULT) -> np.ndarray:
        """All of it; for labels. Raises UserInputError where that is too much, or where the file ends before."""
        remedy = "Keep a part of the rows."
        require(
            self.bytes,
            budget.memory_bytes,
            what="This array is too large.",
            unit="bytes",
            where=self.name,
            remedy=remedy,
        )
        with _reading(self.name), self.opened() as stream:
            return np.frombuffer(_exactly(stream, self.bytes), self.dtype).reshape(self.shape)

    def blocks(self) -> Iterator[np.ndarray]:
        """Its rows in order, some at a time. Raises UserInputError where the file ends before."""
        row = math.prod(self.shape[1:]) * self.dtype.itemsize
        at_once = max(1, BLOCK_BYTES // max(row, 1))
        with _reading(self.name), self.opened() as stream:
            for start in range(0, self.shape[0], at_once):
                rows = min(at_once, self.shape[0] - start)
                yield np.frombuffer(_exactly(stream, rows * row), self.dtype).reshape(rows, *self.shape[1:])


@contextlib.contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as err:
        raise damaged(name, "array", err) from err


def _exactly(stream: Stream, size: int) -> bytes:
    parts, there = [], 0
    while there < size and (chunk := stream.read(size - there)):
        parts.append(chunk)
        there += len(chunk)
    if there < size:
        raise EOFError(f"its header announces {size:,} bytes more, {there:,} follow")
    return b"".join(parts)


# --- finding arrays in files


def idx(path: Path) -> Stored | None:
    """The array in an IDX file, packed with gzip or not; None where it is none."""
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == GZIP
        with _unpacked(path, is_packed) as stream:
            head = stream.read(4 + 4 * MOST_AXES)
    except _BROKEN:
        return None
    if len(head) < 8 or head[:2] != b"\0\0" or head[2] not in IDX_TYPES or not 1 <= head[3] <= MOST_AXES:
        return None
    axes = head[3]
    if len(head) < 4 + 4 * axes:
        return None
    shape = struct.unpack(f">{axes}I", head[4 : 4 + 4 * axes])

    @contextlib.contextmanager
    def opened() -> Iterator[Stream]:
        with _unpacked(path, is_packed) as stream:
            _exactly(stream, 4 + 4 * axes)
            yield stream

    found = Stored(path, path.name, shape, np.dtype(IDX_TYPES[head[2]]), opened)
    _check_bytes(found, path.stat().st_size * (MOST_PACKED if is_packed else 1))
    return found


@contextlib.contextmanager
def _unpacked(path: Path, is_packed: bool) -> Iterator[Stream]:
    with path.open("rb") as file:
        if not is_packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as stream:
            yield stream


def _check_bytes(array: Stored, there: int) -> None:
    """Refuse a header that announces more than the file can hold, before anything is allocated for it."""
    if array.bytes > there:
        raise damaged(
            array.name, "array", f"Its header announces {array.bytes:,} bytes, of which {there:,} can be there"
        )


def npy(path: Path) -> Stored | None:
    """The array in a .npy file; None where it is none. Objects are never unpickled: they are no array here."""
    found = _npy(path, path.name, lambda: path.open("rb"))
    if found is not None:
        _check_bytes(found, path.stat().st_size)
    return found


def npz(path: Path) -> list[Stored]:
    """The arrays in a .npz file."""
    from core.data.readers import archive

    found = []
    for name in archive.names(path):
        if name.endswith(".npy"):
            stored = _npy(path, f"{path.name}, {name[:-4]}", lambda name=name: _member(path, name))  # type: ignore[misc]
            if stored is not None:
                _check_bytes(stored, path.stat().st_size * MOST_PACKED)
                found.append(stored)
    return found


@contextlib.contextmanager
def _member(path: Path, name: str) -> Iterator[BinaryIO]:
    with zipfile.ZipFile(path) as found, found.open(name) as stream:
        yield stream  # type: ignore[misc]


def _npy(path: Path, name: str, open_file: Callable[[], contextlib.AbstractContextManager[BinaryIO]]) -> Stored | None:
    def head(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        return read_header(stream, name)

    try:
        with open_file() as stream:
            shape, fortran, dtype = head(stream)
    except (*_BROKEN, UserInputError):
        return None  # the reader of tables says what is wrong
    if dtype.kind not in "biuf" and not (dtype.kind in "US" and len(shape) == 1):
        return None
    if fortran and len(shape) > 1:
        return None

    @contextlib.contextmanager
    def opened() -> Iterator[Stream]:
        with open_file() as stream:
            head(stream)
            yield stream

    return Stored(path, name, shape, dtype, opened)


# --- pixels


@dataclass(frozen=True)
class ArrayPixels:
    """Arrays one after the other as images. first: whether the channels come before the rows, as PyTorch has them.

    white: the value of white, 255 for whole numbers of 8 bits, 1 where all values lie between 0 and 1.
    """

    arrays: tuple[Stored, ...]
    first: bool = False
    white: float = 255.0
    exact: bool = False
    budget: Budget = DEFAULT

    @property
    def native(self) -> Size:
        shape = self.arrays[0].shape
        if len(shape) == 3:
            return Size(shape[1], shape[2], formats.GREY)
        height, width, channels = (shape[2], shape[3], shape[1]) if self.first else shape[1:4]
        return Size(height, width, formats.RGB if channels >= formats.RGB else formats.GREY)

    def headers(self, which: Sequence[int]) -> Iterator[Header | str]:
        size = self.native
        for _ in which:
            yield Header(size.width, size.height, size.channels == formats.RGB)

    def pictures(self, which: Sequence[int], size: Size) -> Iterator[np.ndarray | str]:
        wanted, at = iter(which), 0
        nearest = next(wanted, None)
        for block in (block for array in self.arrays for block in array.blocks()):
            while nearest is not None and nearest < at + len(block):
                yield self._fitted(block[nearest - at], size)
                nearest = next(wanted, None)
            at += len(block)

    def _fitted(self, values: np.ndarray, size: Size) -> np.ndarray | str:
        pixels = values if values.ndim == 3 else values[..., None]
        if self.first and values.ndim == 3:
            pixels = np.moveaxis(pixels, 0, -1)
        kept = pixels[..., : formats.RGB] if pixels.shape[-1] >= formats.RGB else pixels[..., :1]
        if self.exact:
            kept = kept.astype(np.float32)
            if not np.isfinite(kept).all():
                return "it holds values that are no finite numbers"
        elif kept.dtype != np.uint8:
            kept = kept.astype(np.uint8)
        return _resized(_recoloured(kept, size.channels), size)


def _recoloured(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Grey as the eye weighs colours (ITU-R BT.601), or the same grey in all colours."""
    if pixels.shape[-1] == channels:
        return pixels
    if channels == formats.RGB:
        return np.repeat(pixels, formats.RGB, axis=-1)
    grey = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return grey.round().astype(pixels.dtype)[..., None] if pixels.dtype == np.uint8 else grey[..., None]


def _resized(pixels: np.ndarray, size: Size) -> np.ndarray:
    if pixels.shape[:2] == (size.height, size.width):
        return pixels
    kind = Image.Resampling.BILINEAR
    channels = [
        Image.fromarray(np.ascontiguousarray(pixels[..., k])).resize((size.width, size.height), kind)
        for k in range(pixels.shape[-1])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def looks_like_images(shape: Sequence[int]) -> bool:
    """Whether an array of this shape is a list of images: two axes of some length, and perhaps 1 to 4 channels.

    Of three axes the last two must be alike: (N, 100, 6) is a list of sequences.
    """
    if len(shape) == 3:
        return min(shape[1:]) >= 4 and max(shape[1:]) <= LONGEST * min(shape[1:])
    return len(shape) == 4 and (shape[-1] <= 4 or shape[1] <= 4) and sorted(shape[1:])[1] >= 4


def as_pictures(array: Stored) -> Stored | None:
    """A list of rows as a list of square pictures, in grey or with three colours in each pixel; None for any other."""
    if len(array.shape) != 2 or array.dtype.kind not in "biuf":
        return None
    for channels in (1, 3):
        side = math.isqrt(array.shape[1] // channels)
        if side >= LEAST_SIDE and side * side * channels == array.shape[1]:
            shape = (array.shape[0], side, side, *((channels,) if channels > 1 else ()))
            return replace(array, shape=shape)
    return None


def check_shape(array: Stored, budget: Budget = DEFAULT) -> None:
    """Refuse, from the header, what is no list of images within the limits.

    Raises:
        UserInputError: too many images, too many pixels, none at all.
    """
    if 0 in array.shape:
        raise UserInputError("This array holds no images.", where=array.name, reason=f"Its shape is {array.shape}.")
    remedy = "Keep a part of the images."
    what = "There are too many images."
    require(array.shape[0], 10 * budget.images, what=what, unit="images", where=array.name, remedy=remedy)
    what, remedy = "The images of this array are too large.", "Make them smaller first."
    pixels = math.prod(array.shape[1:])
    require(pixels, budget.image_pixels, what=what, unit="values", where=array.name, remedy=remedy)
    what, remedy = "This array is too large.", "Keep a part of the images."
    require(array.bytes, budget.file_bytes, what=what, unit="bytes", where=array.name, remedy=remedy)
