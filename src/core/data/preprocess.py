"""Preparing columns for a network: imputation, scaling, one-hot; fitted on the training rows only.

A `Preparation` is a frozen value of plain numbers and names: it is saved in projects and written into every export, so
that a new row meets exactly what the training rows met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_LOG = 700.0  # beyond, the number itself would overflow


@dataclass(frozen=True)
class NumberFeature:
    """x' = (x - mean) / scale, or with log: x' = (log(1 + max(x, 0)) - mean) / scale; a missing x becomes `fill` first.

    Gives one input value.
    """

    name: str
    fill: float
    mean: float
    scale: float
    log: bool = False

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
        """What a row in the middle holds, in the unit of the source."""
        return float(self.unscaled(0.0))


@dataclass(frozen=True)
class CategoryFeature:
    """One input value per category, 1 for its own and 0 elsewhere; missing becomes `fill`; unknown gives all zeros."""

    name: str
    categories: tuple[str, ...]
    fill: str


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


Feature = NumberFeature | CategoryFeature
Target = ClassTarget | NumberTarget


@dataclass(frozen=True)
class Preparation:
    """Everything needed to turn a row of the source into a row of x, and an output into an answer.

    A row is made of columns, the `features`, or it is an `image` and there are no features.
    """

    features: tuple[Feature, ...]
    target: Target
    image: ImageFeature | None = None

    @property
    def numbers(self) -> np.ndarray:
        """(values,) float32: 1 where an input value is a scaled number, 0 where it stands for a category."""
        widths = [(1.0, 1) if isinstance(f, NumberFeature) else (0.0, len(f.categories)) for f in self.features]
        return np.repeat(np.array([kind for kind, _ in widths], np.float32), [n for _, n in widths])
