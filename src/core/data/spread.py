"""A column of numbers in a few figures, reckoned in pieces that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from core.data import cells

BINS = 16
CHUNK = 2**16
PIECE = 2**20  # where each piece brings an array of all values that there are
# Above this many rows, different values are counted by HyperLogLog (Flajolet et al. 2007), within a few percent.
EXACT_ROWS = 20_000
COUNTED_RANGE = 2**16
COUNTED_NUMBERS = 64

Labels = Mapping[str, int]


@dataclass(frozen=True)
class Spread:
    """(rows,) numbers in a few figures. infinite: how many are; the rest is about the finite ones, of which there are
    `count`. distinct: different values, None where counting them would take long. labels: how often each of them
    occurs, where they are few.
    """

    count: int = 0
    infinite: int = 0
    whole: int = 0
    distinct: int | None = None
    labels: Labels = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    histogram: tuple[int, ...] = ()

    @classmethod
    def of(cls, values: np.ndarray) -> Spread:
        """values: (rows,) float64, NaN where missing."""
        count = whole = 0
        low, high = np.inf, -np.inf
        for some in finite(values):
            count += len(some)
            whole += int(np.count_nonzero(some == np.trunc(some)))
            low, high = min(low, float(some.min())), max(high, float(some.max()))
        infinite = 0 if count == len(values) else sum(int(np.isinf(some).sum()) for some in pieces(values))
        if not count:
            return cls(infinite=infinite)
        mean, deviation = moments(values, count, max(abs(low), abs(high)) or 1.0)
        distinct, labels = _few_values(values, count, low, high, whole=whole == count)
        return cls(
            count=count,
            infinite=infinite,
            whole=whole,
            distinct=distinct,
            labels=labels,
            minimum=low,
            maximum=high,
            mean=mean,
            deviation=deviation,
            histogram=_histogram(values, low, high),
        )


def pieces(values: np.ndarray, size: int = CHUNK) -> Iterator[np.ndarray]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def finite(values: np.ndarray, size: int = CHUNK) -> Iterator[np.ndarray]:
    """The finite numbers, some at a time."""
    for some in pieces(values, size):
        good = np.isfinite(some)
        found = some if good.all() else some[good]
        if len(found):
            yield found


def moments(values: np.ndarray, count: int, size: float) -> tuple[float, float]:
    """Mean and population standard deviation of the finite numbers, of which there are `count`.

    size: the largest of them without its sign: the square of 1e200 would overflow.
    """
    mean = sum(float((some / size).sum()) for some in finite(values)) / count
    square = sum(float(np.square(some / size - mean).sum()) for some in finite(values))
    return mean * size, float(np.sqrt(square / count)) * size


def _few_values(values: np.ndarray, count: int, low: float, high: float, *, whole: bool) -> tuple[int | None, Labels]:
    """How many different values there are, and the count of each where they are few; (None, {}) where it takes long."""
    if whole and high - low < COUNTED_RANGE + count:
        counts = np.zeros(int(high - low) + 1, np.int64)
        for some in finite(values, PIECE):
            counts += np.bincount((some - low).astype(np.int64), minlength=len(counts))
        found = np.flatnonzero(counts)
        if len(found) > COUNTED_NUMBERS:
            return len(found), {}
        return len(found), _by_count(found + low, counts[found])
    if count > EXACT_ROWS and _many(values):
        return None, {}
    different, counts = np.empty(0), np.empty(0, np.int64)
    for some in finite(values, PIECE):
        new, n = np.unique(some, return_counts=True)
        merged, place = np.unique(np.concatenate([different, new]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([counts, n]), minlength=len(merged)).astype(np.int64)
        different = merged
    return len(different), _by_count(different, counts) if len(different) <= COUNTED_NUMBERS else {}


def _many(values: np.ndarray) -> bool:
    """Whether the first values are too many different ones to be listed."""
    first: list[np.ndarray] = []
    for some in finite(values):
        first.append(some)
        if sum(map(len, first)) >= EXACT_ROWS:
            break
    return len(np.unique(np.concatenate(first)[:EXACT_ROWS])) > COUNTED_NUMBERS


def _by_count(values: np.ndarray, counts: np.ndarray) -> Labels:
    """Labels of numbers with their counts, most frequent first, then the smallest."""
    order = np.argsort(-counts, kind="stable")
    return {cells.label(float(values[k])): int(counts[k]) for k in order}


def _histogram(values: np.ndarray, low: float, high: float) -> tuple[int, ...]:
    """Counts in `BINS` equal bins between the smallest and the largest value."""
    if high <= low:
        return ()
    half = 2.0 if np.isinf(high - low) else 1.0
    low, span = low / half, high / half - low / half
    bins = np.zeros(BINS, np.int64)
    for some in finite(values):
        above = some / half - low
        scaled = above * (BINS / span) if BINS / span < np.inf else above / span * BINS
        bins += np.bincount(np.minimum(scaled.astype(np.int64), BINS - 1), minlength=BINS)
    return tuple(int(n) for n in bins)
