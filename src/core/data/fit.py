"""Fitting a `Preparation` to the training rows of a table, and preparing all its rows with it.

Statistics are those of the training rows alone: what validation and test rows look like must not leak into them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.data import cells, dates, labels, times
from core.data.cells import natural
from core.data.choices import USUAL, ColumnChoice
from core.data.preprocess import (
    DATE_PARTS,
    CategoryFeature,
    ClassTarget,
    DateFeature,
    Feature,
    NumberFeature,
    NumberTarget,
    Target,
)
from core.data.profile import Column, most_frequent
from core.data.roles import MOST_EVERY, MOST_ONE_HOT, Roles
from core.data.spread import moments
from core.data.table import LONG_ROWS, MISSING, UNKNOWN, Table
from core.errors import UserInputError

# Labels beyond so many are rarer than any that is kept, and count as unknown.
MOST_LABELS = 65_535
NORMAL_QUARTILES = 1.349  # interquartile range of a normal distribution, in deviations
SEASON = 60.0 * dates.DAY  # a span in which the time of the year tells something


@dataclass(frozen=True)
class Values:
    """One column of the table, all rows: float64 numbers or moments, not finite where a cell holds none, or int32 codes
    of `labels`."""

    column: Column
    raw: np.ndarray
    labels: tuple[str, ...] = ()


def class_labels(target: Column) -> tuple[str, ...]:
    """The classes in a lasting order: numbers by size, words by letters."""
    return tuple(sorted(target.labels, key=natural))


def read_target(table: Table, roles: Roles) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class codes (negative where unknown) with their labels, or numbers (NaN where unknown).

    Several labels a row: (rows, labels) of 0 and 1, negative in a row that is unknown.
    """
    if roles.labels is not None:
        return labels.read(table, roles.labels), roles.labels.target.classes
    if roles.task == "classification":
        classes = class_labels(roles.target)
        return table.codes(roles.target.index, classes), classes
    return table.arrays([table.number(roles.target.index)])[0], ()


def fit_target(roles: Roles, values: np.ndarray, classes: tuple[str, ...]) -> Target:
    """Labels, or mean and standard deviation of the training rows."""
    if roles.labels is not None:
        return roles.labels.target
    if roles.task == "classification":
        return ClassTarget(roles.target.name, classes)
    return NumberTarget(roles.target.name, *mean_and_scale(values))


def mean_and_scale(values: np.ndarray) -> tuple[float, float]:
    """Mean and population standard deviation of (rows,) finite numbers; 1 in place of a deviation of 0."""
    low, high = float(values.min()), float(values.max())
    size = max(abs(low), abs(high))
    if low == high:
        return float(values[0]), 1.0
    if len(values) > LONG_ROWS:
        mean, deviation = moments(values, len(values), size)
        return mean, deviation or 1.0
    scaled = values / size  # the square of 1e200 would overflow
    return float(scaled.mean()) * size, float(scaled.std()) * size or 1.0


def read_features(table: Table, columns: Sequence[Column]) -> Iterator[Values]:
    """Columns of numbers, labels and dates in their order, a few at a time."""
    numbers = table.numbers([column.index for column in columns if column.kind == "number"])
    for column in columns:
        if column.kind == "number":
            _, raw = next(numbers)
            yield Values(column, raw)
        else:
            yield read_feature(table, column)


def read_feature(table: Table, column: Column) -> Values:
    """A column of any kind but text; labels with the most frequent first."""
    if column.kind == "number":
        return Values(column, next(table.numbers([column.index]))[1])
    if column.kind == "date":
        return Values(column, times.read(table, column.index, column.forms))
    labels = tuple(column.labels) or tuple(text for text, _ in most_frequent(table, column, MOST_LABELS))
    return Values(column, table.codes(column.index, labels), labels)


def fit_feature(
    values: Values, train: np.ndarray | None, *, choice: ColumnChoice = USUAL, log: bool = False
) -> NumberFeature | CategoryFeature | DateFeature | None:
    """What a column becomes, as the training rows and a person's choice have it. log: of numbers. train: their numbers,
    None where `values` are those of the training rows alone.

    None where no training row has a label or a date. A column without a number in training gives zeros.

    Raises:
        UserInputError: the logarithm of a column with numbers below zero.
    """
    seen = values.raw if train is None else values.raw[train]
    if values.column.kind == "number":
        return _number(values.column.name, seen, choice, log=log)
    if values.column.kind == "date":
        return fit_dates(values.column.name, seen, choice, forms=values.column.forms)
    return _category(values, seen, choice)


def _number(name: str, seen: np.ndarray, choice: ColumnChoice, *, log: bool) -> NumberFeature:
    known = np.isfinite(seen)
    fill = stand_in(seen if known.all() else seen[known], choice.missing)
    filled = seen if known.all() else np.where(known, seen, fill)
    indicator = choice.indicator and not bool(known.all())
    if not log:
        return NumberFeature(name, fill, *centre_and_unit(filled, choice.scaling), indicator=indicator)
    if filled.min() < 0.0:
        raise UserInputError(
            f"“{name}” holds numbers below zero, which have no logarithm.",
            where=f"column {name}", remedy="Use the column as it is.",
        )  # fmt: skip
    return NumberFeature(name, fill, *centre_and_unit(np.log1p(filled), choice.scaling), log=True, indicator=indicator)


