"""Attention: every step of a sequence looks at the others and takes from them what answers its question."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import initializers
from core.errors import SpecError
from core.layers.base import Array, Cache, Layer, Params, Shape, State, Weighted, dropout_hyper
from core.layers.sequences import PADDING_HELP, padded_example, real_steps, sequence_shape
from core.values import hyper

TAME, TINY = 80.0, 1e-37  # exp(-TAME) in float32 is far above TINY: a sum below it is one of hidden scores alone
HIDDEN = -1e30  # a score whose share after softmax is exactly 0; finite, so that no NaN comes of a row of padding


@dataclass(frozen=True)
class Attention(Weighted):
    """Multi-head scaled dot-product self-attention (Vaswani et al. 2017, §3.2), x: (batch, T, C) -> (batch, T, C).

    Q = x Wq + bq, K = x Wk, V = x Wv + bv, each (T, C), split into `heads` parts of d = C / heads columns; in each part
    A = softmax(Q Kᵀ / √d), O = A V; the parts side by side again: y = O Wo + bo. Wq, Wk, Wv, Wo: (C, C); b: (C,).
    K has no bias: it would add the same to all scores of a step, which softmax does not notice.

    dO = dy Woᵀ, dV = Aᵀ dO, dA = dO Vᵀ, dS = A ⊙ (dA - Σ_keys A ⊙ dA) / √d, dQ = dS K, dK = dSᵀ Q,
    dx = dQ Wqᵀ + dK Wkᵀ + dV Wvᵀ, dWq = xᵀ dQ, dbq = Σ dQ, alike for k and v; dWo = Oᵀ dy, dbo = Σ dy.

    No step looks at padding; the output of padding is 0 and its dx too, so that the next layer knows it as padding.
    """

    kind = "attention"
    label = "Attention"
    group = "sequence"
    summary = "Every step looks at all others at once and mixes what it finds: the heart of a transformer."
    formula = "y = softmax(Q Kᵀ / √d) V Wo"
    gradient = "dS = A ⊙ (dA - Σ A ⊙ dA) / √d"
    penalized = ("Wq", "Wk", "Wv", "Wo")

    heads: int = hyper(
        4,
        "Heads",
        "Looks taken side by side, each at its own share of the values. It must divide the width of the sequence.",
        minimum=1,
        maximum=1024,
    )
    causal: bool = hyper(
        False, "Causal", "Whether a step may look at itself and earlier steps only, as for telling what comes next."
    )
    skip_padding: bool = hyper(True, "Skip padding", PADDING_HELP)
    dropout: float | None = dropout_hyper()

    def output_shape(self, *inputs: Shape) -> Shape:
        steps, width = sequence_shape(self.label, inputs[0])
        if width % self.heads:
            near = max(n for n in range(1, self.heads) if width % n == 0)
            raise SpecError(
                f"{self.heads} heads cannot share {width} values evenly.",
                fix=(f"Set heads to {near}", {"heads": near}),
            )
        return (steps, width)

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        width = inputs[0][-1]
        return {**{f"W{part}": (width, width) for part in "qkvo"}, **{f"b{part}": (width,) for part in "qvo"}}

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        """Glorot and Bengio 2010 for every matrix, biases 0."""
        shapes = self.parameter_shapes(*inputs)
        return {
            name: initializers.initialize("glorot_uniform", rng, shape, fan_in=shape[0], fan_out=shape[0])
            if len(shape) == 2
            else np.zeros(shape)
            for name, shape in shapes.items()
        }, {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        batch, steps, width = x.shape
        real = real_steps(ops, x) if self.skip_padding else None
        flat = x.reshape(batch * steps, width)
        q, k, v = self._questions(ops, p, flat, batch)
        shares = self._shares(ops, ops.matmul(q, k.transpose(0, 1, 3, 2)), real)
        mixed = self._flat(ops.matmul(shares, v))
        y = ops.iadd(ops.matmul(mixed, p["Wo"]), p["bo"]).reshape(batch, steps, width)
        y = y if real is None else ops.imul(y, real[..., None])
        return y, (flat, real, q, k, v, shares, mixed), s

    def _questions(self, ops: Any, p: Params, flat: Array, batch: int) -> tuple[Array, Array, Array]:
        """Q / √d, K, V by head: (batch, heads, T, d) each, from one product."""
        scale = 1.0 / math.sqrt(p["bq"].shape[0] // self.heads)
        W = ops.concat([p["Wq"] * scale, p["Wk"], p["Wv"]], axis=1)
        b = ops.concat([p["bq"] * scale, ops.zeros(tuple(p["bq"].shape)), p["bv"]], axis=0)
        both = ops.iadd(ops.matmul(flat, W), b).reshape(batch, -1, 3, self.heads, p["bq"].shape[0] // self.heads)
        by_head = both.transpose(2, 0, 3, 1, 4)
        return by_head[0], by_head[1], by_head[2]

    def _shares(self, ops: Any, scores: Array, real: Array | None) -> Array:
        """Softmax over the keys that may be seen; a row's largest score is taken off only where exp needs that."""
        tame, steps = ops.known_within(scores, TAME), scores.shape[-1]
        if real is not None:
            scores = ops.where(real[:, None, None], scores, HIDDEN)
        if self.causal:
            scores = ops.iadd(scores, ops.array(np.triu(np.full((steps, steps), HIDDEN), 1)))
        shares = ops.exp(scores if tame else ops.isub(scores, ops.max_last(scores)))
        return ops.idiv(shares, ops.imaximum(ops.sum_last(shares), TINY))

    def _flat(self, a: Array) -> Array:
        """(batch, heads, T, d) as (batch · T, C)."""
        batch, heads, steps, d = a.shape
        return a.transpose(0, 2, 1, 3).reshape(batch * steps, heads * d)

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        dy, d = self._back(ops, p, cache, dy)
        W = ops.concat([p["Wq"], p["Wk"], p["Wv"]], axis=1)
        return (ops.matmul(d, W.T).reshape(dy.shape),), self._grads(ops, cache, dy, d)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        return self._grads(ops, cache, *self._back(ops, p, cache, dy))

    def _back(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[Array, Array]:
        """dy without that of padding, and [dQ dK dV]: (batch · T, 3 C)."""
        _, real, q, k, v, shares, mixed = cache
        batch, heads, steps, d = q.shape
        dy = dy if real is None else dy * real[..., None]
        flat = ops.matmul(dy.reshape(batch * steps, heads * d), p["Wo"].T)
        # Σ_keys A ⊙ dA = dO · O, as dA = dO Vᵀ and O = A V: a sum over d instead of all keys (Dao et al. 2022, §B.2).
        along = ops.sum_last(ops.multiply(flat, mixed).reshape(batch, steps, heads, d)).transpose(0, 2, 1, 3)
        back = flat.reshape(batch, steps, heads, d).transpose(0, 2, 1, 3)
        dS = ops.imul(ops.isub(ops.matmul(back, v.transpose(0, 1, 3, 2)), along), shares)
        dQ = ops.imul(ops.matmul(dS, k), 1.0 / math.sqrt(d))
        dK = ops.matmul(dS.transpose(0, 1, 3, 2), q)
        dV = ops.matmul(shares.transpose(0, 1, 3, 2), back)
        return dy, ops.concat([self._flat(a) for a in (dQ, dK, dV)], axis=1)

    def _grads(self, ops: Any, cache: Cache, dy: Array, d: Array) -> Params:
        flat, mixed = cache[0], cache[-1]
        width = flat.shape[-1]
        dy = dy.reshape(-1, width)
        by_W, by_b = ops.matmul(flat.T, d), ops.sum_rows(d)
        return {
            **{f"W{part}": by_W[:, i * width : (i + 1) * width] for i, part in enumerate("qkv")},
            "Wo": ops.matmul(mixed.T, dy),
            "bq": by_b[:width],
            "bv": by_b[2 * width :],
            "bo": ops.sum_rows(dy),
        }

    def describe(self) -> str:
        return f"{self.label} · {self.heads} head{'s' if self.heads > 1 else ''}{' · causal' if self.causal else ''}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(heads=2), ((7, 4),)),
            (cls(heads=1), ((5, 3),)),
            (cls(heads=3, causal=True), ((6, 6),)),
            (cls(heads=2, causal=True, skip_padding=False), ((6, 4),)),
            (cls(heads=4, skip_padding=False), ((5, 4),)),
            (cls(heads=2), ((1, 4),)),
        )

    def example_inputs(self, rng: np.random.Generator, batch: int, *inputs: Shape) -> tuple[np.ndarray, ...]:
        return (padded_example(rng, batch, inputs[0]),)

    def multiply_adds(self, *inputs: Shape) -> int:
        steps, width = inputs[0]
        return 4 * steps * width * width + 2 * steps * steps * width

    def work_values(self, *inputs: Shape) -> int:
        """Q, K, V, the mixture, and the shares of all heads."""
        steps, width = inputs[0]
        return 4 * steps * width + self.heads * steps * steps
