"""What is timed: networks, their first weights, one batch for each, and the matrix products that no library can avoid.

Everything is channels last, and a weight's last axis is the output unit; peers that differ turn the arrays round.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Shapes = dict[str, dict[str, tuple[int, ...]]]  # layer → name → shape
Weights = dict[str, dict[str, np.ndarray]]

RATE = 1e-3
BETAS = (0.9, 0.999)
EPSILON = 1e-8

CONV = (32, 64)  # filters of the two convolutions, each 3x3 with padding "same", each followed by a 2x2 max pool
CONV_DENSE = 128
STEPS, WIDTH = 32, 64  # of a sequence
HEADS, FEED_FORWARD = 4, 128


class NotApplicable(Exception):
    """A peer has no such network, or this variant changes nothing in it."""


@dataclass(frozen=True)
class Product:
    """y = x W with x: (batch, m, k), W: (batch, k, n), as often as `repeat`; and what its backward pass multiplies.

    parts: of "y" (forward), "dW" = xᵀ dy and "dx" = dy Wᵀ, those that are needed.
    """

    m: int
    k: int
    n: int
    parts: tuple[str, ...] = ("y", "dW", "dx")
    batch: int = 1
    repeat: int = 1


FIRST = ("y", "dW")  # what the first layer needs: nobody asks for the gradient by the rows


@dataclass(frozen=True)
class Workload:
    """family: "mlp", "cnn", "lstm" or "transformer". widths: of an MLP's layers, input and output included.

    bar: the project's aim for PyTorch's time over ours; None where there is none.
    """

    name: str
    family: str
    batch: int
    row: tuple[int, ...]
    classes: int
    widths: tuple[int, ...] = ()
    bar: float | None = None
    products: tuple[Product, ...] = field(default=(), repr=False)

    @property
    def shapes(self) -> Shapes:
        return SHAPES[self.family](self)

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for named in self.shapes.values() for shape in named.values())

    def weights(self) -> Weights:
        """The first weights: normal with variance 1/fan-in, small biases, scales of 1."""
        rng = np.random.default_rng(11)
        return {
            layer: {name: _drawn(rng, name, shape) for name, shape in named.items()}
            for layer, named in self.shapes.items()
        }

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """One batch: x float32, t int32 classes, every class at least once where the batch is large enough."""
        rng = np.random.default_rng(12)
        x = rng.normal(size=(self.batch, *self.row)).astype(np.float32)
        return x, rng.permutation(np.arange(self.batch) % self.classes).astype(np.int32)


def _drawn(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name == "gamma":
        return np.ones(shape, np.float32)
    deviation = 0.05 if len(shape) == 1 else math.prod(shape[:-1]) ** -0.5
    return rng.normal(0.0, deviation, shape).astype(np.float32)


def _dense(inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    return {"W": (inputs, units), "b": (units,)}


def _mlp_shapes(of: Workload) -> Shapes:
    pairs = itertools.pairwise(of.widths)
    return {f"l{i}": _dense(n, m) for i, (n, m) in enumerate(pairs, start=1)}


def _cnn_shapes(of: Workload) -> Shapes:
    height, width, channels = of.row
    first, second = CONV
    return {
        "conv1": {"W": (3, 3, channels, first), "b": (first,)},
        "conv2": {"W": (3, 3, first, second), "b": (second,)},
        "dense": _dense(height // 4 * (width // 4) * second, CONV_DENSE),
        "head": _dense(CONV_DENSE, of.classes),
    }


def _lstm_shapes(of: Workload) -> Shapes:
    inputs = of.row[1]
    lstm = {"W": (inputs, 4 * WIDTH), "U": (WIDTH, 4 * WIDTH), "b": (4 * WIDTH,)}  # gates i, f, g, o
    return {"lstm": lstm, "head": _dense(WIDTH, of.classes)}


def _transformer_shapes(of: Workload) -> Shapes:
    square, bias, norm = (WIDTH, WIDTH), (WIDTH,), {"gamma": (WIDTH,), "beta": (WIDTH,)}
    attention = {f"W{name}": square for name in "qkvo"} | {f"b{name}": bias for name in "qkvo"}
    return {
        "attention": attention, "norm1": norm, "up": _dense(WIDTH, FEED_FORWARD), "down": _dense(FEED_FORWARD, WIDTH),
        "norm2": norm, "head": _dense(WIDTH, of.classes),
    }  # fmt: skip


SHAPES: dict[str, Callable[[Workload], Shapes]] = {
    "mlp": _mlp_shapes, "cnn": _cnn_shapes, "lstm": _lstm_shapes, "transformer": _transformer_shapes
}  # fmt: skip


def _mlp(widths: tuple[int, ...], batch: int, bar: float) -> Workload:
    pairs = list(itertools.pairwise(widths))
    products = tuple(Product(batch, n, m, FIRST if i == 0 else (*FIRST, "dx")) for i, (n, m) in enumerate(pairs))
    name = f"MLP {'-'.join(str(n) for n in widths)}, batch {batch}"
    return Workload(name, "mlp", batch, widths[:1], widths[-1], widths, bar, products)


def _cnn(batch: int) -> Workload:
    first, second = CONV
    products = (  # a convolution as one product: every position of every image is a row
        Product(batch * 28 * 28, 9, first, FIRST),
        Product(batch * 14 * 14, 9 * first, second),
        Product(batch, 7 * 7 * second, CONV_DENSE),
        Product(batch, CONV_DENSE, 10),
    )
    return Workload(f"CNN 28x28, batch {batch}", "cnn", batch, (28, 28, 1), 10, bar=1.0, products=products)


def _lstm(batch: int) -> Workload:
    products = (
        Product(batch * STEPS, WIDTH, 4 * WIDTH, FIRST),
        Product(batch, WIDTH, 4 * WIDTH, ("y", "dx"), repeat=STEPS - 1),
        Product(batch * (STEPS - 1), WIDTH, 4 * WIDTH, ("dW",)),
        Product(batch, WIDTH, 10),
    )
    name = f"LSTM, sequence {STEPS}, width {WIDTH}, batch {batch}"
    return Workload(name, "lstm", batch, (STEPS, WIDTH), 10, products=products)


def _transformer(batch: int) -> Workload:
    rows, head = batch * STEPS, WIDTH // HEADS
    products = (
        Product(rows, WIDTH, WIDTH, FIRST, repeat=3),
        Product(STEPS, head, STEPS, batch=batch * HEADS),
        Product(STEPS, STEPS, head, batch=batch * HEADS),
        Product(rows, WIDTH, WIDTH),
        Product(rows, WIDTH, FEED_FORWARD),
        Product(rows, FEED_FORWARD, WIDTH),
        Product(batch, WIDTH, 10),
    )
    name = f"Transformer block, sequence {STEPS}, width {WIDTH}, batch {batch}"
    return Workload(name, "transformer", batch, (STEPS, WIDTH), 10, products=products)


WORKLOADS: dict[str, Workload] = {
    "2-8-8-2": _mlp((2, 8, 8, 2), 32, 5.0),
    "30-64-32-2": _mlp((30, 64, 32, 2), 128, 3.0),
    "784-256-128-10": _mlp((784, 256, 128, 10), 64, 1.3),
    "784-1024-1024-10": _mlp((784, 1024, 1024, 10), 256, 1.1),
    "cnn": _cnn(64),
    "lstm": _lstm(32),
    "transformer": _transformer(32),
}
