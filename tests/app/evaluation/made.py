"""Evaluations, predictions and trained networks as the jobs process would give them, made without it."""

from __future__ import annotations

import numpy as np
from fakes import FakeSession

from app.document import Trained
from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, NumberTarget, Preparation
from core.data.schema import Prepared
from core.evaluation.evaluate import class_scores, confusion_matrix, regression_scores
from core.evaluation.result import Evaluation, Predictions
from core.training.snapshot import History

IRIS = ("setosa", "versicolor", "virginica")


def class_evaluation(classes: tuple[str, ...] = IRIS, rows: int = 150, right: float = 0.9, seed: int = 3) -> Evaluation:
    rng = np.random.default_rng(seed)
    truth = np.arange(rows) % len(classes)
    predicted = np.where(rng.random(rows) < right, truth, rng.integers(0, len(classes), rows))
    confusion = confusion_matrix(truth, predicted, len(classes))
    scores = class_scores(confusion)
    confidence = rng.uniform(0.5, 1.0, rows)
    loss = np.where(truth == predicted, -confidence, confidence)
    metrics = {
        "loss": 0.12,
        "accuracy": float((truth == predicted).mean()),
        "macro_f1": float(np.mean([s[2] for s in scores])),
        "baseline_accuracy": float(np.bincount(truth).max() / rows),
    }
    numbers = rng.permutation(rows * 5)[:rows]
    return Evaluation(
        "classification", "test", rows, metrics, classes, confusion, dict(zip(classes, scores, strict=True)),
        truth, predicted, confidence, numbers, tuple(int(numbers[i]) for i in np.argsort(-loss)[:50]),
    )  # fmt: skip


def number_evaluation(rows: int = 88, noise: float = 45.0) -> Evaluation:
    rng = np.random.default_rng(5)
    truth = rng.normal(152, 77, rows)
    predicted = 152 + 0.7 * (truth - 152) + rng.normal(0, noise, rows)
    worst = np.argsort(-np.abs(truth - predicted))[:50]
    return Evaluation(
        "regression", "test", rows, {"loss": 0.41, **regression_scores(truth, predicted)},
        truth=truth, predicted=predicted, row_numbers=np.arange(rows), worst=tuple(int(i) for i in worst),
    )  # fmt: skip


def iris_preparation() -> Preparation:
    means = {"sepal_length": (5.84, 0.83), "sepal_width": (3.06, 0.44), "petal_length": (3.76, 1.76)}
    numbers = tuple(NumberFeature(name, fill=m, mean=m, scale=s) for name, (m, s) in means.items())
    return Preparation((*numbers, CategoryFeature("garden", ("north", "south"), "south")), ClassTarget("species", IRIS))


def diabetes_preparation() -> Preparation:
    names = ("age", "sex", "bmi", "bp", "s1", "s2")
    return Preparation(
        tuple(NumberFeature(n, 0.0, 0.0, 0.0476) for n in names), NumberTarget("progression", 152.1, 77.0)
    )


def prepared(preparation: Preparation, fingerprint: str = "f") -> Prepared:
    target = preparation.target
    classes = target.classes if isinstance(target, ClassTarget) else ()
    task = "classification" if classes else "regression"
    n = sum(len(f.categories) if isinstance(f, CategoryFeature) else 1 for f in preparation.features)
    return Prepared(
        "", fingerprint, task, target.name, tuple(f.name for f in preparation.features), (n,), len(classes) or 1,
        classes, {"train": 90, "validation": 30, "test": 30}, preparation,
    )  # fmt: skip


def train(session: FakeSession, preparation: Preparation, evaluation: Evaluation | None = None) -> Trained:
    """As if a run had ended: weights of the present design, and what they are worth."""
    session.with_data()
    found = prepared(preparation)
    session.document.set_prepared(found)
    trained = Trained({}, session.document.project.network, found, "softmax_cross_entropy")
    session.document.set_result(trained, History())
    session.document.set_evaluation(evaluation)
    return trained


def class_predictions(rows: int = 40) -> Predictions:
    rng = np.random.default_rng(1)
    p = rng.dirichlet([0.4, 0.4, 0.4], rows)
    inputs = tuple(
        (f"{rng.normal(5.8, 0.8):.1f}", f"{rng.normal(3, 0.4):.1f}", None if i == 2 else "1.4", "north")
        for i in range(rows)
    )
    notes = ("Row 3, petal_length: missing; 3.76 stands in.",)
    names = ("sepal_length", "sepal_width", "petal_length", "garden")
    answer = tuple(IRIS[i] for i in p.argmax(axis=1))
    return Predictions("species", "classification", answer, IRIS, p, inputs, names, notes)
