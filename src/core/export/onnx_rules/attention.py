"""ONNX for attention and for the signal that tells it where a step stands."""

from __future__ import annotations

import math

import numpy as np

from core.export.onnx_rules.graph import Graph
from core.export.onnx_rules.shapes import present
from core.export.walk import Place
from core.layers.positional_encoding import positions

HIDDEN = -1e30  # a score whose share is exactly 0 after softmax, and with which softmax still divides by more than 0


def attention(graph: Graph, place: Place) -> str:
    """softmax(q kᵀ / √d + mask) v for each head, heads joined and weighed once more; zeros for padding."""
    name, (steps, width), heads = place.name, place.inputs[0], place.layer.heads
    q, k, v = (_heads(graph, place, part, order) for part, order in (("q", "qkv"), ("k", "kT"), ("v", "qkv")))
    scale = graph.constant(1 / math.sqrt(width // heads), f"{name}/scale")
    scores = graph.add("Mul", graph.add("MatMul", q, k, out=f"{name}/qk"), scale, out=f"{name}/scores")
    scores = _masked(graph, place, scores)
    shares = graph.add("Softmax", scores, out=f"{name}/shares", axis=-1)
    mixed = graph.add("MatMul", shares, v, out=f"{name}/mixed")
    joined = graph.add("Transpose", mixed, out=f"{name}/mixed_steps", perm=[0, 2, 1, 3])
    y = _weighed(graph, place, "o", graph.reshape(joined, (steps, width), f"{name}/joined"))
    if not place.layer.skip_padding:
        return y
    return graph.add("Where", f"{name}/present", y, graph.constant(0.0, f"{name}/nothing"), out=f"{name}/y")


def _weighed(graph: Graph, place: Place, part: str, x: str) -> str:
    name, p = place.name, place.p
    y = graph.add("MatMul", x, graph.constant(p[f"W{part}"], f"{name}/W{part}"), out=f"{name}/{part}_product")
    bias = f"b{part}"
    return graph.add("Add", y, graph.constant(p[bias], f"{name}/{bias}"), out=f"{name}/{part}") if bias in p else y


def _heads(graph: Graph, place: Place, part: str, order: str) -> str:
    """(rows, heads, steps, width of a head), for k with the last two turned."""
    (steps, width), heads = place.inputs[0], place.layer.heads
    y = _weighed(graph, place, part, place.xs[0])
    y = graph.reshape(y, (steps, heads, width // heads), f"{y}_split")
    return graph.add("Transpose", y, out=f"{y}_heads", perm=[0, 2, 3, 1] if order == "kT" else [0, 2, 1, 3])


def _masked(graph: Graph, place: Place, scores: str) -> str:
    name, steps = place.name, place.inputs[0][0]
    hidden = graph.constant(HIDDEN, f"{name}/hidden")
    if place.layer.skip_padding:
        there = graph.add("Transpose", present(graph, place.xs[0], name), out=f"{name}/present_keys", perm=[0, 2, 1])
        axis = graph.constant([1], f"{name}/heads_axis", np.int64)
        there = graph.add("Unsqueeze", there, axis, out=f"{name}/present_of_all_heads")
        scores = graph.add("Where", there, scores, hidden, out=f"{name}/scores_of_present")
    if place.layer.causal:
        past = graph.constant(np.tri(steps, dtype=bool), f"{name}/past", bool)
        scores = graph.add("Where", past, scores, hidden, out=f"{name}/scores_of_past")
    return scores


def positional_encoding(graph: Graph, place: Place) -> str:
    """The table of sines added; padding stays zero."""
    name, x = place.name, place.xs[0]
    table = graph.constant(positions(*place.inputs[0]), f"{name}/positions")
    y = graph.add("Add", x, table, out=f"{name}/placed")
    return graph.add("Where", present(graph, x, name), y, x, out=f"{name}/y") if place.layer.skip_padding else y
