"""EmbedColumns: codes of labels in a row of columns become learned numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper

MOST_TOKENS = 4_000_000


@dataclass(frozen=True)
class EmbedColumns(Layer):
    """y = [all other values of x in their order, W_0[x_c0], W_1[x_c1], ...], x: (batch, n), W_k: (tokens_k, width),
    y: (batch, n - columns + columns · width).

    x_ck: whole numbers from 0 to tokens_k - 1; others count as the first or the last. dW_k[j] = Σ of the part of dy
    that came from W_k, over all rows with x_ck = j: the product of one-hot rows with W_k, never formed (Guo and
    Berkhahn 2016, Entity embeddings of categorical variables). dx = the part of dy that came from x; 0 for codes, which
    have no neighbours to move to. What holds weights back (L1, L2, decay, max-norm) does not act on W_k, whose rows are
    values rather than weights.
    """

    kind = "embed_columns"
    label = "Embed columns"
    group = "core"
    summary = "Turns the codes of labels, such as towns, into learned numbers: alike labels come to lie close together."
    formula = "y = [the other values, W₀[x₀], W₁[x₁], …]"
    gradient = "dWₖ[j] = Σ dy where xₖ = j"

    columns: tuple[int, ...] = hyper(
        (0,), "Columns", "Which values of a row are codes, counted from 0. They follow from the data.", kind="counts",
        minimum=0, maximum=1_000_000,
    )  # fmt: skip
    tokens: tuple[int, ...] = hyper(
        (2,), "Tokens", "How many codes each of these columns has, counted from 0. They follow from the data.",
        kind="counts", minimum=1, maximum=MOST_TOKENS,
    )  # fmt: skip
    width: int = hyper(
        4, "Width", "Numbers that stand for one label. More can tell finer differences.", minimum=1, maximum=4096
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != 1:
            sizes = "×".join(str(n) for n in shape)
            raise SpecError(f"Embed columns reads a row of values, but its input is {sizes}.")
        if len(self.columns) != len(self.tokens):
            raise SpecError(f"It names {len(self.columns)} columns and how many codes {len(self.tokens)} have.")
        if len(set(self.columns)) != len(self.columns) or max(self.columns) >= shape[0]:
            raise SpecError(f"Its columns must be different ones of the {shape[0]:,} values of a row, counted from 0.")
        return (shape[0] + len(self.columns) * (self.width - 1),)

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return {f"W{k}": (tokens, self.width) for k, tokens in enumerate(self.tokens)}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        """N(0, 1 / width): points about 1 away from the origin. Code 0, of labels that training may never show, begins
        at the origin itself."""
        params = {name: rng.normal(0.0, self.width**-0.5, s) for name, s in self.parameter_shapes(*inputs).items()}
        for W in params.values():
            W[0] = 0.0
        return params, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        codes = [ops.integers(_inside(ops, x[:, c], n) + 0.5) for c, n in zip(self.columns, self.tokens, strict=True)]
        points = [ops.take_rows(p[f"W{k}"], code) for k, code in enumerate(codes)]
        rest = [x[:, start:stop] for start, stop in self._runs(x.shape[1])]
        return ops.concat([*rest, *points], axis=-1), codes, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        rows, values = dy.shape[0], dy.shape[1] - len(self.columns) * (self.width - 1)
        places = {column: ops.zeros((rows, 1)) for column in self.columns}
        at = 0
        for start, stop in self._runs(values):
            places[start] = dy[:, at : at + stop - start]
            at += stop - start
        dx = ops.concat([places[start] for start in sorted(places)], axis=-1)
        return (dx,), self.parameter_gradients(ops, p, cache, dy)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        first = dy.shape[1] - len(self.columns) * self.width
        return {
            f"W{k}": ops.scatter_rows(dy[:, first + k * self.width : first + (k + 1) * self.width], code, tokens)
            for k, (code, tokens) in enumerate(zip(cache, self.tokens, strict=True))
        }

    def _runs(self, values: int) -> list[tuple[int, int]]:
        """(start, stop) of the values between the columns, where there are any."""
        ends = [-1, *sorted(self.columns), values]
        return [(before + 1, after) for before, after in pairwise(ends) if after > before + 1]

    def describe(self) -> str:
        count = len(self.columns)
        return f"Embed {'1 column' if count == 1 else f'{count:,} columns'} · {self.width}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(columns=(1,), tokens=(5,), width=3), ((4,),)),
            (cls(columns=(0, 2, 3), tokens=(3, 4, 2), width=2), ((6,),)),
            (cls(columns=(3, 1), tokens=(3, 6), width=2), ((4,),)),
            (cls(), ((1,),)),
        )

    def example_inputs(self, rng: np.random.Generator, batch: int, *inputs: Shape) -> tuple[np.ndarray, ...]:
        x = rng.normal(size=(batch, *inputs[0]))
        for column, tokens in zip(self.columns, self.tokens, strict=True):
            x[:, column] = rng.integers(0, tokens, batch)
        return (x,)

    def work_values(self, *inputs: Shape) -> int:
        return len(self.columns)


def _inside(ops: Any, x: Array, tokens: int) -> Array:
    """NaN becomes 0 too."""
    return ops.minimum(ops.where(x > 0, x, 0), tokens - 1)
