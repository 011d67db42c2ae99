"""`Ops` on NumPy: the backend that is always there, in float32 for training and float64 for checking gradients."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from core import keys

Array = np.ndarray


class NumpyOps:
    """Array operations as layers, losses and optimizers use them.

    `iadd`, `isub`, `imul`, `idiv`, `clip` change their first argument in place: for arrays that no cache holds.
    """

    name = "numpy"

    matmul = staticmethod(np.matmul)
    maximum = staticmethod(np.maximum)
    where = staticmethod(np.where)
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

    def array(self, a: Any) -> Array:
        """Floating input as this backend's float type, integers as int32; copied only where it must be."""
        a = np.asarray(a)
        return a.astype(np.int32 if a.dtype.kind in "iub" else self.dtype, copy=False)

    def numpy(self, a: Array) -> np.ndarray:
        """A copy that the caller may keep."""
        return np.array(a)

    def sigmoid(self, z: Array) -> Array:
        """1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2, which cannot overflow."""
        return 0.5 * np.tanh(0.5 * z) + 0.5

    def clip(self, a: Array, limit: float) -> Array:
        """Every entry cut off at ±limit, in place."""
        return np.clip(a, -limit, limit, out=a)

    def sum(self, a: Array) -> Any:
        return np.add.reduce(a, axis=None)

    def sum_rows(self, a: Array) -> Array:
        """Sum over the batch: (batch, n) → (n,)."""
        return np.add.reduce(a, axis=0)

    def sum_last(self, a: Array) -> Array:
        """Sum over the last axis, which stays with size 1."""
        return np.add.reduce(a, axis=-1, keepdims=True)

    def max_last(self, a: Array) -> Array:
        """Largest of the last axis, which stays with size 1."""
        return np.maximum.reduce(a, axis=-1, keepdims=True)

    def one_hot(self, t: Array, classes: int) -> Array:
        """(batch,) class indices → (batch, classes) of 0 and 1."""
        eye = self._eye.get(classes)
        if eye is None:
            eye = self._eye[classes] = np.eye(classes, dtype=self.dtype)
        return eye[t]

    def key(self, key: int) -> np.random.Generator:
        return keys.generator(key)

    def bernoulli(self, key: np.random.Generator, p: float, shape: tuple[int, ...]) -> Array:
        """1 with probability p, else 0."""
        return (key.random(shape, dtype=np.float32) < p).astype(self.dtype)
