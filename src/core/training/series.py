"""A series of numbers over steps that keeps every value's trace in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.training.snapshot import Curve

CAPACITY = 1600  # points kept at most: more than a plot has pixels, and small enough to copy twenty times a second


class Series:
    """Values gather in buckets of `stride` steps; when the buckets are full, neighbours merge and the stride doubles.

    Every value counts in its bucket's mean, low and high, so no spike is lost. Memory: 40 bytes × CAPACITY.
    """

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._values: list[float] = []
        self._newest: float | None = None  # of those that are in the buckets
        self.stride = 1
        empty = np.zeros(0)
        self._last = np.zeros(0, np.int64)
        self._count, self._sum, self._low, self._high = empty, empty, empty, empty

    def append(self, step: int, value: float) -> None:
        self._steps.append(step)
        self._values.append(value)
        if len(self._steps) >= 65536:
            self._fold()

    @property
    def latest(self) -> float | None:
        return self._values[-1] if self._values else self._newest

    def curve(self) -> Curve:
        """All that was appended, as arrays that are never changed afterwards."""
        self._fold()
        mean = (self._sum / self._count).astype(np.float32)
        if np.array_equal(self._low, self._high):
            return Curve(self._last, mean, mean, mean)  # one value a bucket: one array serves all three
        return Curve(self._last, mean, self._low.astype(np.float32), self._high.astype(np.float32))

    def state(self) -> tuple[np.ndarray, dict[str, Any]]:
        """All of it, as an array (5, buckets) in float64 and plain data: see `restore`."""
        self._fold()
        buckets = np.stack([self._last, self._count, self._sum, self._low, self._high])
        return buckets, {"stride": self.stride, "newest": self._newest}

    def restore(self, buckets: np.ndarray, rest: Mapping[str, Any]) -> None:
        """Go on exactly where a series with this `state` was; raises ValueError, TypeError, KeyError for any other."""
        if buckets.dtype != np.float64 or buckets.ndim != 2:
            raise ValueError(f"{buckets.dtype} {buckets.shape} are no buckets of a series")
        last, self._count, self._sum, self._low, self._high = buckets.copy()
        self._last, self.stride, self._newest = last.astype(np.int64), int(rest["stride"]), rest["newest"]

    def _fold(self) -> None:
        if not self._steps:
            return
        values = np.asarray(self._values, np.float64)
        steps = np.asarray(self._steps, np.int64)
        self._newest = self._values[-1]
        self._steps, self._values = [], []
        self._last = np.concatenate([self._last, steps])
        self._count = np.concatenate([self._count, np.ones(len(values))])
        self._sum, self._low, self._high = (np.concatenate([a, values]) for a in (self._sum, self._low, self._high))
        self._merge()
        while len(self._last) > CAPACITY:
            self.stride *= 2
            self._merge()

    def _merge(self) -> None:
        bucket = (self._last - 1) // self.stride
        starts = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]]))
        ends = np.concatenate([starts[1:], [len(bucket)]]) - 1
        self._last = self._last[ends]
        self._count, self._sum = np.add.reduceat(self._count, starts), np.add.reduceat(self._sum, starts)
        self._low, self._high = np.minimum.reduceat(self._low, starts), np.maximum.reduceat(self._high, starts)


class Held(Series):
    """A series of a value that seldom changes: a point where it changes, the one before, the first and the last."""

    def __init__(self) -> None:
        super().__init__()
        self._value: float | None = None
        self._at = self._kept = 0  # newest step, and that of the newest point

    def append(self, step: int, value: float) -> None:
        if value != self._value:
            if self._at > self._kept and self._value is not None:
                super().append(self._at, self._value)
            super().append(step, value)
            self._value, self._kept = value, step
        self._at = step

    @property
    def latest(self) -> float | None:
        return self._value

    def curve(self) -> Curve:
        curve = super().curve()
        if self._at <= self._kept or self._value is None:
            return curve
        step, value = np.append(curve.step, self._at), np.float32(self._value)
        return Curve(step, *(np.append(a, value) for a in (curve.mean, curve.low, curve.high)))

    def state(self) -> tuple[np.ndarray, dict[str, Any]]:
        buckets, rest = super().state()
        return buckets, {**rest, "value": self._value, "at": self._at, "kept": self._kept}

    def restore(self, buckets: np.ndarray, rest: Mapping[str, Any]) -> None:
        super().restore(buckets, rest)
        self._value, self._at, self._kept = rest["value"], int(rest["at"]), int(rest["kept"])


def series_for(name: str) -> Series:
    """An empty series that suits the curve of that name."""
    return Held() if name == "learning_rate" else Series()
