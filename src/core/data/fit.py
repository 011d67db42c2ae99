"""Fitting a `Preparation` to the training rows of a table, and preparing all its rows with it.

Statistics are those of the training rows alone: what validation and test rows look like must not leak into them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.preprocess import CategoryFeature, ClassTarget, Feature, NumberFeature, NumberTarget, Target
from core.data.profile import Column, most_frequent
from core.data.roles import MOST_ONE_HOT, Roles
from core.data.table import Table
from core.errors import UserInputError

# Labels beyond so many are rarer than any that is kept, and count as unknown.
MOST_LABELS = 65_535


@dataclass(frozen=True)
class Values:
    """One column of the table, all rows: float64 with NaN where no finite number stands, or int32 codes of `labels`."""

    column: Column
    raw: np.ndarray
    labels: tuple[str, ...] = ()


def class_labels(target: Column) -> tuple[str, ...]:
    """The classes in a lasting order: numbers by size, words by letters."""
    return tuple(sorted(target.labels, key=natural))


def natural(text: str) -> tuple[object, ...]:
    """Sorts "class 2" before "class 10", and -1 before 2."""
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text)))


def read_target(table: Table, roles: Roles) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class codes (negative where unknown) with their labels, or numbers (NaN where unknown)."""
    if roles.task == "classification":
        labels = class_labels(roles.target)
        return table.codes(roles.target.index, labels), labels
    return table.arrays([table.number(roles.target.index)])[0], ()


def fit_target(roles: Roles, values: np.ndarray, labels: tuple[str, ...]) -> Target:
    """Labels, or mean and standard deviation of the training rows."""
    if roles.task == "classification":
        return ClassTarget(roles.target.name, labels)
    return NumberTarget(roles.target.name, *mean_and_scale(values))


def mean_and_scale(values: np.ndarray) -> tuple[float, float]:
    """Mean and population standard deviation of (rows,) finite numbers; 1 in place of a deviation of 0."""
    size = float(np.abs(values).max())
    if values.min() == values.max():
        return float(values[0]), 1.0
    scaled = values / size  # the square of 1e200 would overflow
    return float(scaled.mean()) * size, float(scaled.std()) * size or 1.0


def read_features(table: Table, columns: Sequence[Column]) -> Iterator[Values]:
    """The feature columns in their order, a few at a time."""
    numbers = table.numbers([column.index for column in columns if column.kind == "number"])
    for column in columns:
        if column.kind == "number":
            _, raw = next(numbers)
            yield Values(column, raw)
        else:
            yield read_labels(table, column)


def read_labels(table: Table, column: Column) -> Values:
    """A column of labels, the most frequent first."""
    labels = tuple(column.labels) or tuple(text for text, _ in most_frequent(table, column, MOST_LABELS))
    return Values(column, table.codes(column.index, labels), labels)


def fit_feature(values: Values, train: np.ndarray, *, log: bool = False) -> Feature | None:
    """Median, mean and deviation, or the 64 most frequent categories and the first of them, of the training rows.

    None where no training row has a label. A column without a number in training gives zeros. log: of numbers.

    Raises:
        UserInputError: the logarithm of a column with numbers below zero.
    """
    seen = values.raw[train]
    if values.column.kind == "number":
        known = np.isfinite(seen)
        fill = float(np.median(seen[known])) if known.any() else 0.0
        filled = np.where(known, seen, fill)
        if not log:
            return NumberFeature(values.column.name, fill, *mean_and_scale(filled))
        if filled.min() < 0.0:
            raise UserInputError(
                f"“{values.column.name}” holds numbers below zero, which have no logarithm.",
                where=f"column {values.column.name}", remedy="Use the column as it is.",
            )  # fmt: skip
        return NumberFeature(values.column.name, fill, *mean_and_scale(np.log1p(filled)), log=True)
    counts = np.bincount(seen[seen >= 0], minlength=len(values.labels))
    # Of equally frequent labels the first in their lasting order is kept, so that the order of rows plays no part.
    order = sorted(np.flatnonzero(counts), key=lambda k: (-counts[k], natural(values.labels[k])))
    kept = [values.labels[k] for k in order[:MOST_ONE_HOT]]
    return CategoryFeature(values.column.name, tuple(sorted(kept, key=natural)), kept[0]) if kept else None


def input_names(features: tuple[Feature, ...]) -> tuple[str, ...]:
    """One name per prepared input value: "age", "island=Biscoe"."""
    return tuple(name for feature in features for name in feature.input_names())


def transform(feature: Feature, values: Values) -> np.ndarray:
    """(rows, width) float32 of a column that was read from a table."""
    if isinstance(feature, NumberFeature):
        filled = np.where(np.isfinite(values.raw), values.raw, feature.fill)
        return feature.scaled(filled).astype(np.float32)[:, None]
    place = {label: i for i, label in enumerate(feature.categories)}
    # Two more entries at the end serve the codes -2, an unknown label, and -1, a missing cell.
    known = (place.get(label, -1) for label in values.labels)
    code = np.array([*known, -1, place[feature.fill]])[values.raw]
    return (code[:, None] == np.arange(len(place))).astype(np.float32)
