"""Rows that a trained network is asked about: read as text, then prepared as the training rows were."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from core.budget import physical_memory, require
from core.data import cells, labels
from core.data.images import ask
from core.data.preprocess import ClassTarget, LabelsTarget, NumberFeature, NumberTarget, Preparation
from core.data.progress import Progress, silent
from core.data.schema import Part
from core.data.sources import open_table, title
from core.data.table import Table
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.spec import DataSource

Cells = tuple[tuple[str | None, ...], ...]


def load_for_prediction(
    source: DataSource, preparation: Preparation, *, progress: Progress = silent
) -> tuple[np.ndarray, Cells, tuple[str, ...], tuple[str, ...]]:
    """x, the cells of the features as text, their names, and notes on cells that could not be used as they are.

    Columns may stand in any order, and others beside them.

    Raises:
        UserInputError: a source that cannot be read, or lacks a column.
    """
    names = tuple(feature.name for feature in preparation.features)
    columns = read_cells(source, names, numbers=_numbers(preparation), progress=progress)
    x, notes = _prepared(preparation, columns, source)
    return x, tuple(zip(*(columns[name] for name in names), strict=True)), names, notes


def load_with_target(source: DataSource, preparation: Preparation, *, progress: Progress = silent) -> Part:
    """All rows of a source whose target is known, prepared as in training.

    Raises:
        UserInputError: a source that cannot be read, lacks a column, or has no row with a known target.
    """
    if preparation.image is not None:
        return ask.load_with_target(source, preparation, progress=progress)
    target = preparation.target
    names = tuple(feature.name for feature in preparation.features)
    told = target.sources if isinstance(target, LabelsTarget) else (target.name,)
    numbers = _numbers(preparation) | ({target.name} if isinstance(target, NumberTarget) else set())
    columns = read_cells(source, (*names, *told), numbers=numbers, progress=progress)
    x, _ = _prepared(preparation, {name: columns[name] for name in names}, source)
    if isinstance(target, LabelsTarget):
        marks = labels.values(target, columns)
        known = np.flatnonzero(marks[:, 0] >= 0)
        _check_known(known, target.name, source)
        return Part(x[known], marks[known].astype(np.float32), known)
    y = target_values(target, columns[target.name])
    known = np.flatnonzero(y >= 0 if isinstance(target, ClassTarget) else ~np.isnan(y))
    _check_known(known, target.name, source)
    if isinstance(target, ClassTarget):
        return Part(x[known], y[known].astype(np.int32), known)
    return Part(x[known], ((y[known] - target.mean) / target.scale).astype(np.float32)[:, None], known)


def _numbers(preparation: Preparation) -> set[str]:
    """The columns that held numbers in training: in a few rows alone "1,234" could not be told from a code."""
    return {feature.name for feature in preparation.features if isinstance(feature, NumberFeature)}


def _prepared(
    preparation: Preparation, columns: dict[str, tuple[str | None, ...]], source: DataSource
) -> tuple[np.ndarray, tuple[str, ...]]:
    """`prepared_rows`, refused where they would not fit into memory, beside the columns that they are made of."""
    values = max(map(len, columns.values()), default=0) * sum(feature.width for feature in preparation.features)
    if (memory := physical_memory()) is not None:
        what, remedy = "These rows are too many to prepare at once.", "Split the file."
        require(2 * 4 * values, memory, what=what, unit="bytes", where=title(source), remedy=remedy)
    return prepared_rows(preparation, columns)


def _check_known(known: np.ndarray, name: str, source: DataSource) -> None:
    if not len(known):
        raise UserInputError(f"No row has a known value of “{name}”.", where=title(source))


def target_values(target: ClassTarget | NumberTarget, column: tuple[str | None, ...]) -> np.ndarray:
    """Class indices, -1 where unknown, or numbers, NaN where unknown, of cells of text."""
    texts = ["" if cell is None else cell.strip() for cell in column]
    values = [cells.number(text) for text in texts]
    if isinstance(target, NumberTarget):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    place = {label: i for i, label in enumerate(target.classes)}
    written = (cells.label(value) if value is not None else text for text, value in zip(texts, values, strict=True))
    return np.array([place.get(t, place.get(w, -1)) for t, w in zip(texts, written, strict=True)], np.int64)


def read_cells(
    source: DataSource, names: tuple[str, ...], *, rows: np.ndarray | None = None, numbers: Collection[str] = (),
    progress: Progress = silent,
) -> dict[str, tuple[str | None, ...]]:  # fmt: skip
    """The cells of these columns as text, by name: of all rows, or of those numbered `rows`, in rising order.

    Numbers are given with a decimal point and nothing beside them, as everything after this reads them.
    numbers: columns known to hold such. Raises UserInputError where a column is not there.
    """
    with open_table(source, progress=progress, as_text=True, numbers=numbers) as table:
        lacking = [name for name in names if name not in table.names]
        if lacking:
            listed = ", ".join(f"“{name}”" for name in lacking[:5]) + (" …" if len(lacking) > 5 else "")
            raise UserInputError(
                f"Columns that the network needs are missing: {listed}.", where=title(source),
                remedy="Use a file with the columns of the training data; their order does not matter.",
            )  # fmt: skip
        wanted = ", ".join(_plain_text(table, table.names.index(name)) for name in names)
        numbered = "(SELECT *, row_number() OVER () - 1 AS number FROM cells)"
        some = "" if rows is None else f" WHERE number IN (SELECT unnest({[int(n) for n in rows]}))"
        found = table.work.con.execute(f"SELECT {wanted} FROM {numbered}{some} ORDER BY number").fetchall()
    return {name: tuple(row[k] or None for row in found) for k, name in enumerate(names)}


def _plain_text(table: Table, i: int) -> str:
    """SQL: the text of column i, its numbers as plain ones."""
    plain = table.plain(i)
    if not table.decimal_comma:
        return plain
    return f"CASE WHEN ({table.number(i)}) IS NOT NULL THEN replace({plain}, ',', '.') ELSE t{i} END"
