"""Curves made drawable: cut to what is in view, decimated to pixels, smoothed. NumPy alone, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from core.training.snapshot import Curve


@dataclass(frozen=True)
class Points:
    """What a line is drawn from: x in steps, and per point mean, low and high of the steps that it stands for."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    def value_at(self, x: float) -> float:
        """The mean of the point nearest to `x`; NaN where there is none, or where the curve began only later."""
        if not len(self.x) or (len(self.x) > 1 and x < 2 * self.x[0] - self.x[1]):
            return math.nan
        i = int(np.searchsorted(self.x, x))
        near = [j for j in (i - 1, i) if 0 <= j < len(self.x)]
        return float(self.mean[min(near, key=lambda j: abs(self.x[j] - x))])


EMPTY = Points(*(np.zeros(0) for _ in range(4)))


def decimate(curve: Curve, *, first: float, last: float, pixels: int) -> Points:
    """The points between two steps, at most two a pixel, and one beyond each end so that lines leave the view.

    Neighbours merge in buckets of a power of two of steps, counted from zero: a growing curve keeps its points where
    they are instead of shimmering. Values that are not finite are left out.
    """
    start = max(0, int(np.searchsorted(curve.step, first)) - 1)
    stop = min(len(curve.step), int(np.searchsorted(curve.step, last, side="right")) + 1)
    step = curve.step[start:stop].astype(np.float64)
    values = [a[start:stop].astype(np.float64) for a in (curve.mean, curve.low, curve.high)]
    finite = np.isfinite(values[0])
    if not finite.all():
        step, values = step[finite], [a[finite] for a in values]
    if len(step) <= pixels:
        return Points(step, *values)
    width = 2.0 ** math.ceil(math.log2(max(1.0, (last - first) / max(1, pixels))))
    return _merged(step, *values, bucket=np.ceil(step / width))


def _merged(step: np.ndarray, mean: np.ndarray, low: np.ndarray, high: np.ndarray, *, bucket: np.ndarray) -> Points:
    starts = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]]))
    ends = np.concatenate([starts[1:], [len(bucket)]]) - 1
    span = np.diff(step, prepend=step[0] - (step[1] - step[0]))  # a point weighs as many steps as it stands for
    means = np.add.reduceat(mean * span, starts) / np.add.reduceat(span, starts)
    return Points(step[ends], means, np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts))


def smooth(x: np.ndarray, y: np.ndarray, *, reach: float) -> np.ndarray:
    """Exponential moving average over distance: a value `reach` back weighs 1/e of the newest. 0 changes nothing."""
    if reach <= 0 or len(y) < 2:
        return y
    keep = np.exp(-np.diff(x) / reach).tolist()
    values = y.tolist()
    found = [values[0]]
    for share, value in zip(keep, values[1:], strict=True):
        found.append(share * found[-1] + (1.0 - share) * value)
    return np.array(found)


@dataclass
class EpochScale:
    """Steps as epochs. A run whose batch size was changed has several rates; they are learned as it goes on.

    bends: (step, epoch at that step, steps per epoch from there on), in order; empty while nothing is known.
    """

    bends: list[tuple[float, float, float]] = field(default_factory=list)

    @classmethod
    def even(cls, steps_per_epoch: int) -> EpochScale:
        return cls([(0.0, 0.0, float(max(1, steps_per_epoch)))])

    def learn(self, *, step: int, epoch: int, steps_per_epoch: int) -> None:
        """What a snapshot says: `epoch` epochs are complete at `step`."""
        rate = float(max(1, steps_per_epoch))
        if not self.bends:
            # Met on its way, a run may have had other rates: their mean places what is past.
            past = step / epoch if epoch and not epoch * rate <= step < (epoch + 1) * rate else rate
            self.bends = [(0.0, 0.0, past)]
        if rate != self.bends[-1][2]:
            here = float(self.epochs(np.array([step]))[0])
            self.bends.append((float(step), min(max(here, float(epoch)), epoch + 1.0), rate))

    def epochs(self, steps: np.ndarray) -> np.ndarray:
        """Steps → epochs; the same numbers while nothing is known."""
        if not self.bends:
            return steps
        at_step, at_epoch, rate = np.array(self.bends).T
        i = np.maximum(0, np.searchsorted(at_step, steps, side="right") - 1)
        return at_epoch[i] + (steps - at_step[i]) / rate[i]

    def step(self, epoch: float) -> float:
        if not self.bends:
            return epoch
        at = max((b for b in self.bends if b[1] <= epoch), default=self.bends[0])
        return at[0] + (epoch - at[1]) * at[2]
