"""Core ML for convolutions and pools: a sequence is an image one pixel high."""

from __future__ import annotations

from core.backend.convolution import padding
from core.export.coreml_rules.builder import ACTIVATIONS, Network
from core.export.walk import Place

Pair = tuple[int, int]


def convolution(network: Network, place: Place) -> str:
    layer, name, W = place.layer, place.name, place.p["W"]
    W = W[None] if W.ndim == 3 else W
    stride, dilation = _pair(layer.stride), _pair(layer.dilation)
    kernel = (W.shape[0], W.shape[1])
    pads = _pads(place, kernel, stride, dilation)
    network.builder.add_convolution(
        f"{name}/convolved", W.shape[2], W.shape[3], *kernel, *stride, "valid", layer.groups,
        W, place.p.get("b"), "b" in place.p, input_name=network.image(place.xs[0], place.inputs[0], name),
        output_name=f"{name}/convolved", dilation_factors=list(dilation), **pads,
    )  # fmt: skip
    z = network.from_image(f"{name}/convolved", place.output, name)
    return ACTIVATIONS[layer.activation](network, z, name)


def _pair(value: int | Pair) -> Pair:
    return (1, value) if isinstance(value, int) else value


def _pads(place: Place, kernel: Pair, stride: Pair, dilation: Pair) -> dict[str, int]:
    shape = place.inputs[0]
    sizes = (1, shape[0]) if len(shape) == 2 else shape[:2]
    # The one row of a sequence needs nothing around it, whatever the kind.
    kinds = ("valid" if len(shape) == 2 else place.layer.padding, place.layer.padding)
    each = zip(kinds, sizes, kernel, stride, dilation, strict=True)
    (top, bottom), (left, right) = (padding(*axis) for axis in each)
    return {"padding_top": top, "padding_bottom": bottom, "padding_left": left, "padding_right": right}


def max_pool(network: Network, place: Place) -> str:
    return _pool(network, place, "MAX")


def avg_pool(network: Network, place: Place) -> str:
    return _pool(network, place, "AVERAGE")


def _pool(network: Network, place: Place, kind: str) -> str:
    layer, name = place.layer, place.name
    flat = len(place.inputs[0]) == 2
    n, step = layer.size, layer.stride or layer.size
    size, stride = ((1, n), (1, step)) if flat else ((n, n), (step, step))
    x = network.image(place.xs[0], place.inputs[0], name)
    network.builder.add_pooling(
        f"{name}/pooled", *size, *stride, kind, "VALID", x, f"{name}/pooled",
        exclude_pad_area=True, **_pads(place, size, stride, (1, 1)),
    )  # fmt: skip
    return network.from_image(f"{name}/pooled", place.output, name)


def global_max_pool(network: Network, place: Place) -> str:
    axes = list(range(place.rank - 2))
    network.builder.add_reduce_max(f"{place.name}/y", place.xs[0], f"{place.name}/y", axes=axes, keepdims=False)
    return f"{place.name}/y"


def global_avg_pool(network: Network, place: Place) -> str:
    axes = list(range(place.rank - 2))
    network.builder.add_reduce_mean(f"{place.name}/y", place.xs[0], f"{place.name}/y", axes=axes, keepdims=False)
    return f"{place.name}/y"
