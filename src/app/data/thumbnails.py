"""A few points of each generated pattern, for its card."""

from __future__ import annotations

import numpy as np

from core.data.generators import generate
from core.errors import UserInputError

Points = tuple[tuple[float, float, int], ...]  # x and y from 0 to 1, and the class
ROWS, SEED = 64, 4


def points(name: str) -> Points | None:
    """Numbers are parted at their middle, a curve is drawn as it is; None where there is no picture on a plane."""
    try:
        columns = generate(name, rows=ROWS, noise=0.0, seed=SEED)
    except UserInputError:
        return None
    *features, answers = columns.values()
    if len(features) == 1:
        features, answers = [*features, answers], ["curve"] * ROWS
    if len(features) != 2:
        return None
    xy = np.array(features, float).T
    low, span = xy.min(0), np.ptp(xy, axis=0)
    group = _groups(answers)
    return tuple((float(x), float(y), c) for (x, y), c in zip((xy - low) / span, group, strict=True))


def _groups(answers: list[str]) -> list[int]:
    try:
        values = np.array(answers, float)
    except ValueError:
        names = sorted(set(answers))
        return [names.index(name) for name in answers]
    return [int(value > np.median(values)) for value in values]
