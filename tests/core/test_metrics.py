"""Metrics against scikit-learn's numbers (1.9.1), and in batches against the whole at once."""

import math

import numpy as np
import pytest

from core.metrics import MAE, R2, RMSE, Accuracy, AreaUnderCurve, MacroF1, TopK


def seven_classes() -> tuple[np.ndarray, np.ndarray]:
    """Scores in steps of 0.1, so that many tie."""
    rng = np.random.default_rng(1)
    t = rng.integers(0, 7, 200)
    z = rng.normal(size=(200, 7)).round(1)
    z[np.arange(200), t] += 1.0
    return z.round(1), t


def without_ties() -> tuple[np.ndarray, np.ndarray]:
    t = seven_classes()[1]
    return np.random.default_rng(5).normal(size=(200, 7)) + 0.8 * np.eye(7)[t], t


def two_classes() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    t = rng.integers(0, 2, 300)
    return (rng.normal(size=300) + t).round(1)[:, None], t


def several_labels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    t = (rng.random((150, 4)) < [0.1, 0.3, 0.5, 0.7]).astype(int)
    return (0.5 * t + rng.random((150, 4)) * 0.7).round(2) / 1.2, t


def numbers() -> tuple[np.ndarray, np.ndarray]:
    """Far from zero, where a careless sum of squares cancels."""
    rng = np.random.default_rng(4)
    t = rng.normal(1e4, 3, (120, 2))
    return t + rng.normal(0, [1, 2], (120, 2)), t


CASES = [
    (Accuracy, seven_classes, 0.385),
    (MacroF1, seven_classes, 0.3830413174096877),
    (AreaUnderCurve, lambda: (softmax(seven_classes()[0]), seven_classes()[1]), 0.7702726675698454),
    (lambda: TopK(3), without_ties, 0.705),
    (lambda: TopK(2), without_ties, 0.555),
    (Accuracy, two_classes, 0.6633333333333333),
    (MacroF1, two_classes, 0.6562716248255833),
    (AreaUnderCurve, two_classes, 0.7535167378917379),
    (Accuracy, several_labels, 0.835),
    (MacroF1, several_labels, 0.7703721873364731),
    (AreaUnderCurve, several_labels, 0.9569733939372085),
    (RMSE, numbers, 1.4807648247130345),
    (MAE, numbers, 1.181904568826432),
    (R2, numbers, 0.7397676138315801),
]


def softmax(z: np.ndarray) -> np.ndarray:
    p = np.exp(z)
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
@pytest.mark.parametrize(("make", "data", "wanted"), CASES)
def test_every_batch_size_gives_scikit_learns_number(make, data, wanted, batch) -> None:
    answers, targets = data()
    metric = make()
    for i in range(0, len(answers), batch):
        metric.update(answers[i : i + batch], targets[i : i + batch])
    assert metric.value() == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("make", [Accuracy, MacroF1, AreaUnderCurve, RMSE, MAE, R2, lambda: TopK(3)])
def test_nothing_seen_has_no_value(make) -> None:
    assert math.isnan(make().value())


def test_the_area_needs_rows_of_both_sides() -> None:
    area = AreaUnderCurve()
    area.update(np.array([[0.1], [0.4]]), np.array([1, 1]))
    assert math.isnan(area.value())
    area.update(np.array([[0.2]]), np.array([0]))
    assert area.value() == 0.5
    three = AreaUnderCurve()  # the third class has no row and does not count
    three.update(np.array([[0.9, 0.1, 0], [0.2, 0.8, 0]]), np.array([0, 1]))
    assert three.value() == 1.0


def test_the_area_stays_near_in_bounded_memory() -> None:
    rng = np.random.default_rng(6)
    t = rng.integers(0, 2, 40_000)
    z = (rng.normal(size=40_000) + t)[:, None]
    exact, bounded = AreaUnderCurve(), AreaUnderCurve(capacity=1000)
    exact.update(z, t)
    for i in range(0, len(t), 500):
        bounded.update(z[i : i + 500], t[i : i + 500])
    assert len(bounded._ranks[0]._scores) <= 1000
    assert bounded.value() == pytest.approx(exact.value(), abs=2e-3)


def test_the_likeliest_of_one_is_the_accuracy_also_where_scores_tie() -> None:
    z, t = seven_classes()
    one, accuracy = TopK(1), Accuracy()
    one.update(z, t), accuracy.update(z, t)
    assert one.value() == accuracy.value()


def test_equal_targets_have_no_spread_to_explain() -> None:
    t = np.full((3, 1), 5.0)
    perfect, off = R2(), R2()
    perfect.update(t, t), off.update(t + 1, t)
    assert (perfect.value(), off.value(), off.baseline) == (1.0, 0.0, 0.0)
