"""LayerNorm: the values of every position brought to mean 0 and variance 1, then scaled and shifted anew."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.norming import epsilon_hyper


@dataclass(frozen=True)
class LayerNorm(Layer):
    """x̂ = (x - μ) / √(σ² + ε), y = γ x̂ + β; μ, σ² are mean and biased variance over the last axis, C values.

    With g = γ dy: dx = (g - mean(g) - x̂ mean(g x̂)) / √(σ² + ε), means over the last axis; dγ = Σ dy x̂, dβ = Σ dy over
    rows and positions. x, y: (batch, ..., C); γ, β: (C,). Alike in training and predicting (Ba, Kiros and Hinton 2016).
    """

    kind = "layer_norm"
    label = "Layer norm"
    group = "normalization"
    summary = (
        "Brings the values of every row or step to mean 0 and variance 1, whatever the batch: usual in transformers."
    )
    formula = "y = γ (x - μ) / √(σ² + ε) + β"
    gradient = "dx = (g - mean g - x̂ mean(g x̂)) / √(σ² + ε),  g = γ dy"

    epsilon: float = epsilon_hyper()

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return {"gamma": inputs[0][-1:], "beta": inputs[0][-1:]}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        return {"gamma": np.ones(inputs[0][-1:]), "beta": np.zeros(inputs[0][-1:])}, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        centred = ops.subtract(x, ops.mean(x, -1, keepdims=True))
        inverse = 1.0 / ops.sqrt(ops.mean(ops.square(centred), -1, keepdims=True) + self.epsilon)
        normal = ops.imul(centred, inverse)
        return ops.iadd(ops.multiply(normal, p["gamma"]), p["beta"]), (normal, inverse), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        normal, inverse = cache
        g = ops.multiply(dy, p["gamma"])
        along = ops.mean(ops.multiply(g, normal), -1, keepdims=True)
        dx = ops.isub(ops.isub(g, ops.mean(g, -1, keepdims=True)), ops.multiply(normal, along))
        return (ops.imul(dx, inverse),), self.parameter_gradients(ops, p, cache, dy)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        channels = dy.shape[-1]
        by_scale = ops.sum_rows(ops.multiply(dy, cache[0]).reshape(-1, channels))
        return {"gamma": by_scale, "beta": ops.sum_rows(dy.reshape(-1, channels))}

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(), ((5,),)), (cls(epsilon=0.1), ((3, 4),)), (cls(), ((2, 3, 4),)))

    def multiply_adds(self, *inputs: Shape) -> int:
        return 4 * math.prod(inputs[0])

    def work_values(self, *inputs: Shape) -> int:
        return math.prod(inputs[0]) + math.prod(inputs[0][:-1])
