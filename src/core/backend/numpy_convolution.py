"""Convolution on NumPy: patches laid out as rows of a matrix, so that BLAS does the arithmetic (im2col).

Chellapilla, Puri and Simard 2006. Patches are larger than the input by the size of the kernel; they are laid out for a
part of the batch at a time, and anew for the gradient by the weights, which costs less than keeping them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from core.backend import numpy_depthwise
from core.backend.convolution import ConvGeometry, positions, span

Array = np.ndarray
PART = 1 << 19  # numbers that the patches of one part of a batch may be: they stay in the processor's cache


def forward(ops: Any, x: Array, W: Array, g: ConvGeometry) -> tuple[Array, Any]:
    """(y, saved) for x: (batch, H, W, C), W: (kh, kw, C / groups, filters)."""
    kh, kw, _, filters = W.shape
    rows, columns = (
        positions(size, pad, k, stride, dilation)
        for size, pad, k, stride, dilation in zip(x.shape[1:3], g.pad, (kh, kw), g.stride, g.dilation, strict=True)
    )
    padded = _padded(ops, x, g)
    y = ops.empty((len(x), rows, columns, filters))
    if _is_depthwise(W, g):
        numpy_depthwise.forward(ops, padded, W, y, g)
        return y, (padded, x.shape)
    kernels = _by_group(W, g.groups)
    for part, patches in _parts(ops, padded, (kh, kw), (rows, columns), g):
        np.matmul(patches, kernels, out=_by_group(y[part], g.groups))
    return y, (padded, x.shape)


def gradient_by_weights(ops: Any, saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
    """dW, like W."""
    padded, _ = saved
    if _is_depthwise(W, g):
        return numpy_depthwise.gradient_by_weights(ops, padded, W, dy, g)
    dW = ops.empty(W.shape)
    into = _by_group(dW, g.groups)
    for part, patches in _parts(ops, padded, W.shape[:2], dy.shape[1:3], g):
        turned = patches.swapaxes(-1, -2)
        if part.start == 0:
            np.matmul(turned, _by_group(dy[part], g.groups), out=into)
        else:
            into += np.matmul(turned, _by_group(dy[part], g.groups))
    return dW


def gradient_by_input(ops: Any, saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
    """dx, where steps are of 1 as the convolution of dy with the turned kernel (Dumoulin and Visin 2016, §4), elsewhere
    as every patch's gradient added back to where the patch was taken (col2im)."""
    padded, shape = saved
    if _is_pointwise(W.shape[:2], g):
        dx = ops.empty(shape)
        np.matmul(dy.reshape(-1, dy.shape[-1]), W[0, 0].T, out=dx.reshape(-1, shape[-1]))
        return dx
    back = _way_back(W, g)
    if back is not None and not _is_depthwise(W, g):
        return forward(ops, dy, _turned(W, g.groups), back)[0]
    dx = ops.empty(padded.shape)
    dx[...] = 0
    if _is_depthwise(W, g):
        numpy_depthwise.gradient_by_input(ops, W, dy, dx, g)
    else:
        _add_patches(ops, W, dy, dx, g)
    (above, _), (left, _) = g.pad
    return dx[:, above : above + shape[1], left : left + shape[2]]


def _way_back(W: Array, g: ConvGeometry) -> ConvGeometry | None:
    """The convolution that takes dy to dx, where there is one: every pad is one kernel less what it was in front."""
    reach = [span(k, d) - 1 for k, d in zip(W.shape, g.dilation, strict=False)]
    above, beside = ((r - before, r - after) for r, (before, after) in zip(reach, g.pad, strict=True))
    if g.stride != (1, 1) or min(*above, *beside) < 0:
        return None
    return ConvGeometry(g.stride, g.dilation, (above, beside), g.groups)


