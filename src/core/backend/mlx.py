"""`Ops` on Apple MLX. Import it only after `core.backend.choose` found that MLX works: a broken build can abort.

MLX evaluates lazily and its streams belong to a thread: one thread makes and owns every array.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

Array = mx.array


class MlxOps:
    """The same operations as `NumpyOps`; the "in place" ones return new arrays, which `mx.compile` fuses."""

    name = "mlx"

    matmul = staticmethod(mx.matmul)
    maximum = staticmethod(mx.maximum)
    where = staticmethod(mx.where)
    tanh = staticmethod(mx.tanh)
    exp = staticmethod(mx.exp)
    expm1 = staticmethod(mx.expm1)
    log = staticmethod(mx.log)
    log1p = staticmethod(mx.log1p)
    sqrt = staticmethod(mx.sqrt)
    square = staticmethod(mx.square)
    abs = staticmethod(mx.abs)
    sign = staticmethod(mx.sign)
    iadd = staticmethod(mx.add)
    isub = staticmethod(mx.subtract)
    imul = staticmethod(mx.multiply)
    idiv = staticmethod(mx.divide)
    sigmoid = staticmethod(mx.sigmoid)
    sum = staticmethod(mx.sum)
    dtype = np.dtype(np.float32)

    def array(self, a: Any) -> Array:
        a = np.asarray(a)
        return mx.array(np.ascontiguousarray(a, dtype=np.int32 if a.dtype.kind in "iub" else np.float32))

    def numpy(self, a: Array) -> np.ndarray:
        """A copy that any thread may keep."""
        return np.array(a)

    def clip(self, a: Array, limit: float) -> Array:
        return mx.clip(a, -limit, limit)

    def sum_rows(self, a: Array) -> Array:
        return mx.sum(a, axis=0)

    def sum_last(self, a: Array) -> Array:
        return mx.sum(a, axis=-1, keepdims=True)

    def max_last(self, a: Array) -> Array:
        return mx.max(a, axis=-1, keepdims=True)

    def one_hot(self, t: Array, classes: int) -> Array:
        return (t[:, None] == mx.arange(classes)[None, :]).astype(mx.float32)

    def key(self, key: int) -> Array:
        return mx.random.key(key)

    def bernoulli(self, key: Array, p: float, shape: tuple[int, ...]) -> Array:
        return (mx.random.uniform(shape=shape, key=key) < p).astype(mx.float32)
