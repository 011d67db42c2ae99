"""What a convolution does, in numbers: shared by both backends and by the layers that convolve.

y[n, i, j, f] = Σ_{a, b, c} x[n, i s + a d - p, j s + b d - p, c] W[a, b, c, f], values outside x being 0
(cross-correlation, as every framework calls it; Goodfellow et al. 2016, §9.1). x: (batch, H, W, C); W: (kh, kw,
C / groups, filters); a one-dimensional convolution is one with H = kh = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True)
class ConvGeometry:
    """stride, dilation: (rows, columns); pad: ((above, below), (left, right)); groups: channels are split into them."""

    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pad: tuple[Pair, Pair] = ((0, 0), (0, 0))
    groups: int = 1


def span(kernel: int, dilation: int) -> int:
    """Length that a dilated kernel covers."""
    return (kernel - 1) * dilation + 1


def padding(kind: str, n: int, kernel: int, stride: int, dilation: int) -> Pair:
    """Zeros (before, after) an axis of n values: "valid" none, "same" so that ceil(n / stride) come out, the odd one
    after, "causal" all before, so that no output sees what comes later."""
    if kind == "valid":
        return (0, 0)
    missing = max(0, (-(-n // stride) - 1) * stride + span(kernel, dilation) - n)
    return (missing, 0) if kind == "causal" else (missing // 2, missing - missing // 2)


def positions(n: int, pad: Pair, kernel: int, stride: int, dilation: int) -> int:
    """How many outputs an axis of n values gives; 0 or less where the kernel does not fit."""
    return (n + sum(pad) - span(kernel, dilation)) // stride + 1
