"""Layers of several inputs, value by value: equal shapes, or one value per channel beside an image or sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import SpecError
from core.layers.base import Array, Layer, Shape


@dataclass(frozen=True)
class Merging(Layer):
    """Two inputs or more, joined value by value."""

    group = "merge"
    arity = (2, None)

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that all inputs have, or all but those of one value per channel; raises SpecError."""
        if not inputs:
            raise SpecError(f"{self.label} has no input.")
        widest = max(inputs, key=len)
        for shape in inputs:
            if shape not in (widest, widest[-1:]):
                first, second = ("×".join(str(n) for n in s) for s in (widest, shape))
                raise SpecError(
                    f"{self.label} needs inputs of one shape, but gets {first} and {second}. "
                    f"Only a row of one value per channel ({widest[-1]}) may join a larger input."
                )
        return widest

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(), ((3,), (3,))),
            (cls(), ((2, 3, 2), (2, 3, 2), (2, 3, 2))),
            (cls(), ((2,), (4, 2))),
            (cls(), ((3, 2, 4), (4,))),
        )


def spread(x: Array, axes: int) -> Array:
    """(batch, C) with axes of length 1 between, so that it acts at every position; anything else as it is."""
    return x if x.ndim == axes else x.reshape(x.shape[0], *(1,) * (axes - 2), x.shape[-1])


def gathered(ops: Any, dy: Array, axes: int) -> Array:
    """The way back of `spread`, to an array of that many axes: summed over the positions."""
    return dy if dy.ndim == axes else ops.sum(dy, axis=tuple(range(1, dy.ndim - 1)))
