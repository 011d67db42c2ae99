"""SpatialDropout: whole channels are silenced in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.windows import check_positions
from core.values import hyper


@dataclass(frozen=True)
class SpatialDropout(Layer):
    """In training y[i, c] = x[i, c] m[c] / (1 - rate) at all positions i, m[c] ~ Bernoulli(1 - rate) for every row and
    channel; otherwise y = x. dx[i, c] = dy[i, c] m[c] / (1 - rate).

    Neighbouring positions say nearly the same, so that silencing single ones would take little away (Tompson et al.
    2015, §3.2).
    """

    kind = "spatial_dropout"
    label = "Spatial dropout"
    group = "regularization"
    summary = "Silences random channels as a whole in training, so that no channel relies on one other."
    formula = "y = x ⊙ m / (1 - rate), one m per channel"
    gradient = "dx = dy ⊙ m / (1 - rate)"
    stochastic = True

    rate: float | None = hyper(
        0.2,
        "Rate",
        "Share of channels set to zero in training. Empty: as in the toolbar.",
        kind="float",
        minimum=0.0,
        maximum=0.95,
        inherits="dropout",
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        check_positions(self.label, inputs[0])
        return inputs[0]

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        if not train or not self.rate:
            return x, None, s
        keep = 1.0 - self.rate
        mask = ops.bernoulli(key, keep, (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1])) * (1.0 / keep)
        return ops.multiply(x, mask), mask, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (dy if cache is None else ops.multiply(dy, cache),), {}

    def describe(self) -> str:
        return "Spatial dropout" if self.rate is None else f"Spatial dropout {self.rate:g}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(rate=0.0), ((3, 4),)), (cls(rate=0.5), ((3, 4),)), (cls(rate=0.3), ((2, 3, 4),)))

    def work_values(self, *inputs: Shape) -> int:
        return inputs[0][-1]
