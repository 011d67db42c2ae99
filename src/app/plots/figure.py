"""From a run's history to what one plot shows: which points, on which axes, within which ranges. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from app.plots.kinds import Kind, Line
from app.plots.series import EpochScale, Points, decimate, smooth
from app.plots.ticks import nice_end
from core.spec import NetworkSpec
from core.training.snapshot import History

Range = tuple[float, float]
BAND_PIXELS = 3  # width of a band's steps: filling a finer outline costs three times as much and says no more


@dataclass
class Run:
    """What is drawn. epochs: planned, 0 where unknown; over: whether no more steps will come."""

    history: History = field(default_factory=History)
    network: NetworkSpec | None = None
    metric: str = "accuracy"
    scale: EpochScale = field(default_factory=EpochScale)
    epochs: int = 0
    over: bool = True
    older_design: bool = False

    @property
    def last_step(self) -> float:
        return max((float(c.step[-1]) for c in self.history.curves.values() if len(c.step)), default=0.0)


@dataclass
class Look:
    """How all plots are drawn: x in epochs or in steps; smoothing: reach of the average as a share of the width."""

    in_epochs: bool = True
    smoothing: float = 0.02


@dataclass(frozen=True)
class Shown:
    """One line, in the units of the axes: logarithms where the axis is logarithmic. band: coarser, where it has one."""

    line: Line
    points: Points
    smooth: np.ndarray
    band: Points | None = None


@dataclass(frozen=True)
class Figure:
    lines: tuple[Shown, ...]
    x: Range
    y: Range
    marks: tuple[float, ...]


def x_of_step(run: Run, look: Look, steps: np.ndarray) -> np.ndarray:
    return run.scale.epochs(steps) if look.in_epochs else steps


def step_of_x(run: Run, look: Look, x: float) -> float:
    return run.scale.step(x) if look.in_epochs else x


def full_x(run: Run, look: Look) -> Range:
    """From the start to now while following; rounded up, so that the axis rests while the curve grows."""
    now = float(x_of_step(run, look, np.array([run.last_step]))[0])
    planned = float(run.epochs) if look.in_epochs else run.scale.step(run.epochs)
    if run.over or planned <= 0:
        return 0.0, max(now, 1e-9) if run.over and now else nice_end(now)
    return 0.0, max(now, min(planned, nice_end(now * 1.02)))


def figure(
    kind: Kind, run: Run, look: Look, *, log: bool, pixels: int, hidden: frozenset[str] = frozenset(),
    x: Range | None = None, y: Range | None = None,
) -> Figure:  # fmt: skip
    """Ranges not given follow the run."""
    x = x or full_x(run, look)
    first, last = (step_of_x(run, look, end) for end in x)
    lines: list[Shown] = []
    for line in kind.lines(run.history, run.network):
        if line.curve in hidden:
            continue
        curve = run.history.curves[line.curve]
        points = decimate(curve, first=first, last=last, pixels=pixels)
        points = _on_axes(points, x_of_step(run, look, points.x), log=log)
        if not len(points):
            continue
        band = None
        if line.band and points.low is not points.mean:
            coarse = decimate(curve, first=first, last=last, pixels=pixels // BAND_PIXELS)
            band = _on_axes(coarse, x_of_step(run, look, coarse.x), log=log)
        reach = 0.0 if kind.exact else look.smoothing * (x[1] - x[0])
        lines.append(Shown(line, points, smooth(points.x, points.mean, reach=reach), band))
    marks = x_of_step(run, look, np.array([m.step for m in run.history.marks], float))
    return Figure(tuple(lines), x, y or y_range(kind, lines, log=log), tuple(marks.tolist()))


def _on_axes(points: Points, x: np.ndarray, *, log: bool) -> Points:
    same = bool(np.array_equal(points.low, points.mean) and np.array_equal(points.high, points.mean))
    if not log:
        ends = (points.mean, points.mean) if same else (points.low, points.high)
        return Points(x, points.mean, *ends)
    drawable = points.mean > 0
    x, mean, low, high = (a[drawable] for a in (x, points.mean, points.low, points.high))
    log_mean = np.log10(mean)
    if same:
        return Points(x, log_mean, log_mean, log_mean)
    # A batch without any loss has no logarithm; a thousandth of the mean stands for it.
    return Points(x, log_mean, np.log10(np.maximum(low, mean * 1e-3)), np.log10(np.maximum(high, mean * 1e-3)))


def y_range(kind: Kind, lines: Sequence[Shown], *, log: bool) -> Range:
    """All means and nearly all of the bands, with a little air; a lone value stands in the middle."""
    ends: list[float] = []
    for shown in lines:
        ends += [float(shown.points.mean.min()), float(shown.points.mean.max())]
        if shown.band is not None:
            ends += [float(np.percentile(shown.band.low, 5)), float(np.percentile(shown.band.high, 95))]
    ends = [end for end in ends if math.isfinite(end)] or [0.0, 0.0]
    if kind.band is not None:
        ends += [math.log10(v) if log else v for v in kind.band]
    low, high = min(ends), max(ends)
    least = 0.2 if log else max(1e-9, 0.02 * abs(high))
    air = max(0.06 * (high - low), (least - (high - low)) / 2)
    low, high = low - air, high + air
    if not log:
        low = low if kind.floor is None else max(low, kind.floor - 0.02 * (high - low))
        high = high if kind.ceiling is None else min(high, kind.ceiling + 0.02 * (high - low))
    return low, high
