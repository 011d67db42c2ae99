"""Add: several inputs summed, as in skip connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Params, State
from core.layers.merging import Merging, gathered, spread


@dataclass(frozen=True)
class Add(Merging):
    """y = Σ_i x_i for inputs of one shape; an input (C,) beside (..., C) is added at every position.

    dx_i = dy, summed over the positions where x_i was added at all of them. As the gradient passes unchanged, deep
    networks with such skip connections can be trained (He et al. 2016).
    """

    kind = "add"
    label = "Add"
    summary = "Sums its inputs: a skip connection gives the gradient a direct way back."
    formula = "y = x₁ + x₂ + …"
    gradient = "dxᵢ = dy"

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        axes = max(x.ndim for x in xs)
        first, *rest = sorted(xs, key=lambda x: -x.ndim)
        y = first
        for i, x in enumerate(rest):
            y = y + spread(x, axes) if i == 0 else ops.iadd(y, spread(x, axes))
        return y, tuple(x.ndim for x in xs), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return tuple(gathered(ops, dy, axes) for axes in cache), {}
