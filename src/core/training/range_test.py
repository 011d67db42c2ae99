"""The learning-rate range test: train for a moment while the rate grows, and see where the loss falls and explodes.

Smith 2017 (Cyclical learning rates, §3.3), with the rate growing by a constant factor as Gugger 2018 ("How do you find
a good learning rate") has it, so that every decade gets as many batches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core import forecast
from core.backend.choose import BackendInfo
from core.engine.messages import TrainingTask
from core.schedules import Constant
from core.training.snapshot import RangeTest
from core.training.trainer import Trainer

FIRST, LAST = 1e-6, 10.0
MOST_BATCHES, FEWEST_BATCHES = 200, 50
WARM_UP = 20  # batches at the first rate, for running statistics to settle; the last tells what a batch costs
PROBE = 256  # training rows that the loss is measured on, always the same: batches differ by more than a step changes
SECONDS = 15.0  # that a test should take at most; slow networks get fewer batches
EXPLODED = 4.0  # times the least smoothed loss
KEEP = 0.7  # share of the mean before in the smoothed loss
FALL = 0.02  # share of the first loss that must go for a fall to be one
MARGIN = 10.0  # the suggestion is at least so many times below the rate of the least loss
MOST_OF_IT = 0.9  # of the fall: where so much is done, a larger rate has little left to show


def find(task: TrainingTask, backend: BackendInfo, go_on: Callable[[], bool] = lambda: True) -> RangeTest:
    """Sweep the rate from 1e-6 to 10 over at most 200 batches, on fresh weights of the task's network.

    The losses are those of the same training rows, nothing random, after each batch, lightly smoothed.
    Nothing of a run is touched. The sweep ends where the smoothed loss exceeds 4 times its least, or when `go_on()`
    says no, asked before every batch. Raises UserInputError where the task cannot be trained at all.
    """
    config = replace(task.config, schedule=Constant(), early_stopping=0)
    trainer = Trainer(replace(task, config=config, weights=None, checkpoint_folder="", resume_from=""), backend)
    began = time.perf_counter()
    batches = _batches(trainer, go_on)
    rates: list[float] = []
    losses: list[float] = []
    smooth = _Smooth()
    rows = forecast.rows_at_once(trainer.network.shapes, PROBE)
    probe = trainer.train.x[:rows], trainer.train.y[:rows]
    for i in range(batches):
        if not go_on():
            return RangeTest.nothing("The test was stopped.")
        rate = FIRST * (LAST / FIRST) ** (i / (batches - 1))
        trainer.try_rate(rate)
        loss = smooth.add(trainer.step.evaluate(*probe)[0])
        if not math.isfinite(loss) or _exploded(loss, losses):
            break
        rates.append(rate)
        losses.append(loss)
        if time.perf_counter() - began > 3 * SECONDS:
            break
    return _judged(np.array(rates), np.array(losses))


def _batches(trainer: Trainer, go_on: Callable[[], bool]) -> int:
    """How many the time is enough for, after the warm-up."""
    began = now = time.perf_counter()
    each = 0.0
    for _ in range(WARM_UP):
        if not go_on() or now - began > 0.2 * SECONDS:
            break
        trainer.try_rate(FIRST)
        each, now = time.perf_counter() - now, time.perf_counter()
    return max(FEWEST_BATCHES, min(MOST_BATCHES, int(SECONDS / max(each, 1e-9))))


class _Smooth:
    """Exponential moving mean, corrected for its start from zero as Adam's moments are (Kingma and Ba 2015, §3)."""

    def __init__(self) -> None:
        self._mean, self._count = 0.0, 0

    def add(self, value: float) -> float:
        self._count += 1
        self._mean = KEEP * self._mean + (1.0 - KEEP) * value
        return self._mean / (1.0 - KEEP**self._count)


def _exploded(loss: float, before: list[float]) -> bool:
    """Whether the loss exceeds 4 times its least. A least near 0, or below it, counts as a tenth of the first."""
    if not before:
        return False
    least = min(before)
    return loss > least + (EXPLODED - 1.0) * max(abs(least), 0.1 * abs(before[0]))


def _judged(rates: np.ndarray, losses: np.ndarray) -> RangeTest:
    """With the suggestion: a tenth of the rate of the least smoothed loss.

    Decision: the rule of Gugger 2018 (fastai's default for years, Howard and Gugger 2020), against the rate of the
    steepest fall: that is one difference of neighbours, and was off by decades on small data. A network that has
    learned its rows before the rate explodes has its least loss at the end of the sweep; so the suggestion is at most
    the rate at which nine tenths of the fall are done.
    """
    if not len(rates):
        return RangeTest.nothing("The loss is not a number even at the smallest rate.")
    best = int(losses.argmin())
    if losses[0] - losses[best] < FALL * abs(losses[0]):
        text = "The loss did not fall at any rate between 1e-6 and 10."
        return RangeTest(rates, losses, None, text)
    fallen = losses <= losses[0] - MOST_OF_IT * (losses[0] - losses[best])
    tenth, soon = rates[best] / MARGIN, rates[int(fallen.argmax())]
    suggestion = float(f"{min(tenth, soon):.1g}")
    why = f"the loss was least at {rates[best]:.2g}" if tenth <= soon else f"the loss has all but fallen at {soon:.2g}"
    return RangeTest(rates, losses, suggestion, f"A learning rate of {suggestion:g} leaves room: {why}.")
