"""GaussianNoise: a little noise on every value in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper


@dataclass(frozen=True)
class GaussianNoise(Layer):
    """In training y = x + deviation · n, n ~ N(0, 1) for every value; otherwise y = x. dx = dy. Any shape.

    For small noise on the inputs of a network this acts like a penalty on its slope (Bishop 1995).
    """

    kind = "gaussian_noise"
    label = "Gaussian noise"
    group = "regularization"
    summary = "Adds a little noise in training, so that the network does not learn the rows by heart."
    formula = "y = x + deviation · n,  n ~ N(0, 1)"
    gradient = "dx = dy"
    stochastic = True

    deviation: float = hyper(
        0.1,
        "Deviation",
        "Standard deviation of the noise, in the units of the values it is added to.",
        minimum=0.0,
        maximum=1000.0,
        suggestions=(0.01, 0.03, 0.1, 0.3),
    )

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        if not train or not self.deviation:
            return x, None, s
        return ops.iadd(ops.normal(key, x.shape) * self.deviation, x), None, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (dy,), {}

    def describe(self) -> str:
        return f"Gaussian noise {self.deviation:g}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(deviation=0.0), ((4,),)), (cls(), ((3, 4),)), (cls(deviation=2.0), ((2, 3, 2),)))
