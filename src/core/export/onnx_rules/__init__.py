"""One rule for every kind of layer that ONNX can hold: (graph, place) → the name of the layer's output."""

from __future__ import annotations

from collections.abc import Callable

from core.export.onnx_rules import attention, convolution, norms, recurrent, shapes
from core.export.onnx_rules.activations import ACTIVATIONS, activation, prelu
from core.export.onnx_rules.graph import Graph
from core.export.walk import Place


def dense(graph: Graph, place: Place) -> str:
    name, p = place.name, place.p
    z = graph.add("MatMul", place.xs[0], graph.constant(p["W"], f"{name}/W"), out=f"{name}/matmul")
    if "b" in p:
        z = graph.add("Add", z, graph.constant(p["b"], f"{name}/b"), out=f"{name}/z")
    return ACTIVATIONS[place.layer.activation](graph, z, name)


RULES: dict[str, Callable[[Graph, Place], str]] = {
    "input": shapes.entrance,
    "dense": dense,
    "activation": activation,
    "prelu": prelu,
    "dropout": shapes.same,
    "spatial_dropout": shapes.same,
    "gaussian_noise": shapes.same,
    "conv1d": convolution.convolution,
    "conv2d": convolution.convolution,
    "max_pool": convolution.max_pool,
    "avg_pool": convolution.avg_pool,
    "global_max_pool": convolution.global_max_pool,
    "global_avg_pool": convolution.global_avg_pool,
    "upsample": shapes.upsample,
    "flatten": shapes.reshape,
    "reshape": shapes.reshape,
    "add": shapes.add,
    "concat": shapes.concat,
    "multiply": shapes.multiply,
    "batch_norm": norms.batch_norm,
    "layer_norm": norms.layer_norm,
    "group_norm": norms.group_norm,
    "embedding": shapes.embedding,
    "embed_columns": shapes.embed_columns,
    "simple_rnn": recurrent.simple_rnn,
    "lstm": recurrent.lstm,
    "gru": recurrent.gru,
    "attention": attention.attention,
    "positional_encoding": attention.positional_encoding,
}
