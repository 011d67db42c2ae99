"""LSTM: a recurrent layer with a memory cell, and gates that decide what enters it, stays in it and is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.layers.base import Array, Params, Shape, State
from core.layers.recurrent import Recurrent, Steps, gradient_by_state


@dataclass(frozen=True)
class LSTM(Recurrent):
    """x: (batch, T, C), W: (C, 4 units), U: (units, 4 units), b: (4 units,), gate order i, f, g, o; h_0 = c_0 = 0.

    [i f o] = σ(x_t W + h_{t-1} U + b), g = tanh(x_t W + h_{t-1} U + b), each with its own columns of W, U and b;
    c_t = f ⊙ c_{t-1} + i ⊙ g,  h_t = o ⊙ tanh(c_t)    (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000)

    Backwards through time, with dh_t = dy_t + dz_{t+1} Uᵀ:
    dc_t = dc_{t+1} ⊙ f_{t+1} + dh_t ⊙ o ⊙ (1 - tanh²(c_t))
    dz = [dc ⊙ g ⊙ i(1-i),  dc ⊙ c_{t-1} ⊙ f(1-f),  dc ⊙ i ⊙ (1-g²),  dh ⊙ tanh(c) ⊙ o(1-o)]
    dW = Σ_t x_tᵀ dz_t, dU = Σ_t h_{t-1}ᵀ dz_t, db = Σ_t Σ_batch dz_t, dx_t = dz_t Wᵀ.
    """

    kind = "lstm"
    label = "LSTM"
    summary = "Reads a sequence step by step with a memory that gates write, keep and clear: it can span long gaps."
    formula = "c = f ⊙ c₋₁ + i ⊙ g,  h = o ⊙ tanh(c)"
    gradient = "dc = dc₊₁ ⊙ f₊₁ + dh ⊙ o ⊙ (1 - tanh²(c))"
    gates = 4
    order = (3, 0, 1, 2)  # o, i, f, g: sigmoids are the first three, what dc reaches the last three
    halved = (0, 1, 3)

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        """As every recurrent layer, but the forget gate starts open, with bias 1 (Jozefowicz et al. 2015)."""
        p, s = super().init(rng, *inputs)
        p["b"][self.units : 2 * self.units] = 1.0
        return p, s

    def _run(self, ops: Any, p: Params, z: Array, real: Array | None) -> tuple[Steps, Any]:
        steps, batch = z.shape[1:3]
        U = self._by_gate(ops, p["U"], halve=True)
        h = c = ops.zeros((batch, self.units))
        states, cells, bent, gates = [], [], [], []
        for t in range(steps):
            sums = ops.itanh(ops.iadd_matmul(z[:, t], h, U))
            sigmoids, g = ops.iadd(ops.imul(sums[:3], 0.5), 0.5), sums[3]
            o, i, f = sigmoids[0], sigmoids[1], sigmoids[2]
            new = ops.iadd(f * c, i * g)
            c = new if real is None else ops.where(real[t], new, c)
            shown = ops.tanh(c)
            h = o * shown if real is None else ops.where(real[t], o * shown, h)
            states.append(h)
            cells.append(c)
            bent.append(shown)
            gates.append(ops.joined(z[:, t], [o, i, f, g], axis=0))
        return states, (ops.joined(z, gates, axis=1), cells, bent)

    def _back(
        self, ops: Any, p: Params, saved: Any, before: Array, real: Array | None, dys: list[Array | None]
    ) -> tuple[Array, Array]:
        gates, cells, bent = saved
        slopes, by_cell, keep = self._slopes(ops, gates, cells, ops.stack(bent, axis=0), real)
        U = self._by_gate(ops, p["U"]).transpose(0, 2, 1)
        dh = dc = None
        found: Steps = []
        for t in range(len(dys) - 1, -1, -1):
            dh = gradient_by_state(ops, dh, dys[t])
            dc = dh * by_cell[t] if dc is None else ops.iadd(dc, dh * by_cell[t])
            shown, held = ops.imul(slopes[0, t], dh), ops.imul(slopes[1:, t], dc)
            dz = ops.joined(slopes[:, t], [shown, held[0], held[1], held[2]], axis=0)
            found.append(dz)
            if t > 0:
                before_it = ops.sum_matmul(dz, U)
                dh = before_it if real is None else ops.iadd(before_it, ops.where(real[t], 0.0, dh))
                dc = ops.imul(dc, keep[t])
        dz = ops.joined(slopes, found[::-1], axis=1)
        return dz, dz

    def _slopes(
        self, ops: Any, gates: Array, cells: Steps, bent: Array, real: Array | None
    ) -> tuple[Array, Array, Array]:
        """What dh (for o) and dc (for i, f, g) are multiplied by to give dz; dh to give dc; dc to give dc_{t-1}."""
        o, i, f, g = gates[0], gates[1], gates[2], gates[3]
        earlier = ops.stack([ops.zeros(tuple(cells[0].shape)), *cells[:-1]], axis=0)
        whole = 1.0 - gates
        sigmoids = ops.imul(whole[:3], gates[:3])
        parts = [
            ops.imul(sigmoids[0], bent),
            ops.imul(sigmoids[1], g),
            ops.imul(sigmoids[2], earlier),
            ops.imul(ops.imul(whole[3], 1.0 + g), i),
        ]
        slopes = ops.joined(whole, parts, axis=0)
        by_cell = ops.imul(1.0 - bent * bent, o)
        if real is None:
            return slopes, by_cell, f
        return ops.imul(slopes, real), ops.imul(by_cell, real), ops.where(real, f, 1.0)

    def work_values(self, *inputs: Shape) -> int:
        """The inputs in the order of reading; all gates, the cells, bent and not, and the states."""
        steps, width = inputs[0]
        return steps * (width + 7 * self.units)
