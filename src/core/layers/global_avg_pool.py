"""GlobalAvgPool: the mean of every channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.windows import check_positions


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """y[c] = mean over all positions i of x[i, c]: (batch, T, C) or (batch, H, W, C) → (batch, C).

    dx[i, c] = dy[c] / number of positions (Lin, Chen and Yan 2014, §3.2).
    """

    kind = "global_avg_pool"
    label = "Global average pool"
    group = "convolution"
    summary = "Takes each channel's mean: an image or sequence of any size becomes a row."
    formula = "y = mean over all positions"
    gradient = "dx = dy / number of positions"

    def output_shape(self, *inputs: Shape) -> Shape:
        check_positions(self.label, inputs[0])
        return inputs[0][-1:]

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        return ops.mean(x.reshape(x.shape[0], -1, x.shape[-1]), axis=1), x.shape, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        n, *sizes, channels = cache
        count = math.prod(sizes)
        dx = ops.repeat((dy * (1.0 / count)).reshape(n, 1, channels), count, 1)
        return (dx.reshape(cache),), {}

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(), ((4, 3, 2),)), (cls(), ((5, 3),)), (cls(), ((1, 1, 2),)))

    def multiply_adds(self, *inputs: Shape) -> int:
        return math.prod(inputs[0])
