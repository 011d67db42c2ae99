"""How a network does that tells several labels a row."""

from __future__ import annotations

import math

import numpy as np

from core.data.preprocess import LabelsTarget
from core.data.schema import Part
from core.evaluation.result import Evaluation, Predictions
from core.metrics import Accuracy, AreaUnderCurve, MacroF1, Metric, MicroF1, SubsetAccuracy

CUT = 0.5  # the probability from which on a label is answered
NONE = "(none)"  # what people read where a row has no label


def evaluate_labels(
    target: LabelsTarget, z: np.ndarray, p: np.ndarray, part: Part, *, name: str, loss: float
) -> Evaluation:
    """z, p: (rows, labels) raw outputs and probabilities."""
    truth, predicted = part.y > 0.5, p >= CUT
    counts = label_confusions(truth, predicted)
    each = np.mean(np.logaddexp(0.0, z) - truth * z, axis=1)  # cross-entropy of every row
    order = np.argsort(-each, kind="stable")[:50]
    return Evaluation(
        task="labels",
        part=name,
        rows=len(truth),
        metrics={"loss": loss, **label_metrics(p, truth), **_baseline(truth)},
        classes=target.classes,
        confusion=counts,
        per_class=dict(zip(target.classes, label_scores(counts), strict=True)),
        truth=truth.astype(np.uint8),
        predicted=predicted.astype(np.uint8),
        confidence=p.astype(np.float32),
        row_numbers=part.row_numbers,
        worst=tuple(int(n) for n in part.row_numbers[order]),
    )


def label_confusions(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(labels, 2, 2) counts [[tn, fp], [fn, tp]] of each label by itself. truth, predicted: (rows, labels) Booleans."""
    hits = (truth & predicted).sum(axis=0)
    missed, wrong = truth.sum(axis=0) - hits, predicted.sum(axis=0) - hits
    return np.stack([len(truth) - hits - missed - wrong, wrong, missed, hits], axis=1).reshape(-1, 2, 2)


def label_scores(counts: np.ndarray) -> list[tuple[float, float, float, int]]:
    """(precision, recall, F1, support) of every label, as of a class; a ratio of nothing to nothing counts as 0."""
    found = []
    for (_, wrong), (missed, hits) in counts.tolist():
        precision, recall = (hits / all_ if (all_ := hits + off) else 0.0 for off in (wrong, missed))
        total = 2 * hits + wrong + missed
        found.append((precision, recall, 2 * hits / total if total else 0.0, hits + missed))
    return found


def label_metrics(p: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Scores of all labels together; what has no meaning for these rows is left out. p, truth: (rows, labels)."""
    answered = (p >= CUT).astype(np.float64)
    told: dict[str, Metric] = {"subset_accuracy": SubsetAccuracy(), "micro_f1": MicroF1(), "macro_f1": MacroF1()}
    right, area = Accuracy(), AreaUnderCurve()
    for metric in (*told.values(), right):
        metric.update(answered, truth)
    area.update(p, truth)
    values = {name: metric.value() for name, metric in told.items()}
    values |= {"hamming_loss": 1.0 - right.value(), "auc": area.value()}
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _baseline(truth: np.ndarray) -> dict[str, float]:
    """The best score that any one answer for all rows reaches, each score by itself.

    Subset accuracy: the labels that most rows have together. Hamming loss: those that most rows have. Micro F1: the j
    most frequent, F1 = 2 Σ_k≤j n_k / (j rows + Σ n_k), with the best j.
    """
    counts = -np.sort(-truth.sum(axis=0))
    _, alike = np.unique(np.packbits(truth, axis=1), axis=0, return_counts=True)
    answered = np.arange(1, len(counts) + 1) * len(truth)
    return {
        "baseline_subset_accuracy": float(alike.max() / len(truth)),
        "baseline_micro_f1": float((2 * np.cumsum(counts) / (answered + counts.sum())).max()),
        "baseline_hamming_loss": float(np.minimum(counts, len(truth) - counts).sum() / truth.size),
    }


def label_texts(target: LabelsTarget, answered: np.ndarray) -> tuple[str, ...]:
    """The labels of each row in one text, joined as the target's cells are; answered: (rows, labels) Booleans."""
    join = target.separator or ", "
    return tuple(join.join(target.classes[k] for k in np.flatnonzero(row)) for row in answered)


def labels_of(found: Predictions) -> list[list[str]]:
    """The labels of each row of answers, apart."""
    assert found.probabilities is not None
    return [[found.classes[k] for k in np.flatnonzero(row >= CUT)] for row in found.probabilities]
