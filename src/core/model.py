"""A trained model: everything that turns a prepared row into an answer. Exports and evaluation start from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core import forecast
from core.backend.numpy import NumpyOps
from core.data.preprocess import NumberTarget, Preparation
from core.losses import loss_for
from core.network import Network
from core.spec import NetworkSpec

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class TrainedModel:
    """weights: layer id → parameter or state name → array. loss: the resolved name, never "auto"."""

    name: str
    network: NetworkSpec
    weights: Mapping[str, Mapping[str, np.ndarray]]
    preparation: Preparation
    loss: str

    @property
    def output_shape(self) -> tuple[int, ...]:
        return Network.of(self.network).output_shape

    def outputs(self, x: np.ndarray, *, dtype: type = np.float32) -> np.ndarray:
        """Raw outputs of the last layer (logits, or scaled values): (rows, *row_shape) → (rows, outputs)."""
        ops = NumpyOps(dtype)
        network = Network.of(self.network)
        params = {id: {k: ops.array(v) for k, v in arrays.items()} for id, arrays in self.weights.items()}
        rows = forecast.rows_at_once(network.shapes, ROWS_AT_ONCE)
        parts = (network.predict(ops, params, ops.array(x[i : i + rows])) for i in range(0, len(x), rows))
        found = list(parts)
        return np.concatenate(found) if found else np.zeros((0, network.output_shape[0]), dtype)

    def answers(self, x: np.ndarray, *, dtype: type = np.float32) -> np.ndarray:
        """Probabilities (rows, classes), or values in the target's unit (rows, 1)."""
        target = self.preparation.target
        y = loss_for(self.loss).of_target(target).answers(self.outputs(x, dtype=dtype))
        return y * target.scale + target.mean if isinstance(target, NumberTarget) else y
