"""ONNX for convolutions and pools, which ONNX wants with the channels first."""

from __future__ import annotations

from typing import Any

from core.backend.convolution import Pair
from core.export.geometry import convolution_pads, per_axis, pool_pads, pool_stride
from core.export.onnx_rules.activations import ACTIVATIONS
from core.export.onnx_rules.graph import Graph
from core.export.walk import Place


def convolution(graph: Graph, place: Place) -> str:
    """Conv with W as (filters, channels of a group, kernel)."""
    layer, name, W = place.layer, place.name, place.p["W"]
    weights = graph.constant(W.transpose(W.ndim - 1, W.ndim - 2, *range(W.ndim - 2)), f"{name}/W")
    bias = (graph.constant(place.p["b"], f"{name}/b"),) if "b" in place.p else ()
    z = graph.add(
        "Conv", graph.channels_first(place.xs[0], place.rank), weights, *bias, out=f"{name}/convolved",
        kernel_shape=per_axis(layer.kernel), strides=per_axis(layer.stride), dilations=per_axis(layer.dilation),
        group=layer.groups, pads=_flat(convolution_pads(place)),
    )  # fmt: skip
    return graph.channels_last(ACTIVATIONS[layer.activation](graph, z, name), place.rank, f"{name}/y")


def _flat(pads: list[Pair]) -> list[int]:
    """All that stands before, then all that stands after."""
    return [before for before, _ in pads] + [after for _, after in pads]


def max_pool(graph: Graph, place: Place) -> str:
    return _pool(graph, place, "MaxPool")


def avg_pool(graph: Graph, place: Place) -> str:
    return _pool(graph, place, "AveragePool", count_include_pad=0)


def _pool(graph: Graph, place: Place, op: str, **more: Any) -> str:
    axes = place.rank - 2
    pooled = graph.add(
        op, graph.channels_first(place.xs[0], place.rank), out=f"{place.name}/pooled",
        kernel_shape=[place.layer.size] * axes, strides=[pool_stride(place)] * axes, pads=_flat(pool_pads(place)),
        **more,
    )  # fmt: skip
    return graph.channels_last(pooled, place.rank, f"{place.name}/y")


def global_max_pool(graph: Graph, place: Place) -> str:
    return _over_positions(graph, place, "ReduceMax")


def global_avg_pool(graph: Graph, place: Place) -> str:
    return _over_positions(graph, place, "ReduceMean")


def _over_positions(graph: Graph, place: Place, op: str) -> str:
    axes = list(range(1, place.rank - 1))
    return graph.add(op, place.xs[0], out=f"{place.name}/y", axes=axes, keepdims=0)
