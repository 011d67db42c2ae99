"""A series of numbers over steps that keeps every value's trace in bounded memory."""

from __future__ import annotations

import numpy as np

from core.training.snapshot import Curve

CAPACITY = 1600  # points kept at most: more than a plot has pixels, and small enough to copy twenty times a second


class Series:
    """Values gather in buckets of `stride` steps; when the buckets are full, neighbours merge and the stride doubles.

    Every value counts in its bucket's mean, low and high, so no spike is lost. Memory: 40 bytes × CAPACITY.
    """

    def __init__(self, curve: Curve | None = None) -> None:
        self._steps: list[int] = []
        self._values: list[float] = []
        self.stride = 1
        empty = np.zeros(0)
        self._last = np.zeros(0, np.int64)
        self._count, self._sum, self._low, self._high = empty, empty, empty, empty
        if curve is not None and len(curve.step):
            self._restore(curve)

    def append(self, step: int, value: float) -> None:
        self._steps.append(step)
        self._values.append(value)
        if len(self._steps) >= 65536:
            self._fold()

    @property
    def latest(self) -> float | None:
        if self._values:
            return self._values[-1]
        return float(self._sum[-1] / self._count[-1]) if len(self._last) else None

    def curve(self) -> Curve:
        """All that was appended, as arrays that are never changed afterwards."""
        self._fold()
        mean = (self._sum / self._count).astype(np.float32)
        if np.array_equal(self._low, self._high):
            return Curve(self._last, mean, mean, mean)  # one value a bucket: one array serves all three
        return Curve(self._last, mean, self._low.astype(np.float32), self._high.astype(np.float32))

    def _restore(self, curve: Curve) -> None:
        self._last = curve.step.astype(np.int64)
        self._count = np.ones(len(curve.step))
        self._sum, self._low, self._high = (a.astype(np.float64) for a in (curve.mean, curve.low, curve.high))
        gaps = np.diff(self._last)
        self.stride = 1 << max(0, int(np.median(gaps)).bit_length() - 1) if len(gaps) else 1

    def _fold(self) -> None:
        if not self._steps:
            return
        values = np.asarray(self._values, np.float64)
        steps = np.asarray(self._steps, np.int64)
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
