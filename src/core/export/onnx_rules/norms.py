"""ONNX for layers that bring values to a common scale."""

from __future__ import annotations

import numpy as np

from core.export.onnx_rules.graph import Graph
from core.export.walk import Place


def batch_norm(graph: Graph, place: Place) -> str:
    """With the running statistics, as everywhere outside training."""
    p, name = place.p, place.name
    kept = [graph.constant(p[part], f"{name}/{part}") for part in ("gamma", "beta", "mean", "variance")]
    x = graph.channels_first(place.xs[0], place.rank)
    y = graph.add("BatchNormalization", x, *kept, out=f"{name}/normalized", epsilon=place.layer.epsilon)
    return graph.channels_last(y, place.rank, f"{name}/y") if place.rank > 2 else y


def layer_norm(graph: Graph, place: Place) -> str:
    gamma, beta = (graph.constant(place.p[part], f"{place.name}/{part}") for part in ("gamma", "beta"))
    return graph.add(
        "LayerNormalization", place.xs[0], gamma, beta, out=f"{place.name}/y", axis=-1, epsilon=place.layer.epsilon
    )


def group_norm(graph: Graph, place: Place) -> str:
    """Every group as one channel of an instance normalization, then each channel's own scale and shift."""
    layer, name, rank = place.layer, place.name, place.rank
    *positions, channels = place.inputs[0]
    x = graph.channels_first(place.xs[0], rank)
    size = int(np.prod(positions)) * channels // layer.groups
    grouped = graph.reshape(x, (layer.groups, size), f"{name}/grouped")
    one, zero = (graph.constant(np.full(layer.groups, v), f"{name}/{n}") for n, v in (("one", 1.0), ("zero", 0.0)))
    y = graph.add("InstanceNormalization", grouped, one, zero, out=f"{name}/even", epsilon=layer.epsilon)
    y = graph.reshape(y, (channels, *positions), f"{name}/ungrouped")
    gamma, beta = (
        graph.constant(place.p[part].reshape(-1, *(1 for _ in positions)), f"{name}/{part}")
        for part in ("gamma", "beta")
    )
    y = graph.add("Add", graph.add("Mul", y, gamma, out=f"{name}/scaled"), beta, out=f"{name}/shifted")
    return graph.channels_last(y, rank, f"{name}/y") if rank > 2 else y
