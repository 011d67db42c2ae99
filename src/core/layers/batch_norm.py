"""BatchNorm: every channel brought to mean 0 and variance 1 over the batch, then scaled and shifted anew."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.norming import epsilon_hyper
from core.values import hyper


@dataclass(frozen=True)
class BatchNorm(Layer):
    """x̂ = (x - μ) / √(σ² + ε), y = γ x̂ + β, for every channel (last axis) on its own.

    Training: μ and σ² are mean and variance (of the R values, biased) over rows and positions of this batch, and the
    state follows: mean ← (1 - momentum) mean + momentum μ, variance ← (1 - momentum) variance + momentum σ² R / (R - 1)
    (unbiased, as PyTorch has it; σ² where R = 1). Predicting: μ and σ² are the state.

    dβ = Σ dy; dγ = Σ dy x̂; dx = γ / √(σ² + ε) · (dy - dβ / R - x̂ dγ / R), predicting: dx = γ / √(σ² + ε) · dy.
    x, y: (batch, ..., C); γ, β, mean, variance: (C,) (Ioffe and Szegedy 2015, algorithm 1 and §3).
    """

    kind = "batch_norm"
    label = "Batch norm"
    group = "normalization"
    summary = "Brings every channel to mean 0 and variance 1 over the batch: deeper networks train faster."
    formula = "y = γ (x - μ) / √(σ² + ε) + β"
    gradient = "dx = γ / √(σ² + ε) · (dy - mean dy - x̂ mean(dy x̂))"

    momentum: float = hyper(
        0.1,
        "Momentum",
        "Share of the newest batch in the running mean and variance that predictions use.",
        minimum=0.0,
        maximum=1.0,
        suggestions=(0.01, 0.1, 0.3),
    )
    epsilon: float = epsilon_hyper()

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return {"gamma": inputs[0][-1:], "beta": inputs[0][-1:]}

    def state_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return {"mean": inputs[0][-1:], "variance": inputs[0][-1:]}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        channels = inputs[0][-1:]
        params = {"gamma": np.ones(channels), "beta": np.zeros(channels)}
        return params, {"mean": np.zeros(channels), "variance": np.ones(channels)}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0].reshape(-1, xs[0].shape[-1])
        rows = x.shape[0]
        mean = ops.sum_rows(x) * (1.0 / rows) if train else s["mean"]
        centred = ops.subtract(x, mean)
        state = s
        if train:
            variance = ops.sum_rows(ops.square(centred)) * (1.0 / rows)
            unbiased = variance * (rows / max(rows - 1, 1))
            state = {"mean": self._blend(s["mean"], mean), "variance": self._blend(s["variance"], unbiased)}
        else:
            variance = s["variance"]
        inverse = 1.0 / ops.sqrt(variance + self.epsilon)
        y = ops.iadd(ops.multiply(centred, p["gamma"] * inverse), p["beta"])
        return y.reshape(xs[0].shape), (centred, inverse, train), state

    def _blend(self, old: Array, new: Array) -> Array:
        return old * (1.0 - self.momentum) + new * self.momentum

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        """With c = x - μ kept in place of x̂: dx = a dy + b c + d for three numbers a, b, d of every channel."""
        centred, inverse, train = cache
        flat = dy.reshape(centred.shape)
        scale = p["gamma"] * inverse
        grads = {"gamma": ops.sum_rows(ops.multiply(flat, centred)) * inverse, "beta": ops.sum_rows(flat)}
        if not train:
            return (ops.multiply(flat, scale).reshape(dy.shape),), grads
        share = 1.0 / centred.shape[0]
        dx = ops.multiply(centred, grads["gamma"] * inverse * -share)
        dx = ops.iadd(ops.iadd(dx, flat), grads["beta"] * -share)
        return (ops.imul(dx, scale).reshape(dy.shape),), grads

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        centred, inverse, _ = cache
        flat = dy.reshape(centred.shape)
        return {"gamma": ops.sum_rows(ops.multiply(flat, centred)) * inverse, "beta": ops.sum_rows(flat)}

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(), ((4,),)),
            (cls(momentum=0.5, epsilon=0.1), ((3, 2),)),
            (cls(momentum=1.0), ((3, 2, 3),)),
            (cls(momentum=0.0), ((1, 1, 1),)),
        )

    def example_inputs(self, rng: np.random.Generator, batch: int, *inputs: Shape) -> tuple[np.ndarray, ...]:
        return tuple(3.0 + 2.0 * rng.normal(size=(batch, *shape)) for shape in inputs)

    def multiply_adds(self, *inputs: Shape) -> int:
        return 4 * math.prod(inputs[0])

    def work_values(self, *inputs: Shape) -> int:
        return math.prod(inputs[0])
