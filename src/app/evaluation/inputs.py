"""What stood in the cells of a test row, read back from the arrays that the network is trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from app import theme
from app.dates import shown
from core.data import dates, store
from core.data.preprocess import CategoryFeature, DateFeature, Feature, NumberFeature, Preparation, TextFeature
from core.data.schema import Part, Prepared
from core.errors import UserInputError
from core.evaluation.result import places

MOST_FEATURES = 12
MISSING = "missing"
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
    place = places(part.row_numbers, row_numbers)
    if any(number not in place for number in row_numbers):
        return {}
    x = np.asarray(part.x[[place[number] for number in row_numbers]], np.float64)
    found: dict[str, Sequence[str]] = {}
    at = 0
    for feature in preparation.features:
        if len(found) == MOST_FEATURES:
            break
        told = _told(feature, x[:, at : at + feature.width])
        if told:
            found[feature.name] = told
        at += feature.width
    return found


def _told(feature: Feature, x: np.ndarray) -> Sequence[str]:
    """(rows, width) prepared values as cells; () of a column that its values do not tell: words, or cycles alone."""
    if isinstance(feature, TextFeature):
        return ()
    missing = x[:, -1] > 0.5 if feature.indicator else np.zeros(len(x), bool)
    if isinstance(feature, NumberFeature):
        cells = [theme.number(v) for v in unscaled(feature, x[:, 0])]
    elif isinstance(feature, DateFeature):
        if "time" not in feature.parts:
            return ()
        cells = [_moment(feature, value) for value in x[:, 0]]
    else:
        cells = _labels(feature, x)
    return [MISSING if gap else cell for cell, gap in zip(cells, missing, strict=True)]


def _labels(feature: CategoryFeature, x: np.ndarray) -> list[str]:
    names = [name or MISSING for name in feature.categories]
    if feature.embedded:
        return [names[code - 1] if 0 < code <= len(names) else "other" for code in np.rint(x[:, 0]).astype(int)]
    hot = x[:, : len(names)]
    return [names[row.argmax()] if row.any() else "other" for row in hot] if names else ["other"] * len(x)


def _moment(feature: DateFeature, value: float) -> str:
    """To the day, or the minute where the time of day matters; 32 bits of x tell no seconds."""
    seconds = 60.0 * round((value * feature.scale + feature.mean) / 60)
    return shown(seconds if "day" in feature.parts else seconds // dates.DAY * dates.DAY)
