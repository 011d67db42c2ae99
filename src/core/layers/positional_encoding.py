"""PositionalEncoding: tells every step of a sequence where it stands, which attention alone would not know."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.sequences import PADDING_HELP, padded_example, real_steps, sequence_shape
from core.values import hyper


@functools.lru_cache(maxsize=4)
def positions(steps: int, width: int) -> np.ndarray:
    """P: (steps, width) with P[t, 2i] = sin(t / 10000^(2i/width)), P[t, 2i+1] = cos of the same. Not to be changed."""
    angle = np.arange(steps)[:, None] / 10_000.0 ** (np.arange(0, width, 2) / width)
    table = np.zeros((steps, width))
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : width // 2])
    table.flags.writeable = False
    return table


@dataclass(frozen=True)
class PositionalEncoding(Layer):
    """y = x + P, with P[t, 2i] = sin(t / 10000^(2i/C)), P[t, 2i+1] = cos(t / 10000^(2i/C)); dx = dy.

    x, y: (batch, T, C); P: (T, C), the same for all rows, nothing trained (Vaswani et al. 2017, §3.5). Padding stays 0.
    """

    kind = "positional_encoding"
    label = "Positional encoding"
    group = "sequence"
    summary = "Adds waves of different length to the steps, so that attention can tell first from last."
    formula = "y = x + [sin(t ω) cos(t ω)]"
    gradient = "dx = dy"

    skip_padding: bool = hyper(True, "Skip padding", PADDING_HELP)

    def output_shape(self, *inputs: Shape) -> Shape:
        return sequence_shape(self.label, inputs[0])

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        table = ops.array(positions(*x.shape[1:]))
        real = real_steps(ops, x) if self.skip_padding else None
        return x + (table if real is None else ops.multiply(real[..., None], table)), None, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (dy,), {}

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return ((cls(), ((7, 4),)), (cls(skip_padding=False), ((6, 3),)), (cls(), ((1, 1),)))

    def example_inputs(self, rng: np.random.Generator, batch: int, *inputs: Shape) -> tuple[np.ndarray, ...]:
        return (padded_example(rng, batch, inputs[0]),)
