"""Activation functions with their derivatives: element by element for Dense and the Activation layer, and softmax.

forward:  y = f(z);  backward: dz = dy * f'(z), written with y alone where it can be, so that z need not be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Array = Any
_GELU_C = math.sqrt(2.0 / math.pi)


@dataclass(frozen=True)
class Activation:
    """name and label; formulas for the screen; `forward(ops, z) -> y`; `backward(ops, z, y, dy) -> dz`.

    reads_z: whether `backward` reads z; elsewhere it may be None. `settle`: `forward` into the memory of a z that
    nobody else holds.
    initializer: the weight initializer that keeps variance through this function: "he_normal" after rectifiers
    (He et al. 2015), "glorot_uniform" otherwise (Glorot and Bengio 2010).
    """

    name: str
    label: str
    formula: str
    slope: str
    forward: Callable[[Any, Array], Array]
    backward: Callable[[Any, Array, Array, Array], Array]
    initializer: str = "glorot_uniform"
    reads_z: bool = False
    settle: Callable[[Any, Array], Array] | None = None

    def bend(self, ops: Any, z: Array) -> tuple[Array, Array | None]:
        """(y, what `backward` needs as z) for a z that nobody else holds: its memory may become that of y."""
        if self.reads_z:
            return self.forward(ops, z), z
        return (self.settle or self.forward)(ops, z), None


def _leaky(ops: Any, z: Array) -> Array:
    return ops.maximum(z, 0.01 * z)


def _leaky_back(ops: Any, z: Array, y: Array, dy: Array) -> Array:
    return ops.multiply(dy, ops.maximum(ops.sign(y), 0.01))


def _gelu(ops: Any, z: Array) -> Array:
    return 0.5 * z * (1.0 + ops.tanh(_GELU_C * (z + 0.044715 * z * z * z)))


def _gelu_back(ops: Any, z: Array, y: Array, dy: Array) -> Array:
    t = ops.tanh(_GELU_C * (z + 0.044715 * z * z * z))
    inner = _GELU_C * (1.0 + 3 * 0.044715 * z * z)
    return dy * (0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * inner)


def _elu(ops: Any, z: Array) -> Array:
    return ops.iadd(ops.maximum(z, 0.0), ops.expm1(ops.minimum(z, 0.0)))


def _elu_back(ops: Any, z: Array, y: Array, dy: Array) -> Array:
    return ops.multiply(dy, ops.minimum(y + 1.0, 1.0))


def _softplus(ops: Any, z: Array) -> Array:
    """log(1 + exp(z)) = max(0, z) + log(1 + exp(-|z|)), which cannot overflow."""
    return ops.maximum(z, 0.0) + ops.log1p(ops.exp(-ops.abs(z)))


def _softmax(ops: Any, z: Array) -> Array:
    exp = ops.exp(z - ops.max_last(z))
    return exp / ops.sum_last(exp)


def _softmax_back(ops: Any, z: Array, y: Array, dy: Array) -> Array:
    """Jᵀ dy with J = diag(y) - y yᵀ, never formed: y ⊙ (dy - Σ y dy)  (Goodfellow et al. 2016, §6.2.2.3)."""
    return y * (dy - ops.sum_last(y * dy))


def _silu_back(ops: Any, z: Array, y: Array, dy: Array) -> Array:
    s = ops.sigmoid(z)
    return dy * (s + y * (1.0 - s))


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("linear", "Linear", "z", "1", lambda ops, z: z, lambda ops, z, y, dy: dy),
        Activation(
            "relu",
            "ReLU",
            "max(0, z)",
            "[z > 0]",
            lambda ops, z: ops.maximum(z, 0.0),
            lambda ops, z, y, dy: ops.multiply(dy, y > 0),
            "he_normal",
            settle=lambda ops, z: ops.imaximum(z, 0.0),
        ),
        Activation(
            "leaky_relu", "Leaky ReLU", "max(0.01 z, z)", "1 if z > 0 else 0.01", _leaky, _leaky_back, "he_normal"
        ),
        Activation("elu", "ELU", "z if z > 0 else exp(z) - 1", "1 if z > 0 else y + 1", _elu, _elu_back, "he_normal"),
        Activation("gelu", "GELU", "z Φ(z), tanh form", "Φ(z) + z φ(z)", _gelu, _gelu_back, "he_normal", True),
        Activation(
            "silu",
            "SiLU",
            "z σ(z)",
            "σ(z) + y (1 - σ(z))",
            lambda ops, z: z * ops.sigmoid(z),
            _silu_back,
            "he_normal",
            reads_z=True,
        ),
        Activation(
            "tanh", "Tanh", "tanh(z)", "1 - y²", lambda ops, z: ops.tanh(z), lambda ops, z, y, dy: dy * (1.0 - y * y)
        ),
        Activation(
            "sigmoid",
            "Sigmoid",
            "1 / (1 + exp(-z))",
            "y (1 - y)",
            lambda ops, z: ops.sigmoid(z),
            lambda ops, z, y, dy: dy * (y * (1.0 - y)),
        ),
        Activation(
            "softplus",
            "Softplus",
            "log(1 + exp(z))",
            "σ(z) = 1 - exp(-y)",
            _softplus,
            lambda ops, z, y, dy: dy * -ops.expm1(-y),
        ),
    )
}

# Over the last axis instead of element by element: a layer of its own, for gates and shares inside a network.
FUNCTIONS: dict[str, Activation] = {
    **ACTIVATIONS,
    "softmax": Activation("softmax", "Softmax", "exp(z) / Σ exp(z)", "y ⊙ (dy - Σ y dy)", _softmax, _softmax_back),
}

CHOICES: tuple[tuple[str, str], ...] = tuple((a.name, a.label) for a in ACTIVATIONS.values())
FUNCTION_CHOICES: tuple[tuple[str, str], ...] = tuple((a.name, a.label) for a in FUNCTIONS.values())
