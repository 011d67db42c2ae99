"""Convolution where every channel has one kernel of its own (Howard et al. 2017), on NumPy.

No two channels are summed, so that matrix products would have one column each: value by value is several times faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from core.backend.convolution import ConvGeometry

Array = np.ndarray


def taps(
    kernel: tuple[int, ...], counts: tuple[int, ...], g: ConvGeometry
) -> Iterator[tuple[int, int, tuple[slice, slice, slice]]]:
    """(a, b, where the kernel's value at (a, b) meets the padded input, for every output)."""
    for a in range(kernel[0]):
        for b in range(kernel[1]):
            first, second = (
                slice(start, start + (count - 1) * stride + 1, stride)
                for start, count, stride in zip((a * g.dilation[0], b * g.dilation[1]), counts, g.stride, strict=True)
            )
            yield a, b, (slice(None), first, second)


def forward(ops: Any, padded: Array, W: Array, y: Array, g: ConvGeometry) -> None:
    """Fills y: (batch, rows, columns, C); W: (kh, kw, 1, C)."""
    product = ops.empty(y.shape)
    for a, b, tap in taps(W.shape[:2], y.shape[1:3], g):
        if a == b == 0:
            np.multiply(padded[tap], W[a, b, 0], out=y)
        else:
            y += np.multiply(padded[tap], W[a, b, 0], out=product)


def gradient_by_weights(ops: Any, padded: Array, W: Array, dy: Array, g: ConvGeometry) -> Array:
    dW: Array = ops.empty(W.shape)
    product = ops.empty(dy.shape)
    for a, b, tap in taps(W.shape[:2], dy.shape[1:3], g):
        np.multiply(padded[tap], dy, out=product)
        dW[a, b, 0] = ops.sum_rows(product.reshape(-1, dy.shape[-1]))
    return dW


def gradient_by_input(ops: Any, W: Array, dy: Array, dx: Array, g: ConvGeometry) -> None:
    """Adds to dx: like the padded input."""
    product = ops.empty(dy.shape)
    for a, b, tap in taps(W.shape[:2], dy.shape[1:3], g):
        dx[tap] += np.multiply(dy, W[a, b, 0], out=product)
