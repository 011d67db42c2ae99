"""Which rows train, which validate, which test: at random by a seed, with whole groups, or in the order of time."""

from __future__ import annotations

import numpy as np

from core import keys
from core.data.stratify import deal

SPLIT = "split"

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


def split(rows: int, *, validation: float, test: float, seed: int, classes: np.ndarray | None = None) -> Parts:
    """Positions of the training, validation and test rows, each in ascending order.

    classes: (rows,) class of every row, for a stratified split (Kohavi 1995, §3): each class is spread evenly over the
    parts. Of every class at least one row trains, as long as the parts leave that many training rows. (rows, labels) of
    0 and 1 where a row may have several labels: then each label is spread, and the parts have about their sizes.
    """
    rng = keys.generator(keys.key(seed, SPLIT))
    if classes is not None and classes.ndim == 2:
        return _numbered(deal(classes, np.array([1.0 - validation - test, validation, test]), rng))
    shuffled = rng.permutation(np.arange(rows, dtype=np.int32))
    tests, validations = round(rows * test), round(rows * validation)
    held = min(tests + validations, max(rows - 1, 0))
    tests = min(tests, held)
    if classes is None:
        return _ascending(shuffled[held:], shuffled[tests:held], shuffled[:tests])
    place, count = _within_class(classes[shuffled])
    test_rows, held_rows = _lowest(place, tests, count), _lowest(place, held, count)
    return _ascending(shuffled[~held_rows], shuffled[held_rows & ~test_rows], shuffled[test_rows])


def _ascending(*parts: np.ndarray) -> Parts:
    train, validation, test = (np.sort(part).astype(np.int64) for part in parts)
    return train, validation, test


def _lowest(place: np.ndarray, count: int, classes: int) -> np.ndarray:
    """(rows,) bool: the `count` rows with the least places, of equal places the first ones.

    classes: how many there are. Each lies evenly between 0 and 1, so that the border is known up to a row of each, and
    sorting all is not needed.
    """
    border, about = count / max(len(place), 1), (classes + 2) / max(len(place), 1)
    found = place < border - about
    near = np.flatnonzero(~found & (place <= border + about))
    rest = count - int(found.sum())
    found[near[np.argsort(place[near], kind="stable")[:rest]]] = True
    return found


def _within_class(classes: np.ndarray) -> tuple[np.ndarray, int]:
    """How far along its own class each row stands, from 0 to 1, and the number of classes.

    The last of each class gets 1 and so trains.
    """
    place, labels = np.empty(len(classes)), np.unique(classes)
    for label in labels:
        mine = np.flatnonzero(classes == label)
        place[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
        place[mine[-1]] = 1.0
    return place, len(labels)


def split_groups(groups: np.ndarray, *, validation: float, test: float, seed: int) -> Parts:
    """As `split`, but all rows of one group fall into one part. groups: (rows,) a number for every row's group.

    Large groups are dealt first, each to the part that lacks most rows; among groups of like size the seed decides.
    Every part that is to have rows gets a group as long as there are as many groups, training first.
    """
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rng = keys.generator(keys.key(seed, SPLIT))
    order = np.lexsort((rng.permutation(len(sizes)), -np.floor(np.log2(sizes))))
    wanted = np.array([1.0 - validation - test, validation, test])
    lacking = wanted * len(groups)
    empty = [part for part in range(3) if wanted[part] > 0]
    given = np.zeros(len(sizes), np.int64)
    for left, k in zip(range(len(order), 0, -1), order, strict=True):
        part = int(np.argmax(lacking)) if left > len(empty) else empty[0]
        given[k] = part
        lacking[part] -= sizes[k]
        if part in empty:
            empty.remove(part)
    return _numbered(given[group])


def split_times(times: np.ndarray, *, validation: float, test: float) -> Parts:
    """As `split`, but what trains is earlier than what validates, and that earlier than what tests.

    times: (rows,) finite. Rows of the same time stay together: borders move to the nearest change of time; without
    one, all rows train.
    """
    order = np.argsort(times, kind="stable")
    rows = len(times)
    changes = np.flatnonzero(np.diff(times[order]) > 0) + 1
    first = _nearest(changes, rows * (1.0 - validation - test), rows) if validation + test > 0 else rows
    second = rows
    if test > 0:
        second = _nearest(changes[changes > first], rows * (1.0 - test), rows) if validation > 0 else first
    part = np.zeros(rows, np.int64)
    part[order[first:]] = 1
    part[order[second:]] = 2
    return _numbered(part)


def _nearest(places: np.ndarray, wanted: float, otherwise: int) -> int:
    return int(places[np.argmin(np.abs(places - wanted))]) if len(places) else otherwise


def _numbered(part: np.ndarray) -> Parts:
    train, validation, test = (np.flatnonzero(part == k) for k in range(3))
    return train, validation, test
