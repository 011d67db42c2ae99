"""Core ML for convolutions and pools: a sequence is an image one pixel high."""

from __future__ import annotations

from core.backend.convolution import Pair
from core.export.coreml_rules.builder import ACTIVATIONS, Network
from core.export.geometry import convolution_pads, per_axis, pool_pads, pool_stride
from core.export.walk import Place


def convolution(network: Network, place: Place) -> str:
    layer, name, W = place.layer, place.name, place.p["W"]
    kernel, stride, dilation = (_wide(per_axis(v)) for v in (layer.kernel, layer.stride, layer.dilation))
    network.builder.add_convolution(
        f"{name}/convolved", W.shape[-2], W.shape[-1], *kernel, *stride, "valid", layer.groups,
        W.reshape(*kernel, *W.shape[-2:]), place.p.get("b"), "b" in place.p,
        input_name=network.image(place.xs[0], place.inputs[0], name), output_name=f"{name}/convolved",
        dilation_factors=list(dilation), **_around(convolution_pads(place)),
    )  # fmt: skip
    z = network.from_image(f"{name}/convolved", place.output, name)
    return ACTIVATIONS[layer.activation](network, z, name)


def _wide(value: tuple[int, ...]) -> tuple[int, ...]:
    """For two axes."""
    return (1,) * (2 - len(value)) + value


def _around(pads: list[Pair]) -> dict[str, int]:
    (top, bottom), (left, right) = [(0, 0)] * (2 - len(pads)) + pads
    return {"padding_top": top, "padding_bottom": bottom, "padding_left": left, "padding_right": right}


def max_pool(network: Network, place: Place) -> str:
    return _pool(network, place, "MAX")


def avg_pool(network: Network, place: Place) -> str:
    return _pool(network, place, "AVERAGE")


def _pool(network: Network, place: Place, kind: str) -> str:
    name, axes = place.name, place.rank - 2
    size, stride = (_wide((n,) * axes) for n in (place.layer.size, pool_stride(place)))
    x = network.image(place.xs[0], place.inputs[0], name)
    network.builder.add_pooling(
        f"{name}/pooled", *size, *stride, kind, "VALID", x, f"{name}/pooled",
        exclude_pad_area=True, **_around(pool_pads(place)),
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
