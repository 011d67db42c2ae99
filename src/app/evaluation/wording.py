"""Scores in words: what each is called, what it means, and how sure one can be of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app import theme
from app.words import percent
from core.evaluation.result import Evaluation

GLOSSARY: Mapping[str, str] = {
    "accuracy": "Accuracy: the share of rows that the network answers right.",
    "interval": "From so few rows the score is known only roughly. On all rows of this kind the true accuracy lies "
    "within this 95 % interval (Wilson's), unless these rows are an unlucky draw.",
    "macro_f1": "Macro F1: the F1 scores of all classes, averaged so that a rare class counts as much as a frequent "
    "one. 1 is perfect.",
    "auc": "AUC: how often a row of a class gets a higher score for it than a row of another class, the mean over the "
    "classes. 0.5 is chance, 1 is perfect.",
    "loss": "Loss: what training makes small, measured on these rows. It also tells how far off the sure answers are.",
    "errors": "How many rows the network answers wrong.",
    "rmse": "RMSE: root mean squared error, √(mean (y − ŷ)²), in the unit of the target. Large errors weigh more.",
    "mae": "MAE: mean absolute error, mean |y − ŷ|, in the unit of the target: how far off an answer usually is.",
    "r2": "R²: the share of the target's variance that the network explains. 1 is perfect; 0 is no better than always "
    "answering the mean.",
    "precision": "Precision: of the rows that were called this class, the share that belong to it.",
    "recall": "Recall: of the rows that belong to this class, the share that were found.",
    "f1": "F1: the harmonic mean of precision and recall. It is high only where both are.",
    "support": "Support: how many of these rows belong to the class.",
    "subset_accuracy": "Subset accuracy: the share of rows all of whose labels are told right (exact match). It is the "
    "strictest score: one wrong label spoils a row.",
    "micro_f1": "Micro F1: the F1 score of all labels of all rows together. It is high only where the labels that are "
    "told are right and the true ones are told. 1 is perfect.",
    "label_macro_f1": "Macro F1: the F1 scores of all labels, averaged so that a rare label counts as much as a "
    "frequent one.",
    "hamming_loss": "Hamming loss: the share of all labels of all rows that are told wrong. Where labels are rare it "
    "is small even if none is ever told.",
    "label_auc": "AUC: how often a row that has a label gets a higher probability for it than one that has not, the "
    "mean over the labels. 0.5 is chance.",
    "constant": "The mark: the best that one and the same answer for every row reaches.",
    "label_precision": "Precision: of the rows that this label was told of, the share that have it.",
    "label_recall": "Recall: of the rows that have this label, the share that it was told of.",
    "label_f1": "F1: the harmonic mean of precision and recall. It is high only where both are.",
    "label_support": "Support: how many of these rows have the label.",
}


@dataclass(frozen=True)
class Score:
    """One tile. share, baseline: 0..1 where a bar makes sense, how far the network and the simplest guess get."""

    name: str
    value: str
    note: str
    help: str
    share: float | None = None
    baseline: float | None = None


def interval(hits: int, rows: int) -> tuple[float, float]:
    """95 % interval of a share: hits of rows (E. B. Wilson 1927, J. Am. Stat. Assoc. 22)."""
    z = 1.959964
    share = hits / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def whole_percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def hits(evaluation: Evaluation) -> int:
    return round(evaluation.metrics["accuracy"] * evaluation.rows)


def scores(evaluation: Evaluation) -> list[Score]:
    made = {"classification": _class_scores, "labels": _label_scores}.get(evaluation.task, _number_scores)
    return made(evaluation)


def _label_scores(e: Evaluation) -> list[Score]:
    m = e.metrics
    exact, f1, wrong = m["subset_accuracy"], m["micro_f1"], m["hamming_loss"]
    area = f"AUC {theme.number(round(m['auc'], 4))} · " if "auc" in m else ""
    base = theme.number(round(m["baseline_micro_f1"], 4))
    told = ("label_macro_f1", *(("label_auc",) if "auc" in m else ()), "loss")
    return [
        Score("Micro F1", theme.number(round(f1, 4)), f"one answer for all: {base}",
              f"{GLOSSARY['micro_f1']} {GLOSSARY['constant']}", f1, m["baseline_micro_f1"]),
        Score("Subset accuracy", percent(exact), f"one answer for all: {percent(m['baseline_subset_accuracy'])}",
              f"{GLOSSARY['subset_accuracy']} {GLOSSARY['constant']}", exact, m["baseline_subset_accuracy"]),
        Score("Hamming loss", percent(wrong), f"one answer for all: {percent(m['baseline_hamming_loss'])}",
              GLOSSARY["hamming_loss"]),
        Score("Macro F1", theme.number(round(m["macro_f1"], 4)) if "macro_f1" in m else "–",
              f"{area}loss {theme.number(m['loss'])}",
              "\n".join(GLOSSARY[name] for name in told)),
    ]  # fmt: skip


def _class_scores(e: Evaluation) -> list[Score]:
    accuracy, base = e.metrics["accuracy"], e.metrics["baseline_accuracy"]
    low, high = interval(hits(e), e.rows)
    wrong = e.rows - hits(e)
    area = f"AUC {theme.number(round(e.metrics['auc'], 4))} · " if "auc" in e.metrics else ""
    macro, loss = theme.number(round(e.metrics["macro_f1"], 4)), theme.number(e.metrics["loss"])
    return [
        Score("Accuracy", percent(accuracy), f"always the largest class: {percent(base)}",
              f"{GLOSSARY['accuracy']} The mark: always guessing the largest class.", accuracy, base),
        Score("Likely between", f"{whole_percent(low)} – {whole_percent(high)}", f"95 % interval from {e.rows:,} rows",
              GLOSSARY["interval"]),
        Score("Errors", f"{wrong:,}", f"of {e.rows:,} test rows", GLOSSARY["errors"]),
        Score("Macro F1", macro, f"{area}loss {loss}",
              "\n".join(GLOSSARY[name] for name in ("macro_f1", "auc", "loss") if name in e.metrics)),
    ]  # fmt: skip


def _number_scores(e: Evaluation) -> list[Score]:
    m = e.metrics
    r2, base = m["r2"], theme.number(m["baseline_rmse"])
    return [
        Score("RMSE", theme.number(m["rmse"]), f"always the mean: {base}", GLOSSARY["rmse"]),
        Score("MAE", theme.number(m["mae"]), "a usual error", GLOSSARY["mae"]),
        Score("R²", theme.number(round(r2, 4)), f"{percent(max(r2, 0.0))} of the variance explained", GLOSSARY["r2"],
              min(1.0, max(0.0, r2)), 0.0),
        Score("Test rows", f"{e.rows:,}", f"loss {theme.number(m['loss'])}",
              f"Rows that were kept apart and never trained on.\n{GLOSSARY['loss']}"),
    ]  # fmt: skip


def verdict(e: Evaluation, target: str) -> str:
    """The result in one sentence, against the simplest guess."""
    if e.task == "classification":
        base = round(e.metrics["baseline_accuracy"] * e.rows)
        right = f"Right on {hits(e):,} of {e.rows:,} rows it never saw"
        if interval(hits(e), e.rows)[0] <= e.metrics["baseline_accuracy"]:
            how = "no better" if hits(e) <= base else "not clearly better"
            return f"{right}: {how} than always guessing the largest class, which is right on {base:,}."
        return f"{right}; always guessing the largest class is right on {base:,}."
    if e.task == "labels":
        named = ("subset_accuracy", "baseline_subset_accuracy")
        exact, base_exact = (round(e.metrics[name] * e.rows) for name in named)
        right = f"All labels right on {exact:,} of {e.rows:,} rows it never saw"
        if interval(exact, e.rows)[0] <= e.metrics["baseline_subset_accuracy"]:
            how = "no better" if exact <= base_exact else "not clearly better"
            return f"{right}: {how} than one answer for all, which is right on {base_exact:,}."
        return f"{right}; one answer for all is right on {base_exact:,}."
    rmse, base_rmse = e.metrics["rmse"], e.metrics["baseline_rmse"]
    if rmse >= base_rmse:
        return f"No better than always answering the mean of {target} on {e.rows:,} rows it never saw."
    return f"{target} within {theme.number(e.metrics['mae'])} on average, on {e.rows:,} rows it never saw."
