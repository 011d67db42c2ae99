"""A cross-validation as tiles and as a table."""

from __future__ import annotations

import math

import numpy as np

from app import theme
from app.evaluation.table import Column
from app.evaluation.wording import GLOSSARY, Score
from app.words import percent
from core.evaluation.cross_validation import BASELINE, CrossValidation, FoldResult, mean_text

TEST_NAMES = {"accuracy": "Test accuracy", "micro_f1": "Test micro F1", "rmse": "Test RMSE"}
NAMES = {"accuracy": "Accuracy", "micro_f1": "Micro F1", "rmse": "RMSE", "r2": "R²", "loss": "Loss"}
HELP = {
    **GLOSSARY,
    "micro_f1": "Micro F1: precision and recall over all labels of all rows together, as one number. 1 is perfect.",
}
SPREAD = "Mean ± standard deviation over the folds. The deviation tells how far one split can be from another."
EPOCH = (
    "All folds are read at this epoch, where the mean of their validation losses is least. One epoch for all is fair;"
    " if each fold chose its own, its own rows would flatter it."
)
TESTED = (
    "The networks of all folds, each as a run keeps it, measured on the test rows. These lie in no fold, so nothing was"
    " chosen by them."
)


def tiles(found: CrossValidation) -> list[Score]:
    """What a person should see first."""
    name, mean = found.metric, found.mean()
    if name not in mean:
        return []
    base = mean[BASELINE[name]]
    note = {
        "accuracy": f"always the largest class: {percent(base)}",
        "micro_f1": f"one answer for all: {theme.number(round(base, 3))}",
        "rmse": f"always the mean: {theme.number(base)}",
    }[name]
    help_ = f"{HELP[name]}\n{SPREAD}"
    share = (None, None) if name == "rmse" else (mean[name], base)
    made = [Score(f"{NAMES[name]} of the folds", mean_text(found), note, help_, *share)]
    if "r2" in mean:
        spread = theme.number(round(found.deviation()["r2"], 3))
        made.append(Score("R²", f"{theme.number(round(mean['r2'], 3))} ± {spread}", "of the folds", GLOSSARY["r2"]))
    epochs = max(fold.epochs for fold in found.folds)
    made.append(Score("Best epoch", f"{found.epoch:,}", f"of {epochs:,}, by the mean loss", EPOCH))
    rows = found.folds[0].rows.get("test", 0)
    if tested := mean_text(found, "test"):
        made.append(Score(TEST_NAMES[name], tested, f"each fold's, on {rows:,} test rows", TESTED))
    return made


def columns(found: CrossValidation) -> list[Column]:
    """One row a fold."""
    folds, name = found.folds, found.metric
    made = [
        Column("Fold", lambda i: f"{folds[i].fold + 1}", lambda: np.arange(len(folds)), strong=True),
        Column("Rows", lambda i: f"{folds[i].rows['validation']:,}", numeric=True, tip="Validation rows of the fold.",
               keys=lambda: np.array([fold.rows["validation"] for fold in folds])),
        _column(found, name, "validation", NAMES[name], bar=True),
        _column(found, "loss", "validation", "Loss", bar=False),
    ]  # fmt: skip
    if found.mean("test"):
        made.append(_column(found, name, "test", TEST_NAMES[name], bar=False))
    return made


def _column(found: CrossValidation, metric: str, part: str, title: str, *, bar: bool) -> Column:
    def value(fold: FoldResult) -> float:
        scores = fold.validation if part == "validation" else fold.test
        return scores.get(metric, math.nan)

    keys = np.array([value(fold) for fold in found.folds])
    most = 1.0 if metric in ("accuracy", "micro_f1") else float(np.nanmax(keys, initial=1e-12))

    def cell(i: int) -> str:
        if math.isnan(keys[i]):
            return "diverged" if part == "validation" else "–"
        return percent(keys[i]) if metric == "accuracy" else theme.number(float(keys[i]))

    return Column(
        title, cell, lambda: keys, numeric=True, tip=HELP[metric],
        share=(lambda i: 0.0 if math.isnan(keys[i]) else float(keys[i]) / most) if bar else None,
    )  # fmt: skip
