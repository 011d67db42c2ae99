"""Which rows validate and which train in each fold of a cross-validation: dealt at random, by groups, or in time.

Every row validates in one fold and trains in the others (k-fold cross-validation, Kohavi 1995, "A study of
cross-validation and bootstrap for accuracy estimation and model selection", §2.2). What has an order in time is not
dealt: each fold validates on rows later than all that it trains on ("rolling origin", Tashman 2000; Bergmeir and
Benítez 2012, "On the use of cross-validation for time series predictor evaluation").
"""

from __future__ import annotations

import numpy as np

from core import keys
from core.data import stratify

FOLDS = "folds"


def deal(rows: int, folds: int, *, seed: int, classes: np.ndarray | None = None) -> np.ndarray:
    """(rows,) the fold in which each row validates, 0 to folds - 1. Sizes differ by one row at most.

    classes: (rows,) class of every row, for stratified folds (Kohavi 1995, §2.2): the counts of a class differ by one
    at most, too. (rows, labels) of 0 and 1 where a row may have several labels: then every label is spread, and sizes
    are about even.
    """
    rng = keys.generator(keys.key(seed, FOLDS))
    if classes is not None and classes.ndim == 2:
        return stratify.deal(classes, np.full(folds, 1.0 / folds), rng)
    order = rng.permutation(rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(rows, np.int64)
    fold[order] = np.arange(rows) % folds
    return fold


def deal_groups(groups: np.ndarray, folds: int, *, seed: int) -> np.ndarray:
    """As `deal`, but all rows of one group validate in one fold. groups: (rows,) a number for every row's group.

    The largest group goes first, each to the fold with the fewest rows; among groups of one size the seed decides.
    No fold is empty where there are as many groups.
    """
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.lexsort((keys.generator(keys.key(seed, FOLDS)).permutation(len(sizes)), -sizes))
    held = np.zeros(folds, np.int64)
    given = np.empty(len(sizes), np.int64)
    for k in order:
        given[k] = int(np.argmin(held))
        held[given[k]] += sizes[k]
    return given[group]


def borders(times: np.ndarray, folds: int) -> list[int] | None:
    """Where each fold begins among (rows,) times in rising order: folds + 1 numbers of rows, the last the end.

    Fold i trains on the rows before border i and validates on those from there to border i + 1. The rows before the
    first border, which never validate, are about as many as a fold has. Rows of one time stay together: borders move to
    the nearest change of time. None where there are fewer changes than folds.
    """
    rows = len(times)
    changes = np.flatnonzero(np.diff(times) > 0) + 1
    if len(changes) < folds:
        return None
    found: list[int] = []
    first = 0
    for k in range(folds):
        free = changes[first : len(changes) - (folds - 1 - k)]  # each of the borders after this one needs a change too
        chosen = int(np.argmin(np.abs(free - rows * (k + 1) / (folds + 1))))
        found.append(int(free[chosen]))
        first += chosen + 1
    return [*found, rows]
