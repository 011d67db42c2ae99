"""One training step on either backend: forward, loss, backward, penalties, clipping, optimizer.

`NumpyStep` keeps all parameters in one flat vector, so that the optimizer's element-wise rule runs once for the whole
network. `MlxStep` compiles one pure function of (parameters, slots, batch, scalars, keys).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core import keys
from core.backend.numpy import NumpyOps
from core.losses import Loss
from core.network import Network
from core.spec import TrainingConfig

Named = dict[str, dict[str, np.ndarray]]


def penalty_value(ops: Any, network: Network, params: Any) -> Any:
    """Σ over penalized weights of l1 Σ|W| + l2/2 ΣW²."""
    total: Any = 0.0
    for id, (l1, l2) in network.penalties.items():
        for name in penalized_names(network, id):
            W = params[id][name]
            if l2:
                total = total + 0.5 * l2 * ops.sum(ops.square(W))
            if l1:
                total = total + l1 * ops.sum(ops.abs(W))
    return total


def penalized_gradient(ops: Any, W: Any, dW: Any, l1: float, l2: float) -> Any:
    """dW + l2 W + l1 sign(W)."""
    if l2:
        dW = ops.iadd(dW, W * l2)
    if l1:
        dW = ops.iadd(dW, ops.sign(W) * l1)
    return dW


def clipped(ops: Any, grads: list[Any], norm: float, value: float) -> list[Any]:
    """All gradients of a network, each entry cut off at ±value, then scaled so that the norm of all is at most `norm`.

    g ← g · min(1, norm / ‖g‖)  (Pascanu, Mikolov and Bengio 2013, algorithm 1). 0 leaves out either. In place where the
    backend can.
    """
    if value:
        grads = [ops.clip(g, value) for g in grads]
    if norm:
        total = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grads))
        factor = norm / ops.maximum(total, norm)
        grads = [ops.imul(g, factor) for g in grads]
    return grads


def penalized_names(network: Network, id: str) -> tuple[str, ...]:
    """Names of a layer's parameters that L1, L2 and weight decay act on."""
    return next(node.layer.penalized for node in network.nodes if node.id == id)


def same_shape(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two parameter sets of one layer have the same names and shapes."""
    return {k: tuple(v.shape) for k, v in a.items()} == {k: tuple(v.shape) for k, v in b.items()}


class NumpyStep:
    """params, grads: views by layer id and name into the flat vectors `p` and `g`; slots: the optimizer's vectors."""

    def __init__(self, network: Network, loss: Loss, config: TrainingConfig, start: Named) -> None:
        self.ops = NumpyOps()
        self.loss = loss
        size = sum(a.size for arrays in start.values() for a in arrays.values())
        self.p, self.g = np.empty(size, np.float32), np.zeros(size, np.float32)
        self.params, self.grads, self.spans = self._views(start)
        for id, arrays in start.items():
            for name, array in arrays.items():
                self.params[id][name][...] = array
        self.optimizer = config.optimizer
        self.slots = self._empty_slots()
        self.count = 0
        self.configure(network, config)

    def _views(self, start: Named) -> tuple[Named, Named, dict[str, slice]]:
        params: Named = {}
        grads: Named = {}
        spans: dict[str, slice] = {}
        at = 0
        for id, arrays in start.items():
            begin = at
            params[id], grads[id] = {}, {}
            for name, array in arrays.items():
                view = slice(at, at + array.size)
                params[id][name] = self.p[view].reshape(array.shape)
                grads[id][name] = self.g[view].reshape(array.shape)
                at += array.size
            spans[id] = slice(begin, at)
        return params, grads, spans

    def configure(self, network: Network, config: TrainingConfig) -> None:
        """The same parameters under new settings. Another kind of optimizer starts with empty memory."""
        renewed = type(config.optimizer) is not type(self.optimizer)
        self.network, self.optimizer = network, config.optimizer
        self._clip = (config.clip_norm, config.clip_value)
        if renewed:
            self.slots, self.count = self._empty_slots(), 0
        self._penalties = [
            (self.params[id][name], self.grads[id][name], *network.penalties[id])
            for id in network.penalties
            for name in penalized_names(network, id)
        ]
        self._weights = [self.params[id][name] for id in self.params for name in penalized_names(network, id)]

    def _empty_slots(self) -> tuple[np.ndarray, ...]:
        return tuple(np.zeros_like(self.p) for _ in range(self.optimizer.slots))

    def __call__(self, x: np.ndarray, t: np.ndarray, lr: float, key: Any) -> tuple[float, float]:
        """Train on one batch; returns (data loss, penalty) as they were before the update."""
        ops, network = self.ops, self.network
        ys, caches = network.forward(ops, self.params, x, train=True, key=lambda id: ops.key(keys.key(key, id)))
        loss, cache = self.loss.forward(ops, ys[network.output], t)
        found = network.backward(ops, self.params, caches, self.loss.backward(ops, cache))
        for id, grads in found.items():
            views = self.grads[id]
            for name, array in grads.items():
                views[name][...] = array
        penalty = 0.0
        for W, dW, l1, l2 in self._penalties:
            penalized_gradient(ops, W, dW, l1, l2)
            penalty += 0.5 * l2 * float(np.vdot(W, W)) + (l1 * float(np.abs(W).sum()) if l1 else 0.0)
        if any(self._clip):
            clipped(ops, [self.g], *self._clip)
        self.count += 1
        decay = self.optimizer.decay(lr)
        if decay != 1.0:
            for W in self._weights:
                W *= decay
        scalars = self.optimizer.scalars(self.count, lr)
        self.p, self.slots = self.optimizer.update(ops, self.p, self.g, self.slots, scalars)
        return float(loss), penalty

    def evaluate(self, x: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
        """(mean loss, raw outputs) of these rows, nothing random."""
        outputs = self.network.predict(self.ops, self.params, x)
        return float(self.loss.forward(self.ops, outputs, t)[0]), outputs

    def activations(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Output of every layer by its id, nothing random."""
        ys, _ = self.network.forward(self.ops, self.params, x, train=False)
        return {id: ys[i] for id, i in self.network.outputs.items()}

    def flat(self) -> np.ndarray:
        """A copy of all parameters."""
        return self.p.copy()

    def gradient(self) -> np.ndarray:
        """The last step's gradient, penalties and clipping included, flat and not to be changed."""
        return self.g

    def slot_arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(s.copy() for s in self.slots)

    def restore(self, p: np.ndarray, slots: tuple[np.ndarray, ...], count: int) -> None:
        """Exactly an earlier state; raises ValueError where the sizes differ."""
        self.p[...] = p
        for mine, saved in zip(self.slots, slots, strict=True):
            mine[...] = saved
        self.count = count
