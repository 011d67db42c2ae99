"""What the training thread tells: a bounded history of every step, and a picture of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Curve:
    """A series over steps, bounded in length: each point stands for the steps up to `step`[i] since the point before.

    step: (n,) int64; mean, low, high: (n,) float32 over those steps. For sampled series the three are equal.
    """

    step: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Mark:
    """A setting changed while training: where and what, e.g. (1200, "learning rate 0.01 → 0.001")."""

    step: int
    text: str


@dataclass(frozen=True)
class History:
    """Curves by name. All loss values are of the data alone; the penalty has its own curve.

    "loss/train" (every step), "penalty" (every step, where a penalty acts), "loss/validation" (every epoch),
    "metric/train", "metric/validation" (every epoch; accuracy, or RMSE in the target's unit),
    "learning_rate" (of every step, as the schedule bends it; a point only where it changes, one before, first, last),
    "gradient/ID" (sampled: norm of the gradient of layer ID as the optimizer gets it, so with its penalties and after
    clipping: what clipping does is seen), "ratio/ID" (sampled: ‖update‖ / ‖weights‖ of layer ID).
    """

    curves: Mapping[str, Curve] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """The run as it stood at one moment. Times in seconds of running, pauses left out.

    state: "running", "paused", "finished" (all epochs, or stopped early), "stopped" (by the person) or "diverged".
    epoch: epochs completed; steps_per_epoch at the present batch size; epoch_steps_left: steps to the end of this
    epoch. seconds_left: None while unknown.
    latest: the newest value of every curve by its name, and "best/validation", "best/epoch".
    message: why it ended, in words, where it did.
    tensors: only what was subscribed: "weights/ID/W", "gradient/ID/W", "surface/ID" (units, g, g) activations on a grid
    over the first two inputs, "activation/ID" (units,) for the probe row; with "surface/extent" (x0, x1, y0, y1).
    """

    run_id: int
    state: str
    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int
    seconds: float
    steps_per_second: float
    seconds_left: float | None
    latest: Mapping[str, float]
    history: History
    metric: str = "accuracy"
    message: str = ""
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    epoch_steps_left: int = 0


@dataclass(frozen=True)
class RangeTest:
    """Losses over learning rates, as `core.training.range_test` measures them.

    rates, losses: (n,) rising rates and the smoothed loss at each; empty where nothing could be measured. suggestion:
    a rate to train with, None where none can be given; message: what was found, or why nothing was, in a sentence.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float | None
    message: str

    @classmethod
    def nothing(cls, why: str) -> RangeTest:
        return cls(np.zeros(0), np.zeros(0), None, why)
