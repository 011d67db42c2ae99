"""Pooling: windows over the positions of a sequence or an image, every channel on its own."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backend.convolution import Pair, padding, positions
from core.errors import SpecError
from core.layers.base import Array, Layer, Shape
from core.values import hyper

LARGEST = 10_000
Index = tuple[slice, ...]


@dataclass(frozen=True)
class Windows:
    """Where windows lie: `counts` of them along each axis of positions of an input of `sizes`, `pads` around it."""

    size: int
    stride: int
    sizes: tuple[int, ...]
    counts: tuple[int, ...]
    pads: tuple[Pair, ...]

    @property
    def padded(self) -> bool:
        return any(pad != (0, 0) for pad in self.pads)

    @property
    def disjoint(self) -> bool:
        return self.stride >= self.size

    @property
    def lengths(self) -> tuple[int, ...]:
        """Sizes with the padding."""
        return tuple(n + sum(pad) for n, pad in zip(self.sizes, self.pads, strict=True))

    def taps(self) -> tuple[Index, ...]:
        """For every place in a window, first rows then columns: where all windows have it, as an index of the padded
        input."""
        return _taps(self.size, self.stride, self.counts)

    def pad(self, ops: Any, x: Array, value: float) -> Array:
        return ops.pad(x, ((0, 0), *self.pads, (0, 0)), value) if self.padded else x

    def blank(self, ops: Any, like: Array) -> Array:
        """For the gradient by the padded input: zeros, or anything where the windows fill it without overlap."""
        shape = (like.shape[0], *self.lengths, like.shape[-1])
        filled = self.stride == self.size and self.lengths == tuple(n * self.stride for n in self.counts)
        return ops.empty(shape) if filled else ops.zeros(shape)

    def give(self, ops: Any, dx: Array, tap: Index, value: Array) -> Array:
        """`dx` with `value` at `tap`, in place."""
        return ops.put(dx, tap, value) if self.disjoint else ops.add_at(dx, tap, value)

    def unpad(self, dx: Array) -> Array:
        inner = (slice(before, before + n) for n, (before, _) in zip(self.sizes, self.pads, strict=True))
        return dx[(slice(None), *inner)] if self.padded else dx

    def shares(self) -> np.ndarray:
        """1 / number of values that a window has inside the input: (*counts, 1)."""
        found = np.ones(())
        for n, (before, _), count in zip(self.sizes, self.pads, self.counts, strict=True):
            starts = np.arange(count) * self.stride - before
            inside = np.minimum(starts + self.size, n) - np.maximum(starts, 0)
            found = found[..., None] / inside
        return found[..., None]


@functools.lru_cache(maxsize=64)
def _taps(size: int, stride: int, counts: tuple[int, ...]) -> tuple[Index, ...]:
    return tuple(
        (slice(None), *(slice(o, o + (n - 1) * stride + 1, stride) for o, n in zip(offsets, counts, strict=True)))
        for offsets in itertools.product(range(size), repeat=len(counts))
    )


@dataclass(frozen=True)
class Pool(Layer):
    """A layer that makes one value of every window; MaxPool and AvgPool say which."""

    group = "convolution"

    size: int = hyper(
        2,
        "Size",
        "Steps, or rows and columns, that one window holds.",
        minimum=1,
        maximum=LARGEST,
        suggestions=(2, 3, 4),
    )
    stride: int = hyper(
        0, "Stride", "From one window to the next. 0: as the size, so that windows touch.", minimum=0, maximum=LARGEST
    )
    padding: str = hyper(
        "valid",
        "Padding",
        "Valid: what does not fill a window is left out. Same: the last windows reach over the edge, and see less.",
        choices=(("valid", "Valid"), ("same", "Same")),
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        check_positions(self.label, shape)
        smallest = min(shape[:-1])
        if self.padding == "valid" and self.size > smallest:
            raise SpecError(
                f"The windows of {self.label} are {self.size} wide, but its input has {smallest} "
                f"{'steps' if len(shape) == 2 else 'rows or columns'}.",
                fix=(f"Set size to {smallest}", {"size": smallest}),
            )
        return (*self.windows(shape).counts, shape[-1])

    def windows(self, shape: Shape) -> Windows:
        sizes, stride = shape[:-1], self.stride or self.size
        pads = tuple(padding(self.padding, n, self.size, stride, 1) for n in sizes)
        counts = tuple(positions(n, pad, self.size, stride, 1) for n, pad in zip(sizes, pads, strict=True))
        return Windows(self.size, stride, sizes, counts, pads)

    def describe(self) -> str:
        return f"{self.label} {self.size}" + (f" / {self.stride}" if self.stride not in (0, self.size) else "")

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(), ((4, 6, 2),)),
            (cls(), ((5, 7, 1),)),
            (cls(size=3, stride=2), ((7, 6, 2),)),
            (cls(size=2, stride=3, padding="same"), ((5, 8, 2),)),
            (cls(size=3, stride=1, padding="same"), ((4, 3, 2),)),
            (cls(padding="same"), ((5, 3, 2),)),
            (cls(), ((6, 3),)),
            (cls(size=4, stride=3, padding="same"), ((7, 2),)),
            (cls(size=1), ((1, 1, 2),)),
        )

    def multiply_adds(self, *inputs: Shape) -> int:
        """One operation for every value of every window."""
        return math.prod(self.output_shape(*inputs)) * self.size ** (len(inputs[0]) - 1)

    def work_values(self, *inputs: Shape) -> int:
        windows = self.windows(inputs[0])
        return math.prod(windows.lengths) * inputs[0][-1] if windows.padded else 0


def check_positions(label: str, shape: Shape) -> None:
    """Raises SpecError for anything but a sequence or an image."""
    if len(shape) not in (2, 3):
        sizes = "×".join(str(n) for n in shape)
        raise SpecError(
            f"{label} takes a sequence (steps×channels) or an image (height×width×channels), but its input is {sizes}."
        )
