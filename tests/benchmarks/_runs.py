"""Runs of the trainer on arrays that a benchmark made itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.backend.choose import choose
from core.data.preprocess import ClassTarget, NumberFeature, Preparation
from core.data.schema import Prepared
from core.engine.messages import TrainingTask, Weights
from core.spec import NetworkSpec, TrainingConfig
from core.training.trainer import Trainer

Rows = tuple[np.ndarray, np.ndarray]  # x: (rows, inputs), t: (rows,) classes


def prepared(folder: Path, train: Rows, test: Rows | None = None) -> Prepared:
    """These rows as prepared data in `folder`, as they are; no validation part."""
    nothing = (train[0][:0], train[1][:0])
    counts = {}
    for part, (x, t) in {"train": train, "validation": nothing, "test": test or nothing}.items():
        arrays = {"x": x.astype(np.float32), "y": t.astype(np.int32), "row_numbers": np.arange(len(x))}
        for name, array in arrays.items():
            np.save(folder / f"{part}-{name}.npy", array)
        counts[part] = len(x)
    inputs, classes = train[0].shape[1], tuple(str(k) for k in range(int(train[1].max()) + 1))
    names = tuple(f"x{i}" for i in range(inputs))
    preparation = Preparation(tuple(NumberFeature(n, 0.0, 0.0, 1.0) for n in names), ClassTarget("t", classes))
    return Prepared(
        str(folder), "", "classification", "t", names, (inputs,), len(classes), classes, counts, preparation
    )


def trainer(network: NetworkSpec, config: TrainingConfig, data: Prepared, *, weights: Weights | None = None) -> Trainer:
    return Trainer(TrainingTask(network, config, data, weights), choose("numpy"))


def train_epoch(run: Trainer) -> float:
    """Train to the end of the epoch; the mean loss of its rows, penalties included, each before its step."""
    epoch, total, rows = run.progress.epoch, 0.0, len(run.train.x)
    while run.progress.epoch == epoch and not run.ended:
        before = run.progress.cursor
        run.train_batch()
        taken = (run.progress.cursor or rows) - before
        penalty = (run.curves["penalty"].latest or 0.0) if "penalty" in run.curves else 0.0
        total += taken * ((run.curves["loss/train"].latest or 0.0) + penalty)
    return total / rows
