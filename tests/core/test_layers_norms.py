"""Normalizing layers, noise, PReLU: answers worked out by hand, running statistics, numbers of any size."""

import numpy as np
import pytest

from core.backend.numpy import NumpyOps
from core.errors import SpecError
from core.layers.batch_norm import BatchNorm
from core.layers.gaussian_noise import GaussianNoise
from core.layers.group_norm import GroupNorm
from core.layers.layer_norm import LayerNorm
from core.layers.prelu import PReLU
from core.layers.spatial_dropout import SpatialDropout

OPS = NumpyOps(np.float64)
X = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]])


def fresh(layer, *shapes):
    return layer.init(np.random.default_rng(1), *shapes)


def test_batch_norm_by_hand() -> None:
    p = {"gamma": np.array([2.0, 1.0]), "beta": np.array([1.0, 0.0])}
    s = {"mean": np.array([0.0, 10.0]), "variance": np.array([1.0, 1.0])}
    layer = BatchNorm(momentum=0.25, epsilon=1e-8)
    y, cache, state = layer.forward(OPS, p, s, (X,), train=True, key=None)
    z = 2 / (8 / 3) ** 0.5  # the batch's biased variance is 8/3 in the first channel, 200/3 in the second
    np.testing.assert_allclose(y, [[1 - 2 * z, -10 / (200 / 3) ** 0.5], [1, 10 / (200 / 3) ** 0.5], [1 + 2 * z, 0]])
    np.testing.assert_allclose(state["mean"], [0.75 * 0 + 0.25 * 3, 0.75 * 10 + 0.25 * 20])
    np.testing.assert_allclose(state["variance"], [0.75 + 0.25 * 4, 0.75 + 0.25 * 100])  # unbiased: 8/2 and 200/2
    assert set(s["variance"]) == {1.0}
    dy = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    (dx,), grads = layer.backward(OPS, p, cache, dy)
    np.testing.assert_allclose(grads["beta"], [1, 0])
    np.testing.assert_allclose(grads["gamma"], [-z, 0])
    scale = 2 / (8 / 3) ** 0.5
    np.testing.assert_allclose(
        dx[:, 0], scale * np.array([1 - 1 / 3 - z * z / 3, -1 / 3, -1 / 3 + z * z / 3]), atol=1e-7
    )
    np.testing.assert_allclose(dx[:, 1], 0)


def test_batch_norm_predicts_with_its_state_and_leaves_it() -> None:
    p, _ = fresh(BatchNorm(), (2,))
    s = {"mean": np.array([1.0, 0.0]), "variance": np.array([4.0, 100.0])}
    y, cache, state = BatchNorm(epsilon=1e-8).forward(OPS, p, s, (X,), train=False, key=None)
    np.testing.assert_allclose(y, [[0, 1], [1, 3], [2, 2]], rtol=1e-8)
    for name in s:
        np.testing.assert_array_equal(state[name], s[name])
    (dx,), _ = BatchNorm().backward(OPS, p, cache, np.ones((3, 2)))
    np.testing.assert_allclose(dx, [[0.5, 0.1]] * 3, rtol=1e-8)


def test_running_statistics_come_to_those_of_the_data() -> None:
    rng = np.random.default_rng(4)
    layer, (p, s) = BatchNorm(momentum=0.01), fresh(BatchNorm(), (4, 4, 2))
    for _ in range(800):
        x = rng.normal([5.0, -1.0], [3.0, 0.1], (16, 4, 4, 2))
        _, _, s = layer.forward(OPS, p, s, (x,), train=True, key=None)
    np.testing.assert_allclose(s["mean"], [5, -1], rtol=0.02)
    np.testing.assert_allclose(s["variance"], [9, 0.01 + 0.99**800], rtol=0.02)


def test_one_row_gives_beta_and_no_gradient_instead_of_a_division_by_zero() -> None:
    p, s = fresh(BatchNorm(), (2,))
    with np.errstate(all="raise"):
        y, cache, state = BatchNorm().forward(OPS, p, s, (X[:1],), train=True, key=None)
        (dx,), _ = BatchNorm().backward(OPS, p, cache, np.ones((1, 2)))
    np.testing.assert_array_equal(y, [[0, 0]])
    np.testing.assert_array_equal(dx, [[0, 0]])
    np.testing.assert_allclose(state["variance"], [0.9, 0.9])


@pytest.mark.parametrize("layer", [BatchNorm(), LayerNorm(), GroupNorm(groups=2)])
def test_a_small_spread_far_from_zero_is_seen_in_float32(layer) -> None:
    """E[x²] - E[x]² would lose it: at 10⁸ float32 goes in steps of 8."""
    ops = NumpyOps(np.float32)
    x = np.float32(10_000 + (-1.0) ** np.add.outer(np.arange(64), np.arange(8)))  # a checkerboard
    p, s = ({n: ops.array(a) for n, a in named.items()} for named in fresh(layer, (8,)))
    y, _, _ = layer.forward(ops, p, s, (x,), train=True, key=None)
    np.testing.assert_allclose(np.abs(y), 1.0, rtol=1e-2)


