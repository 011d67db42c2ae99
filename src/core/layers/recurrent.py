"""What SimpleRNN, LSTM and GRU share: a state that is carried from step to step, and backpropagation through time.

Inside, arrays are laid out (gates, T, batch, units) in the order in which steps are read. The inputs of all steps are
weighed in one matrix product before the first step, and the weight gradients of all steps in one after the last; what
remains for a step is the product with the state before it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from core import initializers
from core.layers.base import Array, Cache, Layer, Params, Shape, State, Weighted, dropout_hyper
from core.layers.sequences import PADDING_HELP, padded_example, real_steps, sequence_shape
from core.values import hyper

Steps = list[Array]  # one array (batch, ...) for each step, in the order in which steps are read


@dataclass(frozen=True)
class Recurrent(Weighted):
    """(T, C) -> (units,), the state after the last step, or -> (T, units), the state after every step.

    gates: number of blocks of `units` columns in W: (C, gates · units), U: (units, gates · units) and the biases.
    order: in which order the blocks are computed; halved: those that are read by a sigmoid, whose sums are halved
        beforehand, as σ(z) = (1 + tanh(z / 2)) / 2.

    A step of padding changes no state and its output, where every step has one, is 0: the next layer knows it as
    padding too. Backwards through time (Werbos 1990) the gradient by the state passes such a step unchanged.
    """

    group = "sequence"
    penalized = ("W", "U")
    gates: ClassVar[int]
    order: ClassVar[tuple[int, ...]]
    halved: ClassVar[tuple[int, ...]] = ()
    biases: ClassVar[tuple[str, ...]] = ("b",)

    units: int = hyper(
        32,
        "Units",
        "Numbers in the state that is carried from step to step. More units remember more, and cost more.",
        minimum=1,
        maximum=65_536,
    )
    sequences: bool = hyper(
        False,
        "Every step",
        "On: gives the state after every step, for a next layer that reads sequences. Off: after the last step only.",
    )
    reverse: bool = hyper(False, "Reverse", "Whether the sequence is read from its end to its start.")
    skip_padding: bool = hyper(True, "Skip padding", PADDING_HELP)
    dropout: float | None = dropout_hyper()

    def output_shape(self, *inputs: Shape) -> Shape:
        steps, _ = sequence_shape(self.label, inputs[0])
        return (steps, self.units) if self.sequences else (self.units,)

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        wide = self.gates * self.units
        return {"W": (inputs[0][1], wide), "U": (self.units, wide), **dict.fromkeys(self.biases, (wide,))}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        """W: Glorot (2010) for each gate; U: orthogonal for each gate (Saxe et al. 2014), so that a state keeps its
        length at first; biases 0."""
        width, units = inputs[0][1], self.units
        drawn = {
            name: np.concatenate(
                [
                    initializers.initialize(kind, rng, (rows, units), fan_in=rows, fan_out=units)
                    for _ in range(self.gates)
                ],
                axis=1,
            )
            for name, kind, rows in (("W", "glorot_uniform", width), ("U", "orthogonal", units))
        }
        return {**drawn, **{name: np.zeros(self.gates * units) for name in self.biases}}, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        batch, steps, width = x.shape
        real = real_steps(ops, x) if self.skip_padding else None
        real = None if real is None else self._in_order(real)[..., None]
        flat = self._in_order(x).reshape(steps * batch, width)
        z = ops.matmul(flat, self._by_gate(ops, p["W"], halve=True))
        z = ops.iadd(z, self._by_gate(ops, self._bias(ops, p), halve=True)[:, None])
        states, saved = self._run(ops, p, z.reshape(self.gates, steps, batch, self.units), real)
        cache = (flat, real, states, saved)
        if not self.sequences:
            return states[-1], cache, s
        y = ops.stack(states, axis=0)
        return self._in_order(y if real is None else y * real, back=True), cache, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        by_x, by_state, before = self._through_time(ops, p, cache, dy)
        batch = cache[2][0].shape[0]
        dx = ops.sum_matmul(by_x, self._by_gate(ops, p["W"]).transpose(0, 2, 1))
        dx = self._in_order(dx.reshape(-1, batch, dx.shape[-1]), back=True)
        return (dx,), self._grads(ops, cache[0], by_x, by_state, before)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        return self._grads(ops, cache[0], *self._through_time(ops, p, cache, dy))

    @abstractmethod
    def _run(self, ops: Any, p: Params, z: Array, real: Array | None) -> tuple[Steps, Any]:
        """States of all steps, and what `_back` needs. z: (gates, T, batch, units), the weighed inputs, its to change;
        real: (T, batch, 1)."""

    @abstractmethod
    def _back(
        self, ops: Any, p: Params, saved: Any, before: Array, real: Array | None, dys: list[Array | None]
    ) -> tuple[Array, Array]:
        """(gates, T, batch, units) gradients by the weighed inputs and by the weighed states, both in `order`.

        before: (T, batch, units), the states that steps began with; dys: gradients by the states that were given out.
        """

    def _bias(self, ops: Any, p: Params) -> Array:
        """What is added to the weighed inputs of every step."""
        return p["b"]

    def _bias_grads(self, ops: Any, by_x: Array, by_state: Array) -> Params:
        return {"b": self._total(ops, by_x)}

    def _through_time(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[Array, Array, Array]:
        """What `_back` finds and the states that steps began with, all steps and rows as one axis."""
        _, real, states, saved = cache
        dys: list[Array | None] = [None] * len(states)
        if self.sequences:
            every = self._in_order(dy)
            every = every if real is None else every * real
            dys = [every[t] for t in range(len(states))]
        else:
            dys[-1] = dy
        before = ops.stack([ops.zeros(tuple(states[0].shape)), *states[:-1]], axis=0)
        by_x, by_state = self._back(ops, p, saved, before, real, dys)
        flat = (self.gates, before.shape[0] * before.shape[1], self.units)
        return by_x.reshape(flat), by_state.reshape(flat), before.reshape(flat[1:])

    def _grads(self, ops: Any, flat: Array, by_x: Array, by_state: Array, before: Array) -> Params:
        weights = {"W": ops.matmul(flat.T, by_x), "U": ops.matmul(before.T, by_state)}
        named = {name: self._from_gates(ops, gradient) for name, gradient in weights.items()}
        return {**named, **self._bias_grads(ops, by_x, by_state)}

    def _total(self, ops: Any, a: Array) -> Array:
        """(gates, steps · rows, units) summed to (gates · units,), as a product with ones: BLAS is fastest at it."""
        ones = ops.ones_like(a[:1, :, 0])
        return self._from_gates(ops, ops.matmul(ones, a)[:, 0])

    def _in_order(self, a: Array, *, back: bool = False) -> Array:
        """(batch, T, ...) as (T, batch, ...) in the order in which steps are read; back: the reverse of it."""
        rest = range(2, a.ndim)
        if not self.reverse:
            return a.transpose(1, 0, *rest)
        return a[::-1].transpose(1, 0, *rest) if back else a.transpose(1, 0, *rest)[::-1]

    def _by_gate(self, ops: Any, a: Array, *, halve: bool = False) -> Array:
        """(rows, gates · units) or (gates · units,) as (gates, rows, units) or (gates, units), in `order`."""
        blocks = [a[..., k * self.units : (k + 1) * self.units] for k in self.order]
        if halve:
            blocks = [0.5 * block if k in self.halved else block for k, block in zip(self.order, blocks, strict=True)]
        return ops.stack(blocks, axis=0)

    def _from_gates(self, ops: Any, a: Array) -> Array:
        """The inverse of `_by_gate`."""
        return ops.concat([a[self.order.index(k)] for k in range(self.gates)], axis=-1)

    def describe(self) -> str:
        told = [f"{self.label} {self.units}"]
        told += ["every step"] if self.sequences else []
        told += ["reversed"] if self.reverse else []
        return " · ".join(told)

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(units=4), ((7, 3),)),
            (cls(units=4, sequences=True), ((7, 3),)),
            (cls(units=3, reverse=True), ((6, 2),)),
            (cls(units=3, sequences=True, reverse=True), ((6, 2),)),
            (cls(units=3, sequences=True, skip_padding=False), ((6, 2),)),
            (cls(units=2, sequences=True), ((1, 3),)),
            (cls(units=1), ((3, 1),)),
        )

    def example_inputs(self, rng: np.random.Generator, batch: int, *inputs: Shape) -> tuple[np.ndarray, ...]:
        return (padded_example(rng, batch, inputs[0]),)

    def multiply_adds(self, *inputs: Shape) -> int:
        steps, width = inputs[0]
        return steps * (width + self.units) * self.gates * self.units


def gradient_by_state(ops: Any, carried: Array | None, dy: Array | None) -> Array:
    """What a step receives from the step after it and from its own output; `carried` may be changed in place."""
    if carried is None or dy is None:
        return dy if carried is None else carried
    return ops.iadd(carried, dy)
