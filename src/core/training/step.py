"""One training step on either backend: forward, loss, backward, penalties, clipping, optimizer.

`NumpyStep` keeps all parameters in one flat vector, so that the optimizer's element-wise rule runs once for the whole
network. `MlxStep` compiles one pure function of (parameters, slots, batch, scalars, keys).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core import keys
from core.backend.numpy import NumpyOps
from core.losses import Loss
from core.network import Network, Restraint
from core.spec import TrainingConfig
from core.training.flat import Flat, Named
from core.training.lanes import Gradients
from core.training.workers import Workers

BLOCK = 1 << 16  # numbers that the optimizer's rule takes at once: all its operands stay in the processor's cache


def penalty_value(ops: Any, network: Network, params: Any) -> Any:
    """Σ over restrained weights of l1 Σ|W| + l2/2 ΣW²."""
    total: Any = 0.0
    for id, rule in network.restraints.items():
        for name in rule.names:
            W = params[id][name]
            if rule.l2:
                total = total + 0.5 * rule.l2 * ops.sum(ops.square(W))
            if rule.l1:
                total = total + rule.l1 * ops.sum(ops.abs(W))
    return total


def penalized_gradient(ops: Any, W: Any, dW: Any, rule: Restraint) -> Any:
    """dW + l2 W + l1 sign(W)."""
    if rule.l2:
        dW = ops.iadd(dW, W * rule.l2)
    if rule.l1:
        dW = ops.iadd(dW, ops.sign(W) * rule.l1)
    return dW


def shortened(ops: Any, W: Any, longest: float) -> Any:
    """W with every column (the weights into one unit: all axes but the last) at most `longest` long.

    w ← w · min(1, c / ‖w‖)  (Srebro et al. 2005; Srivastava et al. 2014, §5.1). In place where the backend can.
    """
    columns = W.reshape(-1, W.shape[-1])
    lengths = ops.sqrt(ops.sum_rows(ops.square(columns)))
    return ops.imul(W, longest / ops.maximum(lengths, longest))


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


def same_shape(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two parameter sets of one layer have the same names and shapes."""
    return {k: tuple(v.shape) for k, v in a.items()} == {k: tuple(v.shape) for k, v in b.items()}


