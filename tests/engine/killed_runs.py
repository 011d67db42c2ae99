"""Runs whose process is killed again and again, and what is left of them at the end, as hashes."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data import load
from core.engine.host import engine_main
from core.engine.messages import Begin, CheckpointWritten, Ended, Failed, Go, TrainingTask
from core.engine.process import ChildProcess
from core.layers import Layer
from core.layers.activation import Activation
from core.layers.batch_norm import BatchNorm
from core.layers.conv1d import Conv1D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.layers.lstm import LSTM
from core.layers.reshape import Reshape
from core.optimizers import SGD, Adam, AdamW, Momentum
from core.schedules import OneCycle, Plateau
from core.spec import DataSource, DataSpec, TrainingConfig, sequential
from core.training import headless, thread

EXACT = ("loss/train", "penalty", "loss/validation", "metric/validation", "learning_rate")  # no curve that is sampled
SECONDS = 60.0

WIDE = (Dense(units=32), Dense(units=32))
NORMED = (Dense(units=12, activation="linear"), BatchNorm(), Activation(function="relu"))

CASES: dict[str, tuple[dict[str, Any], tuple[Layer, ...]]] = {
    "dropout": ({"optimizer": SGD(), "dropout": 0.3}, WIDE),
    "Adam": ({"optimizer": Adam(), "l2": 1e-3}, WIDE),
    "one-cycle": ({"optimizer": Momentum(), "schedule": OneCycle()}, WIDE),
    "plateau": ({"schedule": Plateau(factor=0.3, patience=2), "learning_rate": 0.1}, WIDE),
    "early stopping": ({"early_stopping": 8, "learning_rate": 0.03, "epochs": 80}, WIDE),
    "batch norm": ({"optimizer": Adam()}, NORMED),
    "accumulation": ({"batch_size": 4, "accumulate": 3, "clip_norm": 0.5, "optimizer": AdamW()}, WIDE),
    "several labels": ({"optimizer": Adam(), "class_weights": "balanced", "label_smoothing": 0.1}, WIDE),
    "recurrent": ({"optimizer": Adam()}, (Reshape(shape=(4, 1)), Conv1D(filters=4, kernel=2), LSTM(units=6))),
    "everything": (
        {"batch_size": 5, "accumulate": 2, "clip_norm": 1.0, "optimizer": AdamW(), "schedule": OneCycle(),
         "early_stopping": 40, "max_norm": 3.0},
        (*NORMED, Dropout(rate=0.2), Dense(units=8)),
    ),
}  # fmt: skip


def task_of(case: str, backend: str, *, epochs: int = 40) -> TrainingTask:
    settings, layers = CASES[case]
    task = "labels" if case == "several labels" else "auto"
    prepared = load.prepare(DataSpec(DataSource("sample", "iris"), task=task))
    config = TrainingConfig(**{"epochs": epochs, "batch_size": 8, "backend": backend, **settings})
    network = sequential(Input(shape=prepared.row_shape), *layers, Dense(units=3, activation="linear"))
    return TrainingTask(network, config, prepared)


@dataclass(frozen=True)
class Outcome:
    """What must be equal to the last bit; `kills`: how often the process was killed on the way."""

    weights: str
    metrics: str
    steps: int
    message: str
    kills: int = 0

    def __eq__(self, other: object) -> bool:
        mine = (self.weights, self.metrics, self.steps, self.message)
        return isinstance(other, Outcome) and mine == (other.weights, other.metrics, other.steps, other.message)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def of(cls, ended: Ended, kills: int = 0) -> Outcome:
        weights, metrics = hashlib.sha256(), hashlib.sha256()
        assert ended.weights is not None
        for id, arrays in sorted(ended.weights.items()):
            for name, array in sorted(arrays.items()):
                weights.update(f"{id}/{name} {array.shape} {array.dtype}".encode() + array.tobytes())
        curves = ended.snapshot.history.curves
        for name in EXACT:
            if name in curves:
                metrics.update(name.encode() + curves[name].step.tobytes() + curves[name].mean.tobytes())
        return cls(weights.hexdigest(), metrics.hexdigest(), ended.snapshot.step, ended.message, kills)


def hurried_engine(pipe: Any) -> None:
    """The engine process as it is, but for a checkpoint nearly every step: a kill may hit one being written."""
    thread.CHECKPOINT_SECONDS, thread.CHECKPOINT_SHARE = 0.0, 1.0
    engine_main(pipe, 1)


def uninterrupted(task: TrainingTask) -> Outcome:
    return Outcome.of(headless.train_here(task))


def killed(task: TrainingTask, folder: Path, *, steps: int, kills: int, seed: int) -> Outcome:
    """Train with kill -9 at about `kills` random steps of `steps`, each time going on from the last checkpoint."""
    chance = random.Random(seed)
    points = sorted(chance.randrange(1, steps) for _ in range(kills))
    task = dataclasses.replace(task, checkpoint_folder=str(folder))
    done = 0
    while True:
        latest = folder / "latest.safetensors"
        child = ChildProcess(hurried_engine, name="hurried")
        child.send(Begin(1, dataclasses.replace(task, resume_from=str(latest) if latest.exists() else "")))
        child.send(Go(1))
        ended = _watched(child, points[done] if done < kills else steps + 1, chance.random() * 0.004)
        child.kill()
        if ended is not None:
            return Outcome.of(ended, done)
        done += 1


def _watched(child: ChildProcess, until_step: int, then_wait: float) -> Ended | None:
    """The end of the run, or None once it should be killed."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for message in child.wait(0.05):
            if isinstance(message, Failed):
                raise AssertionError(f"{message.message}\n{message.details}")
            if isinstance(message, Ended):
                return message
            if isinstance(message, CheckpointWritten) and message.step >= until_step:
                time.sleep(then_wait)
                return None
    raise AssertionError("the run does not come forward")
