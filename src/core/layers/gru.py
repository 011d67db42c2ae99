"""GRU: a recurrent layer whose state is also its memory, with one gate to forget and one to renew it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.layers.base import Array, Params, Shape
from core.layers.recurrent import Recurrent, Steps, gradient_by_state


@dataclass(frozen=True)
class GRU(Recurrent):
    """x: (batch, T, C), W: (C, 3 units), U: (units, 3 units), b and bu: (3 units,), gates in the order r, z, n; h_0 = 0

    [r z] = σ(x_t W + b + h_{t-1} U + bu), q = h_{t-1} U + bu, n = tanh(x_t W + b + r ⊙ q), each with its own columns;
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}             (Cho et al. 2014, with the reset after the product, as PyTorch has it)

    Backwards through time, with dh_t = dy_t + dh_{t+1} ⊙ z_{t+1} + [dr dz dq]_{t+1} Uᵀ:
    dn = dh ⊙ (1-z) ⊙ (1-n²), dz = dh ⊙ (h_{t-1} - n) ⊙ z(1-z), dr = dn ⊙ q ⊙ r(1-r), dq = dn ⊙ r
    dW = Σ_t x_tᵀ [dr dz dn], dU = Σ_t h_{t-1}ᵀ [dr dz dq], db = Σ [dr dz dn], dbu = Σ [dr dz dq], dx_t = [dr dz dn] Wᵀ.
    """

    kind = "gru"
    label = "GRU"
    summary = "Reads a sequence step by step; two gates choose what to forget and what to renew. Lighter than an LSTM."
    formula = "h = (1 - z) ⊙ n + z ⊙ h₋₁,  n = tanh(x W + r ⊙ (h₋₁ U))"
    gradient = "dh₋₁ = dh ⊙ z + [dr dz dq] Uᵀ"
    gates = 3
    order = (0, 1, 2)
    halved = (0, 1)
    biases = ("b", "bu")

    def _bias(self, ops: Any, p: Params) -> Array:
        """Both biases of the gates; the candidate's second one stands inside the reset."""
        return ops.concat([p["b"][: 2 * self.units] + p["bu"][: 2 * self.units], p["b"][2 * self.units :]], axis=0)

    def _bias_grads(self, ops: Any, by_x: Array, by_state: Array) -> Params:
        return {"b": self._total(ops, by_x), "bu": self._total(ops, by_state)}

    def _run(self, ops: Any, p: Params, z: Array, real: Array | None) -> tuple[Steps, Any]:
        steps, batch = z.shape[1:3]
        U, offset = self._by_gate(ops, p["U"], halve=True), p["bu"][2 * self.units :]
        h = ops.zeros((batch, self.units))
        states: Steps = []
        gates: Steps = []
        candidates: Steps = []
        inner: Steps = []
        for t in range(steps):
            product = ops.matmul(h, U)
            q = product[2] + offset  # not in place: the rest of the product need not be kept
            sums = ops.itanh(ops.iadd(z[:2, t], product[:2]))
            both = ops.iadd(ops.imul(sums, 0.5), 0.5)
            n = ops.itanh(ops.iadd(z[2, t], both[0] * q))
            new = ops.iadd(ops.imul(h - n, both[1]), n)
            h = new if real is None else ops.where(real[t], new, h)
            states.append(h)
            gates.append(both)
            candidates.append(n)
            inner.append(q)
        return states, (ops.joined(z[:2], gates, axis=1), ops.joined(z[2], candidates, axis=0), inner)

    def _back(
        self, ops: Any, p: Params, saved: Any, before: Array, real: Array | None, dys: list[Array | None]
    ) -> tuple[Array, Array]:
        slopes, keep = self._slopes(ops, saved, before, real)
        U = self._by_gate(ops, p["U"])
        U = ops.stack([U[2], U[0], U[1]], axis=0).transpose(0, 2, 1)
        dh = None
        found: Steps = []
        for t in range(len(dys) - 1, -1, -1):
            dh = gradient_by_state(ops, dh, dys[t])
            found.append(ops.imul(slopes[:, t], dh))
            if t > 0:
                dh = ops.iadd(ops.sum_matmul(found[-1][:3], U), dh * keep[t])
        parts = ops.joined(slopes, found[::-1], axis=1)  # q, r, z, n
        return parts[1:], ops.concat([parts[1:3], parts[:1]], axis=0)

    def _slopes(self, ops: Any, saved: Any, before: Array, real: Array | None) -> tuple[Array, Array]:
        """What dh is multiplied by to give dq, dr, dz, dn, as one array; and the share of it that h_{t-1} gets."""
        (r, z), n, inner = saved
        q = ops.stack(inner, axis=0)
        rest = 1.0 - z
        by_z = ops.imul(ops.imul(before - n, z), rest)
        by_n = ops.imul(1.0 - n * n, rest)
        by_q = by_n * r
        by_r = ops.imul(ops.imul(1.0 - r, by_q), q)
        slopes = ops.stack([by_q, by_r, by_z, by_n], axis=0)
        return (slopes, z) if real is None else (ops.imul(slopes, real), ops.where(real, z, 1.0))

    def work_values(self, *inputs: Shape) -> int:
        """The inputs in the order of reading; all gates, what the reset acts on, and the states."""
        steps, width = inputs[0]
        return steps * (width + 5 * self.units)
