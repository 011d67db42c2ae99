"""Metrics against numbers worked out by hand."""

import math

import numpy as np
import pytest

from core.data.preprocess import ClassTarget, NumberFeature, NumberTarget, Preparation
from core.data.schema import Part
from core.errors import UserInputError
from core.evaluation.evaluate import class_scores, confusion_matrix, evaluate, regression_scores
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.spec import sequential


def identity(n: int, target: ClassTarget | NumberTarget, loss: str) -> TrainedModel:
    """A network that answers what it is given, so that a test chooses the outputs."""
    network = sequential(Input(shape=(n,)), Dense(units=n, activation="linear"))
    weights = {"l1": {"W": np.eye(n, dtype=np.float32), "b": np.zeros(n, np.float32)}}
    features = tuple(NumberFeature(f"x{i}", 0.0, 0.0, 1.0) for i in range(n))
    return TrainedModel("test", network, weights, Preparation(features, target), loss)


def part(x: list[list[float]], y: np.ndarray, first: int = 100) -> Part:
    return Part(np.array(x, np.float32), y, np.arange(first, first + len(x)))


def logits(p: list[list[float]]) -> list[list[float]]:
    return [[math.log(v) for v in row] for row in p]


def test_classification() -> None:
    model = identity(3, ClassTarget("kind", ("a", "b", "c")), "softmax_cross_entropy")
    p = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]
    e = evaluate(model, part(logits(p), np.array([0, 1, 1, 0, 0], np.int32)))
    assert (e.task, e.part, e.rows, e.classes) == ("classification", "test", 5, ("a", "b", "c"))
    np.testing.assert_array_equal(e.confusion, [[2, 0, 1], [1, 1, 0], [0, 0, 0]])
    assert (e.truth.tolist(), e.predicted.tolist()) == ([0, 1, 1, 0, 0], [0, 0, 1, 0, 2])
    assert e.metrics["accuracy"] == pytest.approx(3 / 5)
    assert e.metrics["baseline_accuracy"] == pytest.approx(3 / 5)
    true_p = [0.7, 0.3, 0.8, 0.5, 0.1]
    assert e.metrics["loss"] == pytest.approx(-sum(math.log(v) for v in true_p) / 5, rel=1e-6)
    assert e.per_class["a"] == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    assert e.per_class["b"] == pytest.approx((1, 1 / 2, 2 / 3, 2))
    assert e.per_class["c"] == pytest.approx((0, 0, 0, 0))
    assert e.metrics["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)  # c was predicted once, so it counts
    np.testing.assert_allclose(e.confidence, [0.7, 0.6, 0.8, 0.5, 0.8], rtol=1e-6)
    assert e.worst == (104, 101, 103, 100, 102)


def test_a_class_that_neither_occurs_nor_is_predicted_does_not_lower_f1() -> None:
    model = identity(3, ClassTarget("kind", ("a", "b", "c")), "softmax_cross_entropy")
    e = evaluate(model, part([[2, 0, 0], [0, 2, 0]], np.array([0, 1], np.int32)), "validation")
    assert e.metrics["macro_f1"] == 1.0
    assert e.part == "validation"


def test_how_well_the_classes_are_ranked() -> None:
    """Counted by hand: of the six pairs of an a and another row, three are the right way round and one ties."""
    model = identity(3, ClassTarget("kind", ("a", "b", "c")), "softmax_cross_entropy")
    p = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]
    metrics = evaluate(model, part(logits(p), np.array([0, 1, 1, 0, 0], np.int32))).metrics
    assert metrics["auc"] == pytest.approx(((3 / 6 + 0.5 / 6) + 6 / 6) / 2)  # a, b; no row is a c
    assert "top3_accuracy" not in metrics
    one = evaluate(model, part(logits(p[:1]), np.array([0], np.int32))).metrics
    assert "auc" not in one
    six = identity(6, ClassTarget("kind", tuple("abcdef")), "softmax_cross_entropy")
    rows = [[5, 4, 3, 2, 1, 0]] * 4
    assert evaluate(six, part(rows, np.array([0, 2, 3, 5], np.int32))).metrics["top3_accuracy"] == 0.5


def test_two_classes_with_one_output() -> None:
    model = identity(1, ClassTarget("kind", ("no", "yes")), "binary_cross_entropy")
    e = evaluate(model, part([[0.0 - 1.0], [3.0]], np.array([1, 1], np.int32)))
    np.testing.assert_array_equal(e.confusion, [[0, 0], [1, 1]])
    sigmoid = [1 / (1 + math.exp(1)), 1 / (1 + math.exp(-3))]
    assert e.metrics["loss"] == pytest.approx(-(math.log(sigmoid[0]) + math.log(sigmoid[1])) / 2, rel=1e-6)
    np.testing.assert_allclose(e.confidence, [1 - sigmoid[0], sigmoid[1]], rtol=1e-6)


def test_regression_is_in_the_unit_of_the_target() -> None:
    model = identity(1, NumberTarget("price", 100.0, 10.0), "mse")
    y = np.array([[0.0], [1.0], [2.0], [-1.0]], np.float32)  # 100, 110, 120, 90
    e = evaluate(model, part([[0.1], [1.0], [1.8], [-1.4]], y))
    np.testing.assert_allclose(e.truth, [100, 110, 120, 90])
    np.testing.assert_allclose(e.predicted, [101, 110, 118, 86], rtol=1e-6)
    assert e.metrics["loss"] == pytest.approx((0.01 + 0.04 + 0.16) / 4, rel=1e-5)
    assert e.metrics["rmse"] == pytest.approx(math.sqrt((1 + 0 + 4 + 16) / 4), rel=1e-5)
    assert e.metrics["mae"] == pytest.approx(7 / 4, rel=1e-5)
    assert e.metrics["r2"] == pytest.approx(1 - 21 / 500, rel=1e-5)
    assert e.metrics["baseline_rmse"] == pytest.approx(math.sqrt(500 / 4))
    assert e.worst == (103, 102, 100, 101)


def test_a_constant_truth_has_no_spread_to_explain() -> None:
    truth = np.full(3, 5.0)
    assert regression_scores(truth, truth)["r2"] == 1.0
    assert regression_scores(truth, truth + 1)["r2"] == 0.0
    assert regression_scores(truth, truth + 1)["baseline_rmse"] == 0.0


def test_a_confident_network_has_a_finite_loss() -> None:
    model = identity(2, ClassTarget("kind", ("a", "b")), "softmax_cross_entropy")
    e = evaluate(model, part([[1e4, 0.0]], np.array([1], np.int32)))
    assert e.metrics["loss"] == pytest.approx(1e4)


def test_no_rows_are_refused_in_words() -> None:
    model = identity(2, ClassTarget("kind", ("a", "b")), "softmax_cross_entropy")
    with pytest.raises(UserInputError, match="no test rows"):
        evaluate(model, Part(np.zeros((0, 2), np.float32), np.zeros(0, np.int32), np.zeros(0, np.int64)))


def test_scores_of_a_perfect_and_an_empty_table() -> None:
    assert class_scores(np.diag([3, 4])) == [(1.0, 1.0, 1.0, 3), (1.0, 1.0, 1.0, 4)]
    assert class_scores(np.zeros((2, 2), int)) == [(0.0, 0.0, 0.0, 0)] * 2
    truth, predicted = np.array([2, 2, 0]), np.array([2, 0, 0])
    assert confusion_matrix(truth, predicted, 3).tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 1]]
