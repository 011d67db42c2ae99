"""How a network does that tells several labels a row."""

from __future__ import annotations

import math

import numpy as np

from core.data.preprocess import LabelsTarget
from core.evaluation.pieces import Worst
from core.evaluation.result import Evaluation, Predictions
from core.metrics import Accuracy, AreaUnderCurve, MacroF1, Metric, MicroF1, SubsetAccuracy

CUT = 0.5  # the probability from which on a label is answered
NONE = "(none)"  # what people read where a row has no label


class LabelGatherer:
    """Takes the rows of a part piece by piece: raw outputs and probabilities (rows, labels)."""

    def __init__(self, target: LabelsTarget, rows: int) -> None:
        labels = len(target.classes)
        self._target, self._scores, self._worst = target, LabelScores(), Worst()
        self._confusions = np.zeros((labels, 2, 2), np.int64)
        self._truth, self._predicted = (np.empty((rows, labels), np.uint8) for _ in range(2))
        self._confidence = np.empty((rows, labels), np.float32)

    def add(
        self, span: slice, outputs: np.ndarray, answers: np.ndarray, y: np.ndarray, row_numbers: np.ndarray
    ) -> None:
        truth, predicted = y > 0.5, answers >= CUT
        self._scores.update(answers, truth)
        self._confusions += label_confusions(truth, predicted)
        self._truth[span], self._predicted[span], self._confidence[span] = truth, predicted, answers
        each = np.mean(np.logaddexp(0.0, outputs) - truth * outputs, axis=1)  # cross-entropy of every row
        self._worst.update(each, row_numbers)

    def evaluation(self, *, part: str, loss: float, row_numbers: np.ndarray) -> Evaluation:
        return Evaluation(
            task="labels",
            part=part,
            rows=len(self._truth),
            metrics={"loss": loss, **self._scores.values(), **_baseline(self._truth)},
            classes=self._target.classes,
            confusion=self._confusions,
            per_class=dict(zip(self._target.classes, label_scores(self._confusions), strict=True)),
            truth=self._truth,
            predicted=self._predicted,
            confidence=self._confidence,
            row_numbers=row_numbers,
            worst=self._worst.numbers(),
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


class LabelScores:
    """Scores of all labels together, gathered in pieces; what has no meaning for the rows is left out."""

    def __init__(self) -> None:
        self._told: dict[str, Metric] = {
            "subset_accuracy": SubsetAccuracy(), "micro_f1": MicroF1(), "macro_f1": MacroF1(),
        }  # fmt: skip
        self._right, self._area = Accuracy(), AreaUnderCurve()

    def update(self, p: np.ndarray, truth: np.ndarray) -> None:
        """p: (rows, labels) probabilities; truth: Booleans of the same shape."""
        answered = (p >= CUT).astype(np.float32)
        for metric in (*self._told.values(), self._right):
            metric.update(answered, truth)
        self._area.update(p, truth)

    def values(self) -> dict[str, float]:
        values = {name: metric.value() for name, metric in self._told.items()}
        values |= {"hamming_loss": 1.0 - self._right.value(), "auc": self._area.value()}
        return {name: value for name, value in values.items() if not math.isnan(value)}


def label_metrics(p: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """`LabelScores` of these rows. p, truth: (rows, labels)."""
    found = LabelScores()
    found.update(p, truth)
    return found.values()


def _baseline(truth: np.ndarray) -> dict[str, float]:
    """The best score that any one answer for all rows reaches, each score by itself.

    Subset accuracy: the labels that most rows have together. Hamming loss: those that most rows have. Micro F1: the j
    most frequent, F1 = 2 Σ_k≤j n_k / (j rows + Σ n_k), with the best j.
    """
    counts = np.sort(truth.sum(axis=0, dtype=np.int64))[::-1]
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
