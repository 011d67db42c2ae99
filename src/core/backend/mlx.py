"""`Ops` on Apple MLX. Import it only after `core.backend.choose` found that MLX works: a broken build can abort.

MLX evaluates lazily and its streams belong to a thread: one thread makes and owns every array.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from core.backend import mlx_convolution
from core.backend.convolution import ConvGeometry

Array = mx.array
Axis = int | tuple[int, ...] | None


class MlxOps:
    """The same operations as `NumpyOps`; the "in place" ones return new arrays, which `mx.compile` fuses."""

    name = "mlx"

    matmul = staticmethod(mx.matmul)
    maximum = staticmethod(mx.maximum)
    where = staticmethod(mx.where)
    ones_like = staticmethod(mx.ones_like)
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
    itanh = staticmethod(mx.tanh)
    sigmoid = staticmethod(mx.sigmoid)
    minimum = staticmethod(mx.minimum)
    multiply = staticmethod(mx.multiply)
    subtract = staticmethod(mx.subtract)
    imaximum = staticmethod(mx.maximum)
    empty = staticmethod(mx.zeros)
    dtype = np.dtype(np.float32)

    def array(self, a: Any) -> Array:
        a = np.asarray(a)
        return mx.array(np.ascontiguousarray(a, dtype=np.int32 if a.dtype.kind in "iub" else np.float32))

    def numpy(self, a: Array) -> np.ndarray:
        """A copy that any thread may keep."""
        return np.array(a)

    def clip(self, a: Array, limit: float) -> Array:
        return mx.clip(a, -limit, limit)

    def sum(self, a: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
        return mx.sum(a, axis=axis, keepdims=keepdims)

    def mean(self, a: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
        return mx.mean(a, axis=axis, keepdims=keepdims)

    def max(self, a: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
        return mx.max(a, axis=axis, keepdims=keepdims)

    def sum_rows(self, a: Array) -> Array:
        return mx.sum(a, axis=0)

    def inner(self, a: Array, b: Array) -> Array:
        return mx.sum(a * b)

    def sum_last(self, a: Array) -> Array:
        return mx.sum(a, axis=-1, keepdims=True)

    def max_last(self, a: Array) -> Array:
        return mx.max(a, axis=-1, keepdims=True)

    def one_hot(self, t: Array, classes: int) -> Array:
        return (t[:, None] == mx.arange(classes)[None, :]).astype(mx.float32)

    def zeros(self, shape: tuple[int, ...]) -> Array:
        return mx.zeros(shape)

    def concat(self, parts: list[Array], axis: int) -> Array:
        return mx.concatenate(parts, axis=axis)

    def stack(self, parts: list[Array], axis: int) -> Array:
        return mx.stack(parts, axis=axis)

    def pad(self, a: Array, widths: tuple[tuple[int, int], ...], value: float = 0.0) -> Array:
        return mx.pad(a, list(widths), constant_values=value)

    def iadd_matmul(self, z: Array, a: Array, b: Array) -> Array:
        return mx.addmm(z, a, b)

    def sum_matmul(self, a: Array, b: Array) -> Array:
        return mx.sum(a @ b, axis=0)

    def joined(self, whole: Array, parts: list[Array], axis: int) -> Array:
        return mx.stack(parts, axis=axis)

    def known_within(self, a: Array, limit: float) -> bool:
        return False

    def all_known(self, a: Array) -> bool:
        return False

    def add_at(self, a: Array, index: tuple[slice, ...], value: Array) -> Array:
        return a.at[index].add(value)

    def put(self, a: Array, index: tuple[slice, ...], value: Array) -> Array:
        a[index] = value
        return a

    def repeat(self, a: Array, times: int, axis: int) -> Array:
        return mx.repeat(a, times, axis=axis)

    def take_rows(self, a: Array, index: Array) -> Array:
        return mx.take(a, index, axis=0)

    def scatter_rows(self, value: Array, index: Array, n: int) -> Array:
        flat = value.reshape(-1, value.shape[-1])
        return mx.zeros((n, value.shape[-1])).at[index.reshape(-1)].add(flat)

    def integers(self, a: Array) -> Array:
        return a.astype(mx.int32)

    def weights_gradient(self, x: Array, dz: Array) -> Array:
        return x.T @ dz

    def conv(self, x: Array, W: Array, g: ConvGeometry) -> tuple[Array, Any]:
        return mlx_convolution.forward(x, W, g)

    def conv_dx(self, saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
        return mlx_convolution.gradient_by_input(saved, W, dy, g)

    def conv_dW(self, saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
        return mlx_convolution.gradient_by_weights(saved, W, dy, g)

    def normal(self, key: Array, shape: tuple[int, ...]) -> Array:
        return mx.random.normal(shape=shape, key=key)

    def key(self, key: int) -> Array:
        return mx.random.key(key)

    def bernoulli(self, key: Array, p: float, shape: tuple[int, ...]) -> Array:
        return (mx.random.uniform(shape=shape, key=key) < p).astype(mx.float32)
