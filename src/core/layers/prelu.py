"""PReLU: a rectifier whose slope below zero is learned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper


@dataclass(frozen=True)
class PReLU(Layer):
    """y = max(0, x) + a min(0, x), one slope a for every channel (last axis).

    dx = dy where x > 0, else a dy; da = Σ dy min(0, x) over rows and positions. x, y: (batch, ..., C); a: (C,). The
    slopes are not held back by penalties, which would pull them to ReLU (He et al. 2015, §2.1).
    """

    kind = "prelu"
    label = "PReLU"
    group = "core"
    summary = "Lets positive values pass and learns, per channel, how much of the negative ones to let through."
    formula = "y = x if x > 0 else a x"
    gradient = "da = Σ dy min(0, x)"

    start: float = hyper(
        0.25,
        "Start",
        "Slope below zero that training begins with. 0 begins as ReLU.",
        minimum=-1.0,
        maximum=1.0,
        suggestions=(0.0, 0.01, 0.1, 0.25),
    )

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return {"a": inputs[0][-1:]}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        return {"a": np.full(inputs[0][-1:], self.start)}, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        y = ops.iadd(ops.multiply(ops.minimum(x, 0.0), p["a"]), ops.maximum(x, 0.0))
        return y, x, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        x = cache
        below = ops.multiply(dy, x <= 0)
        dx = ops.iadd(ops.multiply(below, p["a"] - 1.0), dy)
        return (dx,), {"a": self._by_slope(ops, x, below)}

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        return {"a": self._by_slope(ops, cache, ops.multiply(dy, cache <= 0))}

    def _by_slope(self, ops: Any, x: Array, below: Array) -> Array:
        return ops.sum_rows(ops.multiply(below, x).reshape(-1, x.shape[-1]))

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(), ((4,),)), (cls(start=-0.5), ((3, 2),)), (cls(start=0.0), ((2, 3, 2),)))

    def multiply_adds(self, *inputs: Shape) -> int:
        return math.prod(inputs[0])
