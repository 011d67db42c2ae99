"""Trained weights as named arrays and back, checked against the network that they belong to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.errors import UserInputError
from core.network import Network
from core.spec import NetworkSpec

Weights = Mapping[str, Mapping[str, np.ndarray]]


def to_arrays(weights: Weights) -> dict[str, np.ndarray]:
    """One array for every LAYER_ID/NAME, e.g. "l1/W"."""
    return {f"{id}/{name}": np.asarray(array) for id, arrays in weights.items() for name, array in arrays.items()}


def from_arrays(network: NetworkSpec, flat: Mapping[str, np.ndarray], *, where: str) -> Weights:
    """The inverse of `to_arrays`: layer id → name → array.

    Raises:
        UserInputError: arrays of a layer that the network lacks, an array missing or of another shape, a network that
            is not sound.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    for key, array in flat.items():
        id, _, name = key.rpartition("/")
        if not network.has(id):
            raise UserInputError("These weights belong to another network.", where=where, reason=f"No layer {id!r}.")
        found.setdefault(id, {})[name] = array
    for node in Network.of(network).nodes:
        wanted = {**node.layer.parameter_shapes(*node.inputs), **node.layer.state_shapes(*node.inputs)}
        for name, shape in wanted.items():
            held = found.get(node.id, {}).get(name)
            if held is None or held.shape != shape or held.dtype.kind != "f":
                sizes = "×".join(str(n) for n in shape)
                reason = f"{name} of {network.layer(node.id).name} should be {sizes} numbers."
                raise UserInputError("These weights do not fit their network.", where=where, reason=reason)
    return found
