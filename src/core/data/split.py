"""Which rows train, which validate, which test: at random by a seed, with whole groups, or in the order of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core import keys
from core.data.stratify import deal

SPLIT = "split"
PIECE = 2**20  # rows that are looked at together, so that a long table needs little memory

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
    shuffled = np.arange(rows, dtype=np.int32)
    rng.shuffle(shuffled)
    tests, validations = round(rows * test), round(rows * validation)
    held = min(tests + validations, max(rows - 1, 0))
    tests = min(tests, held)
    part = np.zeros(rows, np.int8)
    if classes is None:
        part[shuffled[:held]] = 1
        part[shuffled[:tests]] = 2
        return _numbered(part)
    small = classes.astype(np.min_scalar_type(int(classes.max(initial=0)))) if rows > PIECE else classes
    test_rows, held_rows = _lowest(_taken(small, shuffled), (tests, held))
    part[shuffled[held_rows]] = 1
    part[shuffled[test_rows]] = 2
    del shuffled
    return _numbered(part)


def _taken(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """values[at], for which NumPy would turn all of `at` into 64 bits first."""
    found = np.empty(len(at), values.dtype)
    for start in range(0, len(at), PIECE):
        found[start : start + PIECE] = values[at[start : start + PIECE]]
    return found


def _lowest(classes: np.ndarray, counts: tuple[int, int]) -> list[np.ndarray]:
    """For each count, (rows,) bool: as many rows that come first by their place, of equal places the first ones.

    Each class lies evenly between 0 and 1, so that the place at the border is known up to a row of each, and only the
    rows about it need sorting.
    """
    rows = len(classes)
    labels, sizes = _counted(classes)
    about = (len(labels) + 2) / max(rows, 1)
    found = [np.zeros(rows, bool) for _ in counts]
    near: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in counts]
    for start, place in _places(classes, labels, sizes):
        for count, first, beside in zip(counts, found, near, strict=True):
            before = place < count / rows - about
            first[start : start + len(place)] = before
            at = np.flatnonzero(~before & (place <= count / rows + about))
            beside.append((at + start, place[at]))
    for count, first, beside in zip(counts, found, near, strict=True):
        at, place = (np.concatenate(each) for each in zip(*beside, strict=True))
        first[at[np.argsort(place, kind="stable")[: count - int(first.sum())]]] = True
    return found


def _counted(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classes and their sizes."""
    sizes: dict[int, int] = {}
    for start in range(0, len(classes), PIECE):
        for label, size in zip(*np.unique(classes[start : start + PIECE], return_counts=True), strict=True):
            sizes[int(label)] = sizes.get(int(label), 0) + int(size)
    return np.array(list(sizes)), np.array(list(sizes.values()))


def _places(classes: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """How far along its own class each row stands, from 0 to 1, some rows at a time.

    The last of each class gets 1 and so trains.
    """
    done = np.zeros(len(labels), np.int64)
    for start in range(0, len(classes), PIECE):
        some = classes[start : start + PIECE]
        place = np.empty(len(some))
        for k, (label, size) in enumerate(zip(labels, sizes, strict=True)):
            mine = np.flatnonzero(some == label)
            place[mine] = (np.arange(done[k], done[k] + len(mine)) + 0.5) / size
            done[k] += len(mine)
            if len(mine) and done[k] == size:
                place[mine[-1]] = 1.0
        yield start, place


def quantiles(values: np.ndarray, bins: int = 10) -> np.ndarray:
    """(rows,) which tenth of the values, by rank, each row is in; -1 where the value is not finite.

    Spread evenly over the parts they make a stratified split of numbers, as caret has it (Kuhn 2008, J. Stat. Softw.
    28(5)).
    """
    found = np.full(len(values), -1, np.int64)
    known = np.flatnonzero(np.isfinite(values))
    found[known[np.argsort(values[known], kind="stable")]] = np.arange(len(known)) * bins // max(1, len(known))
    return found


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
