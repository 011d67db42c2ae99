"""Reshape: the same values in another arrangement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper


@dataclass(frozen=True)
class Reshape(Layer):
    """y = x in another shape with as many values, last axis fastest. dx = dy in the shape of x."""

    kind = "reshape"
    label = "Reshape"
    group = "shape"
    summary = "Arranges the values anew, e.g. a row of 64 pixels as an image of 8×8×1."
    formula = "y = x in another shape"
    gradient = "dx = dy in the shape of x"

    shape: tuple[int, ...] = hyper(
        (8, 8, 1), "Shape", "New size of a row: height×width×channels, or steps×channels.", kind="shape"
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        have, want = math.prod(inputs[0]), math.prod(self.shape)
        if have != want:
            fitting = self._fitting(have)
            sizes = "×".join(str(n) for n in fitting)
            wanted = "×".join(str(n) for n in self.shape)
            raise SpecError(
                f"Reshape keeps every value: its input has {have:,}, but {wanted} holds {want:,}.",
                fix=(f"Set shape to {sizes}", {"shape": fitting}),
            )
        return self.shape

    def _fitting(self, count: int) -> Shape:
        """A shape for `count` values near to the one asked for: the same but for the first axis, a square image where
        an image was asked for, or a column of single values."""
        rest = math.prod(self.shape[1:])
        side = math.isqrt(count)
        if len(self.shape) == 3 and side * side == count:
            return (side, side, 1)
        if len(self.shape) == 3 and self.shape[2] == 3 and count % 3 == 0 and math.isqrt(count // 3) ** 2 * 3 == count:
            return (math.isqrt(count // 3), math.isqrt(count // 3), 3)
        if count % rest == 0:
            return (count // rest, *self.shape[1:])
        return (count, *(1 for _ in self.shape[1:]))

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        return x.reshape(x.shape[0], *self.shape), x.shape, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (dy.reshape(cache),), {}

    def describe(self) -> str:
        return f"Reshape {'×'.join(str(n) for n in self.shape)}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(shape=(2, 3, 2)), ((12,),)), (cls(shape=(4, 3)), ((2, 3, 2),)), (cls(shape=(6,)), ((3, 2),)))
