"""Embedding: every token of a sequence becomes a learned row of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper


@dataclass(frozen=True)
class Embedding(Layer):
    """y_t = W[x_t], x: (batch, T) whole numbers from 0 to tokens - 1, W: (tokens, width), y: (batch, T, width).

    dW[k] = Σ dy_t over all t with x_t = k: the product of one-hot rows with W, never formed (Bengio et al. 2003);
    dx = 0, as a token has no neighbours to move to. Numbers out of range count as the first or last token. With
    padding, token 0 gives zeros and is not trained: layers that skip padding leave it out. What holds weights back
    (L1, L2, decay, max-norm) does not act on W, whose rows are values rather than weights.
    """

    kind = "embedding"
    label = "Embedding"
    group = "sequence"
    summary = "Turns tokens, such as words or categories, into learned points: alike ones come to lie close together."
    formula = "y = W[x]"
    gradient = "dW[k] = Σ dy where x = k"

    tokens: int = hyper(
        1000, "Tokens", "How many different tokens there are, counted from 0.", minimum=1, maximum=4_000_000
    )
    width: int = hyper(
        16, "Width", "Numbers that stand for one token. More can tell finer differences.", minimum=1, maximum=65_536
    )
    padding: bool = hyper(
        False, "Padding", "Whether token 0 only fills short sequences up: it stays all zero and is skipped."
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != 1:
            sizes = "×".join(str(n) for n in shape)
            raise SpecError(f"Embedding reads a row of tokens, a whole number for each step, but its input is {sizes}.")
        return (shape[0], self.width)

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return {"W": (self.tokens, self.width)}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        """N(0, 1 / width): points about 1 away from the origin."""
        W = rng.normal(0.0, self.width**-0.5, (self.tokens, self.width))
        if self.padding:
            W[0] = 0.0
        return {"W": W}, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        inside = ops.minimum(ops.where(x > 0, x, 0), self.tokens - 1)  # NaN becomes 0 too
        index = ops.integers(inside + 0.5)
        y = ops.take_rows(p["W"], index)
        return (ops.imul(y, (index != 0)[..., None]) if self.padding else y), index, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (ops.zeros(tuple(cache.shape)),), self.parameter_gradients(ops, p, cache, dy)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        if self.padding:
            dy = ops.multiply(dy, (cache != 0)[..., None])
        return {"W": ops.scatter_rows(dy, cache, self.tokens)}

    def describe(self) -> str:
        return f"Embedding {self.tokens:,} × {self.width}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(tokens=6, width=3), ((5,),)),
            (cls(tokens=4, width=2, padding=True), ((7,),)),
            (cls(tokens=1), ((1,),)),
        )

    def example_inputs(self, rng: np.random.Generator, batch: int, *inputs: Shape) -> tuple[np.ndarray, ...]:
        return (rng.integers(0, self.tokens, (batch, *inputs[0])).astype(np.float64),)

    def work_values(self, *inputs: Shape) -> int:
        return inputs[0][0]
