"""Upsample: every position several times side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.windows import check_positions
from core.values import hyper


@dataclass(frozen=True)
class Upsample(Layer):
    """y[i] = x[floor(i / factor)] along every axis of positions: (batch, H, W, C) → (batch, factor H, factor W, C).

    dx[j] = Σ dy[i] over the factor or factor² positions i that x[j] fills. The nearest value is taken, as before a
    convolution that smooths it (Odena, Dumoulin and Olah 2016).
    """

    kind = "upsample"
    label = "Upsample"
    group = "convolution"
    summary = "Repeats every position, so that a small image or sequence becomes a large one again."
    formula = "y[i] = x[⌊i / factor⌋]"
    gradient = "dx = sum of dy over the copies"

    factor: int = hyper(2, "Factor", "How often every position is repeated, in each direction.", minimum=1, maximum=64)

    def output_shape(self, *inputs: Shape) -> Shape:
        check_positions(self.label, inputs[0])
        *sizes, channels = inputs[0]
        return (*(n * self.factor for n in sizes), channels)

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        y = xs[0]
        for axis in range(y.ndim - 2, 0, -1):
            y = ops.repeat(y, self.factor, axis)
        return y, xs[0].shape, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        n, *sizes, channels = cache
        copies = dy.reshape(n, *(k for size in sizes for k in (size, self.factor)), channels)
        return (ops.sum(copies, axis=tuple(range(2, copies.ndim - 1, 2))),), {}

    def describe(self) -> str:
        return f"Upsample {self.factor}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(), ((2, 3, 2),)), (cls(factor=3), ((4, 2),)), (cls(factor=1), ((2, 2, 1),)))
