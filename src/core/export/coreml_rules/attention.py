"""Core ML for attention and for the signal that tells it where a step stands."""

from __future__ import annotations

import math

import numpy as np

from core.export.coreml_rules.builder import Network
from core.export.walk import Place
from core.layers.positional_encoding import positions

HIDDEN = -1e30


def attention(network: Network, place: Place) -> str:
    """softmax(q kᵀ / √d + mask) v for each head, heads joined and weighed once more; zeros for padding."""
    name, (steps, width), heads = place.name, place.inputs[0], place.layer.heads
    q, k, v = (_heads(network, place, part) for part in "qkv")
    scores = _product(network, q, k, f"{name}/qk", transposed=True)
    scores = network.bent("LINEAR", scores, f"{name}/scores", [1 / math.sqrt(width // heads), 0.0])
    scores = _masked(network, place, scores)
    network.builder.add_softmax_nd(f"{name}/shares", scores, f"{name}/shares", axis=-1)
    mixed = network.transpose(_product(network, f"{name}/shares", v, f"{name}/mixed"), (1, 0, 2), f"{name}/mixed_steps")
    y = _weighed(network, place, "o", network.reshape(mixed, (steps, width), f"{name}/mixed_heads"))
    if not place.layer.skip_padding:
        return y
    return network.where(f"{name}/present", y, network.constant([[0.0]], f"{name}/nothing"), f"{name}/y")


def _product(network: Network, a: str, b: str, name: str, *, transposed: bool = False) -> str:
    network.builder.add_batched_mat_mul(name, [a, b], name, transpose_b=transposed)
    return name


def _weighed(network: Network, place: Place, part: str, x: str) -> str:
    W, b, name = place.p[f"W{part}"], place.p.get(f"b{part}"), f"{place.name}/{part}"
    network.builder.add_batched_mat_mul(
        name, [x], name, weight_matrix_rows=W.shape[0], weight_matrix_columns=W.shape[1], W=W, bias=b
    )
    return name


def _heads(network: Network, place: Place, part: str) -> str:
    """(heads, steps, width of a head)."""
    (steps, width), heads = place.inputs[0], place.layer.heads
    y = _weighed(network, place, part, place.xs[0])
    y = network.reshape(y, (steps, heads, width // heads), f"{y}_split")
    return network.transpose(y, (1, 0, 2), f"{y}_heads")


def _masked(network: Network, place: Place, scores: str) -> str:
    name, steps = place.name, place.inputs[0][0]
    hidden = network.constant([[[HIDDEN]]], f"{name}/hidden")
    if place.layer.skip_padding:
        there = network.reshape(_present(network, place), (1, 1, steps), f"{name}/present_keys")
        scores = network.where(there, scores, hidden, f"{name}/scores_of_present")
    if place.layer.causal:
        past = network.constant(np.tri(steps)[None], f"{name}/past")
        scores = network.where(past, scores, hidden, f"{name}/scores_of_past")
    return scores


def _present(network: Network, place: Place) -> str:
    """(steps, 1): whether a step is more than padding, which is zero throughout."""
    name = place.name
    network.builder.add_unary(f"{name}/abs", place.xs[0], f"{name}/abs", "abs")
    network.builder.add_reduce_max(f"{name}/size", f"{name}/abs", f"{name}/size", axes=[1], keepdims=True)
    network.builder.add_greater_than(f"{name}/present", [f"{name}/size"], f"{name}/present", alpha=0.0)
    return f"{name}/present"


def positional_encoding(network: Network, place: Place) -> str:
    """The table of sines added; padding stays zero."""
    name, x = place.name, place.xs[0]
    y = network.add([x, network.constant(positions(*place.inputs[0]), f"{name}/positions")], f"{name}/placed")
    return network.where(_present(network, place), y, x, f"{name}/y") if place.layer.skip_padding else y
