"""Prepared arrays on disk: made once for the same content and specification, then opened memory-mapped."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.budget import DEFAULT
from core.data.schema import Arrays, Part, Prepared
from core.errors import UserInputError
from core.paths import cache_folder

FORMAT = 1
PARTS = ("train", "validation", "test")
NAMES = ("x", "y", "row_numbers")
FACTS = "prepared.json"


def room(cache: Path | None = None) -> Path:
    """The folder that holds all prepared data."""
    folder = (cache or cache_folder()) / "prepared"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def load(prepared: Prepared) -> Arrays:
    """The arrays of all parts, memory-mapped and read-only.

    Raises:
        UserInputError: they are gone or damaged; prepare the data again.
    """
    try:
        parts = {part: Part(*(_open(Path(prepared.folder), part, name) for name in NAMES)) for part in PARTS}
    except (OSError, ValueError, EOFError) as err:
        raise UserInputError(
            "The prepared data are gone or damaged.",
            where=prepared.target,
            reason=str(err),
            remedy="Open the data again.",
        ) from err
    return Arrays(**parts)


def _open(folder: Path, part: str, name: str) -> np.ndarray:
    return np.load(folder / f"{part}-{name}.npy", mmap_mode="r", allow_pickle=False)


def find(fingerprint: str, cache: Path | None = None) -> Prepared | None:
    """Earlier prepared data of this fingerprint, or None where there are none or they are damaged."""
    from core.project.facts import prepared_from_json

    folder = room(cache) / fingerprint
    try:
        found = replace(prepared_from_json(json.loads((folder / FACTS).read_text("utf-8"))), folder=str(folder))
        arrays = load(found)
    except (OSError, ValueError, UserInputError):
        return None
    sound = all(
        len(part.x) == len(part.y) == len(part.row_numbers) == found.rows[name] and part.x.shape[1:] == found.row_shape
        for name, part in zip(PARTS, (arrays.train, arrays.validation, arrays.test), strict=True)
    )
    if sound:
        with contextlib.suppress(OSError):
            os.utime(folder / FACTS)
    return found if sound else None


@contextlib.contextmanager
def writing(fingerprint: str, cache: Path | None = None) -> Iterator[Path]:
    """A folder to fill; it takes its name when the block ends well, and is removed when not."""
    place = room(cache)
    folder = Path(tempfile.mkdtemp(prefix="new-", dir=place))
    try:
        yield folder
        target = place / fingerprint
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    trim(place, keep=fingerprint)


def write_facts(folder: Path, prepared: Prepared) -> None:
    """The last file of a folder: with it, the folder is whole."""
    from core.project.facts import prepared_to_json

    (folder / FACTS).write_text(json.dumps(prepared_to_json(prepared)), "utf-8")


def new_array(folder: Path, part: str, name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """An array on disk that is filled through memory-mapping."""
    path = folder / f"{part}-{name}.npy"
    if 0 in shape:
        np.save(path, np.zeros(shape, dtype))
        return np.load(path, allow_pickle=False)
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def trim(place: Path, *, keep: str, limit: int = DEFAULT.cache_bytes) -> None:
    """Remove what was not used for longest until all together is within the limit; `keep` stays."""
    entries = []
    for folder in place.iterdir():
        with contextlib.suppress(OSError):
            size = sum(file.stat().st_size for file in folder.iterdir())
            entries.append(((folder / FACTS).stat().st_mtime, size, folder))
    total = sum(size for _, size, _ in entries)
    for _, size, folder in sorted(entries):
        if total <= limit:
            return
        if folder.name != keep:
            shutil.rmtree(folder, ignore_errors=True)
            total -= size
