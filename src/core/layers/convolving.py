"""What one- and two-dimensional convolution share. Arrays here have two axes of positions; a sequence has one row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from core import activations, initializers
from core.backend.convolution import ConvGeometry, Pair, padding, positions, span
from core.errors import SpecError
from core.layers.base import Array, Cache, Params, Shape

MOST_FILTERS = 100_000
GROUPS_HELP = (
    "Splits channels and filters into groups that do not see each other. As many as channels: each channel is filtered "
    "on its own (depthwise)."
)
PADDING_HELP = (
    "Same: zeros around the input, so that the size stays (divided by the stride). Valid: none, so it shrinks."
)
DILATION_HELP = "Distance between the values that the kernel looks at. 2 skips every second one: it sees wider."


def geometry(
    sizes: Pair, *, kernel: Pair, stride: Pair, dilation: Pair, kinds: tuple[str, str], groups: int
) -> ConvGeometry:
    """The convolution of an input of `sizes` positions; kinds: of padding, for either axis."""
    above, beside = (
        padding(kind, n, k, s, d) for kind, n, k, s, d in zip(kinds, sizes, kernel, stride, dilation, strict=True)
    )
    return ConvGeometry(stride, dilation, (above, beside), groups)


def output_sizes(sizes: Pair, kernel: Pair, g: ConvGeometry) -> Pair:
    rows, columns = (
        positions(n, pad, k, s, d) for n, pad, k, s, d in zip(sizes, g.pad, kernel, g.stride, g.dilation, strict=True)
    )
    return rows, columns


def check_groups(label: str, channels: int, filters: int, groups: int) -> None:
    """Raises SpecError where groups do not divide both."""
    if channels % groups == 0 == filters % groups:
        return
    fitting = math.gcd(math.gcd(channels, groups), filters)
    split = f"{channels} channels" if channels % groups else f"{filters} filters"
    raise SpecError(
        f"{label} cannot split {split} into {groups} equal groups.",
        fix=(f"Set groups to {fitting}", {"groups": fitting}),
    )


def does_not_fit(label: str, size: int, kernel: int, dilation: int, *, axis: str) -> str:
    """Why a kernel without padding cannot be laid on an axis of that size, in words."""
    wide = f"{span(kernel, dilation)} values" if dilation == 1 else f"{span(kernel, dilation)} values with its gaps"
    return f"The kernel of {label} covers {wide}, but its input has {size} {axis}."


def initializer(name: str, activation: str) -> str:
    """The initializer that "auto" stands for, or the one that was chosen."""
    return activations.ACTIVATIONS[activation].initializer if name == "auto" else name


def fresh(
    rng: np.random.Generator, shape: Shape, initializer: str, *, groups: int, use_bias: bool
) -> dict[str, np.ndarray]:
    """W of `shape`: (*kernel, C / groups, filters), and b = 0.

    fan_in = kernel · C / groups: the values that one output sums; fan_out = kernel · filters / groups: the outputs that
    one value feeds (Glorot and Bengio 2010; He et al. 2015, §2.2).
    """
    taps = math.prod(shape[:-2])
    W = initializers.initialize(initializer, rng, shape, fan_in=taps * shape[-2], fan_out=taps * shape[-1] // groups)
    return {"W": W, "b": np.zeros(shape[-1])} if use_bias else {"W": W}


def forward(ops: Any, x: Array, W: Array, b: Array | None, g: ConvGeometry, activation: str) -> tuple[Array, Cache]:
    """y = f(conv(x, W) + b) and the cache of the functions below; x: (batch, H, W, C), W: (kh, kw, C / groups, F)."""
    z, saved = ops.conv(x, W, g)
    if b is not None:
        z = ops.iadd(z, b)
    y, kept = activations.ACTIVATIONS[activation].bend(ops, z)
    return y, (saved, kept, y, g)


def by_sum(ops: Any, cache: Cache, dy: Array, activation: str) -> Array:
    """dz, the gradient by the weighted sum."""
    _, z, y, _ = cache
    return activations.ACTIVATIONS[activation].backward(ops, z, y, dy)


def by_input(ops: Any, W: Array, cache: Cache, dz: Array) -> Array:
    return ops.conv_dx(cache[0], W, dz, cache[3])


def by_parameters(ops: Any, W: Array, cache: Cache, dz: Array, *, use_bias: bool) -> Params:
    grads = {"W": ops.conv_dW(cache[0], W, dz, cache[3])}
    if use_bias:
        grads["b"] = ops.sum_rows(dz.reshape(-1, dz.shape[-1]))
    return grads


def work_values(sizes: Pair, channels: int, outputs: int, g: ConvGeometry, activation: str) -> int:
    """The padded input, where there is padding, and z, where the activation's way back reads it."""
    (above, below), (left, right) = g.pad
    padded = (sizes[0] + above + below) * (sizes[1] + left + right) * channels if above + below + left + right else 0
    return padded + (outputs if activations.ACTIVATIONS[activation].reads_z else 0)
