"""GroupNorm: groups of channels of every row brought to mean 0 and variance 1, then scaled and shifted anew."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.norming import epsilon_hyper
from core.values import hyper


@dataclass(frozen=True)
class GroupNorm(Layer):
    """x̂ = (x - μ) / √(σ² + ε), y = γ x̂ + β; μ, σ² are mean and biased variance over the positions of a row and the
    C / groups channels of a group: each row on its own, whatever the batch.

    With g = γ dy: dx = (g - mean(g) - x̂ mean(g x̂)) / √(σ² + ε), means as above; dγ = Σ dy x̂, dβ = Σ dy over rows and
    positions. x, y: (batch, ..., C); γ, β: (C,). One group is layer norm over a whole image, as many groups as channels
    is instance norm (Wu and He 2018).
    """

    kind = "group_norm"
    label = "Group norm"
    group = "normalization"
    summary = "Brings groups of channels of every row to mean 0 and variance 1: good where batches are small."
    formula = "y = γ (x - μ) / √(σ² + ε) + β"
    gradient = "dx = (g - mean g - x̂ mean(g x̂)) / √(σ² + ε),  g = γ dy"

    groups: int = hyper(
        4,
        "Groups",
        "How many groups the channels are split into; those of one group share mean and variance.",
        minimum=1,
        maximum=100_000,
        suggestions=(1, 2, 4, 8, 16, 32),
    )
    epsilon: float = epsilon_hyper()

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = inputs[0]
        if shape[-1] % self.groups:
            fitting = math.gcd(shape[-1], self.groups)
            raise SpecError(
                f"Group norm cannot split {shape[-1]} channels into {self.groups} equal groups.",
                fix=(f"Set groups to {fitting}", {"groups": fitting}),
            )
        return shape

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return {"gamma": inputs[0][-1:], "beta": inputs[0][-1:]}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        return {"gamma": np.ones(inputs[0][-1:]), "beta": np.zeros(inputs[0][-1:])}, {}

    def _grouped(self, x: Array) -> Array:
        """(batch, positions, groups, C / groups)."""
        return x.reshape(x.shape[0], -1, self.groups, x.shape[-1] // self.groups)

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = self._grouped(xs[0])
        centred = ops.subtract(x, ops.mean(x, (1, 3), keepdims=True))
        inverse = 1.0 / ops.sqrt(ops.mean(ops.square(centred), (1, 3), keepdims=True) + self.epsilon)
        normal = ops.imul(centred, inverse).reshape(xs[0].shape)
        return ops.iadd(ops.multiply(normal, p["gamma"]), p["beta"]), (normal, inverse), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        normal, inverse = self._grouped(cache[0]), cache[1]
        g = self._grouped(ops.multiply(dy, p["gamma"]))
        along = ops.mean(ops.multiply(g, normal), (1, 3), keepdims=True)
        dx = ops.isub(ops.isub(g, ops.mean(g, (1, 3), keepdims=True)), ops.multiply(normal, along))
        return (ops.imul(dx, inverse).reshape(dy.shape),), self.parameter_gradients(ops, p, cache, dy)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        channels = dy.shape[-1]
        by_scale = ops.sum_rows(ops.multiply(dy, cache[0]).reshape(-1, channels))
        return {"gamma": by_scale, "beta": ops.sum_rows(dy.reshape(-1, channels))}

    def describe(self) -> str:
        return f"Group norm {self.groups}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(groups=2), ((3, 2, 4),)),
            (cls(groups=1, epsilon=0.1), ((5, 3),)),
            (cls(groups=3), ((4, 3),)),
            (cls(groups=2), ((6,),)),
        )

    def multiply_adds(self, *inputs: Shape) -> int:
        return 4 * math.prod(inputs[0])

    def work_values(self, *inputs: Shape) -> int:
        return math.prod(inputs[0]) + self.groups
