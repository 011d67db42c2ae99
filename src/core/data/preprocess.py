"""Preparing columns for a network: imputation, scaling, encoding; fitted on the training rows only.

A `Preparation` is a frozen value of plain numbers and names: it is saved in projects and written into every export, so
that a new row meets exactly what the training rows met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.data import dates

MOST_LOG = 700.0  # beyond, the number itself would overflow
DATE_PARTS = ("time", "year", "month", "week", "day")
MISSING_INPUT = "{} is missing"
OTHER_INPUT = "{} is another"


@dataclass(frozen=True)
class NumberFeature:
    """x' = (x - mean) / scale, or with log: x' = (log(1 + max(x, 0)) - mean) / scale; a missing x becomes `fill` first.

    mean, scale: mean and deviation, or minimum and range, or median and interquartile range, or 0 and 1. Gives one
    input value; with `indicator` a second one, 1 where x is missing and 0 elsewhere.
    """

    name: str
    fill: float
    mean: float
    scale: float
    log: bool = False
    indicator: bool = False

    @property
    def width(self) -> int:
        """How many input values it gives."""
        return 2 if self.indicator else 1

    def input_names(self) -> tuple[str, ...]:
        """A name for each of its input values."""
        return (self.name, *_indicated(self))

    def values(self, x: np.ndarray) -> np.ndarray:
        """(rows, width) float32 of (rows,) numbers, which are not finite where missing."""
        known = np.isfinite(x)
        made = self.scaled(np.where(known, x, self.fill)).astype(np.float32)[:, None]
        return np.concatenate([made, ~known[:, None]], axis=1, dtype=np.float32) if self.indicator else made

    def scaled(self, x: np.ndarray) -> np.ndarray:
        """x' of numbers none of which is missing."""
        plain: np.ndarray = np.log1p(np.maximum(x, 0.0)) if self.log else x
        return (plain - self.mean) / self.scale

    def unscaled(self, x: Any) -> Any:
        """The inverse, in the unit of the source, of one value or an array."""
        plain = x * self.scale + self.mean
        return np.expm1(np.minimum(plain, MOST_LOG)) if self.log else plain

    @property
    def typical(self) -> float:
        """What a usual row holds, in the unit of the source: what stands in for a missing cell. The zero of the scaled
        column is the least value under min-max scaling, and nothing of the data where it is not scaled."""
        return float(self.fill)


@dataclass(frozen=True)
class CategoryFeature:
    """One input value per category, 1 for its own and 0 elsewhere; missing becomes `fill`; unknown gives all zeros.

    The category "" is that of missing cells, where they have one of their own. other: one more value, 1 for every label
    that is not among the categories. embedded: one value instead of all these, the code of a category: its place
    counted from 1, or 0 for any other label. indicator: one more value at the end, 1 where the cell is missing.
    """

    name: str
    categories: tuple[str, ...]
    fill: str
    other: bool = False
    embedded: bool = False
    indicator: bool = False

    @property
    def width(self) -> int:
        return (1 if self.embedded else len(self.categories) + self.other) + self.indicator

    @property
    def codes(self) -> int:
        """How many codes there are when it is embedded."""
        return len(self.categories) + 1

    def values(self, places: np.ndarray, *, missing: np.ndarray) -> np.ndarray:
        """(rows, width) float32 of (rows,) places among the categories, -1 for any other label; missing: which rows
        lack one, whose places are those of `fill`."""
        if self.embedded:
            made = (places + 1)[:, None].astype(np.float32)
        else:
            count = len(self.categories)
            ends = np.where(places < 0, count if self.other else -1, places)
            made = (ends[:, None] == np.arange(count + self.other)).astype(np.float32)
        return np.concatenate([made, missing[:, None]], axis=1, dtype=np.float32) if self.indicator else made

    def input_names(self) -> tuple[str, ...]:
        if self.embedded:
            return (self.name, *_indicated(self))
        missing = MISSING_INPUT.format(self.name)
        names = tuple(f"{self.name}={label}" if label else missing for label in self.categories)
        return (*names, *((OTHER_INPUT.format(self.name),) if self.other else ()), *_indicated(self))


