"""The neural network of a Core ML file as it grows. Values have no batch axis there: Core ML adds it itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.data.preprocess import ClassTarget, LabelsTarget, NumberTarget
from core.layers import Shape
from core.model import TrainedModel


class Network:
    """The last step of the pipeline. Every method adds one layer and gives back what its output is called."""

    def __init__(self, ct: Any, model: TrainedModel, inputs: Sequence[int], x: str = "/x") -> None:
        types = ct.models.datatypes
        self.target = model.preparation.target
        self.loss = model.loss
        self.output = "prediction" if isinstance(self.target, NumberTarget) else "probabilities"
        size = 1 if isinstance(self.target, NumberTarget) else len(self.target.classes)
        outputs = [self.output, "label"] if isinstance(self.target, LabelsTarget) else [self.output]
        self.builder = ct.models.neural_network.NeuralNetworkBuilder(
            [(x, types.Array(*inputs))],
            [(name, types.Array(size)) for name in outputs],
            mode="classifier" if isinstance(self.target, ClassTarget) else None,
            disable_rank5_shape_mapping=True,
        )

    def product(self, x: str, W: np.ndarray, b: np.ndarray | None, name: str) -> str:
        """x W + b over the last axis."""
        n, units = W.shape
        turned = np.ascontiguousarray(W.T, np.float32)
        self.builder.add_inner_product(name, turned, b, n, units, b is not None, x, f"{name}/z")
        return f"{name}/z"

    def bent(self, kind: str, z: str, name: str, params: list[float] | float | None = None) -> str:
        self.builder.add_activation(f"{name}/{kind}", kind, z, f"{name}/{kind}", params)
        return f"{name}/{kind}"

    def constant(self, value: Any, name: str) -> str:
        array = np.asarray(value, np.float32)
        self.builder.add_load_constant_nd(name, name, array, array.shape)
        return name

    def add(self, xs: Sequence[str], name: str) -> str:
        self.builder.add_add_broadcastable(name, list(xs), name)
        return name

    def multiply(self, xs: Sequence[str], name: str) -> str:
        self.builder.add_multiply_broadcastable(name, list(xs), name)
        return name

    def reshape(self, x: str, shape: Sequence[int], name: str) -> str:
        self.builder.add_reshape_static(name, x, name, list(shape))
        return name

    def transpose(self, x: str, axes: Sequence[int], name: str) -> str:
        self.builder.add_transpose(name, list(axes), x, name)
        return name

    def gather(self, x: str, places: Sequence[int], name: str) -> str:
        """Those values of a flat row, in that order."""
        self.builder.add_gather(name, [x, self.constant(places, f"{name}/places")], name, axis=0)
        return name

    def where(self, condition: str, x: str, otherwise: str, name: str) -> str:
        self.builder.add_where_broadcastable(name, [condition, x, otherwise], name)
        return name

    def image(self, x: str, shape: Shape, name: str) -> str:
        """A sequence or an image as (1, channels, height, width), which convolutions and pools take."""
        height, width = (1, shape[0]) if len(shape) == 2 else shape[:2]
        x = self.reshape(x, (1, height, width, shape[-1]), f"{name}/batch")
        return self.transpose(x, (0, 3, 1, 2), f"{name}/channels_first")

    def from_image(self, x: str, shape: Shape, name: str) -> str:
        """The inverse of `image`."""
        x = self.transpose(x, (0, 2, 3, 1), f"{name}/channels_last")
        return self.reshape(x, shape, f"{name}/y")

    def finished(self, z: str) -> Any:
        """The answers added: probabilities with their labels, or the value in the target's unit."""
        if isinstance(self.target, LabelsTarget):  # each by itself: its probability, and whether it is answered
            self.builder.add_activation("/answer/yes", "SIGMOID", z, self.output)
            self.builder.add_greater_than("/answer/label", [self.output], "label", True, 0.5)
            return self.builder.spec
        if not isinstance(self.target, ClassTarget):
            mean = self.target.mean
            if self.loss == "poisson":  # z is the logarithm of the count in units of the scale
                self.builder.add_unary("/answer/rate", z, "/answer/rate", "exp")
                z, mean = "/answer/rate", 0.0
            self.builder.add_activation("/answer", "LINEAR", z, self.output, [self.target.scale, mean])
            return self.builder.spec
        if self.loss == "binary_cross_entropy":
            yes = self.bent("SIGMOID", z, "/answer")
            no = self.bent("LINEAR", yes, "/answer", [-1.0, 1.0])
            self.builder.add_concat_nd("/answer/both", [no, yes], self.output, axis=-1)
        else:
            self.builder.add_softmax_nd("/answer/softmax", z, self.output, axis=-1)
        self.builder.set_class_labels(list(self.target.classes), "label", self.output)
        return self.builder.spec


def _gelu(network: Network, z: str, name: str) -> str:
    network.builder.add_gelu(f"{name}/gelu", z, f"{name}/gelu", mode="TANH_APPROXIMATION")
    return f"{name}/gelu"


def _softmax(network: Network, z: str, name: str) -> str:
    network.builder.add_softmax_nd(f"{name}/softmax", z, f"{name}/softmax", axis=-1)
    return f"{name}/softmax"


def _silu(network: Network, z: str, name: str) -> str:
    return network.multiply([z, network.bent("SIGMOID", z, name)], f"{name}/silu")


ACTIVATIONS: dict[str, Callable[[Network, str, str], str]] = {
    "linear": lambda network, z, name: z,
    "relu": lambda network, z, name: network.bent("RELU", z, name),
    "leaky_relu": lambda network, z, name: network.bent("LEAKYRELU", z, name, [0.01]),
    "elu": lambda network, z, name: network.bent("ELU", z, name, 1.0),
    "gelu": _gelu,
    "silu": _silu,
    "tanh": lambda network, z, name: network.bent("TANH", z, name),
    "sigmoid": lambda network, z, name: network.bent("SIGMOID", z, name),
    "softplus": lambda network, z, name: network.bent("SOFTPLUS", z, name),
    "softmax": _softmax,
}
