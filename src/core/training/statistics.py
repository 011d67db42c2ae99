"""What each layer is doing, in a few numbers and histograms: taken only while somebody looks, at a bounded cost.

Computed where the backend holds its arrays; only the results come over. The names are those of `Snapshot.tensors`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import forecast
from core.layers import Layer
from core.training.trainer import Trainer, next_sample

BINS = 64
PROBE_ROWS = 256  # rows that activations are measured on, at most
KINDS = ("statistics", "histogram")


@dataclass(frozen=True)
class LayerStatistics:
    """Of one layer; NaN where a number has no meaning, such as a gradient of a layer without weights.

    gradient_norm, weight_norm, update_ratio: ‖dW‖ as the optimizer gets it, ‖W‖ before the step and ‖ΔW‖ / ‖W‖ of the
    step that was sampled last, all parameters of the layer together. dead: share of the units of a rectifier (last axis
    of its output) that are 0 for all probe rows and positions  (Lu et al. 2020). mean, deviation: of all its outputs
    for the probe rows, without anything random.
    """

    gradient_norm: float = math.nan
    weight_norm: float = math.nan
    update_ratio: float = math.nan
    dead: float = math.nan
    mean: float = math.nan
    deviation: float = math.nan

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray], id: str) -> LayerStatistics | None:
        """Those of layer `id` in a snapshot's tensors, None where they are not told."""
        found = tensors.get(f"statistics/{id}")
        return None if found is None else cls(*(float(value) for value in found))


class Statistics:
    """Takes them anew only so often that it costs a small share of the time, and tells the last ones in between."""

    def __init__(self) -> None:
        self._found: dict[str, np.ndarray] = {}
        self._kinds: tuple[str, ...] = ()
        self._due = 0.0

    def collect(self, trainer: Trainer, wanted: tuple[str, ...], *, at_once: bool) -> dict[str, np.ndarray]:
        """The arrays of these kinds; `at_once` where training stands still, so that what is shown is of now."""
        kinds = tuple(kind for kind in KINDS if kind in wanted)
        began = time.perf_counter()
        if not kinds:
            self._found = {}
        elif at_once or kinds != self._kinds or began >= self._due:
            self._found = {"statistics/step": np.array([trainer.progress.step])}
            if "statistics" in kinds:
                self._found |= _statistics(trainer)
            if "histogram" in kinds:
                self._found |= _histograms(trainer)
            self._due = next_sample(began)
        self._kinds = kinds
        return self._found


def _statistics(trainer: Trainer) -> dict[str, np.ndarray]:
    moments = _moments(trainer)
    found = {}
    for id, (mean, deviation, dead) in moments.items():
        gradient, weights, update = trainer.norms.get(id, (math.nan,) * 3)
        ratio = update / weights if weights > 0 else math.nan
        found[f"statistics/{id}"] = np.array([gradient, weights, ratio, dead, mean, deviation], np.float32)
    return found


def _moments(trainer: Trainer) -> dict[str, tuple[float, float, float]]:
    """(mean, deviation, share of dead units) of every layer's outputs for the probe rows."""
    ops = trainer.step.ops
    part = trainer.validation if len(trainer.validation.x) else trainer.train
    rows = forecast.rows_at_once(trainer.network.shapes, PROBE_ROWS)
    layers = {spec.id: spec.layer for spec in trainer.task.network.layers}
    outputs = trainer.step.outputs(part.x[:rows])
    numbers = []
    for id, y in outputs.items():
        mean = ops.mean(y)
        deviation = ops.sqrt(ops.mean(ops.square(y - mean)))
        numbers += [mean, deviation, _dead(ops, y) if is_rectifier(layers[id]) else mean * math.nan]
    table = ops.numpy(ops.stack(numbers, 0)).reshape(-1, 3).tolist() if numbers else []
    return {id: (mean, deviation, dead) for id, (mean, deviation, dead) in zip(outputs, table, strict=True)}


def is_rectifier(layer: Layer) -> bool:
    """Whether its units can be silent for good: ReLU gives them neither output nor gradient."""
    return "relu" in (getattr(layer, "activation", ""), getattr(layer, "function", ""))


def _dead(ops: Any, y: Any) -> Any:
    peaks = ops.max(ops.abs(y).reshape(-1, y.shape[-1]), axis=0)
    return ops.mean(ops.where(peaks > 0, peaks * 0.0, peaks * 0.0 + 1.0))


def _histograms(trainer: Trainer) -> dict[str, np.ndarray]:
    """Of every trained array, and of its gradient once there is one."""
    weights, gradients = trainer.step.native()
    arrays = {
        f"{kind}/{id}/{name}": tree[id][name]
        for kind, tree in (("weights", weights), ("gradient", gradients))
        if kind == "weights" or trainer.progress.step
        for id, names in trainer.step.layout.trained_shapes.items()
        for name in names
    }
    found: dict[str, np.ndarray] = {}
    for name, (counts, low, high) in zip(arrays, _counted(trainer.step.ops, list(arrays.values())), strict=True):
        if math.isfinite(low) and math.isfinite(high):
            found[f"histogram/{name}"] = counts
            found[f"edges/{name}"] = np.linspace(low, high, BINS + 1, dtype=np.float32)
    return found


def _counted(ops: Any, arrays: list[Any]) -> list[tuple[np.ndarray, float, float]]:
    """(how many numbers lie in each of BINS equal bins, least edge, largest edge) of every array."""
    rows = []
    for a in arrays:
        top, bottom = ops.max(a), -ops.max(-a)
        middle = 0.5 * (top + bottom)
        half = ops.maximum(0.5 * (top - bottom), 1e-6 * ops.abs(middle) + 1e-12)  # equal numbers need a width, too
        low = middle - half
        place = (a.reshape(-1) - low) * (0.5 * BINS / half)
        counts = _bincount(ops, ops.minimum(ops.integers(place), BINS - 1))
        rows.append((counts, low, middle + half))
    return [(ops.numpy(counts).astype(np.int64), float(low), float(high)) for counts, low, high in rows]


def _bincount(ops: Any, place: Any) -> Any:
    if ops.name == "numpy":
        return np.bincount(np.maximum(place, 0), minlength=BINS)
    return ops.scatter_rows(ops.zeros((place.shape[0], 1)) + 1.0, ops.maximum(place, 0), BINS).reshape(-1)
