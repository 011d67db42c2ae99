"""How a trained network does on rows it never saw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.backend.numpy import NumpyOps
from core.data.preprocess import ClassTarget, NumberTarget
from core.data.schema import Part
from core.errors import UserInputError
from core.evaluation.result import Evaluation
from core.losses import loss_for
from core.model import TrainedModel

WORST = 50


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
    """RMSE = √mean (y - ŷ)², MAE = mean |y - ŷ|, R² = 1 - Σ(y - ŷ)² / Σ(y - ȳ)²  (Draper and Smith 1998, §1.3).

    truth, predicted: (rows,) in the target's unit; RMSE and MAE are in it, too. baseline_rmse is that of always
    answering the mean ȳ of these rows. Where all y are equal, R² is 1 for a perfect answer and else 0.
    """
    error, spread = truth - predicted, truth - truth.mean()
    squares, total = float(error @ error), float(spread @ spread)
    return {
        "rmse": float(np.sqrt(squares / len(truth))),
        "mae": float(np.abs(error).mean()),
        "r2": 1.0 - squares / total if total > 0 else float(squares == 0),
        "baseline_rmse": float(np.sqrt(total / len(truth))),
    }


def _classes(target: ClassTarget, p: np.ndarray, part: Part, part_name: str, loss: float) -> Evaluation:
    truth, predicted = part.y.astype(np.int64), p.argmax(axis=1)
    confusion = confusion_matrix(truth, predicted, len(target.classes))
    scores = class_scores(confusion)
    # Classes that neither occur nor are predicted say nothing about the network.
    seen = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    metrics: Mapping[str, float] = {
        "loss": loss,
        "accuracy": float((truth == predicted).mean()),
        "macro_f1": float(np.mean([score[2] for score, there in zip(scores, seen, strict=True) if there])),
        "baseline_accuracy": float(np.bincount(truth).max() / len(truth)),
    }
    rows = np.arange(len(truth))
    return Evaluation(
        task="classification",
        part=part_name,
        rows=len(truth),
        metrics=metrics,
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
