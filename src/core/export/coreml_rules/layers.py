"""Core ML for everything but convolutions and attention."""

from __future__ import annotations

import numpy as np

from core.export.coreml_rules.builder import ACTIVATIONS, Network
from core.export.walk import Place


def same(network: Network, place: Place) -> str:
    """Nothing happens when predicting."""
    return place.xs[0]


def entrance(network: Network, place: Place) -> str:
    return place.xs[0] if len(place.output) == 1 else reshape(network, place)


def reshape(network: Network, place: Place) -> str:
    return network.reshape(place.xs[0], place.output, f"{place.name}/reshaped")


def dense(network: Network, place: Place) -> str:
    z = network.product(place.xs[0], place.p["W"], place.p.get("b"), place.name)
    return ACTIVATIONS[place.layer.activation](network, z, place.name)


def activation(network: Network, place: Place) -> str:
    return ACTIVATIONS[place.layer.function](network, place.xs[0], place.name)


def prelu(network: Network, place: Place) -> str:
    """max(0, x) - a max(0, -x)."""
    name, x = place.name, place.xs[0]
    above = network.bent("RELU", x, name)
    below = network.bent("RELU", network.bent("LINEAR", x, name, [-1.0, 0.0]), f"{name}/below")
    below = network.multiply([below, network.constant(-place.p["a"], f"{name}/a")], f"{name}/bent")
    return network.add([above, below], f"{name}/y")


def add(network: Network, place: Place) -> str:
    return network.add(place.xs, f"{place.name}/sum")


def multiply(network: Network, place: Place) -> str:
    return network.multiply(place.xs, f"{place.name}/product")


def concat(network: Network, place: Place) -> str:
    network.builder.add_concat_nd(f"{place.name}/joined", list(place.xs), f"{place.name}/joined", axis=-1)
    return f"{place.name}/joined"


def upsample(network: Network, place: Place) -> str:
    """Every value stands factor times along a new axis behind its own, which then join."""
    *positions, channels = place.inputs[0]
    apart = [n for size in positions for n in (size, 1)]
    x = network.reshape(place.xs[0], (*apart, channels), f"{place.name}/apart")
    times = [*(place.layer.factor if i % 2 else 1 for i in range(len(apart))), 1]
    network.builder.add_tile(f"{place.name}/repeated", x, f"{place.name}/repeated", reps=times)
    return network.reshape(f"{place.name}/repeated", place.output, f"{place.name}/larger")


def batch_norm(network: Network, place: Place) -> str:
    p, name = place.p, place.name
    x = network.add([place.xs[0], network.constant(-p["mean"], f"{name}/mean")], f"{name}/centred")
    scale = p["gamma"] / np.sqrt(p["variance"].astype(np.float64) + place.layer.epsilon)
    x = network.multiply([x, network.constant(scale, f"{name}/scale")], f"{name}/scaled")
    return network.add([x, network.constant(p["beta"], f"{name}/beta")], f"{name}/y")


def layer_norm(network: Network, place: Place) -> str:
    p, name = place.p, f"{place.name}/y"
    width = [place.inputs[0][-1]]
    network.builder.add_layer_normalization(name, place.xs[0], name, width, p["gamma"], p["beta"], place.layer.epsilon)
    return name


def group_norm(network: Network, place: Place) -> str:
    """Every group in a row of its own, normalized as a layer is, then each channel's own scale and shift."""
    name, groups, p = place.name, place.layer.groups, place.p
    *positions, channels = place.inputs[0]
    count, width = int(np.prod(positions)), channels // groups
    x = network.reshape(place.xs[0], (count, groups, width), f"{name}/split")
    x = network.reshape(network.transpose(x, (1, 0, 2), f"{name}/groups"), (groups, count * width), f"{name}/rows")
    one, zero = np.ones(count * width, np.float32), np.zeros(count * width, np.float32)
    network.builder.add_layer_normalization(
        f"{name}/even", x, f"{name}/even", [count * width], one, zero, place.layer.epsilon
    )
    x = network.reshape(f"{name}/even", (groups, count, width), f"{name}/even_groups")
    x = network.reshape(network.transpose(x, (1, 0, 2), f"{name}/back"), place.output, f"{name}/joined")
    x = network.multiply([x, network.constant(p["gamma"], f"{name}/gamma")], f"{name}/scaled")
    return network.add([x, network.constant(p["beta"], f"{name}/beta")], f"{name}/y")


def embedding(network: Network, place: Place) -> str:
    """The row of the table that the nearest whole number names; the first or the last for a number outside."""
    name, W = place.name, place.p["W"]
    network.builder.add_clip(f"{name}/clamped", place.xs[0], f"{name}/clamped", 0.0, len(W) - 1.0)
    half = network.bent("LINEAR", f"{name}/clamped", f"{name}/half", [1.0, 0.5])
    network.builder.add_floor(f"{name}/token", half, f"{name}/token")
    x = network.reshape(f"{name}/token", (*place.inputs[0], 1), f"{name}/tokens")
    table = np.ascontiguousarray(W.T, np.float32)
    network.builder.add_embedding_nd(f"{name}/vectors", x, f"{name}/vectors", len(W), W.shape[1], table)
    return f"{name}/vectors"


def embed_columns(network: Network, place: Place) -> str:
    """The other values, then for every column of codes a row of its table; all tables lie in one, end to end."""
    name, layer, builder = place.name, place.layer, network.builder
    count = len(layer.columns)
    rest = [i for i in range(place.inputs[0][0]) if i not in layer.columns]
    W = np.concatenate([place.p[f"W{k}"] for k in range(count)])
    codes = network.gather(place.xs[0], layer.columns, f"{name}/codes")
    builder.add_max_broadcastable(f"{name}/least", [codes, network.constant([0.0], f"{name}/zero")], f"{name}/least")
    most = network.constant([tokens - 1.0 for tokens in layer.tokens], f"{name}/last")
    builder.add_min_broadcastable(f"{name}/clamped", [f"{name}/least", most], f"{name}/clamped")
    half = network.bent("LINEAR", f"{name}/clamped", f"{name}/half", [1.0, 0.5])
    builder.add_floor(f"{name}/code", half, f"{name}/code")
    starts = network.constant(np.cumsum([0, *layer.tokens[:-1]]), f"{name}/starts")
    rows = network.reshape(network.add([f"{name}/code", starts], f"{name}/row"), (count, 1), f"{name}/rows")
    table = np.ascontiguousarray(W.T, np.float32)
    builder.add_embedding_nd(f"{name}/vectors", rows, f"{name}/vectors", len(W), layer.width, table)
    flat = network.reshape(f"{name}/vectors", (count * layer.width,), f"{name}/numbers")
    if not rest:
        return flat
    others = network.gather(place.xs[0], rest, f"{name}/others")
    builder.add_concat_nd(f"{name}/joined", [others, flat], f"{name}/joined", axis=-1)
    return f"{name}/joined"
