"""ONNX for layers that rearrange values, join branches or look values up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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


def embed_columns(graph: Graph, place: Place) -> str:
    """The other values, then for every column of codes a row of its table; all tables lie in one, end to end."""
    from onnx import TensorProto

    name, layer = place.name, place.layer
    rest = [i for i in range(place.inputs[0][0]) if i not in layer.columns]
    tables = [place.p[f"W{k}"] for k in range(len(layer.columns))]
    starts = np.cumsum([0, *layer.tokens[:-1]])
    columns = graph.constant(layer.columns, f"{name}/columns", np.int64)
    code = graph.add("Gather", place.xs[0], columns, out=f"{name}/codes", axis=1)
    code = graph.add("Max", code, graph.constant([0.0], f"{name}/least"), out=f"{name}/at_least")
    most = graph.constant([tokens - 1.0 for tokens in layer.tokens], f"{name}/most")
    code = graph.add("Min", code, most, out=f"{name}/clamped")
    code = graph.add("Add", code, graph.constant([0.5], f"{name}/half"), out=f"{name}/code_and_a_half")
    code = graph.add("Cast", code, out=f"{name}/code", to=TensorProto.INT64)
    row = graph.add("Add", code, graph.constant(starts, f"{name}/starts", np.int64), out=f"{name}/row")
    found = graph.add("Gather", graph.constant(np.concatenate(tables), f"{name}/W"), row, out=f"{name}/rows", axis=0)
    flat = graph.reshape(found, (len(tables) * layer.width,), f"{name}/numbers")
    if not rest:
        return flat
    others = graph.constant(rest, f"{name}/other_columns", np.int64)
    others = graph.add("Gather", place.xs[0], others, out=f"{name}/others", axis=1)
    return graph.add("Concat", others, flat, out=f"{name}/joined", axis=1)


def present(graph: Graph, x: str, name: str) -> str:
    """(rows, steps, 1): whether a step is more than padding, which is zero throughout; NaN is more."""
    from onnx import TensorProto

    is_zero = graph.add("Equal", x, graph.constant(0.0, f"{name}/zero"), out=f"{name}/is_zero")
    more = graph.add("Cast", graph.add("Not", is_zero, out=f"{name}/is_more"), out=f"{name}/more", to=TensorProto.FLOAT)
    most = graph.add("ReduceMax", more, out=f"{name}/most", axes=[2], keepdims=1)
    return graph.add("Cast", most, out=f"{name}/present", to=TensorProto.BOOL)
