"""One training step on MLX: a single compiled pure function of parameters, slots, batch, scalars and keys."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from core import keys
from core.backend.mlx import MlxOps
from core.losses import Loss
from core.network import Network, Restraint
from core.spec import TrainingConfig
from core.training.flat import Flat, Named
from core.training.step import (
    clipped,
    micro_batches,
    penalized_gradient,
    penalty_value,
    shortened,
)

Tree = dict[str, dict[str, Any]]  # layer id → name → MLX array


class MlxStep:
    """The counterpart of `NumpyStep`, with the same methods. All arrays belong to the thread that made it."""

    def __init__(self, network: Network, loss: Loss, config: TrainingConfig, start: Named) -> None:
        self.ops = MlxOps()
        self.loss = loss
        self.layout = Flat(network, start)
        self.spans = self.layout.spans
        self._params = self._arrays(start)
        self._grads = self._zeros()
        self.optimizer = config.optimizer
        self._slots = self._empty_slots()
        self.count = 0
        self.configure(network, config)
        mx.eval(self._params, self._grads, self._slots)

    def _arrays(self, named: Named) -> Tree:
        return {id: {name: self.ops.array(a) for name, a in arrays.items()} for id, arrays in named.items()}

    def _zeros(self) -> Tree:
        shapes = self.layout.trained_shapes
        return {id: {name: mx.zeros(shape) for name, shape in named.items()} for id, named in shapes.items()}

    def _empty_slots(self) -> tuple[Tree, ...]:
        return tuple(self._zeros() for _ in range(self.optimizer.slots))

    def configure(self, network: Network, config: TrainingConfig) -> None:
        renewed = type(config.optimizer) is not type(self.optimizer)
        self.network, self.optimizer, self.config = network, config.optimizer, config
        self._clip = (config.clip_norm, config.clip_value)
        if renewed:
            self._slots, self.count = self._empty_slots(), 0
        self._stochastic = [node.id for node in network.nodes if node.layer.stochastic]
        self._whole = mx.compile(self._pure_step)
        self._part = mx.compile(self._pure_gradients)
        self._rest = mx.compile(self._pure_update)
        self._predict = mx.compile(lambda params, x: self.network.predict(self.ops, params, x))

    def _pure_gradients(self, params: Tree, x: Any, t: Any, layer_keys: Any) -> tuple[Tree, Tree, Any]:
        """(gradients, state, loss) of one part of a batch."""
        ys, caches, states = self.network.forward(self.ops, params, x, train=True, key=layer_keys.get)
        loss, cache = self.loss.forward(self.ops, ys[self.network.output], t)
        grads = self.network.backward(self.ops, params, caches, self.loss.backward(self.ops, cache))
        return grads, {id: dict(state) for id, state in states.items()}, loss

    def _pure_update(self, params: Tree, grads: Tree, slots: Any, lr: Any, scalars: Any) -> Any:
        """(parameters, slots, gradients, penalty) after penalties, clipping, decay, the optimizer and max-norm."""
        ops, rules = self.ops, self.network.restraints
        penalty = penalty_value(ops, self.network, params)
        for id, rule in rules.items():
            penalized = {name: penalized_gradient(ops, params[id][name], grads[id][name], rule) for name in rule.names}
            grads = {**grads, id: {**grads[id], **penalized}}
        if any(self._clip):
            flat = iter(clipped(ops, [g for named in grads.values() for g in named.values()], *self._clip))
            grads = {id: {name: next(flat) for name in named} for id, named in grads.items()}
        moved = {id: dict(arrays) for id, arrays in params.items()}
        new_slots: tuple[Tree, ...] = tuple({} for _ in slots)
        for id, named in self.layout.trained_shapes.items():
            rule = rules.get(id, Restraint(()))
            for name in named:
                p, restrained = params[id][name], name in rule.names
                p = p * (1.0 - lr * rule.weight_decay) if restrained and rule.weight_decay else p
                p, updated = self.optimizer.update(
                    ops, p, grads[id][name], tuple(slot[id][name] for slot in slots), scalars
                )
                moved[id][name] = shortened(ops, p, rule.max_norm) if restrained and rule.max_norm else p
                for slot, value in zip(new_slots, updated, strict=True):
                    slot.setdefault(id, {})[name] = value
        return moved, new_slots, grads, mx.array(penalty)

    def _pure_step(self, params: Tree, slots: Any, x: Any, t: Any, lr: Any, scalars: Any, layer_keys: Any) -> Any:
        grads, states, loss = self._pure_gradients(params, x, t, layer_keys)
        return *self._pure_update(_merged(params, states), grads, slots, lr, scalars), loss

    def __call__(self, x: np.ndarray, t: np.ndarray, lr: float, key: int) -> tuple[float, float]:
        self.count += 1
        scalars = tuple(mx.array(c) for c in self.optimizer.scalars(self.count, lr))
        rate = mx.array(lr)
        parts = list(micro_batches(len(x), self.config))
        if len(parts) == 1:
            batch = (self.ops.array(x), self.ops.array(t))
            found = self._whole(self._params, self._slots, *batch, rate, scalars, self._keys(key))
            mx.eval(found)
            self._params, self._slots, self._grads, penalty, loss = found
            return loss.item(), penalty.item()
        grads, total = self._accumulated(x, t, key, parts)
        found = self._rest(self._params, grads, self._slots, rate, scalars)
        mx.eval(found)
        self._params, self._slots, self._grads, penalty = found
        return total, penalty.item()

    def _keys(self, key: int) -> dict[str, Any]:
        return {id: self.ops.key(keys.key(key, id)) for id in self._stochastic}

    def _accumulated(self, x: np.ndarray, t: np.ndarray, key: int, parts: list[Any]) -> tuple[Tree, float]:
        """(gradient, loss) of a step whose parts are computed one after another in the memory of one."""
        total, sum_of = 0.0, self._zeros()
        for i, (part, share) in enumerate(parts):
            batch = (self.ops.array(x[part]), self.ops.array(t[part]))
            grads, states, loss = self._part(self._params, *batch, self._keys(keys.key(key, i) if i else key))
            sum_of = {
                id: {name: a + grads[id][name] * share for name, a in named.items()} for id, named in sum_of.items()
            }
            self._params = _merged(self._params, states)
            mx.eval(sum_of, self._params)
            total += share * loss.item()
        return sum_of, total

    def evaluate(self, x: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
        outputs = self._predict(self._params, self.ops.array(x))
        loss = self.loss.forward(self.ops, outputs, self.ops.array(t))[0]
        return loss.item(), np.array(outputs)

    def activations(self, x: np.ndarray) -> dict[str, np.ndarray]:
        return {id: np.array(y) for id, y in self.outputs(x).items()}

    @property
    def params(self) -> Named:
        """Copies as NumPy arrays."""
        return {id: {name: np.array(a) for name, a in arrays.items()} for id, arrays in self._params.items()}

    @property
    def grads(self) -> Named:
        return {id: {name: np.array(a) for name, a in arrays.items()} for id, arrays in self._grads.items()}

    def flat(self) -> np.ndarray:
        shapes = (self.layout.trained_shapes, self.layout.state_shapes)
        parts = [np.array(self._params[id][name]).ravel() for group in shapes for id in group for name in group[id]]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def gradient(self) -> np.ndarray:
        return self._flatten(self._grads)

    def native(self) -> tuple[Tree, Tree]:
        return self._params, self._grads

    def outputs(self, x: np.ndarray) -> dict[str, Any]:
        ys, _, _ = self.network.forward(self.ops, self._params, self.ops.array(x), train=False)
        return {id: ys[i] for id, i in self.network.outputs.items()}

    def held(self) -> Tree:
        return self._params

    def norms(self, held: Tree) -> dict[str, tuple[float, float, float]]:
        """Computed on the device: three numbers a layer come over."""
        sums = []
        for id, names in self.layout.trained_shapes.items():
            old, new, grads = held[id], self._params[id], self._grads[id]
            for of in (grads, old, {name: new[name] - old[name] for name in names}):
                sums.append(mx.sqrt(mx.sum(mx.stack([mx.sum(mx.square(of[name])) for name in names]))))
        rows = np.array(mx.stack(sums)).reshape(-1, 3).tolist() if sums else []
        return {id: (g, w, u) for id, (g, w, u) in zip(self.layout.trained_shapes, rows, strict=True)}

    def slot_arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(self._flatten(slot) for slot in self._slots)

    def restore(self, flat: np.ndarray, slots: tuple[np.ndarray, ...], count: int) -> None:
        self._params = self._arrays(self.layout.views(flat))
        self._slots = tuple(self._arrays(self.layout.views(s)) for s in slots)
        self.count = count
        mx.eval(self._params, self._slots)

    def _flatten(self, tree: Tree) -> np.ndarray:
        """Trained arrays in the order of the layout."""
        shapes = self.layout.trained_shapes
        parts = [np.array(tree[id][name]).ravel() for id in shapes for name in shapes[id]]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _merged(params: Tree, states: Tree) -> Tree:
    return {id: {**arrays, **states.get(id, {})} for id, arrays in params.items()}


def end_thread() -> None:
    """Give this thread's streams back before it ends: without it a process may abort at exit (MLX 0.31.2 and later).

    The thread cannot use MLX afterwards.
    """
    mx.synchronize()
    mx.clear_streams()
