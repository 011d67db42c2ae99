"""Concat: the channels of several inputs side by side."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State


@dataclass(frozen=True)
class Concat(Layer):
    """y = [x_1, x_2, ...] joined along the last axis: (batch, ..., C_i) → (batch, ..., Σ C_i).

    dx_i is the part of dy that came from x_i (Huang et al. 2017: DenseNet; Ronneberger et al. 2015: U-Net).
    """

    kind = "concat"
    label = "Concat"
    group = "merge"
    summary = "Puts the channels of its inputs side by side: the next layer sees all of them."
    formula = "y = [x₁, x₂, …]"
    gradient = "dxᵢ = the part of dy that came from xᵢ"
    arity = (2, None)

    def output_shape(self, *inputs: Shape) -> Shape:
        if not inputs:
            raise SpecError("Concat has no input.")
        for shape in inputs[1:]:
            if shape[:-1] != inputs[0][:-1]:
                first, second = ("×".join(str(n) for n in s) for s in (inputs[0], shape))
                raise SpecError(
                    f"Concat joins inputs that differ in their last size only, but gets {first} and {second}."
                )
        return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        return ops.concat(list(xs), axis=-1), tuple(x.shape[-1] for x in xs), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        ends = list(itertools.accumulate(cache))
        return tuple(dy[..., end - n : end] for n, end in zip(cache, ends, strict=True)), {}

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(), ((3,), (2,))),
            (cls(), ((2, 3, 1), (2, 3, 2), (2, 3, 4))),
            (cls(), ((4, 2), (4, 2))),
        )
