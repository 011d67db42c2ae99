"""Learning-rate schedules: how the length of a step changes over a run.

`rate(step, total_steps, base)` is the learning rate of the step after `step` others, of `total_steps` planned. It
depends on nothing else, so a resumed run continues it exactly, and a learning rate or a number of epochs changed on the
way acts at once. `step` may have a fraction where the batch size changed; beyond the plan the last rate stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from core import values
from core.values import hyper

WARM_UP = "Share of the run in which the rate first climbs from zero to its full length, in a straight line."


@dataclass(frozen=True)
class Schedule:
    """kind, label and help, as of an optimizer."""

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    help: ClassVar[str] = ""

    def rate(self, step: float, total_steps: float, base: float) -> float:
        """base: the learning rate of the training settings."""
        raise NotImplementedError(f"{type(self).__name__}.rate")

    def reduced(self, reductions: int) -> float:
        """What the rate is multiplied by after so many reductions; 1 for all that do not watch the loss."""
        return 1.0

    def is_due(self, waited: int) -> bool:
        """Whether to reduce the rate after so many epochs without a better validation loss."""
        return False


def done(step: float, total_steps: float) -> float:
    """The share of the run that is over, 0 to 1."""
    return min(1.0, step / max(total_steps, 1.0))


@dataclass(frozen=True)
class Constant(Schedule):
    """rate = base."""

    kind = "constant"
    label = "Constant"
    help = "The same learning rate from the first step to the last."

    def rate(self, step: float, total_steps: float, base: float) -> float:
        return base


@dataclass(frozen=True)
class StepDecay(Schedule):
    """rate = base · factor^⌊(drops + 1) · step / total⌋: equal stretches, the rate falling between them."""

    kind = "step"
    label = "Step"
    help = "Falls in a few equal stairs: fast learning first, then finer and finer."

    drops: int = hyper(2, "Drops", "How often the rate falls during the run.", minimum=1, maximum=1000)
    factor: float = hyper(
        0.1, "Factor", "What is left of the rate at each drop.", minimum=0.001, maximum=1.0, suggestions=(0.1, 0.2, 0.5)
    )

    def rate(self, step: float, total_steps: float, base: float) -> float:
        return base * self.factor ** min(self.drops, math.floor((self.drops + 1) * done(step, total_steps)))


@dataclass(frozen=True)
class Exponential(Schedule):
    """rate = base · final^(step / total): every step takes the same share away, `final` is left at the end."""

    kind = "exponential"
    label = "Exponential"
    help = "Falls by the same share at every step."

    final: float = hyper(
        0.01, "Final share", "What is left of the rate at the end of the run.", minimum=1e-6, maximum=1.0,
        suggestions=(0.001, 0.01, 0.1),
    )  # fmt: skip

    def rate(self, step: float, total_steps: float, base: float) -> float:
        return base * self.final ** done(step, total_steps)


@dataclass(frozen=True)
class Cosine(Schedule):
    """rate = base · (final + (1 - final) (1 + cos(π s)) / 2), s: share of the steps after the warm-up  (Loshchilov and
    Hutter 2017, without restarts). In the warm-up, of W steps, rate = base · (step + 1) / W  (Goyal et al. 2017, §2.2).
    """

    kind = "cosine"
    label = "Cosine"
    help = "Falls slowly, then fast, then slowly again, to almost nothing: a good companion of Adam and AdamW."

    warm_up: float = hyper(0.0, "Warm-up", WARM_UP, minimum=0.0, maximum=0.9, suggestions=(0.0, 0.02, 0.05, 0.1))
    final: float = hyper(0.0, "Final share", "What is left of the rate at the end.", minimum=0.0, maximum=1.0)

    def rate(self, step: float, total_steps: float, base: float) -> float:
        first = self.warm_up * total_steps
        if step < first:
            return base * min(1.0, (step + 1.0) / first)
        s = done(step - first, total_steps - first)
        return base * (self.final + (1.0 - self.final) * 0.5 * (1.0 + math.cos(math.pi * s)))


@dataclass(frozen=True)
class WarmUp(Schedule):
    """rate = base · min(1, (step + 1) / (share · total))  (Goyal et al. 2017, §2.2)."""

    kind = "warm_up"
    label = "Warm-up"
    help = "Begins with short steps and stays at the full rate: calms the first, wildest gradients."

    warm_up: float = hyper(0.1, "Warm-up", WARM_UP, minimum=0.0, maximum=1.0, suggestions=(0.02, 0.05, 0.1, 0.2))

    def rate(self, step: float, total_steps: float, base: float) -> float:
        first = self.warm_up * total_steps
        return base * min(1.0, (step + 1.0) / first) if first else base


@dataclass(frozen=True)
class OneCycle(Schedule):
    """From base / start up to base at `peak` of the run, then down to base / (start · end), both along a cosine.

    (Smith and Topin 2019, as in PyTorch's OneCycleLR.) The rate of the settings is the highest one.
    """

    kind = "one_cycle"
    label = "One cycle"
    help = "Climbs to the learning rate, then falls far below it: allows rates that would diverge at the start."

    peak: float = hyper(0.3, "Peak", "Share of the run after which the rate is highest.", minimum=0.01, maximum=0.99)
    start: float = hyper(
        25.0, "Start divisor", "The first rate is the highest one over this.", minimum=1.0, maximum=1e6
    )
    end: float = hyper(1e4, "End divisor", "The last rate is the first one over this.", minimum=1.0, maximum=1e9)

    def rate(self, step: float, total_steps: float, base: float) -> float:
        first, last = base / self.start, base / (self.start * self.end)
        top, end = self.peak * total_steps - 1.0, total_steps - 1.0
        if step < top:
            return _along_cosine(first, base, step / top)
        return _along_cosine(base, last, min(1.0, (step - top) / max(end - top, 1e-9)))


def _along_cosine(start: float, end: float, s: float) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * s))


@dataclass(frozen=True)
class Plateau(Schedule):
    """rate = base · factor^n, n: how often the validation loss did not get better for `patience` epochs.

    After a reduction the epochs are counted anew. The run keeps n, so this alone depends on what happened before.
    """

    kind = "plateau"
    label = "Reduce on plateau"
    help = "Falls whenever the validation loss has stopped falling. Needs validation rows."

    factor: float = hyper(
        0.5, "Factor", "What is left of the rate at each reduction.", minimum=0.001, maximum=0.99,
        suggestions=(0.1, 0.2, 0.5),
    )  # fmt: skip
    patience: int = hyper(
        10, "Patience", "Epochs without a better validation loss before the rate falls.", minimum=1, maximum=1_000_000
    )

    def rate(self, step: float, total_steps: float, base: float) -> float:
        return base

    def reduced(self, reductions: int) -> float:
        return self.factor**reductions

    def is_due(self, waited: int) -> bool:
        return waited >= self.patience


SCHEDULES: dict[str, type[Schedule]] = {
    cls.kind: cls for cls in (Constant, Cosine, OneCycle, StepDecay, Exponential, WarmUp, Plateau)
}


def schedule_to_json(schedule: Schedule) -> dict[str, Any]:
    return values.tagged_to_json(schedule)


def schedule_from_json(data: dict[str, Any]) -> Schedule:
    """The inverse of `schedule_to_json`; raises UserInputError for an unknown kind, name or value."""
    made = values.tagged_from_json(SCHEDULES, data, "schedule")
    assert isinstance(made, Schedule)
    return made
