"""Fitting a `Preparation` to the training rows of a table, and writing the arrays it makes of all rows.

Statistics are those of the training rows alone: what validation and test rows look like must not leak into them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from core.data.preprocess import CategoryFeature, ClassTarget, Feature, NumberFeature, NumberTarget, Target
from core.data.profile import Column, most_frequent
from core.data.roles import Roles
from core.data.table import Table

MOST_ONE_HOT = 64


@dataclass(frozen=True)
class Values:
    """One column of the table as numbers: (rows,) float64 with NaN where missing, or int32 codes with -1."""

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
    """Class codes (-1 missing) with their labels, or numbers (NaN missing)."""
    if roles.task == "classification":
        labels = class_labels(roles.target)
        return table.codes(roles.target.index, labels, roles.target.kept), labels
    return table.arrays([table.number(roles.target.index)])[0].astype(np.float64), ()


def fit_target(roles: Roles, values: np.ndarray, labels: tuple[str, ...]) -> Target:
    """Labels, or mean and standard deviation of the training rows."""
    if roles.task == "classification":
        return ClassTarget(roles.target.name, labels)
    return NumberTarget(roles.target.name, float(values.mean()), scale_of(values))


def scale_of(values: np.ndarray) -> float:
    """The standard deviation, 1 where it is zero: a constant stays what it is."""
    deviation = float(values.std())
    return deviation if np.isfinite(deviation) and deviation > 0 else 1.0


def read_feature(table: Table, column: Column) -> Values:
    """One feature column, all rows."""
    if column.kind == "number":
        return Values(column, table.arrays([table.number(column.index)])[0].astype(np.float64))
    listed = list(column.labels) or [text for text, _ in most_frequent(table, column, MOST_ONE_HOT)]
    labels = tuple(listed[:MOST_ONE_HOT])
    return Values(column, table.codes(column.index, labels, column.kept), labels)


def fit_feature(values: Values, train: np.ndarray) -> Feature:
    """Median, mean and deviation, or categories and the most frequent of them, of the training rows.

    Categories that no training row has are dropped: nothing could be learned for them.
    """
    seen = values.raw[train]
    if not values.labels:
        known = seen[~np.isnan(seen)]
        fill = float(np.median(known)) if len(known) else 0.0
        filled = np.where(np.isnan(seen), fill, seen)
        return NumberFeature(values.column.name, fill, float(filled.mean()), scale_of(filled))
    counts = np.bincount(seen[seen >= 0], minlength=len(values.labels))
    present = [label for label, count in zip(values.labels, counts, strict=True) if count]
    fill_label = values.labels[int(counts.argmax())] if present else values.labels[0]
    return CategoryFeature(values.column.name, tuple(sorted(present or [fill_label], key=natural)), fill_label)


def width(feature: Feature) -> int:
    return 1 if isinstance(feature, NumberFeature) else len(feature.categories)


def input_names(features: tuple[Feature, ...]) -> tuple[str, ...]:
    """One name per prepared input value: "age", "island=Biscoe"."""
    return tuple(
        name
        for f in features
        for name in ((f.name,) if isinstance(f, NumberFeature) else (f"{f.name}={c}" for c in f.categories))
    )


def transform(feature: Feature, values: Values) -> np.ndarray:
    """(rows, width) float32 of a column that was read from a table."""
    if isinstance(feature, NumberFeature):
        filled = np.where(np.isnan(values.raw), feature.fill, values.raw)
        return ((filled - feature.mean) / feature.scale).astype(np.float32)[:, None]
    place = {label: i for i, label in enumerate(feature.categories)}
    # One more entry at the end serves code -1, which is a missing cell.
    code = np.array([*(place.get(label, -1) for label in values.labels), place.get(feature.fill, -1)])[values.raw]
    return (code[:, None] == np.arange(len(place))).astype(np.float32)
