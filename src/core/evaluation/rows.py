"""Rows given as cells of text, turned into what the network takes: the rules of training for a handful of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np

from core.data import cells, dates
from core.data.preprocess import CategoryFeature, DateFeature, Feature, NumberFeature, Preparation
from core.data.words import WordCounter

Cell = str | None
MOST_NOTES = 10


def prepared_rows(
    preparation: Preparation, columns: Mapping[str, Sequence[Cell]]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """x: (rows, values) float32, and notes on cells that could not be used as they are.

    columns: cells as text by column name, all of one length; a column that is not there counts as missing.
    """
    rows = max((len(column) for column in columns.values()), default=0)
    parts: list[np.ndarray] = []
    notes: list[str] = []
    for feature in preparation.features:
        column = columns.get(feature.name, (None,) * rows)
        parts.append(_values(feature, column, notes))
    x = np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), np.float32)
    return x, tuple(notes)


def _values(feature: Feature, column: Sequence[Cell], notes: list[str]) -> np.ndarray:
    """(rows, width) float32."""
    if isinstance(feature, NumberFeature):
        return _numbers(feature, column, notes)
    if isinstance(feature, CategoryFeature):
        return _labels(feature, column, notes)
    if isinstance(feature, DateFeature):
        return _dates(feature, column, notes)
    return WordCounter(feature.width)(column)


def number_of(cell: Cell) -> float | None:
    """The number in a cell; None where it is missing or no number."""
    return None if cell is None else cells.number(cell)


def category_of(feature: CategoryFeature, cell: Cell) -> str | None:
    """The label in a cell, written as in training; None where it is missing. It may be an unknown one."""
    text = "" if cell is None else cell.strip()
    if text in feature.categories:
        return text
    if text in cells.MISSING:
        return None
    value = cells.number(text)
    return text if value is None else cells.label(value)  # "3.0" is the label "3"


def _numbers(feature: NumberFeature, column: Sequence[Cell], notes: list[str]) -> np.ndarray:
    known = {cell: number_of(cell) for cell in set(column)}
    wrong = {cell for cell, value in known.items() if value is None and not _is_missing(cell)}
    notes += _notes(feature.name, column, wrong, f"is no number; {feature.fill:g} stands in.")
    return feature.values(np.array([known[cell] for cell in column], np.float64))


def _labels(feature: CategoryFeature, column: Sequence[Cell], notes: list[str]) -> np.ndarray:
    place = {label: i for i, label in enumerate(feature.categories)}
    known = {cell: category_of(feature, cell) for cell in set(column)}
    index = {cell: place.get(feature.fill if label is None else label, -1) for cell, label in known.items()}
    wrong = {cell for cell, at in index.items() if at < 0 and cell}
    counts = "is none of those that the network knows; it counts as another."
    alike = feature.other or feature.embedded
    notes += _notes(
        feature.name, column, wrong, counts if alike else "did not occur in training; it counts for nothing."
    )
    missing = np.array([known[cell] is None for cell in column], bool)
    return feature.values(np.array([index[cell] for cell in column], np.int64), missing=missing)


def _dates(feature: DateFeature, column: Sequence[Cell], notes: list[str]) -> np.ndarray:
    known = {cell: None if _is_missing(cell) else dates.moment(cell or "", feature.forms) for cell in set(column)}
    wrong = {cell for cell, t in known.items() if t is None and not _is_missing(cell)}
    notes += _notes(feature.name, column, wrong, f"is no date; {dates.written(feature.fill)} stands in.")
    return feature.values(np.array([known[cell] for cell in column], np.float64))


def _is_missing(cell: Cell) -> bool:
    return cell is None or cell.strip() in cells.MISSING


def _notes(name: str, column: Sequence[Cell], wrong: Set[Cell], what: str) -> list[str]:
    """One note for each cell text among `wrong`, with the rows it stands in; a column is not complained of for ever."""
    rows: dict[str, list[int]] = {}
    for i, cell in enumerate(column if wrong else (), start=1):
        if cell is not None and cell in wrong:
            rows.setdefault(cell, []).append(i)
    made = [f"{_rows(found)}, {name}: {cell.strip()!r} {what}" for cell, found in rows.items()]
    rest = len(made) - MOST_NOTES
    return [*made[:MOST_NOTES], f"{name}: {rest:,} more such texts."] if rest > 0 else made


def _rows(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"Row {numbers[0]:,}"
    more = f" and {len(numbers) - 3:,} more" if len(numbers) > 3 else ""
    return f"Rows {', '.join(f'{n:,}' for n in numbers[:3])}{more}"
