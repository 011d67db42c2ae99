"""`chainrule train`: prepare, train, measure on the test rows, save."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.commands.data import data_spec
from core.commands.folds import cross_validated, folds_json, folds_words
from core.commands.settings import config_of, network_of
from core.commands.sources import check_out
from core.console import run_progress, say
from core.data.schema import Prepared
from core.engine.messages import Ended, TrainingTask
from core.errors import UserInputError
from core.losses import resolve
from core.model import TrainedModel
from core.project import file as project_file
from core.project.file import SavedProject
from core.spec import Project, TrainingConfig


def train(options: argparse.Namespace) -> tuple[Any, str]:
    """Prepare, train, evaluate on the test rows, save."""
    from core.data import load, store
    from core.evaluation.evaluate import evaluate as measure
    from core.training.headless import find_here, train_here

    given = options.data.endswith(project_file.SUFFIX)
    if options.out:
        check_out(options.out, *(() if given else (options.data, *(options.also or ()))))
    saved = project_file.load(options.data) if given else None
    spec = data_spec(options, saved.project if saved else None)
    if options.also and options.split is None:
        spec = load.adopted(spec, progress=say)
    prepared = load.prepare(spec, progress=say)
    config = config_of(options, prepared, saved.project.training if saved else None)
    network = network_of(options, prepared, config, saved.project.network if saved else None)
    task = TrainingTask(network, config, prepared, augmentation=spec.augmentation)
    tested = find_here(task) if options.learning_rate == "auto" else None
    if tested is not None:
        say(tested.message)
        config = replace(config, learning_rate=tested.suggestion or config.learning_rate)
    folded = cross_validated(spec, replace(task, config=config), options.folds) if options.folds is not None else None
    began = time.perf_counter()
    ended = train_here(replace(task, config=config), run_progress())
    seconds = time.perf_counter() - began
    if ended.reason == "diverged":
        raise UserInputError(ended.message, where="training")
    if not ended.snapshot.step:
        raise KeyboardInterrupt
    assert ended.weights is not None
    loss = resolve(config.loss, prepared.task, len(prepared.classes))
    name = saved.project.name if saved else Path(spec.source.name).stem
    model = TrainedModel(name, network, ended.weights, prepared.preparation, loss.kind)
    arrays = store.load(prepared)
    parts = {"train": arrays.train, "validation": arrays.validation, "test": arrays.test}
    measured = {part: measure(model, rows, part).metrics for part, rows in parts.items() if len(rows.x)}
    answer = _train_json(prepared, config, ended, model, measured, seconds)
    if tested is not None:
        answer["range_test"] = {"suggestion": tested.suggestion, "message": tested.message}
    if folded is not None:
        answer |= folds_json(folded)
    if options.out:
        layout = saved.project.layout if saved else {}
        project = Project(name, spec, network, config, layout)
        out = SavedProject(project, ended.weights, network, loss.kind, ended.snapshot.history, prepared)
        project_file.save(options.out, out)
        answer["project"] = str(options.out)
    words = _train_words(answer)
    return answer, words if folded is None else f"{folds_words(folded)}\n{words}"


def _train_json(
    prepared: Prepared, config: TrainingConfig, ended: Ended, model: TrainedModel,
    measured: Mapping[str, Mapping[str, float]], seconds: float,
) -> dict[str, Any]:  # fmt: skip
    from core.backend.choose import choose

    backend = choose(config.backend)
    final: dict[str, float] = {f"{part}_loss": metrics["loss"] for part, metrics in measured.items()}
    wanted = (
        "accuracy", "subset_accuracy", "micro_f1", "macro_f1", "hamming_loss", "auc", "top3_accuracy", "rmse", "mae",
        "r2",
    )  # fmt: skip
    if "test" in measured:
        metrics = measured["test"]
        final |= {f"test_{name}": metrics[name] for name in wanted if name in metrics}
    return {
        "task": prepared.task,
        "target": prepared.target,
        "backend": backend.name,
        "device": backend.device,
        "rows": dict(prepared.rows),
        "epochs": ended.snapshot.epoch,
        "best_epoch": int(ended.snapshot.latest.get("best/epoch", ended.snapshot.epoch)),
        "steps": ended.snapshot.step,
        "seconds": seconds,
        "message": ended.message,
        "final": final,
        "parameters": sum(a.size for arrays in model.weights.values() for a in arrays.values()),
        "training": config.to_json(),
        "network": model.network.to_json(),
    }


def _train_words(answer: dict[str, Any]) -> str:
    final = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in answer["final"].items())
    saved = f"\nSaved {answer['project']}" if "project" in answer else ""
    return (
        f"{answer['message']}\n{answer['parameters']:,} parameters, {answer['steps']:,} steps in "
        f"{answer['seconds']:.2f} s on {answer['backend']} ({answer['device']}).\n{final}{saved}"
    )
