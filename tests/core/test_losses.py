import json
from pathlib import Path

import numpy as np
import pytest

from core.backend.choose import probe
from core.backend.numpy import NumpyOps
from core.data.preprocess import NumberTarget
from core.errors import UserInputError
from core.gradient_check import check_loss, check_penalty
from core.losses import LOSSES, balanced_weights, loss_for, outputs_for, resolve
from core.spec import TrainingConfig

OPS = NumpyOps(np.float64)
REFERENCE = json.loads((Path(__file__).parent / "reference" / "pytorch.json").read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("kind", ["softmax_cross_entropy", "binary_cross_entropy", "multi_label_cross_entropy"])
def test_enormous_logits_stay_finite(kind) -> None:
    z = np.float32([[1e30]]) if kind.startswith("binary") else np.float32([[1e30, -1e30]])
    ops = NumpyOps()
    t = np.array([[0, 1]]) if kind.startswith("multi") else np.array([0], np.int32)
    loss, cache = loss_for(kind).forward(ops, z, t)
    assert np.isfinite(loss)
    assert np.isfinite(loss_for(kind).backward(ops, cache)).all()


def test_labels_count_each_by_itself() -> None:
    z, t = np.array([[0.3, -2.0], [4.0, 1.0], [-1.0, 0.5]]), np.array([[1, 0], [0, 0], [1, 1]])
    several = loss_for("multi_label_cross_entropy")
    single = loss_for("binary_cross_entropy")
    apart = [float(single.forward(OPS, z[:, k : k + 1], t[:, k])[0]) for k in range(2)]
    assert float(several.forward(OPS, z, t)[0]) == pytest.approx(np.mean(apart))
    np.testing.assert_allclose(several.answers(z), 1 / (1 + np.exp(-z)))
    # Positive examples weighed by hand: -w log σ(z) for a label that is there.
    weighted = several.tuned(smoothing=0.0, class_weights=(3.0, 1.0))
    log_p = np.log(several.answers(z))
    extra = -2.0 * (log_p[0, 0] + log_p[2, 0]) / 6
    assert float(weighted.forward(OPS, z, t)[0]) == pytest.approx(np.mean(apart) + extra)
    assert several.balanced(np.array([[1, 0], [0, 0], [0, 0], [0, 0]]), 2) == (3.0, 1.0)


def test_several_labels_are_a_task_of_their_own() -> None:
    assert resolve("auto", "labels", 5).kind == "multi_label_cross_entropy"
    assert outputs_for(resolve("auto", "labels", 5), 5) == 5
    with pytest.raises(UserInputError, match="does not fit a target of classes"):
        resolve("multi_label_cross_entropy", "classification", 5)
    with pytest.raises(UserInputError, match="does not fit a target of several labels"):
        resolve("mse", "labels", 5)


def test_answers_are_probabilities() -> None:
    for kind, outputs in (("softmax_cross_entropy", 4), ("binary_cross_entropy", 1), ("hinge", 3)):
        p = loss_for(kind).answers(np.random.default_rng(1).normal(size=(6, outputs)) * 20)
        assert p.shape == (6, max(2, outputs))
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_auto_follows_the_target() -> None:
    assert resolve("auto", "classification", 3).kind == "softmax_cross_entropy"
    assert resolve("auto", "regression", 0).kind == "mse"
    assert outputs_for(resolve("auto", "classification", 3), 3) == 3
    assert outputs_for(resolve("hinge", "classification", 3), 3) == 3
    assert outputs_for(resolve("huber", "regression", 0), 0) == 1
    assert outputs_for(resolve("binary_cross_entropy", "classification", 2), 2) == 1


@pytest.mark.parametrize(("kind", "task", "classes"), [
    ("mse", "classification", 2), ("softmax_cross_entropy", "regression", 0),
    ("binary_cross_entropy", "classification", 3), ("poisson", "classification", 2), ("hope", "regression", 0),
])  # fmt: skip
def test_unsuitable_losses_are_refused(kind, task, classes) -> None:
    with pytest.raises(UserInputError):
        resolve(kind, task, classes)


@pytest.mark.parametrize("kind", ["softmax_cross_entropy", "binary_cross_entropy", "multi_label_cross_entropy"])
@pytest.mark.parametrize(("smoothing", "weighted"), [(0.2, False), (0.0, True), (0.2, True)])
def test_gradients_of_smoothed_and_weighted_losses(kind, smoothing, weighted) -> None:
    weights = (0.3, 2.0, 1.0, 0.7)[: 2 if kind == "binary_cross_entropy" else 4] if weighted else ()
    loss = LOSSES[kind].tuned(smoothing=smoothing, class_weights=weights)
    assert loss != LOSSES[kind]
    assert check_loss(loss).relative_error <= 1e-6


@pytest.mark.parametrize("kind", list(LOSSES))
def test_backends_agree(kind) -> None:
    if probe().name != "mlx":
        pytest.skip(probe().why)
    from core.backend.mlx import MlxOps

    loss = LOSSES[kind].tuned(smoothing=0.1, class_weights=())
    rng = np.random.default_rng(2)
    outputs = 1 if kind == "binary_cross_entropy" else 3
    z = 3 * rng.normal(size=(7, outputs))
    t = rng.normal(size=z.shape) if loss.task == "regression" else rng.integers(0, max(2, outputs), 7)
    t = rng.integers(0, 2, z.shape) if loss.task == "labels" else t
    found = []
    for ops in (OPS, MlxOps()):
        value, cache = loss.forward(ops, ops.array(z), ops.array(t))
        found.append((float(value), ops.numpy(loss.backward(ops, cache))))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-5)


