"""ONNX for layers that rearrange values, join branches or look values up."""

from __future__ import annotations

from collections.abc import Iterator

from core.export.onnx_rules.graph import Graph
from core.export.walk import Place


def same(graph: Graph, place: Place) -> str:
    """Nothing happens when predicting."""
    return place.xs[0]


def entrance(graph: Graph, place: Place) -> str:
    """The prepared columns are a flat row; a network of images or sequences takes it in its own shape."""
    return place.xs[0] if len(place.output) == 1 else graph.reshape(place.xs[0], place.output, f"{place.name}/row")


def reshape(graph: Graph, place: Place) -> str:
    return graph.reshape(place.xs[0], place.output, f"{place.name}/reshaped")


def concat(graph: Graph, place: Place) -> str:
    return graph.add("Concat", *place.xs, out=f"{place.name}/joined", axis=place.rank - 1)


def add(graph: Graph, place: Place) -> str:
    return _folded(graph, place, "Add")


def multiply(graph: Graph, place: Place) -> str:
    return _folded(graph, place, "Mul")


def _folded(graph: Graph, place: Place, op: str) -> str:
    def work(*xs: str) -> str:
        y = xs[0]
        for i, x in enumerate(xs[1:], 1):
            y = graph.add(op, y, x, out=f"{place.name}/{op.lower()}_{i}")
        return y

    return graph.in_any_order([*_spread(graph, place)], len(place.output) + 1, work)


def _spread(graph: Graph, place: Place) -> Iterator[str]:
    """The inputs, one of a single value per channel with axes for the positions at which it acts."""
    for i, (x, shape) in enumerate(zip(place.xs, place.inputs, strict=True)):
        missing = len(place.output) - len(shape)
        yield graph.reshape(x, (*(1,) * missing, *shape), f"{place.name}/spread_{i}") if missing else x


def upsample(graph: Graph, place: Place) -> str:
    """Every value becomes a block of factor × factor."""
    larger = (float(place.layer.factor) for _ in place.inputs[0][:-1])
    scales = graph.constant([1.0, *larger, 1.0], f"{place.name}/scales")
    return graph.add(
        "Resize", place.xs[0], "", scales, out=f"{place.name}/larger",
        mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )  # fmt: skip


def embedding(graph: Graph, place: Place) -> str:
    """The row of the table that the nearest whole number names; the first or the last for a number outside."""
    from onnx import TensorProto

    name, table = place.name, place.p["W"]
    least, most = graph.constant(0.0, f"{name}/least"), graph.constant(len(table) - 1.0, f"{name}/most")
    token = graph.add("Clip", place.xs[0], least, most, out=f"{name}/clamped")
    token = graph.add("Add", token, graph.constant(0.5, f"{name}/half"), out=f"{name}/token_and_a_half")
    token = graph.add("Cast", token, out=f"{name}/token", to=TensorProto.INT64)
    return graph.add("Gather", graph.constant(table, f"{name}/W"), token, out=f"{name}/vectors", axis=0)


def present(graph: Graph, x: str, name: str) -> str:
    """(rows, steps, 1): whether a step is more than padding, which is zero throughout; NaN is more."""
    from onnx import TensorProto

    is_zero = graph.add("Equal", x, graph.constant(0.0, f"{name}/zero"), out=f"{name}/is_zero")
    more = graph.add("Cast", graph.add("Not", is_zero, out=f"{name}/is_more"), out=f"{name}/more", to=TensorProto.FLOAT)
    most = graph.add("ReduceMax", more, out=f"{name}/most", axes=[2], keepdims=1)
    return graph.add("Cast", most, out=f"{name}/present", to=TensorProto.BOOL)
