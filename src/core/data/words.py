"""Words of a text, counted in a fixed number of buckets: the hashing trick, which needs no list of words.

x_b = count_b / sqrt(sum of count^2), with the bucket b = crc32(word) mod width of each word in lower letters; zeros
where there is none. Two words in one bucket are not told apart. Source: Weinberger et al. 2009, Feature hashing for
large scale multitask learning, without its signs, so that all values stay at or above zero.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np

from core.data import cells

_WORD = re.compile(r"\w+")
PIECE_VALUES = 2_000_000  # counted at a time
REMEMBERED = 1_000_000  # words; beyond, each is hashed anew


class WordCounter:
    """Counts words in `width` buckets, and remembers the bucket of each word."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._known: dict[str, int] = {}

    def __call__(self, texts: Sequence[str | None]) -> np.ndarray:
        """(texts, width) float32."""
        step = max(1, PIECE_VALUES // self._width)
        x = np.zeros((len(texts), self._width), np.float32)
        for start in range(0, len(texts), step):
            x[start : start + step] = self._counted(texts[start : start + step])
        return x

    def _counted(self, texts: Sequence[str | None]) -> np.ndarray:
        found = [self._buckets(text) for text in texts]
        rows = np.repeat(np.arange(len(texts)), [len(some) for some in found])
        buckets = np.array([bucket for some in found for bucket in some], np.int64)
        counts = np.bincount(rows * self._width + buckets, minlength=len(texts) * self._width)
        counts = counts.reshape(len(texts), self._width).astype(np.float64)
        length = np.sqrt((counts * counts).sum(axis=1, keepdims=True))
        return counts / np.where(length > 0, length, 1.0)

    def _buckets(self, text: str | None) -> list[int]:
        if text is None or text.strip() in cells.MISSING:
            return []
        return [self._bucket(word) for word in _WORD.findall(text.lower())]

    def _bucket(self, word: str) -> int:
        bucket = self._known.get(word)
        if bucket is None:
            bucket = zlib.crc32(word.encode("utf-8", "surrogatepass")) % self._width
            if len(self._known) < REMEMBERED:
                self._known[word] = bucket
        return bucket
