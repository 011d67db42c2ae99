"""What is made of data files and kept on disk for the next time: prepared arrays, and tables that took long to read.

Each entry is a folder named after what it was made from. It gets that name when it is whole, and its last file lists
the others with their sizes and checksums, so that a damaged entry is noticed and made again.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from core.budget import DEFAULT
from core.data.pixels import Images
from core.data.preprocess import ClassTarget, LabelsTarget, Target
from core.data.schema import Arrays, Part, Prepared
from core.data.scratch import scratch
from core.errors import UserInputError
from core.paths import cache_folder
from core.project.facts import prepared_from_json

FORMAT = 5
PARTS = ("train", "validation", "test")
NAMES = ("x", "y", "row_numbers")
MANIFEST = "entry.json"
PIXELS = "pixels.npy"
CHUNK = 2**20
WRITTEN_ROWS = 2**18


def room(cache: Path | None = None) -> Path:
    """The folder that holds all entries.

    Raises:
        UserInputError: it cannot be made.
    """
    folder = (cache or cache_folder()) / "prepared"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UserInputError(
            "The folder for prepared data cannot be made.",
            where=str(folder),
            reason=str(err.strerror),
            remedy="Set CHAINRULE_CACHE to a folder that may be written.",
        ) from err
    return folder


# --- entries


def find_entry(name: str, cache: Path | None = None) -> tuple[Path, Any] | None:
    """The folder of an entry and the facts told of it, or None where there is none or it is damaged."""
    folder = room(cache) / name
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        whole = all(_sums(folder / file) == tuple(sums) for file, sums in manifest["files"].items())
        facts = manifest["facts"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not whole:
        return None
    with contextlib.suppress(OSError):
        os.utime(folder / MANIFEST)  # entries not used for longest go first
    return folder, facts


@contextlib.contextmanager
def new_entry(name: str, cache: Path | None = None) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder to fill, and a dictionary for facts; they become the entry when the block ends well."""
    place = room(cache)
    facts: dict[str, Any] = {}
    with scratch(place) as folder:
        yield folder, facts
        files = {file.name: _sums(file) for file in sorted(folder.iterdir())}
        (folder / MANIFEST).write_text(json.dumps({"files": files, "facts": facts}), "utf-8")
        shutil.rmtree(place / name, ignore_errors=True)
        try:
            folder.rename(place / name)
        except OSError:
            if find_entry(name, cache) is None:  # else another process was faster, with the same content
                raise
    trim(place, keep=name)


def _sums(file: Path) -> tuple[int, int]:
    """Size and CRC-32: against a failing disk or a hand that slipped, not against malice."""
    check = 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            check = zlib.crc32(chunk, check)
    return file.stat().st_size, check


def trim(place: Path, *, keep: str, limit: int = DEFAULT.cache_bytes) -> None:
    """Remove what was not used for longest until all together is within the limit; `keep` stays."""
    entries = []
    for folder in place.iterdir():
        with contextlib.suppress(OSError):
            stats = [file.stat() for file in folder.iterdir()]
            size = sum(stat.st_size // stat.st_nlink for stat in stats)  # pixels that folds share count once
            entries.append(((folder / MANIFEST).stat().st_mtime_ns, size, folder))
    total = sum(size for _, size, _ in entries)
    for _, size, folder in sorted(entries):
        if total <= limit:
            return
        if folder.name != keep:
            shutil.rmtree(folder, ignore_errors=True)
            total -= size


# --- prepared arrays


def load(prepared: Prepared) -> Arrays:
    """The arrays of all parts, memory-mapped and read-only.

    Raises:
        UserInputError: they are gone or damaged; prepare the data again.
    """
    try:
        opened = _images if prepared.preparation.image is not None else _columns
        parts = {part: opened(prepared, part) for part in PARTS}
    except (OSError, ValueError, EOFError) as err:
        raise UserInputError(
            "The prepared data are gone or damaged.",
            where=prepared.target,
            reason=str(err),
            remedy="Open the data again.",
        ) from err
    return Arrays(**parts)


def _columns(prepared: Prepared, part: str) -> Part:
    return Part(*(_open(Path(prepared.folder), part, name) for name in NAMES))


def _images(prepared: Prepared, part: str) -> Part:
    """All images are one array in the order of the source; a part is some of its rows."""
    folder, feature = Path(prepared.folder), prepared.preparation.image
    assert feature is not None
    pixels = np.load(folder / PIXELS, mmap_mode="r", allow_pickle=False)
    y, rows = (_open(folder, part, name) for name in NAMES[1:])
    if pixels.shape[1:] != feature.shape or (len(rows) and int(rows.max()) >= len(pixels)):
        raise ValueError(f"the pixels have the shape {pixels.shape}")
    return Part(cast(np.ndarray, Images(pixels, np.asarray(rows), feature)), y, rows)


def _open(folder: Path, part: str, name: str) -> np.ndarray:
    return np.load(folder / f"{part}-{name}.npy", mmap_mode="r", allow_pickle=False)


def new_array(folder: Path, part: str, name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """An array on disk that is filled through memory-mapping."""
    path = folder / f"{part}-{name}.npy"
    if 0 in shape:
        np.save(path, np.zeros(shape, dtype))
        return np.load(path, allow_pickle=False)
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


@contextlib.contextmanager
def appended(folder: Path, part: str, name: str, shape: tuple[int, ...], dtype: type) -> Iterator[BinaryIO]:
    """The file of an array whose values are written one after the other: nothing of it stays in memory."""
    with (folder / f"{part}-{name}.npy").open("wb") as file:
        told = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, told)
        yield file


def write_targets(folder: Path, part: str, rows: np.ndarray, y: np.ndarray, target: Target) -> None:
    """The answers of a part and the numbers of its rows.

    y: (all rows,) class indices, or numbers in their own unit; (all rows, labels) of 0 and 1.
    """
    if isinstance(target, ClassTarget):
        _write(folder, part, "y", (len(rows),), np.int32, lambda some: y[rows[some]])
    elif isinstance(target, LabelsTarget):
        _write(folder, part, "y", (len(rows), len(target.classes)), np.float32, lambda some: y[rows[some]])
    else:
        mean, scale = target.mean, target.scale
        _write(folder, part, "y", (len(rows), 1), np.float32, lambda some: (y[rows[some]] - mean) / scale)
    _write(folder, part, "row_numbers", (len(rows),), np.int64, lambda some: rows[some])


def _write(
    folder: Path, part: str, name: str, shape: tuple[int, ...], dtype: type, values: Callable[[slice], np.ndarray]
) -> None:
    """values: of some rows, whatever their type."""
    with appended(folder, part, name, shape, dtype) as file:
        for start in range(0, shape[0], WRITTEN_ROWS):
            values(slice(start, start + WRITTEN_ROWS)).astype(dtype).tofile(file)


def find(fingerprint: str, cache: Path | None = None) -> Prepared | None:
    """Earlier prepared data of this fingerprint, or None where there are none or they are damaged."""
    entry = find_entry(fingerprint, cache)
    if entry is None:
        return None
    try:
        return replace(prepared_from_json(entry[1]), folder=str(entry[0]))
    except UserInputError:
        return None
