"""Input: where the rows of a batch enter the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper


@dataclass(frozen=True)
class Input(Layer):
    """y = x. Takes no other layer; its shape is the shape of one row and follows the data."""

    kind = "input"
    label = "Input"
    group = "input"
    summary = "The columns or pixels of one row, as prepared by the data panel."
    formula = "y = x"
    gradient = "dx = dy"
    arity = (0, 0)

    shape: tuple[int, ...] = hyper((1,), "Shape", "Size of one row. It follows from the data.", kind="shape")

    def output_shape(self, *inputs: Shape) -> Shape:
        if inputs:
            raise SpecError("An input takes nothing from other layers. Remove the connection that ends here.")
        return self.shape

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        return xs[0], None, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        return (dy,), {}

    def describe(self) -> str:
        return " × ".join(str(n) for n in self.shape)