def _turned(W: Array, groups: int) -> Array:
    """The kernel turned by half a circle, inputs and outputs exchanged: (kh, kw, filters / groups, C)."""
    kh, kw, depth, filters = W.shape
    by_group = W[::-1, ::-1].reshape(kh, kw, depth, groups, filters // groups)
    return np.ascontiguousarray(by_group.transpose(0, 1, 4, 3, 2)).reshape(kh, kw, filters // groups, -1)


def _add_patches(ops: Any, W: Array, dy: Array, dx: Array, g: ConvGeometry) -> None:
    """The gradient of every patch, added to `dx` where it was taken, for a part of the batch at a time.

    The product goes place by place of the kernel, so that whole rows of positions are added at once.
    """
    kh, kw, depth, _ = W.shape
    n, rows, columns, _ = dy.shape
    size = _images((kh, kw), (rows, columns), dx.shape[-1])
    by_tap = W.reshape(kh * kw, depth, g.groups, -1).transpose(0, 2, 3, 1)
    split = dx.reshape(*dx.shape[:3], g.groups, depth)
    buffer = ops.empty((kh * kw, g.groups, min(size, n) * rows * columns, depth))
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        found = buffer[:, :, : (part.stop - start) * rows * columns]
        np.matmul(_by_group(dy[part], g.groups), by_tap, out=found)
        patches = found.reshape(kh, kw, g.groups, -1, rows, columns, depth)
        for a, b, tap in numpy_depthwise.taps((kh, kw), (rows, columns), g):
            split[part][tap] += patches[a, b].transpose(1, 2, 3, 0, 4)


def _padded(ops: Any, x: Array, g: ConvGeometry) -> Array:
    return x if g.pad == ((0, 0), (0, 0)) else ops.pad(x, ((0, 0), *g.pad, (0, 0)))


def _is_pointwise(kernel: tuple[int, ...], g: ConvGeometry) -> bool:
    """Whether every output sees one position of the input, in order: a matrix product and nothing else."""
    return (*kernel, *g.stride, g.groups) == (1, 1, 1, 1, 1) and g.pad == ((0, 0), (0, 0))


def _is_depthwise(W: Array, g: ConvGeometry) -> bool:
    """Whether every channel has one kernel of its own."""
    return W.shape[2] == 1 and W.shape[3] == g.groups > 1


def _images(kernel: tuple[int, ...], counts: tuple[int, ...], channels: int) -> int:
    """How many images have their patches laid out at once."""
    each = kernel[0] * kernel[1] * counts[0] * counts[1] * channels
    return max(1, PART // max(each, 1))


def _parts(
    ops: Any, padded: Array, kernel: tuple[int, ...], counts: tuple[int, ...], g: ConvGeometry
) -> Iterator[tuple[slice, Array]]:
    """Part after part of the batch with its patches: (images · rows · columns, kh · kw · C), or with groups
    (groups, images · rows · columns, kh · kw · C / groups). The patches of one part take the place of the last."""
    n, channels = len(padded), padded.shape[-1]
    if _is_pointwise(kernel, g):
        yield slice(0, n), padded.reshape(-1, channels)
        return
    size = _images(kernel, counts, channels)
    seen = _seen(padded, kernel, counts, g)
    taps = kernel[0] * kernel[1] * channels // g.groups
    order = (3, 4, 5, 6, 0, 1, 2) if channels == 1 else (5, 0, 1, 2, 3, 4, 6)  # long runs are copied fastest
    buffer = ops.empty(tuple(min(size, n) if axis == 0 else seen.shape[axis] for axis in order))
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        if channels == 1:
            patches = buffer[:, :, :, :, : part.stop - start]
            patches[...] = seen[part].transpose(order)
            yield part, patches.reshape(taps, -1).T
        else:
            patches = buffer[:, : part.stop - start]
            patches[...] = seen[part].transpose(order)
            yield part, patches.reshape((g.groups, -1, taps) if g.groups > 1 else (-1, taps))


def _seen(padded: Array, kernel: tuple[int, ...], counts: tuple[int, ...], g: ConvGeometry) -> Array:
    """What every output sees, as a view: (batch, rows, columns, kh, kw, groups, C / groups)."""
    n, _, _, channels = padded.shape
    by_image, by_row, by_column, by_channel = padded.strides
    depth = channels // g.groups
    shape = (n, *counts, *kernel, g.groups, depth)
    steps = (
        by_image, by_row * g.stride[0], by_column * g.stride[1], by_row * g.dilation[0], by_column * g.dilation[1],
        by_channel * depth, by_channel,
    )  # fmt: skip
    if padded.flags.c_contiguous:  # the same view for a tenth of the time
        return np.ndarray(shape, padded.dtype, padded, 0, steps)
    return np.lib.stride_tricks.as_strided(padded, shape, steps, writeable=False)


def _by_group(a: Array, groups: int) -> Array:
    """All axes but the last as one, or with groups (groups, all those axes, last axis / groups), as a view."""
    if groups == 1:
        return a.reshape(-1, a.shape[-1])
    return a.reshape(-1, groups, a.shape[-1] // groups).transpose(1, 0, 2)
