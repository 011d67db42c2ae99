"""Dense: every output is a weighted sum of every input, then an activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core import activations, initializers
from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State, Weighted, dropout_hyper
from core.values import hyper


@dataclass(frozen=True)
class Dense(Weighted):
    """z = x W + b, y = f(z), with x: (batch, n), W: (n, units), b: (units,).

    dz = dy ⊙ f'(z), dW = xᵀ dz, db = Σ_batch dz, dx = dz Wᵀ  (Goodfellow et al. 2016, §6.5).
    """

    kind = "dense"
    label = "Dense"
    group = "core"
    summary = "Every unit weighs every input and adds a bias; the activation bends the result."
    formula = "z = x W + b,  y = f(z)"
    gradient = "dW = xᵀ (dy ⊙ f'(z))"
    penalized = ("W",)

    units: int = hyper(
        8, "Units", "Number of outputs. More units can fit more, and overfit more.", minimum=1, maximum=1_000_000
    )
    activation: str = hyper("relu", "Activation", "The function f applied to every unit.", choices=activations.CHOICES)
    initializer: str = hyper(
        "auto",
        "Initializer",
        "How the weights start. Auto picks He after rectifiers, Glorot otherwise.",
        choices=initializers.CHOICES,
    )
    use_bias: bool = hyper(True, "Bias", "Whether each unit has an offset b.")
    dropout: float | None = dropout_hyper()

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != 1:
            sizes = "×".join(str(n) for n in shape)
            raise SpecError(f"Dense takes a flat row, but its input is {sizes}.")
        return (self.units,)

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        weights: dict[str, Shape] = {"W": (inputs[0][0], self.units)}
        return {**weights, "b": (self.units,)} if self.use_bias else weights

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        n = inputs[0][0]
        name = activations.ACTIVATIONS[self.activation].initializer if self.initializer == "auto" else self.initializer
        W = initializers.initialize(name, rng, (n, self.units), fan_in=n, fan_out=self.units)
        return ({"W": W, "b": np.zeros(self.units)} if self.use_bias else {"W": W}), {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        z = ops.matmul(x, p["W"])
        if self.use_bias:
            z = ops.iadd(z, p["b"])
        y, kept = activations.ACTIVATIONS[self.activation].bend(ops, z)
        return y, (x, kept, y), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        dz = self._dz(ops, cache, dy)
        return (ops.matmul(dz, p["W"].T),), self._grads(ops, cache[0], dz)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        return self._grads(ops, cache[0], self._dz(ops, cache, dy))

    def _dz(self, ops: Any, cache: Cache, dy: Array) -> Array:
        _, z, y = cache
        return activations.ACTIVATIONS[self.activation].backward(ops, z, y, dy)

    def _grads(self, ops: Any, x: Array, dz: Array) -> Params:
        grads = {"W": ops.weights_gradient(x, dz)}
        if self.use_bias:
            grads["b"] = ops.sum_rows(dz)
        return grads

    def describe(self) -> str:
        return f"Dense {self.units} · {activations.ACTIVATIONS[self.activation].label}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        each = tuple((cls(units=3, activation=name), ((4,),)) for name in activations.ACTIVATIONS)
        return (*each, (cls(units=1, activation="linear", use_bias=False), ((5,),)))

    def multiply_adds(self, *inputs: Shape) -> int:
        return inputs[0][0] * self.units

    def work_values(self, *inputs: Shape) -> int:
        return self.units if activations.ACTIVATIONS[self.activation].reads_z else 0
