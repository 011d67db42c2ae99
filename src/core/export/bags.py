"""Running text for formats that have no operator to hash a word: it enters as counts of words by bucket."""

from __future__ import annotations

import re
import zlib

import numpy as np

from core.data import cells

RULE = (
    "How many words fall into each bucket, zeros where missing. Words: the matches of the regular expression \\w+ in "
    "the text in lower case. The bucket of a word: the CRC-32, as in zlib, of its UTF-8 bytes, modulo the number of "
    "buckets."
)


def counts(cell: str | None, width: int) -> np.ndarray:
    """(width,) whole numbers, by that rule."""
    text = "" if cell is None or cell.strip() in cells.MISSING else cell
    buckets = [zlib.crc32(word.encode("utf-8", "surrogatepass")) % width for word in re.findall(r"\w+", text.lower())]
    return np.bincount(np.array(buckets, np.int64), minlength=width)