@dataclass(frozen=True)
class DateFeature:
    """A moment t, in seconds since 1970-01-01 UTC, as `parts` in the order of `DATE_PARTS`; missing becomes `fill`.

    "time" gives one value, (t - mean) / scale. Every other part is a cycle of phase p, of which 1 is a whole turn, and
    gives two, sin(2 pi p) and cos(2 pi p), so that its end lies beside its beginning: "year" and "month", "week" and
    "day" as `core.data.dates` counts them. forms: in which the training cells were written beside ISO 8601, as
    strptime names them. indicator: one more value at the end, 1 where the cell is missing or no date.
    """

    name: str
    parts: tuple[str, ...]
    fill: float
    mean: float
    scale: float
    forms: tuple[str, ...] = ()
    indicator: bool = False

    @property
    def width(self) -> int:
        return sum(1 if part == "time" else 2 for part in self.parts) + self.indicator

    def values(self, t: np.ndarray) -> np.ndarray:
        """(rows, width) float32 of (rows,) moments, which are not finite where missing."""
        known = np.isfinite(t)
        filled = np.where(known, t, self.fill)
        made: list[np.ndarray] = []
        for part in self.parts:
            if part == "time":
                made.append((filled - self.mean) / self.scale)
            else:
                turn = 2.0 * np.pi * dates.phase(part, filled)
                made += [np.sin(turn), np.cos(turn)]
        return np.stack([*made, *([~known] if self.indicator else [])], axis=1).astype(np.float32)

    def input_names(self) -> tuple[str, ...]:
        parts = [f"{self.name} {how}" for part in self.parts for how in _date_part(part)]
        return (*parts, *_indicated(self))


@dataclass(frozen=True)
class TextFeature:
    """Words counted in `width` buckets, by a hash of each word, and scaled to length 1; zeros where missing.

    Source: Weinberger et al. 2009, Feature hashing for large scale multitask learning (here without their sign).
    """

    name: str
    width: int

    def input_names(self) -> tuple[str, ...]:
        return tuple(f"{self.name} words {k}" for k in range(self.width))


def _indicated(feature: NumberFeature | CategoryFeature | DateFeature) -> tuple[str, ...]:
    return (MISSING_INPUT.format(feature.name),) if feature.indicator else ()


def _date_part(part: str) -> tuple[str, ...]:
    return (part,) if part == "time" else (f"{part} sin", f"{part} cos")


@dataclass(frozen=True)
class ClassTarget:
    """Class labels by index, as text."""

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class NumberTarget:
    """y' = (y - mean) / scale."""

    name: str
    mean: float
    scale: float


@dataclass(frozen=True)
class LabelsTarget:
    """Any number of labels a row, or none: y (rows, labels) of 0 and 1; a label is answered where its p ≥ 0.5.

    Either one column `name` whose cells hold labels joined by `separator`, or several `columns` of truth values, one a
    label: classes[k] is columns[k], and `name` is what all of them are called together.
    """

    name: str
    classes: tuple[str, ...]
    separator: str = ""
    columns: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the table that tell the labels."""
        return self.columns or (self.name,)


@dataclass(frozen=True)
class ImageFeature:
    """x' = (x - mean) / scale for every pixel, one mean and scale a channel; x as grey (1 channel) or RGB (3).

    An image of another size is resized to height × width first. white: the value of a white pixel, 255 unless the
    source held arrays of other numbers.
    """

    name: str
    height: int
    width: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    white: float = 255.0

    @property
    def channels(self) -> int:
        return len(self.mean)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


Feature = NumberFeature | CategoryFeature | DateFeature | TextFeature
Target = ClassTarget | NumberTarget | LabelsTarget


@dataclass(frozen=True)
class Preparation:
    """Everything needed to turn a row of the source into a row of x, and an output into an answer.

    A row is made of columns, the `features`, or it is an `image` and there are no features.
    """

    features: tuple[Feature, ...]
    target: Target
    image: ImageFeature | None = None

    @property
    def embedded(self) -> tuple[tuple[int, int], ...]:
        """(position, codes) of every input value that is the code of a label, counted from 0."""
        starts = np.cumsum([0, *(feature.width for feature in self.features)])
        return tuple(
            (int(start), feature.codes)
            for feature, start in zip(self.features, starts, strict=False)
            if isinstance(feature, CategoryFeature) and feature.embedded
        )

    @property
    def numbers(self) -> np.ndarray:
        """(values,) float32: 1 where an input value is a scaled number, 0 where it stands for anything else."""
        found = np.zeros(sum(feature.width for feature in self.features), np.float32)
        starts = np.cumsum([0, *(feature.width for feature in self.features)])
        for feature, start in zip(self.features, starts, strict=False):
            if isinstance(feature, NumberFeature) or (isinstance(feature, DateFeature) and "time" in feature.parts):
                found[start] = 1.0
        return found
