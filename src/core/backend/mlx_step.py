"""One training step on MLX: a single compiled pure function of parameters, slots, batch, scalars and keys."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from core import keys
from core.backend.mlx import MlxOps
from core.losses import Loss
from core.network import Network
from core.spec import TrainingConfig
from core.training.step import Named, clipped, penalized_gradient, penalized_names, penalty_value


class MlxStep:
    """The counterpart of `NumpyStep`, with the same methods. All arrays belong to the thread that made it."""

    def __init__(self, network: Network, loss: Loss, config: TrainingConfig, start: Named) -> None:
        self.ops = MlxOps()
        self.loss = loss
        self.shapes = {id: {name: a.shape for name, a in arrays.items()} for id, arrays in start.items()}
        self.spans = _spans(start)
        self._params = {id: {name: self.ops.array(a) for name, a in arrays.items()} for id, arrays in start.items()}
        self._grads = self._zeros()
        self.optimizer = config.optimizer
        self._slots = self._empty_slots()
        self.count = 0
        self.configure(network, config)
        mx.eval(self._params, self._grads, self._slots)

    def _zeros(self) -> dict[str, dict[str, Any]]:
        return {id: {n: mx.zeros(shape) for n, shape in named.items()} for id, named in self.shapes.items()}

    def _empty_slots(self) -> tuple[dict[str, dict[str, Any]], ...]:
        return tuple(self._zeros() for _ in range(self.optimizer.slots))

    def configure(self, network: Network, config: TrainingConfig) -> None:
        optimizer = config.optimizer
        renewed = type(optimizer) is not type(self.optimizer)
        self.network, self.optimizer = network, optimizer
        self._clip = (config.clip_norm, config.clip_value)
        if renewed:
            self._slots, self.count = self._empty_slots(), 0
        self._stochastic = [node.id for node in network.nodes if node.layer.stochastic]
        self._decays = optimizer.decay(1.0) != 1.0
        self._step = mx.compile(self._pure)
        self._predict = mx.compile(lambda params, x: self.network.predict(self.ops, params, x))

    def _pure(self, params: Any, slots: Any, x: Any, t: Any, decay: Any, scalars: Any, layer_keys: Any) -> Any:
        ops, network = self.ops, self.network
        ys, caches = network.forward(ops, params, x, train=True, key=layer_keys.get)
        loss, cache = self.loss.forward(ops, ys[network.output], t)
        grads = network.backward(ops, params, caches, self.loss.backward(ops, cache))
        penalty = penalty_value(ops, network, params)
        for id, (l1, l2) in network.penalties.items():
            for name in penalized_names(network, id):
                grads[id][name] = penalized_gradient(ops, params[id][name], grads[id][name], l1, l2)
        if any(self._clip):
            flat = iter(clipped(ops, [g for named in grads.values() for g in named.values()], *self._clip))
            grads = {id: {name: next(flat) for name in named} for id, named in grads.items()}
        new_params: dict[str, dict[str, Any]] = {}
        new_slots: tuple[dict[str, dict[str, Any]], ...] = tuple({} for _ in slots)
        for id, arrays in params.items():
            decayed = penalized_names(network, id) if self._decays else ()
            new_params[id] = {}
            for name, p in arrays.items():
                mine = tuple(slot[id][name] for slot in slots)
                p = p * decay if name in decayed else p
                p, updated = self.optimizer.update(ops, p, grads[id][name], mine, scalars)
                new_params[id][name] = p
                for slot, value in zip(new_slots, updated, strict=True):
                    slot.setdefault(id, {})[name] = value
        return new_params, new_slots, grads, loss, mx.array(penalty)

    def __call__(self, x: np.ndarray, t: np.ndarray, lr: float, key: int) -> tuple[float, float]:
        self.count += 1
        scalars = tuple(mx.array(c) for c in self.optimizer.scalars(self.count, lr))
        layer_keys = {id: self.ops.key(keys.key(key, id)) for id in self._stochastic}
        batch = (self.ops.array(x), self.ops.array(t))
        decay = mx.array(self.optimizer.decay(lr))
        found = self._step(self._params, self._slots, *batch, decay, scalars, layer_keys)
        mx.eval(found)
        self._params, self._slots, self._grads, loss, penalty = found
        return loss.item(), penalty.item()

    def evaluate(self, x: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
        outputs = self._predict(self._params, self.ops.array(x))
        loss = self.loss.forward(self.ops, outputs, self.ops.array(t))[0]
        return loss.item(), np.array(outputs)

    def activations(self, x: np.ndarray) -> dict[str, np.ndarray]:
        ys, _ = self.network.forward(self.ops, self._params, self.ops.array(x), train=False)
        return {id: np.array(ys[i]) for id, i in self.network.outputs.items()}

    @property
    def params(self) -> Named:
        """Copies as NumPy arrays."""
        return {id: {name: np.array(a) for name, a in arrays.items()} for id, arrays in self._params.items()}

    @property
    def grads(self) -> Named:
        return {id: {name: np.array(a) for name, a in arrays.items()} for id, arrays in self._grads.items()}

    def flat(self) -> np.ndarray:
        return _flatten(self._params)

    def gradient(self) -> np.ndarray:
        return _flatten(self._grads)

    def slot_arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(_flatten(slot) for slot in self._slots)

    def restore(self, p: np.ndarray, slots: tuple[np.ndarray, ...], count: int) -> None:
        self._params = self._unflatten(p)
        self._slots = tuple(self._unflatten(s) for s in slots)
        self.count = count
        mx.eval(self._params, self._slots)

    def _unflatten(self, flat: np.ndarray) -> dict[str, dict[str, Any]]:
        made: dict[str, dict[str, Any]] = {}
        at = 0
        for id, named in self.shapes.items():
            made[id] = {}
            for name, shape in named.items():
                size = int(np.prod(shape))
                made[id][name] = self.ops.array(flat[at : at + size].reshape(shape))
                at += size
        if at != flat.size:
            raise ValueError(f"{flat.size} parameters do not fill a network of {at}")
        return made


def end_thread() -> None:
    """Give this thread's streams back before it ends: without it a process may abort at exit (MLX 0.31.2 and later).

    The thread cannot use MLX afterwards.
    """
    mx.synchronize()
    mx.clear_streams()


def _spans(start: Named) -> dict[str, slice]:
    spans, at = {}, 0
    for id, arrays in start.items():
        size = sum(a.size for a in arrays.values())
        spans[id] = slice(at, at + size)
        at += size
    return spans


def _flatten(tree: Any) -> np.ndarray:
    parts = [np.array(a).ravel() for arrays in tree.values() for a in arrays.values()]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
