"""`Ops` on NumPy: the backend that is always there, in float32 for training and float64 for checking gradients."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from core import keys
from core.backend import numpy_convolution
from core.backend.convolution import ConvGeometry

Array = np.ndarray
Axis = int | tuple[int, ...] | None


class NumpyOps:
    """Array operations as layers, losses and optimizers use them.

    `iadd`, `isub`, `imul`, `idiv`, `imaximum`, `itanh`, `iadd_matmul`, `clip`, `add_at`, `put` change their first
    argument in place: for arrays that no cache holds.
    """

    name = "numpy"

    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    multiply = staticmethod(np.multiply)
    subtract = staticmethod(np.subtract)
    where = staticmethod(np.where)
    ones_like = staticmethod(np.ones_like)
    tanh = staticmethod(np.tanh)
    exp = staticmethod(np.exp)
    expm1 = staticmethod(np.expm1)
    log = staticmethod(np.log)
    log1p = staticmethod(np.log1p)
    sqrt = staticmethod(np.sqrt)
    square = staticmethod(np.square)
    abs = staticmethod(np.abs)
    sign = staticmethod(np.sign)
    iadd = staticmethod(operator.iadd)
    isub = staticmethod(operator.isub)
    imul = staticmethod(operator.imul)
    idiv = staticmethod(operator.itruediv)

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self._eye: dict[int, Array] = {}
        self._ones: dict[int, Array] = {}

    def array(self, a: Any) -> Array:
        """Floating input as this backend's float type, integers as int32; copied only where it must be."""
        a = np.asarray(a)
        return a.astype(np.int32 if a.dtype.kind in "iub" else self.dtype, copy=False)

    def numpy(self, a: Array) -> np.ndarray:
        """A copy that the caller may keep."""
        return np.array(a)

    def matmul(self, a: Array, b: Array) -> Array:
        return a.dot(b) if a.ndim == 2 == b.ndim else np.matmul(a, b)  # for matrices `dot` is called twice as fast

    def weights_gradient(self, x: Array, dz: Array) -> Array:
        """xᵀ dz, summed over the rows of a batch: (rows, n), (rows, m) → (n, m)."""
        return self.matmul(x.T, dz)

    def sigmoid(self, z: Array) -> Array:
        """1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2, which cannot overflow."""
        return 0.5 * np.tanh(0.5 * z) + 0.5

    def imaximum(self, a: Array, b: Any) -> Array:
        """The larger of a and b, in place of a."""
        return np.maximum(a, b, out=a)

    def clip(self, a: Array, limit: float) -> Array:
        """Every entry cut off at ±limit, in place."""
        return np.clip(a, -limit, limit, out=a)

    def sum(self, a: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
        return a.sum(axis=axis, keepdims=keepdims)

    def mean(self, a: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
        return np.mean(a, axis=axis, keepdims=keepdims)

    def max(self, a: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
        return a.max(axis=axis, keepdims=keepdims)

    def sum_rows(self, a: Array) -> Array:
        """Sum over the batch: (batch, n) → (n,); as a product with a vector of ones, which BLAS makes fastest."""
        return self._ones_of(a).dot(a)

    def _ones_of(self, a: Array) -> Array:
        ones = self._ones.get(len(a))
        if ones is None:
            ones = self._ones[len(a)] = np.ones(len(a), a.dtype)
        return ones

    def inner(self, a: Array, b: Array) -> Any:
        """Σ a b over all entries of two arrays of one shape."""
        return np.vdot(a, b)

    def sum_last(self, a: Array) -> Array:
        """Sum over the last axis, which stays with size 1; as a product with ones, which BLAS makes fastest."""
        flat = a.reshape(-1, a.shape[-1])
        return flat.dot(self._ones_of(flat.T)).reshape(*a.shape[:-1], 1)

    def max_last(self, a: Array) -> Array:
        """Largest of the last axis, which stays with size 1."""
        return np.maximum.reduce(a, axis=-1, keepdims=True)

    def one_hot(self, t: Array, classes: int) -> Array:
        """(batch,) class indices → (batch, classes) of 0 and 1."""
        eye = self._eye.get(classes)
        if eye is None:
            eye = self._eye[classes] = np.eye(classes, dtype=self.dtype)
        return eye[t]

    def empty(self, shape: tuple[int, ...]) -> Array:
        """An array for a result, of whatever numbers."""
        return np.empty(shape, self.dtype)

    def zeros(self, shape: tuple[int, ...]) -> Array:
        return np.zeros(shape, self.dtype)

    def concat(self, parts: list[Array], axis: int) -> Array:
        return np.concatenate(parts, axis=axis)

    def stack(self, parts: list[Array], axis: int) -> Array:
        return np.stack(parts, axis=axis)

    def pad(self, a: Array, widths: tuple[tuple[int, int], ...], value: float = 0.0) -> Array:
        """`value` before and after along every axis, (before, after) each."""
        shape = tuple(before + n + after for n, (before, after) in zip(a.shape, widths, strict=True))
        padded = self.empty(shape)
        padded[...] = value
        padded[tuple(slice(before, before + n) for n, (before, _) in zip(a.shape, widths, strict=True))] = a
        return padded

    def itanh(self, a: Array) -> Array:
        """tanh in place."""
        return np.tanh(a, out=a)

    def iadd_matmul(self, z: Array, a: Array, b: Array) -> Array:
        """z + a b, in place of z."""
        z += np.matmul(a, b)
        return z

    def sum_matmul(self, a: Array, b: Array) -> Array:
        """Σ_k a[k] b[k]: (n, rows, inner) and (n, inner, columns) → (rows, columns)."""
        return np.add.reduce(np.matmul(a, b), axis=0)

    def joined(self, whole: Array, parts: list[Array], axis: int) -> Array:
        """The slices of `whole` along `axis` after in-place operations made `parts` of them: here `whole` itself.

        MLX has no operations in place and stacks the parts.
        """
        return whole

    def known_within(self, a: Array, limit: float) -> bool:
        """Whether all entries are known to lie between ±limit now; MLX, which computes later, does not know."""
        return bool(a.max() < limit and a.min() > -limit)

    def all_known(self, a: Array) -> bool:
        """Whether all entries are known to be true now; MLX, which computes later, does not know."""
        return bool(np.logical_and.reduce(a, axis=None))

    def add_at(self, a: Array, index: tuple[slice, ...], value: Array) -> Array:
        """`a` with `value` added where `index` (slices only) points, in place."""
        a[index] += value
        return a

    def put(self, a: Array, index: tuple[slice, ...], value: Array) -> Array:
        """`a` with `value` where `index` (slices only) points, in place."""
        a[index] = value
        return a

    def repeat(self, a: Array, times: int, axis: int) -> Array:
        """Every entry along the axis `times` times, side by side."""
        return np.repeat(a, times, axis=axis)

    def take_rows(self, a: Array, index: Array) -> Array:
        """Rows of a: (n, ...) at whole numbers index: (...), as an array (*index.shape, ...)."""
        return np.take(a, index, axis=0)

    def scatter_rows(self, value: Array, index: Array, n: int) -> Array:
        """The transpose of `take_rows`: zeros (n, width) with every row of value: (*index.shape, width) added."""
        width = value.shape[-1]
        found = np.zeros(n * width, value.dtype)
        places = index.reshape(-1, 1).astype(np.intp) * width + np.arange(width)
        np.add.at(found, places.ravel(), value.ravel())  # number by number: five times as fast as row by row
        return found.reshape(n, width)

    def integers(self, a: Array) -> Array:
        """Floats that hold whole numbers, as int32."""
        return a.astype(np.int32)

    def conv(self, x: Array, W: Array, g: ConvGeometry) -> tuple[Array, Any]:
        """Convolution without bias and what its gradients need: see `core.backend.convolution`."""
        return numpy_convolution.forward(self, x, W, g)

    def conv_dx(self, saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
        return numpy_convolution.gradient_by_input(self, saved, W, dy, g)

    def conv_dW(self, saved: Any, W: Array, dy: Array, g: ConvGeometry) -> Array:
        return numpy_convolution.gradient_by_weights(self, saved, W, dy, g)

    def normal(self, key: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Standard normal numbers."""
        return key.standard_normal(shape, dtype=np.float32).astype(self.dtype, copy=False)

    def key(self, key: int) -> np.random.Generator:
        return keys.generator(key)

    def bernoulli(self, key: np.random.Generator, p: float, shape: tuple[int, ...]) -> Array:
        """1 with probability p, else 0."""
        return (key.random(shape, dtype=np.float32) < p).astype(self.dtype)
