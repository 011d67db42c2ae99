"""MaxPool: the largest value of every window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Params, State
from core.layers.windows import Pool


@dataclass(frozen=True)
class MaxPool(Pool):
    """y[p, c] = max of x[i, c] over the positions i in window p.

    x: (batch, T, C) or (batch, H, W, C); H' = floor((H - size) / stride) + 1, with "same" ceil(H / stride).
    dx[i, c] = Σ dy[p, c] over the windows p whose maximum i is; of equal values the first in the window counts, rows
    before columns (Boureau, Ponce and LeCun 2010; Goodfellow et al. 2016, §9.3).
    """

    kind = "max_pool"
    label = "Max pool"
    summary = "Keeps the strongest answer of every window: smaller, and a small shift changes nothing."
    formula = "y = max over the window"
    gradient = "dx = dy where x was the largest, else 0"

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        windows = self.windows(xs[0].shape[1:])
        x = windows.pad(ops, xs[0], -math.inf)
        first, *rest = windows.taps()
        y = x[first]
        for i, tap in enumerate(rest):
            y = ops.maximum(y, x[tap]) if i == 0 else ops.imaximum(y, x[tap])
        return y, (x, y, windows), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        """Place after place of the windows takes what is left of dy where it holds the maximum; the last takes all."""
        x, y, windows = cache
        dx = windows.blank(ops, x)
        *rest, last = windows.taps()
        left = dy
        for i, tap in enumerate(rest):
            taken = ops.multiply(left, x[tap] == y)
            dx = windows.give(ops, dx, tap, taken)
            left = left - taken if i == 0 else ops.isub(left, taken)
        return (windows.unpad(windows.give(ops, dx, last, left)),), {}
