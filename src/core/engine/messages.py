"""What the window and the engine process say to each other. Every message is a frozen value of plain data.

Messages of a run carry its `run_id`; the receiver drops those of a run that is no longer its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.backend.choose import BackendInfo
from core.data.augmentation import Augmentation
from core.data.schema import Prepared
from core.evaluation.cross_validation import CrossValidation, FoldProgress
from core.spec import NetworkSpec, TrainingConfig
from core.training.snapshot import RangeTest, Snapshot

Weights = Mapping[str, Mapping[str, np.ndarray]]  # layer id → parameter name → float32 array


@dataclass(frozen=True)
class TrainingTask:
    """All that a run needs. checkpoint_folder "" = none are kept; resume_from: a checkpoint file to go on from.

    augmentation: how training rows are varied at every use.
    """

    network: NetworkSpec
    config: TrainingConfig
    prepared: Prepared
    weights: Weights | None = None
    checkpoint_folder: str = ""
    resume_from: str = ""
    augmentation: Augmentation = field(default_factory=Augmentation)


# --- from the window to the engine


@dataclass(frozen=True)
class Begin:
    """Prepare a run, paused before its first step; `Go` starts it."""

    run_id: int
    task: TrainingTask


@dataclass(frozen=True)
class Go:
    """Train on until the end (steps None), or for that many batches, then pause."""

    run_id: int
    steps: int | None = None


@dataclass(frozen=True)
class Pause:
    run_id: int


@dataclass(frozen=True)
class Stop:
    """End the run at the next batch; its best weights are kept."""

    run_id: int


@dataclass(frozen=True)
class Change:
    """New settings from the next batch on."""

    run_id: int
    config: TrainingConfig


@dataclass(frozen=True)
class Pace:
    """At most this many steps a second, so that eyes can follow; None: as fast as it goes. It outlives a run."""

    steps_per_second: float | None = None


@dataclass(frozen=True)
class Subscribe:
    """The tensors that visible panels need, by kind: "weights", "gradient", "surface", "activation", "statistics",
    "histogram"; what each holds is in `Snapshot`. What nobody subscribed is not computed.
    """

    names: tuple[str, ...]


@dataclass(frozen=True)
class AskSnapshot:
    pass


@dataclass(frozen=True)
class AskWeights:
    """Present (not best) weights, for saving while a run goes on."""

    run_id: int


@dataclass(frozen=True)
class FindLearningRate:
    """Make a learning-rate range test; refused in words while a run goes on. A later `Begin`, `Go` or test ends it."""

    request: int
    task: TrainingTask


@dataclass(frozen=True)
class CancelLearningRate:
    """End the range test at the next batch."""


@dataclass(frozen=True)
class CrossValidate:
    """Train the task on each of these folds, one after the other; refused in words while a run goes on.

    A run that is paused stays as it is. A later `Begin`, `Go` or test ends the cross-validation.
    """

    request: int
    task: TrainingTask
    folds: tuple[Prepared, ...]


@dataclass(frozen=True)
class CancelCrossValidation:
    """End the cross-validation at the next batch."""


@dataclass(frozen=True)
class Shutdown:
    """Checkpoint what runs, then end."""


# --- from the engine to the window


@dataclass(frozen=True)
class Ready:
    """The engine is up; `chosen` is what "auto" means here."""

    chosen: BackendInfo


@dataclass(frozen=True)
class SnapshotReply:
    """The newest snapshot, or None where there is no run."""

    snapshot: Snapshot | None


@dataclass(frozen=True)
class WeightsReply:
    run_id: int
    weights: Weights


@dataclass(frozen=True)
class Ended:
    """The run is over: reason "finished", "stopped" or "diverged"; weights: the best by validation loss."""

    run_id: int
    reason: str
    message: str
    weights: Weights | None
    snapshot: Snapshot
    remedy: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LearningRateFound:
    """The answer to the `FindLearningRate` of that number, also where it was refused, cancelled or broke."""

    request: int
    result: RangeTest


@dataclass(frozen=True)
class FoldsProgress:
    """How far the cross-validation of that number is."""

    request: int
    progress: FoldProgress


@dataclass(frozen=True)
class CrossValidated:
    """The answer to the `CrossValidate` of that number. result None: it was refused, cancelled or broke, and message
    says why ("" where it was cancelled); details: the traceback of a defect.
    """

    request: int
    result: CrossValidation | None
    message: str = ""
    details: str = ""


@dataclass(frozen=True)
class CheckpointWritten:
    """path "" where it could not be written; `problem` then says why, and the run goes on."""

    run_id: int
    path: str
    step: int
    problem: str = ""


@dataclass(frozen=True)
class Failed:
    """Refused (a UserInputError in words) or broken (`details` holds the traceback)."""

    run_id: int
    message: str
    details: str = ""
