"""Optimizers: the rule that turns gradients into new parameters.

`scalars(t, lr)` computes in Python what changes from step to step, so that a compiled step sees it as data.
`update(ops, p, g, slots, c)` acts on one array and returns (new p, new slots); every rule is element-wise, so one call
may serve a flat vector of all parameters. `ops.iadd` and its kin work in place where the backend can.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from core import values
from core.errors import UserInputError
from core.values import hyper

Array = Any
Slots = tuple[Array, ...]


@dataclass(frozen=True)
class Optimizer:
    """kind, label and help; `slots`: how many arrays of the parameters' shape it remembers, all starting at zero."""

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    help: ClassVar[str] = ""
    slots: ClassVar[int] = 0
    usual_rate: ClassVar[float] = 0.01

    def scalars(self, t: int, lr: float) -> tuple[float, ...]:
        """Step-dependent numbers for step t = 1, 2, ... at learning rate lr."""
        return (lr,)

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        """New parameters and memory; p, g and slots share one shape."""
        raise NotImplementedError(f"{type(self).__name__}.update")


@dataclass(frozen=True)
class SGD(Optimizer):
    """p ← p - lr g."""

    kind = "sgd"
    label = "SGD"
    help = "Plain gradient descent: a step against the gradient."
    usual_rate = 0.1

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        return ops.isub(p, g * c[0]), ()


@dataclass(frozen=True)
class Momentum(Optimizer):
    """v ← μ v + g, p ← p - lr v  (Polyak 1964, in the form of Sutskever et al. 2013 as used by PyTorch)."""

    kind = "momentum"
    label = "Momentum"
    help = "Gradient descent with inertia: past gradients keep rolling."
    slots = 1
    usual_rate = 0.01

    momentum: float = hyper(0.9, "Momentum", "Share of the last step that is kept.", minimum=0.0, maximum=0.9999)

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        v = ops.iadd(ops.imul(slots[0], self.momentum), g)
        return ops.isub(p, v * c[0]), (v,)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """v ← μ v + g, p ← p - lr (g + μ v)  (Nesterov 1983; Sutskever et al. 2013)."""

    kind = "nesterov"
    label = "Nesterov"
    help = "Momentum that looks one step ahead before it corrects."

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        v = ops.iadd(ops.imul(slots[0], self.momentum), g)
        return ops.isub(p, (g + v * self.momentum) * c[0]), (v,)


@dataclass(frozen=True)
class Adam(Optimizer):
    """m ← β₁ m + (1-β₁) g, v ← β₂ v + (1-β₂) g², p ← p - lr m̂ / (√v̂ + ε)  (Kingma and Ba 2015).

    With m̂ = m / (1-β₁ᵗ), v̂ = v / (1-β₂ᵗ); computed as p - a m / (√v + ε√(1-β₂ᵗ)), a = lr √(1-β₂ᵗ) / (1-β₁ᵗ),
    which is the same number with fewer passes over memory.
    """

    kind = "adam"
    label = "Adam"
    help = "Each weight has its own step size, from running averages of its gradient. A good first choice."
    slots = 2
    usual_rate = 0.01

    beta1: float = hyper(0.9, "β₁", "Memory of the gradient's average.", minimum=0.0, maximum=0.9999)
    beta2: float = hyper(0.999, "β₂", "Memory of the squared gradient's average.", minimum=0.0, maximum=0.99999)
    epsilon: float = hyper(1e-8, "ε", "Keeps the division finite.", minimum=1e-12, maximum=1.0)

    def scalars(self, t: int, lr: float) -> tuple[float, ...]:
        root = math.sqrt(1.0 - self.beta2**t)
        return lr * root / (1.0 - self.beta1**t), self.epsilon * root

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        m, v = slots
        m = ops.iadd(ops.imul(m, self.beta1), g * (1.0 - self.beta1))
        v = ops.iadd(ops.imul(v, self.beta2), ops.imul(ops.square(g), 1.0 - self.beta2))
        step = ops.idiv(m * c[0], ops.iadd(ops.sqrt(v), c[1]))
        return ops.isub(p, step), (m, v)


OPTIMIZERS: dict[str, type[Optimizer]] = {cls.kind: cls for cls in (Adam, SGD, Momentum, Nesterov)}


def optimizer_to_json(optimizer: Optimizer) -> dict[str, Any]:
    return {"kind": optimizer.kind, **values.to_json(optimizer)}


def optimizer_from_json(data: dict[str, Any]) -> Optimizer:
    """The inverse of `optimizer_to_json`; raises UserInputError for an unknown kind, name or value."""
    kind = data.get("kind")
    cls = OPTIMIZERS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise UserInputError(f"Unknown optimizer {kind!r}.", remedy=f"Use one of: {', '.join(OPTIMIZERS)}.")
    made = values.from_json(cls, {k: v for k, v in data.items() if k != "kind"}, where=cls.label)
    assert isinstance(made, Optimizer)
    return made
