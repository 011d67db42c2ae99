"""Dropout: random values are silenced in training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper


@dataclass(frozen=True)
class Dropout(Layer):
    """In training y = x ⊙ m / (1 - rate), m ~ Bernoulli(1 - rate); otherwise y = x. dx = dy ⊙ m / (1 - rate).

    Srivastava et al. 2014, in the inverted form that needs no change when predicting.
    """

    kind = "dropout"
    label = "Dropout"
    group = "regularization"
    summary = "Silences random values in training, so that no unit relies on one other."
    formula = "y = x ⊙ m / (1 - rate)"
    gradient = "dx = dy ⊙ m / (1 - rate)"
    stochastic = True

    rate: float | None = hyper(
        0.2,
        "Rate",
        "Share of values set to zero in training. Empty: as in the toolbar.",
        kind="float",
        minimum=0.0,
        maximum=0.95,
        inherits="dropout",
    )

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        if not train or not self.rate:
            return x, None, s
        keep = 1.0 - self.rate
        mask = ops.bernoulli(key, keep, x.shape) * (1.0 / keep)
        return ops.multiply(x, mask), mask, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (dy if cache is None else ops.multiply(dy, cache),), {}

    def describe(self) -> str:
        return "Dropout" if self.rate is None else f"Dropout {self.rate:g}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(rate=0.0), ((4,),)), (cls(rate=0.5), ((3, 4),)))

    def work_values(self, *inputs: Shape) -> int:
        return math.prod(inputs[0])