def test_constant_values_give_beta() -> None:
    for layer in (BatchNorm(), LayerNorm(), GroupNorm(groups=1)):
        p, s = fresh(layer, (4,))
        y, cache, _ = layer.forward(OPS, p, s, (np.full((3, 4), 7.0),), train=True, key=None)
        np.testing.assert_array_equal(y, 0)
        assert np.isfinite(layer.backward(OPS, p, cache, np.ones((3, 4)))[0][0]).all()


def test_layer_norm_by_hand() -> None:
    x = np.array([[1.0, 3.0], [10.0, -10.0]])
    p = {"gamma": np.array([2.0, 1.0]), "beta": np.array([0.0, 5.0])}
    layer = LayerNorm(epsilon=1e-8)
    y, cache, _ = layer.forward(OPS, p, {}, (x,), train=True, key=None)
    np.testing.assert_allclose(y, [[-2, 6], [2, 4]], rtol=1e-7)
    (dx,), grads = layer.backward(OPS, p, cache, np.array([[1.0, 1.0], [1.0, 0.0]]))
    np.testing.assert_allclose(grads["gamma"], [0, 1], atol=1e-7)
    np.testing.assert_allclose(grads["beta"], [2, 1])
    np.testing.assert_allclose(dx, 0, atol=1e-7)  # two values can only be -1 and 1, whatever moves them


def test_group_norm_takes_a_row_and_its_groups_on_their_own() -> None:
    x = np.array([[[1.0, 0.0, 10.0, 10.0], [3.0, 2.0, 30.0, 30.0]], [[5.0, 5.0, 0.0, 8.0], [5.0, 5.0, 8.0, 0.0]]])
    layer = GroupNorm(groups=2, epsilon=1e-8)
    p, _ = fresh(layer, (2, 4))
    y, _, _ = layer.forward(OPS, p, {}, (x,), train=True, key=None)
    spread = 1.25**0.5  # of 1, 0, 3, 2
    np.testing.assert_allclose(y[0, :, :2] * spread, [[-0.5, -1.5], [1.5, 0.5]], rtol=1e-7)
    np.testing.assert_allclose(y[0, :, 2:], [[-1, -1], [1, 1]], rtol=1e-7)
    np.testing.assert_allclose(y[1], [[0, 0, -1, 1], [0, 0, 1, -1]], rtol=1e-7)


def test_groups_that_do_not_divide_are_refused_and_mended() -> None:
    with pytest.raises(SpecError, match="6 channels into 4") as refusal:
        GroupNorm(groups=4).output_shape((5, 6))
    assert refusal.value.fix == ("Set groups to 2", {"groups": 2})


def test_spatial_dropout_silences_whole_channels() -> None:
    y, _, _ = SpatialDropout(rate=0.25).forward(OPS, {}, {}, (np.ones((200, 3, 3, 50)),), train=True, key=OPS.key(3))
    per_channel = y.reshape(200, 9, 50)
    assert (per_channel == per_channel[:, :1]).all()
    assert np.mean(per_channel == 0) == pytest.approx(0.25, abs=0.02)
    assert set(np.unique(y)) == {0.0, 1 / 0.75}
    with pytest.raises(SpecError, match="its input is 8"):
        SpatialDropout().output_shape((8,))


def test_noise_has_the_deviation_asked_for_and_only_in_training() -> None:
    x = np.full((200, 200), 3.0)
    y, _, _ = GaussianNoise(deviation=0.5).forward(OPS, {}, {}, (x,), train=True, key=OPS.key(3))
    assert (y - x).std() == pytest.approx(0.5, rel=0.02)
    assert (y - x).mean() == pytest.approx(0, abs=0.02)
    still, _, _ = GaussianNoise(deviation=0.5).forward(OPS, {}, {}, (x,), train=False, key=None)
    np.testing.assert_array_equal(still, x)


def test_prelu_by_hand() -> None:
    x = np.array([[-2.0, 4.0], [3.0, -1.0]])
    p = {"a": np.array([0.5, 0.1])}
    y, cache, _ = PReLU().forward(OPS, p, {}, (x,), train=True, key=None)
    np.testing.assert_allclose(y, [[-1, 4], [3, -0.1]])
    (dx,), grads = PReLU().backward(OPS, p, cache, np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_allclose(dx, [[0.5, 2], [3, 0.4]])
    np.testing.assert_allclose(grads["a"], [-2, -4])
    assert fresh(PReLU(start=0.1), (3, 2))[0]["a"].tolist() == [0.1, 0.1]
