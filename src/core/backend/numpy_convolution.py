"""Convolution on NumPy: patches laid out as rows of a matrix, so that BLAS does the arithmetic (im2col).

Chellapilla, Puri and Simard 2006. The patches stay for the gradient by the weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.backend.convolution import ConvGeometry, positions

Array = np.ndarray


def forward(x: Array, W: Array, g: ConvGeometry) -> tuple[Array, Any]:
    """(y, saved) for x: (batch, H, W, C), W: (kh, kw, C / groups, filters)."""
    kh, kw, _, filters = W.shape
    patches, rows, columns = _patches(x, (kh, kw), g)
    y = np.matmul(patches, _matrices(W, g.groups))  # (groups, batch · rows · columns, filters / groups)
    return _joined(y, (len(x), rows, columns, filters)), (patches, x.shape)


def gradient_by_weights(saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
    """dW, like W."""
    patches, _ = saved
    dW = np.matmul(patches.transpose(0, 2, 1), _grouped(dy, g.groups))
    kh, kw, depth, filters = W.shape
    return dW.transpose(1, 0, 2).reshape(kh, kw, depth, filters) if g.groups > 1 else dW.reshape(W.shape)


def gradient_by_input(saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
    """dx: every patch's gradient added back to where the patch was taken (col2im)."""
    _, shape = saved
    kh, kw, depth, _ = W.shape
    n, rows, columns, _ = dy.shape
    dpatches = np.matmul(_grouped(dy, g.groups), _matrices(W, g.groups).transpose(0, 2, 1))
    dpatches = dpatches.reshape(g.groups, n, rows, columns, kh, kw, depth)
    (above, below), (left, right) = g.pad
    padded = np.zeros((n, shape[1] + above + below, shape[2] + left + right, g.groups, depth), dy.dtype)
    for a in range(kh):
        for b in range(kw):
            into = padded[:, _taps(a, rows, g.stride[0], g.dilation[0]), _taps(b, columns, g.stride[1], g.dilation[1])]
            into += dpatches[:, :, :, :, a, b].transpose(1, 2, 3, 0, 4)
    inner = padded[:, above : above + shape[1], left : left + shape[2]]
    return inner.reshape(shape)


def _taps(offset: int, count: int, stride: int, dilation: int) -> slice:
    """Where the kernel's value at `offset` meets the input, for every output."""
    start = offset * dilation
    return slice(start, start + (count - 1) * stride + 1, stride)


def _patches(x: Array, kernel: tuple[int, int], g: ConvGeometry) -> tuple[Array, int, int]:
    """((groups, batch · rows · columns, kh · kw · C / groups), rows, columns)."""
    n, height, width, channels = x.shape
    rows, columns = (
        positions(size, pad, k, stride, dilation)
        for size, pad, k, stride, dilation in zip((height, width), g.pad, kernel, g.stride, g.dilation, strict=True)
    )
    if g.pad != ((0, 0), (0, 0)):
        x = np.pad(x, ((0, 0), *g.pad, (0, 0)))
    depth = channels // g.groups
    patches = np.empty((g.groups, n, rows, columns, *kernel, depth), x.dtype)
    for a in range(kernel[0]):
        for b in range(kernel[1]):
            seen = x[:, _taps(a, rows, g.stride[0], g.dilation[0]), _taps(b, columns, g.stride[1], g.dilation[1])]
            patches[:, :, :, :, a, b] = seen.reshape(n, rows, columns, g.groups, depth).transpose(3, 0, 1, 2, 4)
    return patches.reshape(g.groups, n * rows * columns, -1), rows, columns


def _matrices(W: Array, groups: int) -> Array:
    """(groups, kh · kw · C / groups, filters / groups)."""
    kh, kw, depth, filters = W.shape
    return W.reshape(kh * kw * depth, groups, filters // groups).transpose(1, 0, 2)


def _grouped(dy: Array, groups: int) -> Array:
    """(groups, batch · rows · columns, filters / groups)."""
    return dy.reshape(-1, groups, dy.shape[-1] // groups).transpose(1, 0, 2)


def _joined(y: Array, shape: tuple[int, ...]) -> Array:
    return y.transpose(1, 0, 2).reshape(shape)
