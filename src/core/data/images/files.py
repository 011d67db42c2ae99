"""Image files in a folder, in a ZIP archive, or dropped one by one."""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.budget import DEFAULT, Budget, measure, require
from core.data.images import formats
from core.data.images.album import Size
from core.data.images.formats import Header
from core.data.readers import archive
from core.data.readers.unpack import check_ratio
from core.errors import UserInputError

Read = Callable[[int, int], bytes]  # (which, at most so many bytes)
Opened = Callable[[], contextlib.AbstractContextManager[Read]]
AT_ONCE, BYTES_AT_ONCE = 64, 64 * 2**20  # that are read and decoded side by side
MOST_THREADS = 4
HIDDEN = (".", "__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN")
UNPACK = "Unpack it, look at what is inside, and open the folder."


@dataclass(frozen=True)
class File:
    """name: with its folders, as the archive or the folder writes it, "/" between them. size: in bytes.
    digest: equal for equal content, None where it would have to be read for that.
    """

    name: str
    size: int
    digest: object = None


@dataclass(frozen=True)
class FilePixels:
    """`opened` gives a function that reads the file of a number; what it reads is decoded on several cores."""

    opened: Opened
    sizes: tuple[int, ...]
    budget: Budget = DEFAULT
    white: float = 255.0
    exact: bool = False

    def headers(self, which: Sequence[int]) -> Iterator[Header | str]:
        with self.opened() as read:
            for i in which:
                found = self._header(read, i, formats.HEAD)
                if isinstance(found, str) and self.sizes[i] > formats.HEAD:
                    found = self._header(read, i, self.budget.image_bytes)
                yield found

    def _header(self, read: Read, i: int, most: int) -> Header | str:
        data = _read(read, i, most, self.sizes[i], self.budget)
        return data if isinstance(data, str) else formats.header(data, pixels=self.budget.image_pixels)

    def pictures(self, which: Sequence[int], size: Size) -> Iterator[np.ndarray | str]:
        def decoded(data: bytes | str) -> np.ndarray | str:
            if isinstance(data, str):
                return data
            width, height, channels = size.width, size.height, size.channels
            return formats.decode(data, width, height, channels, pixels=self.budget.image_pixels)

        threads = max(1, min(MOST_THREADS, os.cpu_count() or 1))
        most = self.budget.image_bytes
        with self.opened() as read, ThreadPoolExecutor(threads, thread_name_prefix="images") as pool:
            for some in self._batches(which):
                yield from pool.map(decoded, [_read(read, i, most, self.sizes[i], self.budget) for i in some])

    def _batches(self, which: Sequence[int]) -> Iterator[list[int]]:
        """Images that are read and decoded side by side: so many, or so many bytes."""
        batch: list[int] = []
        held = 0
        for i in which:
            if batch and (len(batch) == AT_ONCE or held + self.sizes[i] > BYTES_AT_ONCE):
                yield batch
                batch, held = [], 0
            batch.append(i)
            held += self.sizes[i]
        if batch:
            yield batch


def _read(read: Read, i: int, most: int, size: int, budget: Budget) -> bytes | str:
    """The bytes of a file, or why it is not read; an archive's own trouble with one member ends that member only."""
    if size > budget.image_bytes:
        return f"it has {measure(size, 'bytes')}; the limit is {measure(budget.image_bytes, 'bytes')}"
    try:
        return read(i, min(most, budget.image_bytes))
    except (*formats.BROKEN, zipfile.BadZipFile, zlib.error) as err:
        if isinstance(err, OSError) and err.errno is not None:
            return f"it cannot be read: {err.strerror}"
        return f"it is damaged: {' '.join(str(err).split())[: formats.REASON_LENGTH]}"


# --- folders and loose files


def files_in(folder: Path, budget: Budget = DEFAULT) -> list[File]:
    """All files below a folder in the order of their names; links are not followed, hidden files are not there.

    Raises:
        UserInputError: too many of them, too many bytes, a folder that may not be read.
    """
    found: list[File] = []
    waiting, depth = [(folder, "")], 0
    while waiting:
        place, prefix = waiting.pop()
        depth = max(depth, prefix.count("/"))
        if depth > budget.depth:
            raise UserInputError("This folder holds folders in folders without end.", where=folder.name)
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.name.startswith(HIDDEN) or entry.is_symlink():
                        continue
                    if entry.is_dir():
                        waiting.append((Path(entry.path), f"{prefix}{entry.name}/"))
                    elif entry.is_file():
                        found.append(File(f"{prefix}{entry.name}", entry.stat().st_size))
        except OSError as err:
            raise UserInputError("This folder may not be read.", where=str(place), reason=str(err.strerror)) from err
        _check_count(len(found), folder.name, budget)
    _check_size(sum(file.size for file in found), folder.name, budget)
    return sorted(found, key=lambda file: natural(file.name))


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts "img2" before "img10"."""
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for c in [*name, ""]:
        if c.isdecimal():
            digits += c
            continue
        if digits:
            parts.append((0, int(digits[:18]), digits))
            digits = ""
        parts.append((1, 0, c))
    return tuple(parts)


def reading_folder(folder: Path, names: Sequence[str]) -> Opened:
    paths = [folder / name for name in names]

    def read(i: int, most: int) -> bytes:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(paths[i], flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("it is no file")
            return file.read(most)

    return lambda: contextlib.nullcontext(read)


# --- archives


@contextlib.contextmanager
def opened_zip(path: Path, budget: Budget = DEFAULT) -> Iterator[zipfile.ZipFile]:
    """An archive that may hold as many files as a folder of images; see `archive.opened` for what is refused."""
    allowed = replace(budget, members=2 * budget.images, directory_bytes=budget.listing_bytes)
    with archive.opened(path, allowed) as found:
        yield found


def files_of(found: zipfile.ZipFile, where: str, budget: Budget = DEFAULT) -> tuple[list[File], list[zipfile.ZipInfo]]:
    """The files in an archive in the order of their names, and their entries.

    Raises:
        UserInputError: too many, or more bytes unpacked than a folder may have.
    """
    infos = [
        info
        for info in found.infolist()
        if not info.is_dir() and not any(part.startswith(HIDDEN) for part in info.filename.split("/"))
    ]
    _check_count(len(infos), where, budget)
    unpacked, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    _check_size(unpacked, where, budget)
    check_ratio(packed, unpacked, budget, where)
    infos.sort(key=lambda info: natural(info.filename))
    return [File(info.filename, info.file_size, (info.CRC, info.file_size)) for info in infos], infos


def reading_zip(path: Path, names: Sequence[str]) -> Opened:
    @contextlib.contextmanager
    def opened() -> Iterator[Read]:
        with path.open("rb") as file, zipfile.ZipFile(file) as found:

            def read(i: int, most: int) -> bytes:
                with found.open(names[i]) as stream:
                    return stream.read(most)

            yield read

    return opened


def _check_count(count: int, where: str, budget: Budget) -> None:
    what, remedy = "There are too many files.", "Open a folder with fewer of them."
    require(count, budget.images, what=what, unit="files", where=where, remedy=remedy)


def _check_size(size: int, where: str, budget: Budget) -> None:
    what = "These files are too large together."
    require(size, budget.file_bytes, what=what, unit="bytes", where=where, remedy="Open a folder with fewer of them.")
