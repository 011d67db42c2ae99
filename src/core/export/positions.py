"""The table that positional encoding adds, for formats that hold it as numbers."""

from __future__ import annotations

import numpy as np


def positions(steps: int, width: int) -> np.ndarray:
    angle = np.arange(steps)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    table = np.zeros((steps, width))
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : width // 2])
    return table
