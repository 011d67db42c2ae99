"""Pixels kept as they are, normalised when they are asked for: a quarter of the memory, and one pass to write them."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.data.preprocess import ImageFeature

BLOCK = 256  # images that are normalised at a time where all of them are asked for


def normalised(pixels: np.ndarray, feature: ImageFeature) -> np.ndarray:
    """x' = (x - mean) / scale as float32; pixels: (rows, height, width, channels)."""
    x = np.subtract(pixels, np.array(feature.mean, np.float32), dtype=np.float32)
    x /= np.array(feature.scale, np.float32)
    return x


class Images:
    """Some rows of an array of pixels, as the part of NumPy's array that training and evaluation use; all float32.

    pixels: (images, height, width, channels), memory-mapped; rows: which of them.
    """

    dtype = np.dtype(np.float32)
    ndim = 4

    def __init__(self, pixels: np.ndarray, rows: np.ndarray, feature: ImageFeature) -> None:
        self.pixels, self.rows, self.feature = pixels, rows, feature

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.rows), *self.feature.shape

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """What they would take as float32."""
        return 4 * self.size

    def __getitem__(self, at: Any) -> np.ndarray:
        rows = self.rows[at]
        found = self.pixels[rows] if isinstance(rows, np.ndarray) else self.pixels[rows][None]
        x = normalised(found, self.feature)
        return x if isinstance(rows, np.ndarray) else x[0]

    def take(self, indices: Any, axis: int = 0, out: None = None, mode: str = "raise") -> np.ndarray:
        """As `numpy.take` calls it."""
        return self[np.asarray(indices)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        x = np.empty(self.shape, dtype or np.float32)
        for start in range(0, len(self), BLOCK):
            x[start : start + BLOCK] = self[start : start + BLOCK]
        return x

    def _folded(self, fold: np.ufunc) -> np.ndarray:
        blocks = (self[i : i + BLOCK] for i in range(0, len(self), BLOCK))
        found: np.ndarray | None = None
        for block in blocks:
            one = fold.reduce(block, axis=0)
            found = one if found is None else fold(found, one)
        return np.zeros(self.feature.shape, np.float32) if found is None else found

    def min(self, axis: int = 0) -> np.ndarray:
        return self._folded(np.minimum)

    def max(self, axis: int = 0) -> np.ndarray:
        return self._folded(np.maximum)
