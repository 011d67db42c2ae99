"""Element-wise activation functions with their derivatives, shared by Dense and the Activation layer.

forward:  y = f(z);  backward: dz = dy * f'(z), written with whichever of z and y makes it cheapest.
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


def _leaky(ops: Any, z: Array) -> Array:
    return ops.where(z > 0, z, 0.01 * z)


def _leaky_back(ops: Any, z: Array, y: Array, dy: Array) -> Array:
    return ops.where(z > 0, dy, 0.01 * dy)


def _gelu(ops: Any, z: Array) -> Array:
    return 0.5 * z * (1.0 + ops.tanh(_GELU_C * (z + 0.044715 * z * z * z)))


def _gelu_back(ops: Any, z: Array, y: Array, dy: Array) -> Array:
    t = ops.tanh(_GELU_C * (z + 0.044715 * z * z * z))
    inner = _GELU_C * (1.0 + 3 * 0.044715 * z * z)
    return dy * (0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * inner)


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
            lambda ops, z, y, dy: dy * (y > 0),
            "he_normal",
        ),
        Activation(
            "leaky_relu", "Leaky ReLU", "max(0.01 z, z)", "1 if z > 0 else 0.01", _leaky, _leaky_back, "he_normal"
        ),
        Activation("gelu", "GELU", "z Φ(z), tanh form", "Φ(z) + z φ(z)", _gelu, _gelu_back, "he_normal"),
        Activation(
            "silu",
            "SiLU",
            "z σ(z)",
            "σ(z) + y (1 - σ(z))",
            lambda ops, z: z * ops.sigmoid(z),
            _silu_back,
            "he_normal",
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
    )
}

CHOICES: tuple[tuple[str, str], ...] = tuple((a.name, a.label) for a in ACTIVATIONS.values())
