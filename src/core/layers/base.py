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
from core.values import hyper

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
    penalized:  names of the parameters that L1, L2, weight decay and max-norm act on: weights, never biases or norms
                (Goodfellow et al. 2016, §7.1).
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

    def state_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        """Shapes of what a layer carries from step to step without training it, such as running statistics."""
        return {}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        """Fresh parameters and state as float64 NumPy arrays; the backend casts them."""
        return {}, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        """Output, cache for `backward`, and new state. xs[i] has shape (batch, *inputs[i]).

        p and s may be one mapping that holds both; the new state has the names of `state_shapes` alone. train False:
        nothing random, nothing learned from this batch; `backward` is right after it as well.
        """
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        """Gradients of the loss by each input and by each parameter, given `dy`, its gradient by the output."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        """The second half of `backward`, for a layer that nothing trainable feeds: its dx would be thrown away."""
        return self.backward(ops, p, cache, dy)[1]

    def describe(self) -> str:
        """The line under the card's name, e.g. "Dense 8 · tanh"."""
        return self.label

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        """(layer, input shapes) pairs that the contract test runs."""
        return ()

    def example_inputs(self, rng: np.random.Generator, batch: int, *inputs: Shape) -> tuple[np.ndarray, ...]:
        """Random inputs in float64 that the layer is meant for, for checks."""
        return tuple(rng.normal(size=(batch, *shape)) for shape in inputs)

    def multiply_adds(self, *inputs: Shape) -> int:
        """Multiply-adds of the forward pass for one row."""
        return 0

    def work_values(self, *inputs: Shape) -> int:
        """Numbers for one row that the layer holds from forward to backward beside its inputs and output."""
        return 0


@dataclass(frozen=True)
class Weighted(Layer):
    """A layer with weights: what may hold them back, for this layer alone where it is set, else as in training."""

    l1: float | None = hyper(
        None,
        "L1",
        "Adds λ · Σ|W| of this layer to the loss: pushes its weights to exactly zero. Empty: as in the toolbar.",
        kind="float",
        minimum=0.0,
        maximum=100.0,
        inherits="l1",
    )
    l2: float | None = hyper(
        None,
        "L2",
        "Weight penalty λ of this layer: adds λ/2 · ΣW² to the loss. Empty: as in the toolbar.",
        kind="float",
        minimum=0.0,
        maximum=100.0,
        inherits="l2",
    )
    weight_decay: float | None = hyper(
        None,
        "Weight decay",
        "Share λ · learning rate of each weight taken away at every step. Empty: as the optimizer has it.",
        kind="float",
        minimum=0.0,
        maximum=10.0,
        inherits="weight_decay",
    )
    max_norm: float | None = hyper(
        None,
        "Max-norm",
        "Length that the weights into one unit may have at most. 0: any. Empty: as in training.",
        kind="float",
        minimum=0.0,
        maximum=1e6,
        inherits="max_norm",
    )


def dropout_hyper() -> Any:
    """The field of a layer that may silence a share of its own outputs."""
    return hyper(
        None,
        "Dropout",
        "Share of this layer's outputs set to zero in training. Empty: as in the toolbar.",
        kind="float",
        minimum=0.0,
        maximum=0.95,
        inherits="dropout",
    )
