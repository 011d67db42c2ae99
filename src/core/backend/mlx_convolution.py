"""Convolution on MLX. The gradient by the input is a convolution too (Dumoulin and Visin 2016)."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from core.backend.convolution import ConvGeometry, span

Array = mx.array


def forward(x: Array, W: Array, g: ConvGeometry) -> tuple[Array, Any]:
    """(y, saved) for x: (batch, H, W, C), W: (kh, kw, C / groups, filters)."""
    if _is_pointwise(W, g):
        return x @ W[0, 0], x
    y = mx.conv_general(
        x, W.transpose(3, 0, 1, 2), stride=g.stride, padding=_sides(g.pad), kernel_dilation=g.dilation, groups=g.groups
    )
    return y, x


def _is_pointwise(W: Array, g: ConvGeometry) -> bool:
    """Whether every output sees one position of the input, in order: a matrix product and nothing else."""
    return (*W.shape[:2], *g.stride, g.groups) == (1, 1, 1, 1, 1) and g.pad == ((0, 0), (0, 0))


def _sides(pad: tuple[tuple[int, int], tuple[int, int]]) -> tuple[list[int], list[int]]:
    """MLX's form of paddings: all befores, then all afters."""
    return [before for before, _ in pad], [after for _, after in pad]


def gradient_by_input(saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
    """dx: dy, spread out by the stride, convolved with the turned kernel, inputs and outputs of W exchanged."""
    x: Array = saved
    if _is_pointwise(W, g):
        return dy @ W[0, 0].T
    kh, kw, depth, filters = W.shape
    turned = W[::-1, ::-1].reshape(kh, kw, depth, g.groups, filters // g.groups)
    kernel = turned.transpose(3, 2, 0, 1, 4).reshape(g.groups * depth, kh, kw, filters // g.groups)
    pads = []
    for axis in (0, 1):
        reach = span((kh, kw)[axis], g.dilation[axis])
        before = reach - 1 - g.pad[axis][0]
        spread = (dy.shape[1 + axis] - 1) * g.stride[axis] + 1
        pads.append((before, x.shape[1 + axis] + reach - 1 - spread - before))
    return mx.conv_general(
        dy, kernel, stride=1, padding=_sides((pads[0], pads[1])), kernel_dilation=g.dilation,
        input_dilation=g.stride, groups=g.groups,
    )  # fmt: skip


def gradient_by_weights(saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
    """dW: every patch of x times what came back to it, as one matrix product."""
    x: Array = saved
    kh, kw, depth, _ = W.shape
    padded = mx.pad(x, [(0, 0), *g.pad, (0, 0)])
    n, height, width, channels = padded.shape
    rows, columns = dy.shape[1:3]
    by_row = width * channels
    seen = mx.as_strided(
        padded,
        (n, rows, columns, kh, kw, channels),
        (height * by_row, by_row * g.stride[0], channels * g.stride[1],
         by_row * g.dilation[0], channels * g.dilation[1], 1),
    )  # fmt: skip
    each = [
        seen[..., i * depth : (i + 1) * depth].reshape(-1, kh * kw * depth).T @ d.reshape(-1, d.shape[-1])
        for i, d in enumerate(mx.split(dy, g.groups, axis=-1))
    ]
    return mx.concatenate(each, axis=-1).reshape(W.shape)
