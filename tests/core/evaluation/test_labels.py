"""Scores of several labels a row: scikit-learn's numbers (1.9.1), and what is made of them."""

import numpy as np
import pytest

from core.data.preprocess import LabelsTarget, NumberFeature, Preparation
from core.data.schema import Part
from core.data.write import write_predictions_csv
from core.evaluation.evaluate import evaluate
from core.evaluation.labels import label_confusions, label_metrics, label_scores
from core.evaluation.predict import predictions
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.spec import sequential

SCORES = {
    "subset_accuracy": 0.4325,
    "micro_f1": 0.8712871287128713,
    "macro_f1": 0.779956893300145,
    "hamming_loss": 0.12458333333333334,
    "auc": 0.9732630675814352,
}
PER_LABEL = [
    (0.24050632911392406, 0.9047619047619048, 0.38, 21),
    (0.5859375, 0.9036144578313253, 0.7109004739336493, 83),
    (0.7159090909090909, 0.9402985074626866, 0.8129032258064516, 134),
    (0.8552036199095022, 0.9356435643564357, 0.8936170212765957, 202),
    (0.9496402877697842, 0.9010238907849829, 0.9246935201401051, 293),
    (0.9854651162790697, 0.9313186813186813, 0.9576271186440678, 364),
]
CONFUSIONS = [
    [[319, 60], [2, 19]], [[264, 53], [8, 75]], [[216, 50], [8, 126]],
    [[166, 32], [13, 189]], [[93, 14], [29, 264]], [[31, 5], [25, 339]],
]  # fmt: skip


def answers() -> tuple[np.ndarray, np.ndarray]:
    """Labels from rare to frequent, and probabilities that mostly tell them."""
    rng = np.random.default_rng(11)
    truth = rng.random((400, 6)) < [0.05, 0.2, 0.35, 0.5, 0.7, 0.9]
    return np.clip(0.45 * truth + 0.6 * rng.random((400, 6)), 0.0, 1.0), truth


def identity(target: LabelsTarget) -> TrainedModel:
    """A network that answers what it is given."""
    n = len(target.classes)
    network = sequential(Input(shape=(n,)), Dense(units=n, activation="linear"))
    weights = {"l1": {"W": np.eye(n, dtype=np.float32), "b": np.zeros(n, np.float32)}}
    features = tuple(NumberFeature(f"x{i}", 0.0, 0.0, 1.0) for i in range(n))
    return TrainedModel("test", network, weights, Preparation(features, target), "multi_label_cross_entropy")


def test_scikit_learns_scores() -> None:
    p, truth = answers()
    assert label_metrics(p, truth) == pytest.approx(SCORES, rel=1e-9)
    counts = label_confusions(truth, p >= 0.5)
    assert counts.tolist() == CONFUSIONS
    for mine, wanted in zip(label_scores(counts), PER_LABEL, strict=True):
        assert mine == pytest.approx(wanted, rel=1e-9)


def test_a_label_that_neither_occurs_nor_is_answered_scores_nothing() -> None:
    counts = label_confusions(np.zeros((3, 2), bool), np.zeros((3, 2), bool))
    assert label_scores(counts) == [(0.0, 0.0, 0.0, 0)] * 2
    assert label_metrics(np.zeros((3, 2)), np.zeros((3, 2), bool)).keys() == {
        "subset_accuracy", "micro_f1", "hamming_loss",
    }  # fmt: skip


def test_an_evaluation_by_hand() -> None:
    target = LabelsTarget("genres", ("a", "b"), "|")
    x = np.array([[2.0, -1.0], [0.0, 3.0], [-2.0, -2.0], [1.0, -4.0]], np.float32)  # a probability of 1/2 is a yes
    y = np.array([[1, 0], [1, 1], [0, 1], [1, 0]], np.float32)
    e = evaluate(identity(target), Part(x, y, np.arange(10, 14)))
    assert (e.task, e.rows, e.classes) == ("labels", 4, ("a", "b"))
    np.testing.assert_array_equal(e.predicted, [[1, 0], [1, 1], [0, 0], [1, 0]])
    np.testing.assert_array_equal(e.truth, y)
    assert e.metrics["subset_accuracy"] == 0.75
    assert e.metrics["hamming_loss"] == pytest.approx(1 / 8)
    assert e.metrics["micro_f1"] == pytest.approx(2 * 4 / (5 + 4))
    assert e.metrics["baseline_subset_accuracy"] == 0.5  # always {a}
    assert e.metrics["baseline_micro_f1"] == pytest.approx(2 * 5 / (8 + 5))  # always {a, b}; {a} reaches 6/9
    assert e.metrics["baseline_hamming_loss"] == pytest.approx((1 + 2) / 8)
    assert e.worst[0] == 12
    signed = np.where(y > 0, x, -x).astype(float)
    assert e.metrics["loss"] == pytest.approx(np.log1p(np.exp(-signed)).mean(), rel=1e-6)


def test_predictions_name_the_labels(tmp_path) -> None:
    found = predictions(identity(LabelsTarget("genres", ("a", "b"), "|")), np.array([[1, 2], [-1, -1]], np.float32))
    assert (found.task, found.answer, found.classes) == ("labels", ("a|b", ""), ("a", "b"))
    np.testing.assert_allclose(found.probabilities[0], 1 / (1 + np.exp([-1.0, -2.0])), rtol=1e-6)  # not 1 in sum
    write_predictions_csv(tmp_path / "p.csv", found)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "predicted genres,probability of a,probability of b"
    assert lines[1] == "a|b,0.731059,0.880797"
    apart = identity(LabelsTarget("a, b", ("a", "b"), columns=("a", "b")))
    assert predictions(apart, np.array([[1, 2]], np.float32)).answer == ("a, b",)
