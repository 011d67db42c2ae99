"""Activation: a function applied to every value on its own, or softmax over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core import activations
from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.values import hyper


@dataclass(frozen=True)
class Activation(Layer):
    """y = f(x) element by element, dx = dy ⊙ f'(x); softmax: dx = y ⊙ (dy - Σ y dy). Any shape."""

    kind = "activation"
    label = "Activation"
    group = "core"
    summary = "Bends values one by one, so that stacked layers can do more than one layer."
    formula = "y = f(x)"
    gradient = "dx = dy ⊙ f'(x)"

    function: str = hyper("relu", "Function", "The function f.", choices=activations.FUNCTION_CHOICES)

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        y = activations.FUNCTIONS[self.function].forward(ops, xs[0])
        return y, (xs[0], y), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        x, y = cache
        return (activations.FUNCTIONS[self.function].backward(ops, x, y, dy),), {}

    def describe(self) -> str:
        return activations.FUNCTIONS[self.function].label

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return tuple((cls(function=name), ((3, 4),)) for name in activations.FUNCTIONS)
