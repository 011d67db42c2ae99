"""GlobalMaxPool: the largest value of every channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.windows import check_positions


@dataclass(frozen=True)
class GlobalMaxPool(Layer):
    """y[c] = max over all positions i of x[i, c]: (batch, T, C) or (batch, H, W, C) → (batch, C).

    dx[i, c] = dy[c] / k where x[i, c] is the largest, else 0; k is how many positions share the largest value: any
    split of dy among them is a subgradient (Goodfellow et al. 2016, §6.3). Oquab et al. 2015.
    """

    kind = "global_max_pool"
    label = "Global max pool"
    group = "convolution"
    summary = "Keeps each channel's strongest answer, wherever it was: an image or sequence becomes a row."
    formula = "y = max over all positions"
    gradient = "dx = dy where x was the largest, else 0"

    def output_shape(self, *inputs: Shape) -> Shape:
        check_positions(self.label, inputs[0])
        return inputs[0][-1:]

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        flat = x.reshape(x.shape[0], -1, x.shape[-1])
        y = ops.max(flat, axis=1)
        return y, (flat, y, x.shape), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        flat, y, shape = cache
        largest = ops.multiply(flat == y[:, None], ops.ones_like(y)[:, None])
        share = dy / ops.sum(largest, axis=1)
        return (ops.imul(largest, share[:, None]).reshape(shape),), {}

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(), ((4, 3, 2),)), (cls(), ((5, 3),)), (cls(), ((1, 1, 2),)))

    def multiply_adds(self, *inputs: Shape) -> int:
        return math.prod(inputs[0])
