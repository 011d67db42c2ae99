"""Tables whose columns are the pixels of pictures, as images: "label, pixel0, pixel1, ...", as MNIST often comes.

The pixels are written into the cache once, as an array; from there on they are read like any array of images.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.budget import DEFAULT, require
from core.data import store
from core.data.grids import completed, pictures
from core.data.images import arrays, labels
from core.data.images.album import Album
from core.data.images.arrays import ArrayPixels
from core.data.images.recognize import CODES
from core.data.profile import Column, measure
from core.data.progress import Progress, silent
from core.data.schema import Finding, RejectedRow
from core.data.sources import open_table, paths_of, reading, title
from core.data.table import Table
from core.spec import DataSource

KIND = "table of pixels"
PIXELS = "pixels.npy"
AT_ONCE = 64  # columns written side by side
MOST_TARGETS = 20
WHITE = (1.0, 16.0, 255.0)  # usual values of a white pixel
_NUMBERED = re.compile(r".*?(\d+)(?:\D(\d+))?$")

Layout = tuple[tuple[str, ...], tuple[int, ...]]


def layout_of(columns: Sequence[Column]) -> Layout | None:
    """The names of the columns that make the largest picture, row by row, and its shape; None where none do."""
    groups = sorted(pictures(columns), key=len)
    if not groups:
        return None
    places = {name: _place(name) for name in groups[-1]}
    names = tuple(sorted(places, key=lambda name: places[name]))
    spans = [max(axis) - min(axis) + 1 for axis in zip(*places.values(), strict=True)]
    if len(spans) == 2:
        return names, tuple(spans)
    for shape in ((), (3,)):
        side = math.isqrt(len(names) // math.prod(shape))
        if side * side * math.prod(shape) == len(names):
            return names, (side, side, *shape)
    return None


def _place(name: str) -> tuple[int, ...]:
    found = _NUMBERED.fullmatch(name)
    return tuple(int(n) for n in found.groups() if n is not None) if found else ()


def album(source: DataSource, content: str, *, progress: Progress = silent, cache: Path | None = None) -> Album | None:
    """The images in the rows of a table; None where its columns are no pictures. content: the hash of the source.

    Raises:
        UserInputError: a source that cannot be read, or is too large as an array.
    """
    name = f"pixels-{store.FORMAT}-{reading(source, content)[:32]}"
    entry = store.find_entry(name, cache)
    if entry is None:
        with open_table(source, content, progress=progress, cache=cache) as table:
            columns = completed(measure(table, {}, progress=progress))
            found = layout_of(columns)
            if found is None:
                return None
            with store.new_entry(name, cache) as (folder, facts):
                facts |= _write(table, found, folder / PIXELS, title(source), progress)
        entry = store.find_entry(name, cache)
    assert entry is not None
    folder, told = entry
    pixels = arrays.npy(folder / PIXELS)
    assert pixels is not None
    whole = pixels.dtype == np.uint8
    numbers = len(str(pixels.shape[0]))
    return Album(
        kind=KIND,
        names=tuple(f"row {i + 1:0{numbers}}" for i in range(pixels.shape[0])),
        pixels=ArrayPixels((pixels,), False, told["white"], not whole or told["white"] < WHITE[-1]),
        targets={target: tuple(answers) for target, answers in told["targets"].items()} or {"label": ()},
        reason="A column beside the pixels." if told["targets"] else "",
        labelled=False,
        parts=tuple(told["parts"]),
        findings=(Finding("info", told["text"]),),
        rejected=tuple(RejectedRow(**row) for row in told["rejected"]),
        files=paths_of(source),
        codes=CODES,
    )


def _write(table: Table, found: Layout, to: Path, where: str, progress: Progress) -> dict[str, Any]:
    """The pixels of all rows as an array; what else is told of them."""
    names, shape = found
    places = [table.names.index(name) for name in names]
    low, high = _range(table, places)
    is_byte = low >= 0 and high <= WHITE[-1] and _whole(table, places)
    dtype = np.uint8 if is_byte else np.float32
    what, remedy = "The pixels of this table would be too large.", "Use fewer rows."
    size = table.rows * len(names) * np.dtype(dtype).itemsize
    require(size, DEFAULT.array_bytes, what=what, unit="bytes", where=where, remedy=remedy)
    array = np.lib.format.open_memmap(to, mode="w+", dtype=dtype, shape=(table.rows, *shape))
    flat, held = array.reshape(table.rows, len(names)), list[np.ndarray]()
    for k, (_, values) in enumerate(table.numbers(places)):
        held.append(values.astype(dtype))
        if len(held) == AT_ONCE or k == len(places) - 1:
            flat[:, k + 1 - len(held) : k + 1] = np.stack(held, axis=1)
            held.clear()
            progress(f"Reading the pixels of {where}", (k + 1) / len(places))
    array.flush()
    part = table.together.part if table.together is not None else ""
    apart = {*names, part, table.together.file if table.together is not None else ""}
    others = [name for name in table.names if name not in apart][:MOST_TARGETS]
    order = sorted(others, key=lambda name: (labels.rank(name), others.index(name)))
    size_text = f"{shape[1]} × {shape[0]} pixels{' in three colours' if len(shape) == 3 else ''}"
    return {
        "white": next((white for white in WHITE if high <= white), high),
        "targets": {name: _texts(table, name) for name in order},
        "parts": _texts(table, part) if part else [],
        "text": f"{len(names):,} columns are read as pictures of {size_text}, one in each row.",
        "rejected": [vars(row) for row in table.rejected],
    }


def _range(table: Table, places: Sequence[int]) -> tuple[float, float]:
    low = table.row([f"min({table.number(i)})" for i in places])
    high = table.row([f"max({table.number(i)})" for i in places])
    return min(float(value) for value in low if value is not None), max(float(v) for v in high if v is not None)  # type: ignore[arg-type]


def _whole(table: Table, places: Sequence[int]) -> bool:
    return not any(table.row([f"bool_or({table.number(i)} <> trunc({table.number(i)}))" for i in places]))


def _texts(table: Table, name: str) -> list[str]:
    label = table.label(table.names.index(name))
    return [str(text or "") for (text,) in table.work.con.execute(f"SELECT {label} FROM cells").fetchall()]
