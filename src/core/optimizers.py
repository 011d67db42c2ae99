"""Optimizers: the rule that turns gradients into new parameters.

`scalars(t, lr)` computes in Python what changes from step to step, so that a compiled step sees it as data.
`update(ops, p, g, slots, c)` acts on one array and returns (new p, new slots); every rule is element-wise, so one call
may serve a flat vector of all parameters. `ops.iadd` and its kin work in place where the backend can.
`decay` acts on weights, never biases: the one thing that tells them apart, so it is done by the step that knows
their names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from core import values
from core.values import hyper

Array = Any
Slots = tuple[Array, ...]


@dataclass(frozen=True)
class Optimizer:
    """kind, label and help; `slots`: how many arrays of the parameters' shape it remembers, all starting at zero.

    decay λ: before the step weights are multiplied by 1 - lr λ (Loshchilov and Hutter 2019), biases are not.
    """

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    help: ClassVar[str] = ""
    slots: ClassVar[int] = 0
    usual_rate: ClassVar[float] = 0.01

    @property
    def decay(self) -> float:
        """λ of the decoupled weight decay; 0: none."""
        return 0.0

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


@dataclass(frozen=True)
class AdamW(Adam):
    """W ← W - lr λ W, then Adam's step  (decoupled weight decay, Loshchilov and Hutter 2019, in PyTorch's form).

    An L2 penalty goes through Adam's division by √v̂ and so hardly acts on weights with large gradients; this decay acts
    on all weights alike. Biases are left out.
    """

    kind = "adamw"
    label = "AdamW"
    help = "Adam that shrinks all weights a little at every step: better against overfitting than L2 with Adam."

    weight_decay: float = hyper(
        0.01,
        "Weight decay",
        "Share λ · learning rate of each weight that is taken away at every step. Biases are left alone.",
        minimum=0.0,
        maximum=10.0,
        suggestions=(0.0, 1e-4, 1e-3, 1e-2, 0.1),
    )

    @property
    def decay(self) -> float:
        return self.weight_decay


@dataclass(frozen=True)
class NAdam(Adam):
    """p ← p - lr ((1-μ_t) g / (1-Π_t) + μ_t+1 m / (1-Π_t+1)) / (√v̂ + ε)  (Dozat 2016, as used by PyTorch).

    m, v̂ as in Adam; μ_t = β₁ (1 - ½ · 0.96^(ψt)) is the momentum of step t, Π_t = μ_1 ⋯ μ_t.
    """

    kind = "nadam"
    label = "NAdam"
    help = "Adam with Nesterov's look ahead: often a little quicker at the start."
    usual_rate = 0.002

    momentum_decay: float = hyper(
        0.004, "ψ", "How fast the momentum grows from half of β₁ to β₁ itself.", minimum=0.0, maximum=1.0
    )

    def scalars(self, t: int, lr: float) -> tuple[float, ...]:
        root = math.sqrt(1.0 - self.beta2**t)
        mu, following = self._momentum(t), self._momentum(t + 1)
        product = self._product(t)
        own = lr * root * (1.0 - mu) / (1.0 - product)
        ahead = lr * root * following / (1.0 - product * following)
        return own, ahead, self.epsilon * root

    def _momentum(self, t: int) -> float:
        return self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def _product(self, t: int) -> float:
        """Π_t without a loop over t, so that a resumed run needs no memory of it.

        ln Π_t = t ln β₁ + Σ_i ln(1 - ½ qⁱ) with q = 0.96^ψ, where Σ_i ln(1 - ½ qⁱ) = -Σ_k ½ᵏ/k · Σ_i qⁱᵏ: 56 terms of a
        geometric kind reach the precision of a float.
        """
        if self.beta1 == 0.0 or t * math.log(self.beta1) < -40.0:
            return 0.0  # beside 1 it vanishes
        log_q = self.momentum_decay * math.log(0.96)
        total = t * math.log(self.beta1)
        for k in range(1, 57):
            powers = t if log_q == 0.0 else math.exp(k * log_q) * math.expm1(k * t * log_q) / math.expm1(k * log_q)
            total -= 0.5**k / k * powers
        return math.exp(total)

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        m, v = slots
        m = ops.iadd(ops.imul(m, self.beta1), g * (1.0 - self.beta1))
        v = ops.iadd(ops.imul(v, self.beta2), ops.imul(ops.square(g), 1.0 - self.beta2))
        step = ops.idiv(ops.iadd(g * c[0], m * c[1]), ops.iadd(ops.sqrt(v), c[2]))
        return ops.isub(p, step), (m, v)


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """v ← v + g², p ← p - lr g / (√v + ε)  (Duchi, Hazan and Singer 2011)."""

    kind = "adagrad"
    label = "Adagrad"
    help = "Steps shrink with all gradients a weight has seen. Good for rare features; slows down in long runs."
    slots = 1
    usual_rate = 0.1

    epsilon: float = hyper(1e-10, "ε", "Keeps the division finite.", minimum=1e-12, maximum=1.0)

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        v = ops.iadd(slots[0], ops.square(g))
        return ops.isub(p, ops.idiv(g * c[0], ops.iadd(ops.sqrt(v), self.epsilon))), (v,)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """v ← α v + (1-α) g², p ← p - lr g / (√v + ε)  (Tieleman and Hinton 2012, as used by PyTorch)."""

    kind = "rmsprop"
    label = "RMSprop"
    help = "Divides by a running size of the gradient: every weight moves about equally far, steep or flat."
    slots = 1
    usual_rate = 0.003

    alpha: float = hyper(0.99, "α", "Memory of the squared gradient's average.", minimum=0.0, maximum=0.99999)
    epsilon: float = hyper(1e-8, "ε", "Keeps the division finite.", minimum=1e-12, maximum=1.0)

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        v = ops.iadd(ops.imul(slots[0], self.alpha), ops.imul(ops.square(g), 1.0 - self.alpha))
        return ops.isub(p, ops.idiv(g * c[0], ops.iadd(ops.sqrt(v), self.epsilon))), (v,)


@dataclass(frozen=True)
class Lion(Optimizer):
    """W ← W - lr λ W, p ← p - lr sign(β₁ m + (1-β₁) g), m ← β₂ m + (1-β₂) g  (Chen et al. 2023, algorithm 2)."""

    kind = "lion"
    label = "Lion"
    help = "Every weight moves by exactly the learning rate, up or down: only the gradient's sign counts."
    slots = 1
    usual_rate = 0.001

    beta1: float = hyper(0.9, "β₁", "Share of the memory in the direction of a step.", minimum=0.0, maximum=0.9999)
    beta2: float = hyper(0.99, "β₂", "Memory of the gradient's average.", minimum=0.0, maximum=0.99999)
    weight_decay: float = hyper(
        0.0,
        "Weight decay",
        "Share λ · learning rate of each weight that is taken away at every step. Biases are left alone.",
        minimum=0.0,
        maximum=10.0,
        suggestions=(0.0, 1e-3, 1e-2, 0.1, 1.0),
    )

    @property
    def decay(self) -> float:
        return self.weight_decay

    def update(self, ops: Any, p: Array, g: Array, slots: Slots, c: tuple[Any, ...]) -> tuple[Array, Slots]:
        (m,) = slots
        direction = ops.sign(ops.iadd(m * self.beta1, g * (1.0 - self.beta1)))
        m = ops.iadd(ops.imul(m, self.beta2), g * (1.0 - self.beta2))
        return ops.isub(p, ops.imul(direction, c[0])), (m,)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    cls.kind: cls for cls in (Adam, AdamW, NAdam, RMSprop, Adagrad, Lion, SGD, Momentum, Nesterov)
}


def optimizer_to_json(optimizer: Optimizer) -> dict[str, Any]:
    return values.tagged_to_json(optimizer)


def optimizer_from_json(data: dict[str, Any]) -> Optimizer:
    """The inverse of `optimizer_to_json`; raises UserInputError for an unknown kind, name or value."""
    made = values.tagged_from_json(OPTIMIZERS, data, "optimizer")
    assert isinstance(made, Optimizer)
    return made
