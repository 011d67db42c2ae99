"""Dealing rows with several labels evenly to parts."""

from __future__ import annotations

import numpy as np


def deal(y: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) part of every row, so that each label keeps its share in each part: iterative stratification.

    y: (rows, labels) of 0 and 1. shares: (parts,) of all rows, in sum 1. Sechidis, Tsoumakas and Vlahavas 2011: the
    label with the fewest rows left is dealt next, each part getting as many of its rows as it still lacks of that
    label; rows without a label then fill the parts up. Here all rows of a label are dealt at once, in random order,
    which takes one pass for each label. A label with rows at all has one in the first part.
    """
    rows, labels = y.shape
    order = rng.permutation(rows)
    has = np.ascontiguousarray((y[order] > 0).T)
    lacking = shares[:, None] * has.sum(axis=1)  # (parts, labels) rows of each label that a part should still get
    size = shares * rows
    part = np.full(rows, -1, np.int8)
    left = has.sum(axis=1)
    for _ in range(labels):
        open_ = np.flatnonzero(left)
        if not len(open_):
            break
        k = int(open_[np.argmin(left[open_])])
        mine = np.flatnonzero(has[k] & (part < 0))
        counts = _whole(lacking[:, k], size, len(mine), first=not (part[has[k]] == 0).any())
        part[mine] = np.repeat(np.arange(len(shares)), counts)
        for p, given in enumerate(np.split(mine, np.cumsum(counts)[:-1])):
            got = has[:, given].sum(axis=1)
            lacking[p] -= got
            left -= got
            size[p] -= len(given)
    rest = np.flatnonzero(part < 0)
    part[rest] = np.repeat(np.arange(len(shares)), _whole(size, size, len(rest), first=False))
    found = np.empty(rows, np.int64)
    found[order] = part
    return found


def _whole(wanted: np.ndarray, size: np.ndarray, total: int, *, first: bool) -> np.ndarray:
    """Whole numbers of rows near `wanted`, in sum `total`; ties go to the part that lacks most rows of any kind."""
    share = np.maximum(wanted, 0.0)
    share = share / share.sum() * total if share.sum() > 0 else np.full(len(wanted), total / len(wanted))
    counts = np.floor(share).astype(np.int64)
    order = np.lexsort((-size, -np.round(share - counts, 9)))
    counts[order[: total - int(counts.sum())]] += 1
    if first and total and not counts[0]:
        counts[int(np.argmax(counts))] -= 1
        counts[0] += 1
    return counts
