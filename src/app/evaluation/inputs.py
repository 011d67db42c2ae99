"""What stood in the cells of a test row, read back from the arrays that the network is trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from app import theme
from core.data import store
from core.data.preprocess import NumberFeature, Preparation
from core.data.schema import Part, Prepared
from core.errors import UserInputError

MOST_FEATURES = 12
Cells = Mapping[str, Sequence[str]]


def cells_of(prepared: Prepared, row_numbers: Sequence[int]) -> Cells:
    """Feature name → one text a row, of the first features; {} where the arrays are gone or of another shape."""
    if not prepared.folder or len(prepared.row_shape) != 1:
        return {}
    try:
        part = store.load(prepared).test
    except (OSError, ValueError, UserInputError):
        return {}  # swept away with its folder: the scores still stand
    return decoded(prepared.preparation, part, row_numbers)


def unscaled(feature: NumberFeature, x: np.ndarray) -> np.ndarray:
    """x · scale + mean, rounded to what 32 bits of x can tell, so that a 0 comes back as 0 and not as 1e-8."""
    if feature.log:
        return np.array([float(f"{value:.6g}") for value in feature.unscaled(x)])
    size = max(abs(feature.mean), feature.scale)
    values: np.ndarray = np.round(x * feature.scale + feature.mean, 5 - math.floor(math.log10(size)))
    return values + 0.0  # no negative zero


def decoded(preparation: Preparation, part: Part, row_numbers: Sequence[int]) -> Cells:
    """The inverse of preparing; a cell that was missing shows what stood in for it."""
    place = {int(number): i for i, number in enumerate(part.row_numbers)}
    if any(number not in place for number in row_numbers):
        return {}
    x = np.asarray(part.x[[place[number] for number in row_numbers]], np.float64)
    found: dict[str, Sequence[str]] = {}
    at = 0
    for feature in preparation.features[:MOST_FEATURES]:
        if isinstance(feature, NumberFeature):
            found[feature.name] = [theme.number(v) for v in unscaled(feature, x[:, at])]
            at += 1
        else:
            hot = x[:, at : at + len(feature.categories)]
            names = [feature.categories[i] for i in hot.argmax(axis=1)] if feature.categories else [""] * len(x)
            found[feature.name] = [name if row.any() else "other" for name, row in zip(names, hot, strict=True)]
            at += len(feature.categories)
    return found
