"""What a layer is: a frozen dataclass of hyper-parameters with an explicit forward and backward pass.

A layer holds no arrays. Parameters and state are passed in; outputs, caches, gradients are returned. Pure functions can
be read one at a time, tested in isolation and compiled by MLX. Shapes never include the batch axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from core.errors import SpecError

Array = Any  # numpy.ndarray or mlx.core.array: the two backends share no base class
Shape = tuple[int, ...]
Params = Mapping[str, Array]
State = Mapping[str, Array]
Cache = Any


@dataclass(frozen=True)
class Layer:
    """Base of all layers; a subclass is one file in `core/layers`, found by the registry.

    kind:       name in files and on the command line, e.g. "dense".
    label:      name on screen; `summary` is one sentence for the palette; `group` sorts and colours the palette.
    formula:    forward pass in a line; `gradient`: backward pass in a line (shown by the inspector).
    arity:      (least, most) number of inputs; most None = any number.
    stochastic: whether forward in training draws random numbers and so needs a key.
    penalized:  names of the parameters that L1 and L2 act on: weights, never biases (Goodfellow et al. 2016, §7.1).
    """

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    group: ClassVar[str] = "core"
    summary: ClassVar[str] = ""
    formula: ClassVar[str] = ""
    gradient: ClassVar[str] = ""
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    stochastic: ClassVar[bool] = False
    penalized: ClassVar[tuple[str, ...]] = ()

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output for these input shapes, in Python integers; raises SpecError, allocates nothing."""
        if not inputs:
            raise SpecError(f"{self.label} has no input.")
        return inputs[0]

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        """Shapes of the trained parameters by name, in Python integers; allocates nothing."""
        return {}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        """Fresh parameters and state as float64 NumPy arrays; the backend casts them."""
        return {}, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        """Output, cache for `backward`, and new state. xs[i] has shape (batch, *inputs[i])."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        """Gradients of the loss by each input and by each parameter, given `dy`, its gradient by the output."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def describe(self) -> str:
        """The line under the card's name, e.g. "Dense 8 · tanh"."""
        return self.label

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        """(layer, input shapes) pairs that the contract test runs."""
        return ()

    def multiply_adds(self, *inputs: Shape) -> int:
        """Multiply-adds of the forward pass for one row."""
        return 0
