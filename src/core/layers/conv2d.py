"""Conv2D: small kernels slide over an image and answer wherever they find their pattern."""

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


@dataclass(frozen=True)
class Conv2D(Weighted):
    """z[i, j, f] = b[f] + Σ_{a, b, c} x[i s + a d - p, j s + b d - p, c] W[a, b, c, f], y = f(z).

    x: (batch, H, W, C) → y: (batch, H', W', filters), W: (kh, kw, C / groups, filters), b: (filters,); s the stride, d
    the dilation, p the padding: "same" H' = ceil(H / s), "valid" H' = floor((H - (kh - 1) d - 1) / s) + 1.
    dz = dy ⊙ f'(z); dW[a, b, c, f] = Σ_{n, i, j} dz[n, i, j, f] x[n, i s + a d - p, j s + b d - p, c]; db = Σ dz;
    dx = dz spread out by the stride and convolved with the turned kernel
    (LeCun et al. 1998; Dumoulin and Visin 2016; Goodfellow et al. 2016, §9.5).
    """

    kind = "conv2d"
    label = "Conv2D"
    group = "convolution"
    summary = "Slides small kernels over an image; each answers wherever it finds its pattern."
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
    kernel: tuple[int, ...] = hyper(
        (3, 3), "Kernel", "Rows and columns that one output sees. Odd sizes have a middle.", kind="shape"
    )
    stride: tuple[int, ...] = hyper(
        (1, 1), "Stride", "Rows and columns from one position to the next. 2 halves the image.", kind="shape"
    )
    padding: str = hyper("same", "Padding", convolving.PADDING_HELP, choices=(("same", "Same"), ("valid", "Valid")))
    dilation: tuple[int, ...] = hyper((1, 1), "Dilation", convolving.DILATION_HELP, kind="shape")
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
        self._check(shape)
        sizes = convolving.output_sizes((shape[0], shape[1]), self._pair(self.kernel), self.geometry(shape))
        return (*sizes, self.filters)

    def _check(self, shape: Shape) -> None:
        """Raises SpecError where this input cannot be convolved."""
        if len(shape) != 3:
            sizes = "×".join(str(n) for n in shape)
            raise SpecError(
                f"Conv2D takes an image (height×width×channels), but its input is {sizes}. "
                "A Reshape layer before it makes an image of a row."
            )
        for name in ("kernel", "stride", "dilation"):
            value = getattr(self, name)
            if len(value) != 2:
                both = (value[0], value[0])
                raise SpecError(
                    f"The {name} of Conv2D needs two numbers, for rows and columns; it has {len(value)}.",
                    fix=(f"Set {name} to {both[0]}×{both[1]}", {name: both}),
                )
        convolving.check_groups(self.label, shape[2], self.filters, self.groups)
        for i, axis in enumerate(("rows", "columns")):
            reach = (self.kernel[i] - 1) * self.dilation[i] + 1
            if self.padding == "valid" and reach > shape[i]:
                text = convolving.does_not_fit(self.label, shape[i], self.kernel[i], self.dilation[i], axis=axis)
                raise SpecError(text, fix=("Set padding to same", {"padding": "same"}))

    @staticmethod
    def _pair(value: tuple[int, ...]) -> tuple[int, int]:
        return value[0], value[1]

    def geometry(self, shape: Shape) -> ConvGeometry:
        return convolving.geometry(
            (shape[0], shape[1]),
            kernel=self._pair(self.kernel),
            stride=self._pair(self.stride),
            dilation=self._pair(self.dilation),
            kinds=(self.padding, self.padding),
            groups=self.groups,
        )

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        weights: dict[str, Shape] = {"W": (*self.kernel, inputs[0][2] // self.groups, self.filters)}
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
        y, cache = convolving.forward(ops, x, p["W"], b, self.geometry(x.shape[1:]), self.activation)
        return y, cache, s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        dz = convolving.by_sum(ops, cache, dy, self.activation)
        dx = convolving.by_input(ops, p["W"], cache, dz)
        return (dx,), convolving.by_parameters(ops, p["W"], cache, dz, use_bias=self.use_bias)

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        dz = convolving.by_sum(ops, cache, dy, self.activation)
        return convolving.by_parameters(ops, p["W"], cache, dz, use_bias=self.use_bias)

    def describe(self) -> str:
        kernel = "×".join(str(n) for n in self.kernel)
        return f"Conv2D {self.filters} · {kernel} · {activations.ACTIVATIONS[self.activation].label}"

    @classmethod
    def examples(cls) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
        image = ((5, 6, 2),)
        return (
            (cls(filters=3), image),
            (cls(filters=2, kernel=(3, 2), padding="valid", activation="tanh"), image),
            (cls(filters=3, kernel=(2, 3), stride=(2, 1), activation="linear"), image),
            (cls(filters=2, kernel=(2, 2), stride=(2, 3), padding="valid", activation="gelu"), image),
            (cls(filters=2, dilation=(2, 1), activation="silu"), ((6, 5, 1),)),
            (cls(filters=4, groups=2, use_bias=False, activation="sigmoid"), ((4, 4, 4),)),
            (cls(filters=6, groups=3, stride=(2, 2), activation="elu"), ((5, 4, 3),)),
            (cls(filters=3, groups=3, activation="linear"), ((5, 4, 3),)),
            (cls(filters=3, kernel=(1, 1), activation="leaky_relu"), ((3, 4, 2),)),
            (cls(filters=2, kernel=(4, 5), activation="linear"), ((4, 5, 1),)),
            (cls(filters=2, kernel=(1, 1), padding="valid", stride=(2, 2), activation="softplus"), ((1, 1, 3),)),
        )

    def multiply_adds(self, *inputs: Shape) -> int:
        return math.prod(self.output_shape(*inputs)) * math.prod(self.kernel) * (inputs[0][2] // self.groups)

    def work_values(self, *inputs: Shape) -> int:
        shape = inputs[0]
        outputs = math.prod(self.output_shape(shape))
        return convolving.work_values((shape[0], shape[1]), shape[2], outputs, self.geometry(shape), self.activation)
