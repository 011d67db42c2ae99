"""Multiply: several inputs multiplied, as in gates."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Params, Shape, State
from core.layers.merging import Merging, gathered, spread


@dataclass(frozen=True)
class Multiply(Merging):
    """y = Π_i x_i value by value, for inputs of one shape; an input (C,) beside (..., C) acts at every position.

    dx_i = dy ⊙ Π_{j ≠ i} x_j, summed over the positions where x_i acts at all of them. With a sigmoid before one input
    this is a gate (Hochreiter and Schmidhuber 1997; one value per channel: Hu, Shen and Sun 2018).
    """

    kind = "multiply"
    label = "Multiply"
    summary = "Multiplies its inputs value by value: one of them, between 0 and 1, can open or shut the other."
    formula = "y = x₁ ⊙ x₂ ⊙ …"
    gradient = "dxᵢ = dy ⊙ the product of the others"

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        axes = max(x.ndim for x in xs)
        wide = sorted(xs, key=lambda x: -x.ndim)
        return functools.reduce(ops.multiply, (spread(x, axes) for x in wide)), xs, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        """The products of the others, and not y / x_i, which would fail where x_i is 0."""
        dxs = []
        for i, x in enumerate(cache):
            others = (spread(other, dy.ndim) for j, other in enumerate(cache) if j != i)
            dxs.append(gathered(ops, functools.reduce(ops.multiply, others, dy), x.ndim))
        return tuple(dxs), {}

    def multiply_adds(self, *inputs: Shape) -> int:
        return (len(inputs) - 1) * math.prod(self.output_shape(*inputs))