@pytest.mark.parametrize("run", REFERENCE["losses"], ids=lambda run: run["what"])
def test_values_and_gradients_equal_pytorchs(run) -> None:
    settings = {"smoothing": run.get("smoothing", 0.0), "class_weights": tuple(run.get("class_weights", ()))}
    loss = loss_for(run["kind"]).tuned(**settings)
    t = np.array(run["t"], np.int32 if loss.task == "classification" else np.float64)
    value, cache = loss.forward(OPS, np.array(run["z"]), t)
    assert float(value) * run["factor"] == pytest.approx(run["value"], abs=1e-6)
    np.testing.assert_allclose(loss.backward(OPS, cache) * run["factor"], run["gradient"], atol=1e-6)


def test_balanced_weights_count_every_class_alike() -> None:
    t = np.array([0, 0, 0, 0, 0, 0, 2, 2])
    weights = balanced_weights(t, 4)
    assert weights == (8 / 24, 0.0, 1.0, 0.0)
    assert 6 * weights[0] == 2 * weights[2]


def test_poisson_answers_counts_and_refuses_negative_ones() -> None:
    target = NumberTarget("count", mean=6.0, scale=2.0)
    loss = loss_for("poisson").of_target(target)
    z = np.array([[np.log(4.0 / 2.0)]])
    assert float(loss.answers(z)[0, 0] * target.scale + target.mean) == pytest.approx(4.0)
    gradient = loss.backward(OPS, loss.forward(OPS, z, np.array([[(4.0 - 6.0) / 2.0]]))[1])
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)
    loss.check(np.array([[-3.0]]))
    with pytest.raises(UserInputError, match="negative"):
        loss.check(np.array([[-3.1]]))


def test_large_errors_stay_finite() -> None:
    for kind in ("mae", "huber", "log_cosh"):
        loss = loss_for(kind)
        value, cache = loss.forward(NumpyOps(), np.float32([[1e20]]), np.float32([[0.0]]))
        assert np.isfinite(value)
        np.testing.assert_allclose(loss.backward(NumpyOps(), cache), 1.0)


def test_every_loss_explains_itself_and_can_be_chosen() -> None:
    chosen = [kind for kind, loss in LOSSES.items() if loss.task != "labels"]
    assert [kind for kind, _ in TrainingConfig.LOSSES] == ["auto", *chosen]
    assert all(loss.label and loss.help for loss in LOSSES.values())
