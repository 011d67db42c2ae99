"""How a trained network does on rows it never saw."""

from __future__ import annotations

import math

import numpy as np

from core.backend.numpy import NumpyOps
from core.data.preprocess import ClassTarget, LabelsTarget, NumberTarget
from core.data.schema import Part
from core.errors import UserInputError
from core.evaluation.labels import evaluate_labels
from core.evaluation.result import Evaluation
from core.losses import loss_for
from core.metrics import MAE, R2, RMSE, Accuracy, AreaUnderCurve, MacroF1, Metric, TopK
from core.model import TrainedModel

WORST = 50
MANY_CLASSES = 5  # beyond which a near miss is worth telling


def evaluate(model: TrainedModel, part: Part, part_name: str = "test") -> Evaluation:
    """Metrics of `model` on `part`; see `Evaluation` for what they are called.

    The loss is that of training, of the data alone, as the mean over rows, nothing smoothed or weighted.

    Raises:
        UserInputError: no rows.
    """
    if not len(part.x):
        raise UserInputError(
            f"There are no {part_name} rows to evaluate on.",
            remedy="Give the split a larger share, or use more data.",
        )
    target = model.preparation.target
    outputs = model.outputs(part.x).astype(np.float64)
    loss = loss_for(model.loss).of_target(target)
    value = float(loss.forward(NumpyOps(np.float64), outputs, part.y)[0])
    answers = loss.answers(outputs)
    if isinstance(target, ClassTarget):
        return _classes(target, answers, part, part_name, value)
    if isinstance(target, LabelsTarget):
        return evaluate_labels(target, outputs, answers, part, name=part_name, loss=value)
    return _numbers(target, answers, part, part_name, value)


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
    rmse, mae, r2 = RMSE(), MAE(), R2()
    for metric in (rmse, mae, r2):
        metric.update(predicted, truth)
    return {"rmse": rmse.value(), "mae": mae.value(), "r2": r2.value(), "baseline_rmse": r2.baseline}


def class_metrics(answers: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Accuracy, macro F1 and the area under the ROC curve, with more than five classes also top-3 accuracy.

    answers: (rows, classes) probabilities, truth: (rows,) indices. What has no meaning for these rows, such as an area
    where all are of one class, is left out.
    """
    kinds: dict[str, Metric] = {"accuracy": Accuracy(), "macro_f1": MacroF1(), "auc": AreaUnderCurve()}
    if answers.shape[1] > MANY_CLASSES:
        kinds["top3_accuracy"] = TopK(3)
    for metric in kinds.values():
        metric.update(answers, truth)
    return {name: value for name, metric in kinds.items() if not math.isnan(value := metric.value())}


def _classes(target: ClassTarget, p: np.ndarray, part: Part, part_name: str, loss: float) -> Evaluation:
    truth, predicted = part.y.astype(np.int64), p.argmax(axis=1)
    confusion = confusion_matrix(truth, predicted, len(target.classes))
    scores = class_scores(confusion)
    always = float(np.bincount(truth).max() / len(truth))
    rows = np.arange(len(truth))
    return Evaluation(
        task="classification",
        part=part_name,
        rows=len(truth),
        metrics={"loss": loss, **class_metrics(p, truth), "baseline_accuracy": always},
        classes=target.classes,
        confusion=confusion,
        per_class=dict(zip(target.classes, scores, strict=True)),
        truth=truth,
        predicted=predicted,
        confidence=p[rows, predicted],
        row_numbers=part.row_numbers,
        worst=_worst(-p[rows, truth], part.row_numbers),
    )


def _numbers(target: NumberTarget, y: np.ndarray, part: Part, part_name: str, loss: float) -> Evaluation:
    truth = part.y[:, 0].astype(np.float64) * target.scale + target.mean
    predicted = y[:, 0] * target.scale + target.mean
    return Evaluation(
        task="regression",
        part=part_name,
        rows=len(truth),
        metrics={"loss": loss, **regression_scores(truth, predicted)},
        truth=truth,
        predicted=predicted,
        row_numbers=part.row_numbers,
        worst=_worst(np.abs(truth - predicted), part.row_numbers),
    )


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros(len(a)), where=b > 0)


def _worst(losses: np.ndarray, row_numbers: np.ndarray) -> tuple[int, ...]:
    """Row numbers by falling loss; a larger `losses` value is worse."""
    order = np.argsort(-losses, kind="stable")[:WORST]
    return tuple(int(n) for n in row_numbers[order])
