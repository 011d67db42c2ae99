"""Conv1D: small kernels slide along a sequence and answer wherever they find their pattern."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import activations, initializers
from core.backend.convolution import ConvGeometry
from core.errors import SpecError
from core.layers import convolving
from core.layers.base import Array, Cache, Layer, Params, Shape, State, Weighted, dropout_hyper
from core.values import hyper

LONGEST = 100_000


@dataclass(frozen=True)
class Conv1D(Weighted):
    """z[t, f] = b[f] + Σ_{a, c} x[t s + a d - p, c] W[a, c, f], y = f(z).

    x: (batch, T, C) → y: (batch, T', filters), W: (k, C / groups, filters), b: (filters,); s the stride, d the
    dilation, p the padding: "same" and "causal" T' = ceil(T / s), "valid" T' = floor((T - (k - 1) d - 1) / s) + 1;
    "causal" puts all zeros before, so that y[t] sees nothing later than t (van den Oord et al. 2016, §2.1).
    dz = dy ⊙ f'(z); dW[a, c, f] = Σ_{n, t} dz[n, t, f] x[n, t s + a d - p, c]; db = Σ dz; dx = dz spread out by the
    stride and convolved with the turned kernel (Goodfellow et al. 2016, §9.5). Computed as an image of one row.
    """

    kind = "conv1d"
    label = "Conv1D"
    group = "convolution"
    summary = "Slides small kernels along a sequence; each answers wherever it finds its pattern."
    formula = "z = x ∗ W + b,  y = f(z)"
    gradient = "dW = x ∗ dz,  dx = dz ∗ turned W"
    penalized = ("W",)

    filters: int = hyper(
        16,
        "Filters",
        "Number of kernels, and so of output channels: each looks for one pattern.",
        minimum=1,
        maximum=convolving.MOST_FILTERS,
        suggestions=(8, 16, 32, 64, 128),
    )
    kernel: int = hyper(
        3, "Kernel", "Steps that one output sees.", minimum=1, maximum=LONGEST, suggestions=(1, 3, 5, 7, 9)
    )
    stride: int = hyper(
        1, "Stride", "Steps from one position to the next. 2 halves the sequence.", minimum=1, maximum=LONGEST
    )
    padding: str = hyper(
        "same",
        "Padding",
        f"{convolving.PADDING_HELP} Causal: zeros before only, so no output sees the future.",
        choices=(("same", "Same"), ("valid", "Valid"), ("causal", "Causal")),
    )
    dilation: int = hyper(1, "Dilation", convolving.DILATION_HELP, minimum=1, maximum=LONGEST)
    groups: int = hyper(1, "Groups", convolving.GROUPS_HELP, minimum=1, maximum=convolving.MOST_FILTERS)
    activation: str = hyper(
        "relu", "Activation", "The function f applied to every output.", choices=activations.CHOICES
    )
    initializer: str = hyper(
        "auto",
        "Initializer",
        "How the kernels start. Auto picks He after rectifiers, Glorot otherwise.",
        choices=initializers.CHOICES,
    )
    use_bias: bool = hyper(True, "Bias", "Whether each filter has an offset b.")
    dropout: float | None = dropout_hyper()

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != 2:
            sizes = "×".join(str(n) for n in shape)
            raise SpecError(
                f"Conv1D takes a sequence (steps×channels), but its input is {sizes}. "
                "A Reshape layer before it makes a sequence of a row."
            )
        convolving.check_groups(self.label, shape[1], self.filters, self.groups)
        if self.padding == "valid" and (self.kernel - 1) * self.dilation + 1 > shape[0]:
            text = convolving.does_not_fit(self.label, shape[0], self.kernel, self.dilation, axis="steps")
            raise SpecError(text, fix=("Set padding to same", {"padding": "same"}))
        return (convolving.output_sizes((1, shape[0]), (1, self.kernel), self._geometry(shape))[1], self.filters)

    def _geometry(self, shape: Shape) -> ConvGeometry:
        return convolving.geometry(
            (1, shape[0]),
            kernel=(1, self.kernel),
            stride=(1, self.stride),
            dilation=(1, self.dilation),
            kinds=("valid", self.padding),
            groups=self.groups,
        )

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        weights: dict[str, Shape] = {"W": (self.kernel, inputs[0][1] // self.groups, self.filters)}
        return {**weights, "b": (self.filters,)} if self.use_bias else weights

    def init(self, rng: np.random.Generator, *inputs: Shape) -> tuple[Params, State]:
        shape = self.parameter_shapes(*inputs)["W"]
        name = convolving.initializer(self.initializer, self.activation)
        return convolving.fresh(rng, shape, name, groups=self.groups, use_bias=self.use_bias), {}

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        b = p["b"] if self.use_bias else None
        y, cache = convolving.forward(ops, x[:, None], p["W"][None], b, self._geometry(x.shape[1:]), self.activation)
        return y[:, 0], cache, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        dz = convolving.by_sum(ops, cache, dy[:, None], self.activation)
        dx = convolving.by_input(ops, p["W"][None], cache, dz)
        return (dx[:, 0],), self._grads(ops, p, cache, dz)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        return self._grads(ops, p, cache, convolving.by_sum(ops, cache, dy[:, None], self.activation))

    def _grads(self, ops: Any, p: Params, cache: Cache, dz: Array) -> Params:
        found = convolving.by_parameters(ops, p["W"][None], cache, dz, use_bias=self.use_bias)
        return {**found, "W": found["W"][0]}

    def describe(self) -> str:
        return f"Conv1D {self.filters} · {self.kernel} · {activations.ACTIVATIONS[self.activation].label}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        return (
            (cls(filters=3), ((7, 2),)),
            (cls(filters=2, kernel=4, padding="valid", activation="tanh"), ((7, 2),)),
            (cls(filters=2, padding="causal", dilation=2, activation="linear"), ((8, 3),)),
            (cls(filters=2, kernel=2, stride=3, padding="causal", activation="gelu"), ((8, 1),)),
            (cls(filters=4, stride=2, groups=2, use_bias=False, activation="sigmoid"), ((6, 4),)),
            (cls(filters=3, kernel=1, activation="elu"), ((5, 2),)),
            (cls(filters=2, kernel=5, dilation=2, activation="linear"), ((4, 1),)),
            (cls(filters=2, kernel=1, padding="valid"), ((1, 3),)),
        )

    def multiply_adds(self, *inputs: Shape) -> int:
        return math.prod(self.output_shape(*inputs)) * self.kernel * (inputs[0][1] // self.groups)

    def work_values(self, *inputs: Shape) -> int:
        steps, channels = inputs[0]
        outputs = math.prod(self.output_shape(*inputs))
        return convolving.work_values((1, steps), channels, outputs, self._geometry(inputs[0]), self.activation)
