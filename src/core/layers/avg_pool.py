"""AvgPool: the mean of every window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Cache, Params, Shape, State
from core.layers.windows import Pool, Windows


@dataclass(frozen=True)
class AvgPool(Pool):
    """y[p, c] = mean of x[i, c] over the positions i in window p that lie inside the input; |p| is their number.

    x: (batch, T, C) or (batch, H, W, C); H' = floor((H - size) / stride) + 1, with "same" ceil(H / stride).
    dx[i, c] = Σ dy[p, c] / |p| over the windows p that hold i (LeCun et al. 1998, §II.B).
    """

    kind = "avg_pool"
    label = "Average pool"
    summary = "Takes the mean of every window: smaller and smoother."
    formula = "y = mean over the window"
    gradient = "dx = dy / size of the window"

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        windows = self.windows(xs[0].shape[1:])
        x = windows.pad(ops, xs[0], 0.0)
        first, *rest = windows.taps()
        y = x[first]
        for i, tap in enumerate(rest):
            y = y + x[tap] if i == 0 else ops.iadd(y, x[tap])
        return ops.multiply(y, self._share(ops, windows)), windows, s

    def _share(self, ops: Any, windows: Windows) -> Any:
        """1 / |p| for every window, one number where it is the same for all."""
        return ops.array(windows.shares()) if windows.padded else 1.0 / windows.size ** len(windows.sizes)

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        windows: Windows = cache
        share = ops.multiply(dy, self._share(ops, windows))
        dx = windows.blank(ops, dy)
        for tap in windows.taps():
            dx = windows.give(ops, dx, tap, share)
        return (windows.unpad(dx),), {}

    def work_values(self, *inputs: Shape) -> int:
        return 0
