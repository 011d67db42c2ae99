import numpy as np
import pytest

from core.backend.numpy import NumpyOps
from core.errors import UserInputError
from core.gradient_check import check_loss, check_penalty
from core.losses import LOSSES, loss_for, outputs_for, resolve

OPS = NumpyOps(np.float64)


@pytest.mark.parametrize("kind", list(LOSSES))
def test_gradient_equals_central_differences(kind) -> None:
    assert check_loss(LOSSES[kind]).relative_error <= 1e-6


def test_penalty_gradients_equal_central_differences() -> None:
    assert check_penalty("L1", l1=0.5, l2=0.0).relative_error <= 1e-6
    assert check_penalty("L2", l1=0.0, l2=0.5).relative_error <= 1e-6


def test_cross_entropy_by_hand() -> None:
    z = np.log([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    loss, _ = loss_for("softmax_cross_entropy").forward(OPS, z, np.array([0, 1], np.int32))
    assert float(loss) == pytest.approx(-(np.log(0.7) + np.log(0.8)) / 2)


def test_binary_cross_entropy_equals_softmax_over_two() -> None:
    z = np.array([[0.3], [-2.0], [4.0]])
    t = np.array([1, 0, 0], np.int32)
    one, _ = loss_for("binary_cross_entropy").forward(OPS, z, t)
    two, _ = loss_for("softmax_cross_entropy").forward(OPS, np.hstack([np.zeros_like(z), z]), t)
    assert float(one) == pytest.approx(float(two))


@pytest.mark.parametrize("kind", ["softmax_cross_entropy", "binary_cross_entropy"])
def test_enormous_logits_stay_finite(kind) -> None:
    z = np.float32([[1e30, -1e30]]) if kind.startswith("softmax") else np.float32([[1e30]])
    ops = NumpyOps()
    loss, cache = loss_for(kind).forward(ops, z, np.array([0], np.int32))
    assert np.isfinite(loss)
    assert np.isfinite(loss_for(kind).backward(ops, cache)).all()


def test_answers_are_probabilities() -> None:
    for kind, outputs in (("softmax_cross_entropy", 4), ("binary_cross_entropy", 1)):
        p = loss_for(kind).answers(np.random.default_rng(1).normal(size=(6, outputs)) * 20)
        assert p.shape == (6, max(2, outputs))
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_auto_follows_the_target() -> None:
    assert resolve("auto", "classification", 3).kind == "softmax_cross_entropy"
    assert resolve("auto", "regression", 0).kind == "mse"
    assert outputs_for(resolve("auto", "classification", 3), 3) == 3
    assert outputs_for(resolve("binary_cross_entropy", "classification", 2), 2) == 1


@pytest.mark.parametrize(("kind", "task", "classes"), [
    ("mse", "classification", 2), ("softmax_cross_entropy", "regression", 0),
    ("binary_cross_entropy", "classification", 3), ("hope", "regression", 0),
])  # fmt: skip
def test_unsuitable_losses_are_refused(kind, task, classes) -> None:
    with pytest.raises(UserInputError):
        resolve(kind, task, classes)
