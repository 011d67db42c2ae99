"""Checkpoints: everything that a run needs to go on as if it had never stopped, in one safetensors file.

Arrays: parameters and state, optimizer slots, best weights, curves. The rest is JSON in the file's metadata. Shuffling
and dropout follow from keys, so no generator state is kept.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from core import __version__
from core.engine.messages import TrainingTask
from core.errors import UserInputError
from core.project.atomic import atomic_write
from core.spec import NetworkSpec, TrainingConfig
from core.training.series import series_for
from core.training.snapshot import Mark
from core.training.trainer import Progress, Trainer

FORMAT = 2
CURVES = "curve/"  # before the name of every series


def write(trainer: Trainer, path: Path) -> None:
    """The run's state, atomically; raises UserInputError where the disk refuses."""
    arrays: dict[str, np.ndarray] = {"parameters": trainer.step.flat()}
    arrays |= {f"slot/{i}": slot for i, slot in enumerate(trainer.step.slot_arrays())}
    if trainer.best is not None:
        arrays["best"] = trainer.best
    series = {name: one.state() for name, one in trainer.curves.items()}
    arrays |= {CURVES + name: buckets for name, (buckets, _) in series.items()}
    progress = asdict(trainer.progress)
    if not math.isfinite(progress["best_loss"]):
        progress["best_loss"] = None
    facts = {
        "format": FORMAT,
        "version": __version__,
        "backend": trainer.backend.name,
        "fingerprint": trainer.task.prepared.fingerprint,
        "network": trainer.task.network.to_json(),
        "config": trainer.config.to_json(),
        "progress": progress,
        "updates": trainer.step.count,
        "series": {name: rest for name, (_, rest) in series.items()},
        "marks": [[mark.step, mark.text] for mark in trainer.marks],
    }
    atomic_write(path, save(arrays, metadata={"chainrule": json.dumps(facts)}))


def read_facts(path: Path) -> dict[str, Any]:
    """The JSON part of a checkpoint; raises UserInputError where the file is not one."""
    try:
        with safe_open(path, "numpy") as file:
            facts = json.loads((file.metadata() or {})["chainrule"])
    except (OSError, SafetensorError, KeyError, ValueError) as err:
        raise _unreadable(path, err) from err
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise UserInputError("This checkpoint was written by another version.", where=str(path))
    return facts


def _unreadable(path: Path, err: Exception) -> UserInputError:
    return UserInputError(
        "This is not a readable checkpoint.", where=str(path), reason=str(err), remedy="Start a new run."
    )


def resumed(task: TrainingTask) -> TrainingTask:
    """`task` with the seed, loss and backend of the run whose checkpoint it goes on from."""
    began = TrainingConfig.from_json(read_facts(Path(task.resume_from)).get("config", {}))
    return replace(task, config=task.config.within(began))


def restore(trainer: Trainer, path: Path) -> None:
    """Put a fresh trainer of the same network, data and backend where the checkpoint left off.

    Settings of the task that differ from the checkpoint's act from here on and are marked.
    Raises UserInputError where the checkpoint is damaged, or belongs to another network, other data or another backend.
    """
    facts = read_facts(path)
    try:
        _check_same(trainer, facts, path)
        _restore(trainer, facts, path)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as err:
        raise _unreadable(path, err) from err


def _check_same(trainer: Trainer, facts: dict[str, Any], path: Path) -> None:
    same = {
        "network": NetworkSpec.from_json(facts["network"]) == trainer.task.network,
        "data": facts["fingerprint"] == trainer.task.prepared.fingerprint,
        "backend": facts["backend"] == trainer.backend.name,
    }
    for what in (name for name, fits in same.items() if not fits):
        raise UserInputError(f"The checkpoint belongs to another {what}.", where=str(path), remedy="Start a new run.")


def _restore(trainer: Trainer, facts: dict[str, Any], path: Path) -> None:
    with safe_open(path, "numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (safe_open is no mapping)
    wanted, began = trainer.config, TrainingConfig.from_json(facts["config"])
    trainer.change(began)
    slots = tuple(arrays[f"slot/{i}"] for i in range(trainer.config.optimizer.slots))
    trainer.step.restore(arrays["parameters"], slots, facts["updates"])
    trainer.resume_at(Progress(**_finite(facts["progress"])), arrays.get("best"))
    trainer.curves = {name: series_for(name) for name in facts["series"]}
    for name, series in trainer.curves.items():
        series.restore(arrays[CURVES + name], facts["series"][name])
    trainer.marks = [Mark(int(step), str(text)) for step, text in facts["marks"]]
    trainer.change(wanted)
    trainer.go_on(changed=trainer.config != began)


def _finite(progress: dict[str, Any]) -> dict[str, Any]:
    return {**progress, "best_loss": math.inf if progress["best_loss"] is None else progress["best_loss"]}
