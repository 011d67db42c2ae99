"""ONNX for convolutions and pools, which ONNX wants with the channels first."""

from __future__ import annotations

from typing import Any

from core.backend.convolution import padding
from core.export.onnx_rules.activations import ACTIVATIONS
from core.export.onnx_rules.graph import Graph
from core.export.walk import Place


def convolution(graph: Graph, place: Place) -> str:
    """Conv with W as (filters, channels of a group, kernel)."""
    layer, name, W = place.layer, place.name, place.p["W"]
    kernel, stride, dilation = (pair(v, W.ndim - 2) for v in (layer.kernel, layer.stride, layer.dilation))
    pads = [padding(layer.padding, *axis) for axis in zip(place.inputs[0], kernel, stride, dilation, strict=False)]
    weights = graph.constant(W.transpose(W.ndim - 1, W.ndim - 2, *range(W.ndim - 2)), f"{name}/W")
    bias = (graph.constant(place.p["b"], f"{name}/b"),) if "b" in place.p else ()
    z = graph.add(
        "Conv", graph.channels_first(place.xs[0], place.rank), weights, *bias, out=f"{name}/convolved",
        kernel_shape=kernel, strides=stride, dilations=dilation, group=layer.groups, pads=onnx_pads(pads),
    )  # fmt: skip
    return graph.channels_last(ACTIVATIONS[layer.activation](graph, z, name), place.rank, f"{name}/y")


def pair(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number for every axis."""
    return (value,) * axes if isinstance(value, int) else value


def onnx_pads(pads: list[tuple[int, int]]) -> list[int]:
    """All that stands before, then all that stands after."""
    return [before for before, _ in pads] + [after for _, after in pads]


def max_pool(graph: Graph, place: Place) -> str:
    return _pool(graph, place, "MaxPool")


def avg_pool(graph: Graph, place: Place) -> str:
    return _pool(graph, place, "AveragePool", count_include_pad=0)


def _pool(graph: Graph, place: Place, op: str, **more: Any) -> str:
    layer, axes = place.layer, place.inputs[0][:-1]
    size, stride = layer.size, layer.stride or layer.size
    pads = [padding(layer.padding, n, size, stride, 1) for n in axes]
    pooled = graph.add(
        op, graph.channels_first(place.xs[0], place.rank), out=f"{place.name}/pooled",
        kernel_shape=[size] * len(axes), strides=[stride] * len(axes), pads=onnx_pads(pads), **more,
    )  # fmt: skip
    return graph.channels_last(pooled, place.rank, f"{place.name}/y")


def global_max_pool(graph: Graph, place: Place) -> str:
    return _over_positions(graph, place, "ReduceMax")


def global_avg_pool(graph: Graph, place: Place) -> str:
    return _over_positions(graph, place, "ReduceMean")


def _over_positions(graph: Graph, place: Place, op: str) -> str:
    axes = list(range(1, place.rank - 1))
    return graph.add(op, place.xs[0], out=f"{place.name}/y", axes=axes, keepdims=0)
