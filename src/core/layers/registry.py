"""Finds the layers: every module in this folder is imported, every concrete `Layer` in it is registered by its kind."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any

import core.layers as room
from core import values
from core.layers.base import Layer


@functools.cache
def layer_types() -> dict[str, type[Layer]]:
    """Layer classes by kind, in alphabetical order of their kinds."""
    found: dict[str, type[Layer]] = {}
    for module in pkgutil.iter_modules(room.__path__):
        members = vars(importlib.import_module(f"core.layers.{module.name}")).values()
        for cls in members:
            if isinstance(cls, type) and issubclass(cls, Layer) and cls.kind:
                found[cls.kind] = cls
    return dict(sorted(found.items()))


def layer_to_json(layer: Layer) -> dict[str, Any]:
    return values.tagged_to_json(layer)


def layer_from_json(data: dict[str, Any], *, where: str = "") -> Layer:
    """A layer from its JSON form; raises UserInputError for an unknown kind, name or value."""
    layer = values.tagged_from_json(layer_types(), data, "layer kind", where=where)
    assert isinstance(layer, Layer)
    return layer
