"""Which rows train, which validate, which test: shares kept within every class, decided by a seed alone."""

from __future__ import annotations

import numpy as np

from core import keys

SPLIT = "split"


def split(
    rows: int, *, validation: float, test: float, seed: int, classes: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the training, validation and test rows, each in ascending order.

    classes: (rows,) class of every row, for a stratified split (Kohavi 1995, §3): each class is spread evenly over the
    parts. Of every class at least one row trains, as long as the parts leave that many training rows.
    """
    rng = keys.generator(keys.key(seed, SPLIT))
    shuffled = rng.permutation(rows)
    place = (np.arange(rows) + 0.5) / max(rows, 1)
    if classes is not None:
        place = _within_class(classes[shuffled])
    order = shuffled[np.argsort(place, kind="stable")]
    tests, validations = round(rows * test), round(rows * validation)
    held = min(tests + validations, max(rows - 1, 0))
    tests = min(tests, held)
    return np.sort(order[held:]), np.sort(order[tests:held]), np.sort(order[:tests])


def _within_class(classes: np.ndarray) -> np.ndarray:
    """How far along its own class each row stands, from 0 to 1; the last of each class gets 1 and so trains."""
    place = np.empty(len(classes))
    for label in np.unique(classes):
        mine = np.flatnonzero(classes == label)
        place[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
        place[mine[-1]] = 1.0
    return place
