"""The project file: one ZIP, NAME.chainrule, that holds a design, its training and what came of it.

Members: project.json (design, settings, where the data lie), preparation.json (what was learned of the data's
columns), weights.safetensors, optimizer.safetensors, history.safetensors, and data/NAME where the data file
is small.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from core import __version__
from core.data.schema import Prepared
from core.errors import UserInputError
from core.losses import resolve
from core.model import TrainedModel
from core.project import archive, data_files, facts, history, migrations, strict_json, tensors, weights
from core.project.atomic import atomic_write, previous_version
from core.project.weights import Weights
from core.spec import DataSpec, NetworkSpec, Project, TrainingConfig
from core.training.snapshot import History

SUFFIX = ".chainrule"
PROJECT, PREPARATION = "project.json", "preparation.json"
WEIGHTS, OPTIMIZER, HISTORY = "weights.safetensors", "optimizer.safetensors", "history.safetensors"
LIMITS = {
    PROJECT: strict_json.MAX_BYTES,
    PREPARATION: strict_json.MAX_BYTES,
    WEIGHTS: 2**32,
    OPTIMIZER: 2**32,
    HISTORY: 2**28,
    data_files.DATA: 2**24,
}


@dataclass(frozen=True)
class SavedProject:
    """All that a project file holds.

    weights: layer id → name → array, belonging to `trained_network`, which may be older than the design;
    loss: the resolved name of the loss they were trained with. prepared: facts of the data, without arrays,
    so that prediction and export work where the data file is gone. optimizer: its memory by name. read_only:
    why the file cannot be saved in place, in words, or "".
    """

    project: Project
    weights: Weights | None = None
    trained_network: NetworkSpec | None = None
    loss: str = ""
    history: History = field(default_factory=History)
    prepared: Prepared | None = None
    optimizer: Mapping[str, np.ndarray] | None = None
    read_only: str = ""

    def model(self) -> TrainedModel:
        """The trained network with its preparation; raises UserInputError where there is none."""
        if self.weights is None or self.trained_network is None or self.prepared is None:
            raise UserInputError(
                f"{self.project.name} has not been trained yet.",
                remedy="Train it first: the weights come from there.",
            )
        preparation = self.prepared.preparation
        return TrainedModel(self.project.name, self.trained_network, self.weights, preparation, self.loss)


def save(path: str | os.PathLike[str], saved: SavedProject, *, embed_data: bool = True) -> None:
    """Write the project atomically; the version before stays as NAME~. Equal projects give equal bytes.

    embed_data: a data file of at most 1 MiB goes into the project, which then opens on any computer.

    Raises:
        UserInputError: the disk refuses; the file that was there is unchanged.
    """
    target = Path(os.path.abspath(path))
    _refuse_newer(target)
    embedded = data_files.small(saved.project.data) if embed_data else ()
    members = {PROJECT: strict_json.dumps(_project_to_json(saved, target.parent, embedded))}
    if saved.prepared is not None:
        members[PREPARATION] = strict_json.dumps(facts.prepared_to_json(saved.prepared))
    if saved.weights is not None:
        members[WEIGHTS] = tensors.pack(weights.to_arrays(saved.weights))
    if saved.optimizer is not None:
        members[OPTIMIZER] = tensors.pack(saved.optimizer)
    if saved.history.curves:
        members[HISTORY] = tensors.pack(history.to_arrays(saved.history))
    members |= data_files.members(embedded)

    def write(out: BinaryIO) -> None:
        archive.write(out, members, stored=frozenset({WEIGHTS, OPTIMIZER}))

    atomic_write(target, write, keep_previous=True)


def load(path: str | os.PathLike[str], *, data_folder: Path | None = None) -> SavedProject:
    """Read a project.

    The paths of its data become such that exist, see `data_files.located`; the files that it carries are placed in
    `data_folder` (default: the user's cache).

    Raises:
        UserInputError: missing, malformed or hostile in any way, or made by a newer program than can be
        understood.
    """
    target = Path(os.path.abspath(path))
    try:
        members = archive.read(target, LIMITS)
    except OSError as err:
        raise UserInputError(
            "This project cannot be opened.",
            where=str(target),
            reason=f"The system says: {err.strerror or err}.",
        ) from err
    if PROJECT not in members:
        _refuse(target, f"It has no {PROJECT}.")
    try:
        return _assembled(target, members, data_folder)
    except UserInputError as err:
        if target.name in err.where and err.remedy:
            raise
        told = target.name if not err.where else f"{target.name}, {err.where}"
        place = err.where if target.name in err.where else told
        remedy = err.remedy or f"Open the version before it, {previous_version(target).name}, if it lies beside it."
        raise UserInputError(err.what, where=place, reason=err.reason, remedy=remedy) from err
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as err:
        _refuse(target, f"{PROJECT} is malformed: {err}.")


def _refuse_newer(target: Path) -> None:
    """Saving over the file of a newer program would drop what this one does not know."""
    try:
        data = strict_json.loads(archive.read(target, {PROJECT: LIMITS[PROJECT]})[PROJECT], where=target.name)
    except (OSError, KeyError, UserInputError):
        return  # nothing there, or nothing that could be lost: the version before is kept anyway
    if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > migrations.FORMAT:
        raise UserInputError(
            "A newer Chainrule made the project of this name.",
            where=target.name,
            reason="Saving over it would lose what the newer one added.",
            remedy="Save under another name.",
        )


def _assembled(target: Path, members: Mapping[str, bytes], data_folder: Path | None) -> SavedProject:
    where = f"{target.name}, {PROJECT}"
    data, read_only = migrations.migrated(strict_json.loads(members[PROJECT], where=where), where=where)
    project = _project(data)
    if project.data is not None:
        project = replace(project, data=data_files.located(project.data, data, target.parent, members, data_folder))
    curves = _arrays(target, members, HISTORY) or {}
    saved = SavedProject(
        project=project,
        history=history.from_arrays(curves, data.get("marks", []), where=f"{target.name}, {HISTORY}"),
        prepared=_prepared(target, members),
        optimizer=_arrays(target, members, OPTIMIZER),
        read_only=read_only,
    )
    flat = _arrays(target, members, WEIGHTS)
    return saved if flat is None else _trained(saved, data["trained"], flat, f"{target.name}, {WEIGHTS}")


def _arrays(target: Path, members: Mapping[str, bytes], name: str) -> dict[str, np.ndarray] | None:
    return tensors.unpack(members[name], where=f"{target.name}, {name}") if name in members else None


def _prepared(target: Path, members: Mapping[str, bytes]) -> Prepared | None:
    where = f"{target.name}, {PREPARATION}"
    if PREPARATION not in members:
        return None
    return facts.prepared_from_json(strict_json.loads(members[PREPARATION], where=where), where=where)


def _trained(saved: SavedProject, data: Mapping[str, Any], flat: Mapping[str, np.ndarray], where: str) -> SavedProject:
    network, known = NetworkSpec.from_json(data["network"]), saved.prepared
    loss = resolve(str(data["loss"]), known.task, len(known.classes)).kind if known else ""
    return replace(saved, weights=weights.from_arrays(network, flat, where=where), trained_network=network, loss=loss)


# --- project.json


def _project_to_json(saved: SavedProject, folder: Path, embedded: data_files.Embedded) -> dict[str, Any]:
    project = saved.project
    made: dict[str, Any] = {
        "format": migrations.FORMAT,
        "readable_since": migrations.FORMAT,
        "program": f"Chainrule {__version__}",
        "name": project.name,
        "network": project.network.to_json(),
        "training": project.training.to_json(),
        "layout": {id: [float(x), float(y)] for id, (x, y) in project.layout.items()},
        "data": None if project.data is None else project.data.to_json(),
        "marks": history.marks_to_json(saved.history),
    }
    if project.data is not None:
        made |= data_files.to_json(project.data.source, folder, embedded)
    if saved.weights is not None and saved.trained_network is not None:
        loss = saved.loss or project.training.loss
        made["trained"] = {"network": saved.trained_network.to_json(), "loss": loss}
    return made


def _project(data: Mapping[str, Any]) -> Project:
    layout = {str(id): (float(x), float(y)) for id, (x, y) in dict(data.get("layout", {})).items()}
    return Project(
        name=str(data["name"]),
        data=None if data.get("data") is None else DataSpec.from_json(data["data"]),
        network=NetworkSpec.from_json(data["network"]),
        training=TrainingConfig.from_json(data["training"]),
        layout=layout,
    )


def _refuse(target: Path, reason: str) -> NoReturn:
    raise UserInputError("This is not a project that Chainrule can read.", where=target.name, reason=reason)
