"""Activation functions in ONNX, element by element in whatever order the axes stand, softmax over the last."""

from __future__ import annotations

import math
from collections.abc import Callable

from core.export.onnx_rules.graph import Graph
from core.export.walk import Place


def _silu(graph: Graph, z: str, name: str) -> str:
    return graph.add("Mul", z, graph.add("Sigmoid", z, out=f"{name}/sigmoid"), out=f"{name}/silu")


def _gelu(graph: Graph, z: str, name: str) -> str:
    """0.5 z (1 + tanh(√(2/π) (z + 0.044715 z³))), multiplied in the order of `core.activations`."""
    cubic = graph.add("Mul", graph.constant(0.044715, f"{name}/a"), z, out=f"{name}/az")
    cubic = graph.add("Mul", cubic, z, out=f"{name}/az2")
    cubic = graph.add("Mul", cubic, z, out=f"{name}/az3")
    inner = graph.add("Add", z, cubic, out=f"{name}/sum")
    inner = graph.add("Mul", graph.constant(math.sqrt(2 / math.pi), f"{name}/c"), inner, out=f"{name}/inner")
    one = graph.add(
        "Add", graph.add("Tanh", inner, out=f"{name}/tanh"), graph.constant(1.0, f"{name}/one"), out=f"{name}/gate"
    )
    half = graph.add("Mul", z, graph.constant(0.5, f"{name}/half"), out=f"{name}/half_z")
    return graph.add("Mul", half, one, out=f"{name}/gelu")


ACTIVATIONS: dict[str, Callable[[Graph, str, str], str]] = {
    "linear": lambda graph, z, name: z,
    "relu": lambda graph, z, name: graph.add("Relu", z, out=f"{name}/relu"),
    "leaky_relu": lambda graph, z, name: graph.add("LeakyRelu", z, out=f"{name}/leaky_relu", alpha=0.01),
    "elu": lambda graph, z, name: graph.add("Elu", z, out=f"{name}/elu", alpha=1.0),
    "gelu": _gelu,
    "silu": _silu,
    "tanh": lambda graph, z, name: graph.add("Tanh", z, out=f"{name}/tanh"),
    "sigmoid": lambda graph, z, name: graph.add("Sigmoid", z, out=f"{name}/sigmoid"),
    "softplus": lambda graph, z, name: graph.add("Softplus", z, out=f"{name}/softplus"),
    "softmax": lambda graph, z, name: graph.add("Softmax", z, out=f"{name}/softmax", axis=-1),
}


def activation(graph: Graph, place: Place) -> str:
    function = ACTIVATIONS[place.layer.function]
    if place.layer.function == "softmax":
        return function(graph, place.xs[0], place.name)
    return graph.in_any_order(place.xs, place.rank, lambda x: function(graph, x, place.name))


def prelu(graph: Graph, place: Place) -> str:
    slope = graph.constant(place.p["a"], f"{place.name}/a")
    return graph.add("PRelu", place.xs[0], slope, out=f"{place.name}/prelu")
