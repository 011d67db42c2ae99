"""SimpleRNN: the plain recurrent layer, whose new state is a bent sum of the input and the old state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core import activations
from core.layers.base import Array, Layer, Params, Shape
from core.layers.recurrent import Recurrent, Steps, gradient_by_state
from core.values import hyper


@dataclass(frozen=True)
class SimpleRNN(Recurrent):
    """z_t = x_t W + h_{t-1} U + b, h_t = f(z_t), h_0 = 0, with x: (batch, T, C), W: (C, units), U: (units, units).

    Backwards through time (Elman 1990; Werbos 1990), with dh_t = dy_t + dz_{t+1} Uᵀ:
    dz_t = dh_t ⊙ f'(z_t), dW = Σ_t x_tᵀ dz_t, dU = Σ_t h_{t-1}ᵀ dz_t, db = Σ_t Σ_batch dz_t, dx_t = dz_t Wᵀ.
    """

    kind = "simple_rnn"
    label = "Simple RNN"
    summary = "Reads a sequence step by step and bends input and state into the next state. It forgets after few steps."
    formula = "h = f(x W + h₋₁ U + b)"
    gradient = "dh₋₁ = (dh ⊙ f'(z)) Uᵀ"
    gates = 1
    order = (0,)

    activation: str = hyper(
        "tanh",
        "Activation",
        "The function f. Tanh keeps a state between -1 and 1; others may let it grow from step to step.",
        choices=activations.CHOICES,
    )

    def _run(self, ops: Any, p: Params, z: Array, real: Array | None) -> tuple[Steps, Any]:
        function, h = activations.ACTIVATIONS[self.activation], ops.zeros(tuple(z.shape[2:]))
        states: Steps = []
        sums: Steps = []
        for t in range(z.shape[1]):
            sums.append(ops.iadd_matmul(z[0, t], h, p["U"]))
            new = function.forward(ops, sums[-1])
            h = new if real is None else ops.where(real[t], new, h)
            states.append(h)
        kept = ops.joined(z[0], sums, axis=0) if function.reads_z else None
        return states, (kept, states)

    def _back(
        self, ops: Any, p: Params, saved: Any, before: Array, real: Array | None, dys: list[Array | None]
    ) -> tuple[Array, Array]:
        z, y = saved[0], ops.stack(saved[1], axis=0)
        function = activations.ACTIVATIONS[self.activation]
        slopes = function.backward(ops, z, y, ops.ones_like(y))
        slopes = slopes if real is None else ops.multiply(slopes, real)
        dh = None
        found: Steps = []
        for t in range(len(dys) - 1, -1, -1):
            dh = gradient_by_state(ops, dh, dys[t])
            found.append(slopes[t] * dh)
            if t > 0:
                before_it = ops.matmul(found[-1], p["U"].T)
                dh = before_it if real is None else ops.iadd(before_it, ops.where(real[t], 0.0, dh))
        dz = ops.stack(found[::-1], axis=0)[None]
        return dz, dz

    def describe(self) -> str:
        return f"{super().describe()} · {activations.ACTIVATIONS[self.activation].label}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        each = tuple((cls(units=3, sequences=True, activation=name), ((5, 2),)) for name in activations.ACTIVATIONS)
        return (*super().examples(), *each)

    def work_values(self, *inputs: Shape) -> int:
        """The inputs in the order of reading, the states, and their sums where the activation's slope needs them."""
        steps, width = inputs[0]
        sums = activations.ACTIVATIONS[self.activation].reads_z
        return steps * (width + (2 if sums else 1) * self.units)