def micro_batches(rows: int, config: TrainingConfig) -> Iterator[tuple[slice, float]]:
    """(rows, their share of the step) of the parts that a step's rows are computed in, one after another."""
    size = -(-rows // config.accumulate)
    for start in range(0, rows, max(1, size)):
        part = slice(start, min(start + size, rows))
        yield part, (part.stop - part.start) / rows


class NumpyStep:
    """params, grads: views by layer id and name into flat vectors; slots: the optimizer's vectors.

    `vector` holds the trained parameters, then the state; `p` is its trained part.
    """

    def __init__(self, network: Network, loss: Loss, config: TrainingConfig, start: Named) -> None:
        self.ops = NumpyOps()
        self.loss = loss
        self.layout = Flat(network, start)
        self.spans = self.layout.spans
        self.vector = np.empty(self.layout.size, np.float32)
        self.p = self.vector[: self.layout.trained]
        self._workers = Workers()
        self._gradients = Gradients(self.layout, self._workers)
        self.g = self._gradients.g
        self.params, self.grads = self.layout.views(self.vector), self.layout.views(self.g)
        for id, arrays in start.items():
            for name, array in arrays.items():
                self.params[id][name][...] = array
        blocks = [slice(i, i + BLOCK) for i in range(0, self.layout.trained, BLOCK)]
        each = max(1, -(-len(blocks) // self._workers.threads))
        self._shares = [blocks[i : i + each] for i in range(0, len(blocks), each)]  # one for each thread
        self.optimizer = config.optimizer
        self.slots = self._empty_slots()
        self.count = 0
        self.configure(network, config)

    def configure(self, network: Network, config: TrainingConfig) -> None:
        """The same parameters under new settings. Another kind of optimizer starts with empty memory."""
        renewed = type(config.optimizer) is not type(self.optimizer)
        self.network, self.optimizer, self.config = network, config.optimizer, config
        self._clip = (config.clip_norm, config.clip_value)
        if renewed:
            self.slots, self.count = self._empty_slots(), 0
        self._gradients.configure(network, self.loss, batch=config.batch_size)
        self._restrained = [
            (self.params[id][name], self.grads[id][name], rule)
            for id, rule in network.restraints.items()
            for name in rule.names
        ]

    def _empty_slots(self) -> tuple[np.ndarray, ...]:
        return tuple(np.zeros_like(self.p) for _ in range(self.optimizer.slots))

    def __call__(self, x: np.ndarray, t: np.ndarray, lr: float, key: Any) -> tuple[float, float]:
        """Train on one batch; returns (data loss, penalty) as they were before the update."""
        loss = self._add_up(x, t, key)
        penalty = self._penalize()
        if any(self._clip):
            clipped(self.ops, [self.g], *self._clip)
        self.count += 1
        for W, _, rule in self._restrained:
            if rule.weight_decay:
                W *= 1.0 - lr * rule.weight_decay
        scalars = self.optimizer.scalars(self.count, lr)
        self._workers.side_by_side([functools.partial(self._update, blocks, scalars) for blocks in self._shares])
        for W, _, rule in self._restrained:
            if rule.max_norm:
                shortened(self.ops, W, rule.max_norm)
        return loss, penalty

    def _update(self, blocks: list[slice], scalars: tuple[float, ...]) -> None:
        for block in blocks:
            slots = tuple(slot[block] for slot in self.slots)
            self.optimizer.update(self.ops, self.p[block], self.g[block], slots, scalars)

    def _add_up(self, x: np.ndarray, t: np.ndarray, key: Any) -> float:
        """Put the gradient of the batch into `g`, computed in micro-batches where asked for; returns the loss."""
        parts = list(micro_batches(len(x), self.config))
        if len(parts) == 1:
            return self._gradient(x, t, key)
        loss, total = 0.0, np.zeros_like(self.g)
        for i, (part, share) in enumerate(parts):
            loss += share * self._gradient(x[part], t[part], keys.key(key, i) if i else key)
            total += self.g * share
        self.g[...] = total
        return loss

    def _gradient(self, x: np.ndarray, t: np.ndarray, key: Any) -> float:
        loss, states = self._gradients(self.params, x, t, key)
        for id, state in states.items():
            for name, array in state.items():
                self.params[id][name][...] = array
        return loss

    def _penalize(self) -> float:
        """Add the penalties' gradient; returns their value."""
        penalty = 0.0
        for W, dW, rule in self._restrained:
            penalized_gradient(self.ops, W, dW, rule)
            if rule.l2:
                penalty += 0.5 * rule.l2 * float(np.vdot(W, W))
            if rule.l1:
                penalty += rule.l1 * float(np.abs(W).sum())
        return penalty

    def evaluate(self, x: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
        """(mean loss, raw outputs) of these rows, nothing random."""
        outputs = self.network.predict(self.ops, self.params, x)
        return float(self.loss.forward(self.ops, outputs, t)[0]), outputs

    def activations(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Output of every layer by its id, nothing random."""
        ys, _, _ = self.network.forward(self.ops, self.params, x, train=False)
        return {id: ys[i] for id, i in self.network.outputs.items()}

    def flat(self) -> np.ndarray:
        """A copy of all parameters and the state after them, as `layout` says."""
        return self.vector.copy()

    def gradient(self) -> np.ndarray:
        """The last step's gradient, penalties and clipping included, flat and not to be changed."""
        return self.g

    def native(self) -> tuple[Named, Named]:
        """(parameters and state, last gradient) as this backend holds them, not to be changed."""
        return self.params, self.grads

    def outputs(self, x: np.ndarray) -> dict[str, Any]:
        """As `activations`, in the backend's own arrays."""
        return self.activations(x)

    def held(self) -> Any:
        """The trained parameters of now, for `norms` after the next step."""
        return self.p.copy()

    def norms(self, held: Any) -> dict[str, tuple[float, float, float]]:
        """(‖gradient‖, ‖weights‖, ‖update‖) of every layer over the last step, the weights as they were before it."""
        norm = np.linalg.norm
        return {
            id: (float(norm(self.g[span])), float(norm(held[span])), float(norm(self.p[span] - held[span])))
            for id, span in self.spans.items()
        }

    def slot_arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(s.copy() for s in self.slots)

    def restore(self, flat: np.ndarray, slots: tuple[np.ndarray, ...], count: int) -> None:
        """Exactly an earlier state; raises ValueError where the sizes differ."""
        self.vector[...] = flat
        for mine, saved in zip(self.slots, slots, strict=True):
            mine[...] = saved
        self.count = count
