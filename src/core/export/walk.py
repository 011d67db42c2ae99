"""A network walked layer by layer, each written by the rule that a format has for its kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import UserInputError
from core.export.python_code import variables
from core.layers import Layer, Shape
from core.model import TrainedModel
from core.network import Network

MOST_BYTES = 2**31 - 2**24  # what protocol buffers can hold, less room for all that is no weight


@dataclass(frozen=True)
class Place:
    """What a rule is told of the layer that it writes.

    layer: a layer of the kind that the rule is for; inputs, output: shapes without the batch axis; xs: what the values
    that feed it are called; name: a Python name for the layer; p: its parameters and state.
    """

    layer: Any
    inputs: tuple[Shape, ...]
    output: Shape
    xs: tuple[str, ...]
    name: str
    p: Mapping[str, np.ndarray]

    @property
    def rank(self) -> int:
        """Axes of the first input, batch included."""
        return len(self.inputs[0]) + 1


def places(model: TrainedModel, plan: Network, x: str, write: Callable[[Place], str]) -> str:
    """Call `write` for every layer in order, with `x` for the network's input; the name of the network's output."""
    names = variables(model.network)
    values: list[str] = []
    for node in plan.nodes:
        xs = tuple(values[i] for i in node.sources) or (x,)
        output = node.layer.output_shape(*node.inputs)
        p = _at_rest(node.layer, model.weights.get(node.id, {}))
        values.append(write(Place(node.layer, node.inputs, output, xs, names[node.id], p)))
    return values[plan.output]


def _at_rest(layer: Any, p: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Parameters as they act: the token of padding stands for zeros, whatever its row of the table holds."""
    if layer.kind != "embedding" or not layer.padding:
        return p
    W = np.array(p["W"])
    W[0] = 0.0
    return {**p, "W": W}


def plan_of(model: TrainedModel, *, format: str, kinds: Collection[str]) -> Network:
    """The network in topological order.

    Raises:
        UserInputError: a layer that the format has no rule for; a network that takes other rows than the data give.
    """
    network = Network.of(model.network)
    for node in network.nodes:
        if node.layer.kind not in kinds:
            refuse_layer(node.layer, format)
    shape, features, image = row_shape(network), model.preparation.features, model.preparation.image
    if image is not None:
        _check_image(shape, image.shape)
        return network
    values = sum(feature.width for feature in features)
    if math.prod(shape) != values:
        sizes = "×".join(str(n) for n in shape)
        raise UserInputError(
            f"The columns give {values} values a row; this network takes {sizes}.",
            remedy="Choose data that fit the network, or change its input.",
        )
    return network


def _check_image(shape: Shape, image: Shape) -> None:
    if shape != image:
        sizes, wanted = ("×".join(str(n) for n in each) for each in (shape, image))
        raise UserInputError(f"The images have {wanted} values; this network takes {sizes}.")


def check_size(model: TrainedModel, format: str) -> None:
    """Raises UserInputError where the weights are more than a file of protocol buffers can hold."""
    size = sum(4 * array.size for arrays in model.weights.values() for array in arrays.values())
    if size > MOST_BYTES:
        raise UserInputError(
            f"This network is too large for {format}.",
            reason=f"Its weights take {size / 2**30:.1f} GB; such a file holds at most 2 GB.",
            remedy="Choose safetensors, PyTorch, MLX or NumPy.",
        )


def refuse_layer(layer: Layer, format: str) -> None:
    raise UserInputError(
        f"{layer.label} layers cannot be exported as {format} yet.",
        remedy="Choose another format, or replace the layer.",
    )


def row_shape(network: Network) -> Shape:
    return network.nodes[0].layer.output_shape()


def shaped(model: TrainedModel, x: np.ndarray) -> np.ndarray:
    """Prepared rows (rows, values) in the shape of a row that the network takes, such as (rows, height, width, 1)."""
    return x.reshape(len(x), *row_shape(Network.of(model.network)))
