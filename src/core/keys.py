"""Randomness from keys: every random choice is a function of (seed, purpose, epoch, step, layer); nothing is global.

Keys are 64-bit integers mixed with the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
"""

from __future__ import annotations

import zlib

import numpy as np

INIT, SHUFFLE, LAYER = 1, 2, 3  # purposes, so that no two uses share a key
_MASK = (1 << 64) - 1


def _mix(z: int) -> int:
    z = (z + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def key(seed: int, *path: int | str) -> int:
    """A 64-bit key for this seed and path; texts (layer ids) enter by their CRC-32."""
    mixed = _mix(seed & _MASK)
    for part in path:
        number = zlib.crc32(part.encode()) if isinstance(part, str) else part
        mixed = _mix(mixed ^ (number & _MASK))
    return mixed


def generator(key: int) -> np.random.Generator:
    """A NumPy generator that depends on the key alone (Philox, Salmon et al. 2011)."""
    return np.random.Generator(np.random.Philox(key=key))
