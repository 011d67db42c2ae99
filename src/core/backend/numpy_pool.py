"""`NumpyOps` that hands the same buffers out again at every step, so that large results need no fresh memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.backend.numpy import Array, NumpyOps


class PooledOps(NumpyOps):
    """The i-th result of a step lies where the i-th result of the step before lay, if it has the same shape.

    So results are good until the next `restart` only: what is to be kept longer is copied by the caller. A step asks
    for its results in the same order every time; where it does not, a buffer is made anew.
    """

    def __init__(self, dtype: Any = np.float32) -> None:
        super().__init__(dtype)
        self._buffers: list[Array] = []
        self._at = 0

    def restart(self) -> None:
        """A new step begins: its results take the places of the last one's."""
        self._at = 0

    def empty(self, shape: tuple[int, ...]) -> Array:
        i = self._at
        self._at = i + 1
        if i < len(self._buffers):
            found = self._buffers[i]
            if found.shape == shape:
                return found
        made = np.empty(shape, self.dtype)
        self._buffers[i : i + 1] = [made]
        return made

    def adopt(self, result: Array, view: Array) -> None:
        """From the next step on the operation that gave `result` writes into `view` itself.

        `result` may be a buffer in another shape; nothing happens where it is none.
        """
        place = result.__array_interface__["data"][0]
        for i, buffer in enumerate(self._buffers):
            same = buffer.__array_interface__["data"][0] == place and buffer.size == result.size
            if same and result.flags.c_contiguous:
                self._buffers[i] = view.reshape(buffer.shape)
                return

    def matmul(self, a: Array, b: Array) -> Array:
        if a.ndim == 2 == b.ndim:
            return np.matmul(a, b, out=self.empty((a.shape[0], b.shape[1])))
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return np.matmul(a, b, out=self.empty((*batch, a.shape[-2], b.shape[-1])))

    def multiply(self, a: Array, b: Any) -> Array:  # type: ignore[override]
        return np.multiply(a, b, out=self.empty(np.broadcast_shapes(a.shape, np.shape(b))))

    def sum_rows(self, a: Array) -> Array:
        return np.dot(self._ones_of(a), a, out=self.empty(a.shape[1:]))

    def maximum(self, a: Array, b: Any) -> Array:  # type: ignore[override]
        return np.maximum(a, b, out=self.empty(a.shape) if a.dtype == self.dtype else None)

    def tanh(self, a: Array) -> Array:  # type: ignore[override]
        return np.tanh(a, out=self.empty(a.shape))

    def exp(self, a: Array) -> Array:  # type: ignore[override]
        return np.exp(a, out=self.empty(a.shape))
