"""What the training thread tells: a bounded history of every step, and a picture of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

METRICS = {"classification": "accuracy", "labels": "micro_f1", "regression": "rmse"}  # by task


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
    "metric/train", "metric/validation" (every epoch; accuracy, micro F1, or RMSE in the target's unit; of training rows
    the first 2,048, now and then where epochs are short, and where they are long 15 % of all rows: `train_rows`),
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
    tensors: only what was subscribed, by kind; arrays of more than `tensors.LARGEST` numbers are left out.
    - weights, gradient: "weights/ID/W", "gradient/ID/W", every parameter of layer ID in its shape.
    - surface: of networks with two inputs, "surface/ID" (units, g, g), outputs of a layer with flat rows on a grid over
      the inputs; "surface/extent" (x0, x1, y0, y1). Of networks with one input, "curve/ID" (units, n), the same along
      it; "curve/extent" (x0, x1).
    - activation: "activation/ID", the output of layer ID for the probe row (the first validation row), in its shape:
      (units,), (T, C) or (H, W, C).
    - statistics: "statistics/ID" (6,) of every layer, in the order of `statistics.LayerStatistics`, which reads them;
      "statistics/step" (1,), the step that they and the histograms are of, which may be a few steps back.
    - histogram: "histogram/weights/ID/W" (bins,) counts and "edges/weights/ID/W" (bins + 1,) from the least to the
      largest number, of every parameter; "histogram/gradient/ID/W" and "edges/gradient/ID/W" likewise.
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
