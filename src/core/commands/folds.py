"""`chainrule train --folds K`: a cross-validation before the run, as a table for people and as plain data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from core.console import end_progress, say
from core.engine.messages import TrainingTask
from core.evaluation.cross_validation import CrossValidation, FoldProgress, mean_text, shown, trust
from core.spec import DataSpec

COLUMNS = {"classification": ("accuracy", "loss"), "labels": ("micro_f1", "loss"), "regression": ("rmse", "r2", "loss")}


def cross_validated(spec: DataSpec, task: TrainingTask, folds: int) -> CrossValidation:
    """The folds of these data trained with the settings of `task`; the table goes to stderr.

    Raises UserInputError where the data do not allow it, KeyboardInterrupt where a person stopped it.
    """
    from core.data.prepare_folds import prepare_folds
    from core.training.headless import cross_validate_here

    found = cross_validate_here(task, prepare_folds(spec, folds, progress=say), _tell)
    if found is None:
        raise KeyboardInterrupt
    end_progress()
    print(table(found), file=sys.stderr, flush=True)
    return found


def _tell(progress: FoldProgress) -> None:
    left = "" if progress.seconds_left is None else f" · {progress.seconds_left:.0f} s left"
    say(f"Fold {progress.fold + 1} of {progress.folds}{left}", progress.fraction)


def table(found: CrossValidation) -> str:
    """One line a fold, then mean and standard deviation, then what they are worth."""
    columns = [(part, name) for part in ("validation", "test") for name in COLUMNS[found.task] if found.mean(part)]
    rows = [["fold", "rows", *(_heading(part, name) for part, name in columns)]]
    for fold in found.folds:
        scores = {"validation": fold.validation, "test": fold.test}
        facts = [str(fold.fold + 1), f"{fold.rows['validation']:,}"]
        rows.append([*facts, *(_cell(scores, part, name) for part, name in columns)])
    for word, of in (("mean", found.mean), ("std", found.deviation)):
        over_all = {part: of(part) for part in ("validation", "test")}
        rows.append([word, "", *(_cell(over_all, part, name) for part, name in columns)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, trust(found)])


def _heading(part: str, name: str) -> str:
    word = {"micro_f1": "F1", "rmse": "RMSE", "r2": "R²"}.get(name, name)
    return word if part == "validation" else f"test {word}"


def _cell(scores: Mapping[str, Mapping[str, float]], part: str, name: str) -> str:
    return shown(name, scores[part][name]) if name in scores[part] else "–"


def folds_json(found: CrossValidation) -> dict[str, Any]:
    """`folds`, the `epoch` at which they validate, and `mean` and `std` of every metric over them.

    Metrics are named as in `final`: "validation_accuracy", "test_loss".
    """
    return {
        "folds": [
            {
                "fold": fold.fold + 1, "rows": dict(fold.rows), "ended": fold.ended, "epochs": fold.epochs,
                "best_epoch": fold.best_epoch, "seconds": fold.seconds,
                **_named(fold.validation, "validation"), **_named(fold.test, "test"),
            }
            for fold in found.folds
        ],
        "epoch": found.epoch,
        "mean": {**_named(found.mean(), "validation"), **_named(found.mean("test"), "test")},
        "std": {**_named(found.deviation(), "validation"), **_named(found.deviation("test"), "test")},
    }  # fmt: skip


def _named(metrics: Mapping[str, float], part: str) -> dict[str, float]:
    return {f"{part}_{name}": value for name, value in metrics.items()}


def folds_words(found: CrossValidation) -> str:
    """One line for the answer in words."""
    name, mean = found.metric.replace("_", " "), mean_text(found) or "unknown, since all diverged"
    return f"{len(found.folds)} folds: validation {name} {mean}."
