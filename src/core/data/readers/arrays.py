"""Arrays of numbers or texts as columns, kept as Parquet in the work folder, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np

from core.budget import require
from core.data.cells import sql_text
from core.data.progress import Progress
from core.data.readers.base import RawTable
from core.data.readers.transcribe import check_columns
from core.data.readers.typed import columns_of, typed_table
from core.data.workspace import Workspace
from core.errors import UserInputError

# A block is written column by column: small enough to stay in the cache of the processor, large enough to pack well.
BLOCK_CELLS = 2_000_000
LAST_LETTER = 0x10FFFF
KINDS = {
    "c": "complex numbers", "O": "Python objects, which could run a program when opened and therefore never are",
    "V": "records within records", "m": "spans of time",
}  # fmt: skip


@dataclass(frozen=True)
class Named:
    """(rows, ...) values; what is beyond the first axis becomes columns in C order."""

    name: str
    values: np.ndarray


def table_of(arrays: Sequence[Named], work: Workspace, *, where: str, format: str, progress: Progress) -> RawTable:
    """The arrays side by side; all have the same number of rows.

    Raises:
        UserInputError: values that are no numbers and no texts, too many columns or rows, no rows.
    """
    columns = [column for array in arrays for column in _columns(array, where, work)]
    rows = len(arrays[0].values)
    budget, remedy = work.budget, "Split the file, or keep a random part of its rows."
    check_columns(len(columns), where, budget)
    require(rows, budget.rows, what="This table has too many rows.", unit="rows", where=where, remedy=remedy)
    if not rows or not columns:
        raise UserInputError("This array is empty.", where=where, reason=f"Its shape is {_shape(arrays[0].values)}.")
    names = {f"c{i}": sql_name for i, (sql_name, _) in enumerate(columns)}
    at_once = max(1, BLOCK_CELLS // len(columns))
    files: list[Path] = []
    for start in range(0, rows, at_once):
        block = {key: _plain(column[start : start + at_once]) for key, (_, column) in zip(names, columns, strict=True)}
        files.append(_write(block, work, work.folder / f"block-{len(files)}.parquet"))
        progress(f"Reading {where}", min(1.0, (start + at_once) / rows))
    source = f"read_parquet([{', '.join(sql_text(str(file)) for file in files)}])"
    size = sum(array.values.nbytes for array in arrays)
    raw = typed_table(source, columns_of(source, work), work, where=where, format=format, size=size)
    shape = arrays[0].values.shape[1:] if len(arrays) == 1 else ()
    return replace(raw, names=tuple(names.values()), row_shape=shape if len(shape) > 1 else ())


def _write(block: dict[str, np.ndarray], work: Workspace, path: Path) -> Path:
    work.con.register("block", block)
    try:
        work.con.execute(f"COPY block TO {sql_text(str(path))} (FORMAT parquet)")
    finally:
        work.con.unregister("block")
    return path


def _columns(array: Named, where: str, work: Workspace) -> list[tuple[str, np.ndarray]]:
    """(name, (rows,) values) of every column; the fields of records each under its own name."""
    values = array.values
    if values.dtype.names:
        return [
            pair
            for field in values.dtype.names
            for pair in _columns(Named(field, values[field]), where, work)
        ]  # fmt: skip
    if values.dtype.kind in KINDS or values.dtype.hasobject:
        kind = KINDS["O" if values.dtype.hasobject else values.dtype.kind]
        name = f"“{array.name}” holds" if array.name else "This array holds"
        raise UserInputError(f"{name} {kind}.", where=where, remedy="Save it again as an array of numbers.")
    if values.ndim == 1:
        return [(array.name or "column 1", values)]
    width = prod(values.shape[1:])
    check_columns(width, where, work.budget)
    flat = values.reshape(len(values), width)
    return [(f"{array.name or 'column'} {i + 1}", flat[:, i]) for i in range(width)]


def _plain(values: np.ndarray) -> np.ndarray:
    """Values in a type that DuckDB takes."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "S":
        return np.array([text.decode("utf-8", "replace") for text in values.tolist()], object)
    if kind == "U":
        return _texts(values)
    if kind == "M":
        return np.array([None if np.isnat(time) else str(time).replace("T", " ") for time in values], object)
    if kind == "f" and size not in (4, 8):
        return values.astype(np.float32 if size < 4 else np.float64)
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))


def _texts(values: np.ndarray) -> np.ndarray:
    """Texts whose letters all exist: a damaged file may hold any 32 bits in place of one."""
    plain = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    letters = plain.view(np.uint32)
    wrong = (letters > LAST_LETTER) | ((letters >= 0xD800) & (letters < 0xE000))
    return np.where(wrong, 0xFFFD, letters).astype(np.uint32).view(plain.dtype).astype(object)


def _shape(values: np.ndarray) -> str:
    return " × ".join(f"{n:,}" for n in values.shape) or "a single value"
