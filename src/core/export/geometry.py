"""Where kernels and windows lie, as every format has to say it."""

from __future__ import annotations

from core.backend.convolution import Pair, padding
from core.export.walk import Place


def per_axis(value: int | tuple[int, ...]) -> tuple[int, ...]:
    """One number for every axis of positions: a sequence has one, an image two."""
    return (value,) if isinstance(value, int) else value


def convolution_pads(place: Place) -> list[Pair]:
    """Zeros (before, after) every axis of positions."""
    layer, sizes = place.layer, place.inputs[0][:-1]
    each = zip(sizes, *(per_axis(v) for v in (layer.kernel, layer.stride, layer.dilation)), strict=True)
    return [padding(layer.padding, *axis) for axis in each]


def pool_stride(place: Place) -> int:
    return place.layer.stride or place.layer.size


def pool_pads(place: Place) -> list[Pair]:
    """What windows reach over the edges, (before, after) every axis of positions; it takes no part in them."""
    layer = place.layer
    return [padding(layer.padding, n, layer.size, pool_stride(place), 1) for n in place.inputs[0][:-1]]
