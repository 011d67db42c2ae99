"""safetensors with a JSON file beside it: the weights, and everything that says what to do with them.

Source of the format: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core import __version__
from core.errors import UserInputError
from core.export.base import Exporter, FormatInfo, HeldOut, Reloaded
from core.export.walk import plan_of, shaped
from core.layers import layer_types
from core.losses import loss_for
from core.model import TrainedModel
from core.project import facts, strict_json, tensors, weights
from core.project.atomic import atomic_write
from core.spec import NetworkSpec

FORMAT = 1


def sidecar_of(path: Path) -> Path:
    """NAME.safetensors.json, which no data file is likely to be called."""
    return path.with_name(path.name + ".json")


def write(model: TrainedModel, path: Path) -> tuple[Path, ...]:
    """The arrays under LAYER_ID/NAME, and their description; raises UserInputError for a layer nobody could read."""
    plan_of(model, format="safetensors", kinds=layer_types())
    description = {
        "format": FORMAT,
        "made_by": f"Chainrule {__version__}",
        "name": model.name,
        "loss": model.loss,
        "network": model.network.to_json(),
        "preparation": facts.preparation_to_json(model.preparation),
    }
    atomic_write(path, tensors.pack(weights.to_arrays(model.weights)))
    atomic_write(sidecar_of(path), strict_json.dumps(description))
    return path, sidecar_of(path)


def read(path: Path) -> TrainedModel:
    """The model that both files describe; raises UserInputError for anything missing or malformed."""
    try:
        data = strict_json.loads(sidecar_of(path).read_bytes(), sidecar_of(path).name)
        arrays = tensors.unpack(path.read_bytes(), where=path.name)
    except OSError as err:
        raise UserInputError("This file cannot be read.", where=str(path), reason=str(err.strerror)) from err
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserInputError("This file was not made by an export of this version.", where=sidecar_of(path).name)
    network = NetworkSpec.from_json(data.get("network", {}))
    return TrainedModel(
        name=str(data.get("name", "")),
        network=network,
        weights=weights.from_arrays(network, arrays, where=path.name),
        preparation=facts.preparation_from_json(data.get("preparation")),
        loss=loss_for(str(data.get("loss"))).kind,
    )


def _answer(path: Path, model: TrainedModel, rows: HeldOut) -> Reloaded:
    """The files read again, and their network computed in 64 bits."""
    again = read(path)
    x = rows.prepared(again.preparation)
    return Reloaded(again.answers(shaped(again, x), dtype=np.float64), "Chainrule reference evaluator, 64-bit")


EXPORTER = Exporter(
    FormatInfo(
        "safetensors",
        "safetensors",
        ".safetensors",
        "The plain weights, with a JSON file beside them that describes the network and the preparation. "
        "For programs of your own.",
    ),
    write,
    _answer,
)
