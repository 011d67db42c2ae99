"""The layers: one file each. `registry` finds them."""

from core.layers.base import Array, Cache, Layer, Params, Shape, State
from core.layers.registry import layer_from_json, layer_to_json, layer_types

__all__ = [
    "Array",
    "Cache",
    "Layer",
    "Params",
    "Shape",
    "State",
    "layer_from_json",
    "layer_to_json",
    "layer_types",
]
