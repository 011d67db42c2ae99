"""Rows given as cells of text, turned into what the network takes: the rules of training for a handful of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.data import cells
from core.data.preprocess import CategoryFeature, NumberFeature, Preparation

Cell = str | None


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
        part = _numbers(feature, column, notes) if isinstance(feature, NumberFeature) else _hot(feature, column, notes)
        parts.append(part)
    x = np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0))
    return x.astype(np.float32), tuple(notes)


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
    found = [number_of(cell) for cell in column]
    for i, (cell, value) in enumerate(zip(column, found, strict=True)):
        if value is None and cell is not None and cell.strip() not in cells.MISSING:
            notes.append(f"Row {i + 1}, {feature.name}: {cell.strip()!r} is no number; {feature.fill:g} stands in.")
    filled = np.array([feature.fill if value is None else value for value in found])
    return ((filled - feature.mean) / feature.scale)[:, None]


def _hot(feature: CategoryFeature, column: Sequence[Cell], notes: list[str]) -> np.ndarray:
    place = {label: i for i, label in enumerate(feature.categories)}
    hot = np.zeros((len(column), len(place)))
    for i, cell in enumerate(column):
        label = category_of(feature, cell)
        at = place.get(feature.fill if label is None else label)
        if at is None:
            notes.append(f"Row {i + 1}, {feature.name}: {label!r} did not occur in training; it counts for nothing.")
        else:
            hot[i, at] = 1.0
    return hot
