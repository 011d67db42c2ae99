"""What layers that read sequences share: the shape they take and which steps of a sequence are padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import SpecError
from core.layers.base import Array, Shape

PADDING_HELP = "Whether steps whose values are all exactly 0 are left out: they only fill short sequences up."


def sequence_shape(label: str, shape: Shape) -> tuple[int, int]:
    """(steps, width) of a sequence; raises SpecError for any other shape."""
    if len(shape) != 2:
        sizes = "×".join(str(n) for n in shape)
        help = "Put an Embedding before it." if len(shape) == 1 else "Put a Reshape before it."
        raise SpecError(f"{label} reads a sequence, steps × values, but its input is {sizes}. {help}")
    return shape[0], shape[1]


def real_steps(ops: Any, x: Array) -> Array | None:
    """Which steps of x: (batch, T, C) are no padding, as Booleans (batch, T); None where all are known to be none.

    A step is padding where all its values are exactly 0. NaN is no padding: what diverges must stay in sight.
    """
    there = x != 0
    return None if ops.all_known(there) else ops.max(there, axis=-1)


def padded_example(rng: np.random.Generator, batch: int, shape: Shape) -> np.ndarray:
    """Random sequences, some of them with padding: at the end, in the middle, at the start, and everywhere."""
    x = rng.normal(size=(batch, *shape))
    steps = shape[0]
    x[1 % batch, steps - steps // 3 :] = 0.0
    x[2 % batch, steps // 3 : steps // 3 + max(1, steps // 4)] = 0.0
    x[3 % batch, : steps // 4] = 0.0
    x[4 % batch] = 0.0
    return x
