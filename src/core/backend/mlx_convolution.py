"""Convolution on MLX: each gradient is a convolution too (Dumoulin and Visin 2016)."""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from core.backend.convolution import ConvGeometry, span

Array = mx.array


def forward(x: Array, W: Array, g: ConvGeometry) -> tuple[Array, Any]:
    """(y, saved) for x: (batch, H, W, C), W: (kh, kw, C / groups, filters)."""
    y = mx.conv_general(
        x, W.transpose(3, 0, 1, 2), stride=g.stride, padding=_sides(g.pad), kernel_dilation=g.dilation, groups=g.groups
    )
    return y, x


def _sides(pad: tuple[tuple[int, int], tuple[int, int]]) -> tuple[list[int], list[int]]:
    """MLX's form of paddings: all befores, then all afters."""
    return [before for before, _ in pad], [after for _, after in pad]


def gradient_by_input(saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
    """dx: dy, spread out by the stride, convolved with the turned kernel, inputs and outputs of W exchanged."""
    x: Array = saved
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
    """dW: x convolved with dy, which stands for the kernel, the batch taking the part of the channels."""
    x: Array = saved
    kh, kw, depth, _ = W.shape
    if g.groups > 1:
        each = [
            _weights_of_group(x[..., i * depth : (i + 1) * depth], d, g, (kh, kw))
            for i, d in enumerate(mx.split(dy, g.groups, axis=-1))
        ]
        return mx.concatenate(each, axis=-1)
    return _weights_of_group(x, dy, g, (kh, kw))


def _weights_of_group(x: Array, dy: Array, g: ConvGeometry, kernel: tuple[int, int]) -> Array:
    found = mx.conv_general(
        x.transpose(3, 1, 2, 0), dy.transpose(3, 1, 2, 0), stride=g.dilation, padding=_sides(g.pad),
        kernel_dilation=g.stride,
    )  # fmt: skip
    return found[:, : kernel[0], : kernel[1]].transpose(1, 2, 0, 3)
