"""How a trained network does on rows it never saw."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from core.backend.numpy import NumpyOps
from core.data.preprocess import ClassTarget, LabelsTarget, NumberTarget, Target
from core.data.schema import Part
from core.errors import UserInputError
from core.evaluation.labels import LabelGatherer
from core.evaluation.pieces import Worst, answered, index_type, number_type, short_numbers
from core.evaluation.result import Evaluation
from core.losses import loss_for
from core.metrics import MAE, R2, RMSE, Accuracy, AreaUnderCurve, MacroF1, Metric, TopK
from core.model import TrainedModel

MANY_CLASSES = 5  # beyond which a near miss is worth telling


def evaluate(model: TrainedModel, part: Part, part_name: str = "test") -> Evaluation:
    """Metrics of `model` on `part`; see `Evaluation` for what they are called.

    The loss is that of training, of the data alone, as the mean over rows, nothing smoothed or weighted. Rows are
    answered and measured in pieces, so that a part in a memory map stays there; of each row only its answer is kept.

    Raises:
        UserInputError: no rows.
    """
    if not len(part.x):
        raise UserInputError(
            f"There are no {part_name} rows to evaluate on.",
            remedy="Give the split a larger share, or use more data.",
        )
    target = model.preparation.target
    loss = loss_for(model.loss).of_target(target)
    found = _gatherer(target, len(part.x))
    total = 0.0
    for span, outputs in answered(model, part):
        y, row_numbers = np.asarray(part.y[span]), np.asarray(part.row_numbers[span])
        total += float(loss.forward(NumpyOps(np.float64), outputs, y)[0]) * len(y)
        found.add(span, outputs, loss.answers(outputs), y, row_numbers)
    numbers = short_numbers(part.row_numbers)
    return found.evaluation(part=part_name, loss=total / len(part.x), row_numbers=numbers)


class _Gatherer(Protocol):
    """Takes the rows of a part piece by piece: raw outputs, answers, targets as prepared, and row numbers."""

    def add(
        self, span: slice, outputs: np.ndarray, answers: np.ndarray, y: np.ndarray, row_numbers: np.ndarray
    ) -> None: ...

    def evaluation(self, *, part: str, loss: float, row_numbers: np.ndarray) -> Evaluation: ...


def _gatherer(target: Target, rows: int) -> _Gatherer:
    if isinstance(target, ClassTarget):
        return _Classes(target, rows)
    return LabelGatherer(target, rows) if isinstance(target, LabelsTarget) else _Numbers(target, rows)


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) counts: rows of class i that were predicted as j. truth, predicted: (rows,) indices."""
    counts = np.bincount(truth.astype(np.int64) * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def class_scores(confusion: np.ndarray) -> list[tuple[float, float, float, int]]:
    """(precision, recall, F1, support) of every class; a ratio of nothing to nothing counts as 0.

    precision = tp / (tp + fp), recall = tp / (tp + fn), F1 = 2 tp / (2 tp + fp + fn), support = rows of the class
    (van Rijsbergen 1979; Manning, Raghavan and Schütze 2008, §8.3).
    """
    hits, of_class, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    ratios = (
        _ratio(hits, called),
        _ratio(hits, of_class),
        _ratio(2 * hits, called + of_class),
    )
    return [(float(p), float(r), float(f), int(n)) for p, r, f, n in zip(*ratios, of_class, strict=True)]


def regression_scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """RMSE, MAE and R² as `core.metrics` defines them, and the RMSE of always answering the mean of these rows.

    truth, predicted: (rows,) in the target's unit; all but R² are in it, too.
    """
    found = _NumberScores()
    found.update(predicted, truth)
    return found.values()


class _NumberScores:
    def __init__(self) -> None:
        self._rmse, self._mae, self._r2 = RMSE(), MAE(), R2()

    def update(self, predicted: np.ndarray, truth: np.ndarray) -> None:
        for metric in (self._rmse, self._mae, self._r2):
            metric.update(predicted, truth)

    def values(self) -> dict[str, float]:
        rmse, mae, r2 = (metric.value() for metric in (self._rmse, self._mae, self._r2))
        return {"rmse": rmse, "mae": mae, "r2": r2, "baseline_rmse": self._r2.baseline}


def _class_metrics(classes: int) -> dict[str, Metric]:
    """Accuracy, macro F1 and the area under the ROC curve, with more than five classes also top-3 accuracy."""
    kinds: dict[str, Metric] = {"accuracy": Accuracy(), "macro_f1": MacroF1(), "auc": AreaUnderCurve()}
    if classes > MANY_CLASSES:
        kinds["top3_accuracy"] = TopK(3)
    return kinds


class _Classes:
    """A metric that has no meaning for these rows, such as an area where all are of one class, is left out."""

    def __init__(self, target: ClassTarget, rows: int) -> None:
        self._target, classes = target, len(target.classes)
        self._metrics = _class_metrics(classes)
        self._confusion = np.zeros((classes, classes), np.int64)
        self._truth, self._predicted = (np.empty(rows, index_type(classes)) for _ in range(2))
        self._confidence = np.empty(rows, np.float32)
        self._worst = Worst()

    def add(
        self, span: slice, outputs: np.ndarray, answers: np.ndarray, y: np.ndarray, row_numbers: np.ndarray
    ) -> None:
        truth, predicted, rows = y.astype(np.int64), answers.argmax(axis=1), np.arange(len(y))
        for metric in self._metrics.values():
            metric.update(answers, truth)
        self._confusion += confusion_matrix(truth, predicted, len(self._target.classes))
        self._truth[span], self._predicted[span] = truth, predicted
        self._confidence[span] = answers[rows, predicted]
        self._worst.update(-answers[rows, truth], row_numbers)

    def evaluation(self, *, part: str, loss: float, row_numbers: np.ndarray) -> Evaluation:
        known = {name: value for name, metric in self._metrics.items() if not math.isnan(value := metric.value())}
        always = float(self._confusion.sum(axis=1).max() / len(self._truth))
        return Evaluation(
            task="classification",
            part=part,
            rows=len(self._truth),
            metrics={"loss": loss, **known, "baseline_accuracy": always},
            classes=self._target.classes,
            confusion=self._confusion,
            per_class=dict(zip(self._target.classes, class_scores(self._confusion), strict=True)),
            truth=self._truth,
            predicted=self._predicted,
            confidence=self._confidence,
            row_numbers=row_numbers,
            worst=self._worst.numbers(),
        )


class _Numbers:
    def __init__(self, target: NumberTarget, rows: int) -> None:
        self._target, self._scores, self._worst = target, _NumberScores(), Worst()
        self._truth: np.ndarray = np.empty(rows, number_type(rows))
        self._predicted = np.empty_like(self._truth)

    def add(
        self, span: slice, outputs: np.ndarray, answers: np.ndarray, y: np.ndarray, row_numbers: np.ndarray
    ) -> None:
        target = self._target
        truth = y[:, 0].astype(np.float64) * target.scale + target.mean
        predicted = answers[:, 0] * target.scale + target.mean
        self._scores.update(predicted, truth)
        self._truth[span], self._predicted[span] = truth, predicted
        self._worst.update(np.abs(truth - predicted), row_numbers)

    def evaluation(self, *, part: str, loss: float, row_numbers: np.ndarray) -> Evaluation:
        return Evaluation(
            task="regression",
            part=part,
            rows=len(self._truth),
            metrics={"loss": loss, **self._scores.values()},
            truth=self._truth,
            predicted=self._predicted,
            row_numbers=row_numbers,
            worst=self._worst.numbers(),
        )


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros(len(a)), where=b > 0)

