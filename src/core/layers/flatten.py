"""Flatten: an image or a sequence as one row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Layer, Params, Shape, State


@dataclass(frozen=True)
class Flatten(Layer):
    """y = x read as one row, last axis fastest: (batch, ...) → (batch, Π ...). dx = dy in the shape of x."""

    kind = "flatten"
    label = "Flatten"
    group = "shape"
    summary = "Lays an image or a sequence out as one row, which a Dense layer can take."
    formula = "y = x as one row"
    gradient = "dx = dy in the shape of x"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (math.prod(inputs[0]),)

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        return x.reshape(x.shape[0], math.prod(x.shape[1:])), x.shape, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (dy.reshape(cache),), {}

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(), ((2, 3, 2),)), (cls(), ((4, 3),)), (cls(), ((3,),)))