def stand_in(known: np.ndarray, missing: str) -> float:
    """What stands in for missing numbers; of equally frequent ones the smallest is the most frequent."""
    if not len(known) or missing == "zero":
        return 0.0
    if missing == "mean":
        return mean_and_scale(known)[0]
    if missing == "most frequent":
        values, counts = np.unique(known, return_counts=True)
        return float(values[counts.argmax()])
    return float(np.median(known))


def centre_and_unit(values: np.ndarray, scaling: str) -> tuple[float, float]:
    """What x' = (x - centre) / unit takes off and divides by; the unit is 1 where it would be 0 or overflow.

    "": mean and deviation. "min-max": minimum and range. "robust": median and interquartile range / 1.349, which is the
    deviation of a normal distribution; the deviation itself where half of the values are equal. "none": 0 and 1.
    """
    if scaling == "none":
        return 0.0, 1.0
    if scaling == "min-max":
        low, high = float(values.min()), float(values.max())
        return low, _unit(high - low)
    if scaling == "robust":
        lower, middle, upper = (float(q) for q in np.quantile(values, (0.25, 0.5, 0.75)))
        return middle, _unit((upper - lower) / NORMAL_QUARTILES) if upper > lower else mean_and_scale(values)[1]
    return mean_and_scale(values)


def _unit(size: float) -> float:
    return size if 0.0 < size < np.inf else 1.0


def fit_dates(name: str, seen: np.ndarray, choice: ColumnChoice, *, forms: tuple[str, ...]) -> DateFeature | None:
    """Dates by the parts that a person asks for, else by those that vary and mean something."""
    known = seen[np.isfinite(seen)]
    if not len(known):
        return None
    fill = float(np.median(known))
    parts = tuple(part for part in DATE_PARTS if part in (choice.parts or telling_parts(known)))
    # Seconds since 1970 as they are would dwarf every other input.
    scaling = "" if choice.scaling == "none" else choice.scaling
    centre, unit = centre_and_unit(np.where(np.isfinite(seen), seen, fill), scaling)
    return DateFeature(name, parts, fill, centre, unit, forms, choice.indicator and len(known) < len(seen))


def telling_parts(known: np.ndarray) -> tuple[str, ...]:
    """Parts of (rows,) moments: "time" always; "year" where they span two months; "week" where weekdays differ and days
    of the month too, as those of the first of every month mean nothing; "day" where times of day differ.
    """
    days = np.unique(np.floor(known / dates.DAY))
    _, _, of_month = dates.civil(days)
    several_days = len(np.unique(np.mod(days + 3, 7))) > 1 and len(np.unique(of_month)) > 1
    telling = {
        "time": True,
        "year": float(np.ptp(known)) >= SEASON,
        "week": several_days,
        "day": bool(np.ptp(np.mod(known, dates.DAY)) > 0),
    }
    return tuple(part for part in DATE_PARTS if telling.get(part))


def _category(values: Values, seen: np.ndarray, choice: ColumnChoice) -> CategoryFeature | None:
    counts = np.bincount(seen[seen >= 0], minlength=len(values.labels))
    # Of equally frequent labels the first in their lasting order is kept, so that the order of rows plays no part.
    order = sorted(np.flatnonzero(counts), key=lambda k: (-counts[k], natural(values.labels[k])))
    if not order:
        return None
    most = {"embedding": MOST_LABELS, "one-hot": MOST_EVERY}.get(choice.encoding, MOST_ONE_HOT)
    frequent = [k for k in order[:most] if counts[k] >= choice.rare] or order[:1]
    kept = [values.labels[k] for k in frequent]
    gaps = bool((seen == MISSING).any())
    own = choice.missing == "own" and gaps
    rest = len(frequent) < len(order) or bool((seen == UNKNOWN).any())
    embedded = choice.encoding == "embedding"
    return CategoryFeature(
        values.column.name,
        tuple(sorted([*kept, *([""] if own else [])], key=natural)),
        "" if own else kept[0],
        other=choice.rare > 0 and rest and not embedded,
        embedded=embedded,
        indicator=choice.indicator and gaps and not own,
    )


def input_names(features: tuple[Feature, ...]) -> tuple[str, ...]:
    """One name per prepared input value: "age", "island=Biscoe"."""
    return tuple(name for feature in features for name in feature.input_names())


def transform(feature: Feature, values: Values) -> np.ndarray:
    """(rows, width) float32 of a column of numbers, labels or dates that was read from a table."""
    if isinstance(feature, CategoryFeature):
        return feature.values(codes_of(feature, values), missing=values.raw == MISSING)
    assert isinstance(feature, (NumberFeature, DateFeature))
    return feature.values(values.raw)


def codes_of(feature: CategoryFeature, values: Values) -> np.ndarray:
    """(rows,) places among the categories, -1 for other labels."""
    place = {label: i for i, label in enumerate(feature.categories)}
    # Two more entries at the end serve the codes UNKNOWN and MISSING.
    known = (place.get(label, place.get(_number_label(label), -1)) for label in values.labels)
    return np.array([*known, -1, place[feature.fill]])[values.raw]


def _number_label(label: str) -> str:
    """How a number is written as a label: a rare "3.0" counts as "3", as it will in new rows."""
    value = cells.number(label)
    return label if value is None else cells.label(value)
