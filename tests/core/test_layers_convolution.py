"""Convolution, upsampling: answers worked out by hand, and refusals with their repair."""

import numpy as np
import pytest

from core.backend.numpy import NumpyOps
from core.errors import SpecError, UserInputError
from core.layers import Layer, layer_from_json
from core.layers.conv1d import Conv1D
from core.layers.conv2d import Conv2D
from core.layers.upsample import Upsample

OPS = NumpyOps(np.float64)


def both_ways(layer: Layer, p: dict, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict]:
    y, cache, _ = layer.forward(OPS, p, {}, (x,), train=True, key=None)
    (dx,), grads = layer.backward(OPS, p, cache, dy)
    return y, dx, dict(grads)


def test_a_kernel_slides_over_an_image() -> None:
    x = np.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    W, b = np.array([[1.0, 0.0], [0.0, -1.0]]).reshape(2, 2, 1, 1), np.array([0.5])
    layer = Conv2D(filters=1, kernel=(2, 2), padding="valid", activation="linear")
    y, dx, grads = both_ways(layer, {"W": W, "b": b}, x, np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 2, 1))
    np.testing.assert_array_equal(y[0, ..., 0], [[-3.5, -3.5], [-3.5, -3.5]])  # each value less the one right below
    np.testing.assert_array_equal(dx[0, ..., 0], [[1, 2, 0], [3, 3, -2], [0, -3, -4]])
    np.testing.assert_array_equal(grads["W"][..., 0, 0], [[37, 47], [67, 77]])  # 1·1 + 2·2 + 3·4 + 4·5 = 37
    np.testing.assert_array_equal(grads["b"], [10])


def test_same_padding_puts_the_odd_zero_after_and_stride_skips() -> None:
    x = np.arange(1.0, 5.0).reshape(1, 4, 1)
    W = np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)
    one, two = (Conv1D(filters=1, stride=s, activation="linear", use_bias=False) for s in (1, 2))
    np.testing.assert_array_equal(both_ways(one, {"W": W}, x, np.ones((1, 4, 1)))[0].ravel(), [210, 321, 432, 43])
    y, dx, grads = both_ways(two, {"W": W}, x, np.array([1.0, 2.0]).reshape(1, 2, 1))
    np.testing.assert_array_equal(y.ravel(), [321, 43])  # one zero is missing: it goes to the end
    np.testing.assert_array_equal(dx.ravel(), [1, 10, 102, 20])
    np.testing.assert_array_equal(grads["W"].ravel(), [1 + 6, 2 + 8, 3])


def test_a_causal_kernel_sees_nothing_later() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1)
    W = np.array([10.0, 1.0]).reshape(2, 1, 1)
    layer = Conv1D(filters=1, kernel=2, padding="causal", dilation=2, activation="linear", use_bias=False)
    y, dx, _ = both_ways(layer, {"W": W}, x, np.array([1.0, 0, 0, 1.0]).reshape(1, 4, 1))
    np.testing.assert_array_equal(y.ravel(), [1, 2, 13, 24])
    np.testing.assert_array_equal(dx.ravel(), [1, 10, 0, 1])


def test_groups_do_not_see_each_other() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 1, 4)
    W = np.array([[1.0, 10.0], [2.0, 20.0]]).reshape(1, 1, 2, 2)
    layer = Conv2D(filters=2, kernel=(1, 1), groups=2, activation="relu", use_bias=False)
    y, dx, grads = both_ways(layer, {"W": W}, x, np.array([1.0, 2.0]).reshape(1, 1, 1, 2))
    np.testing.assert_array_equal(y.ravel(), [5, 110])  # 1·1 + 2·2 and 3·10 + 4·20
    np.testing.assert_array_equal(dx.ravel(), [1, 2, 20, 40])
    np.testing.assert_array_equal(grads["W"][0, 0], [[1, 6], [2, 8]])


def test_weights_start_by_what_one_output_sums() -> None:
    """He: variance 2 / fan_in with fan_in = 5 · 4 · 8 channels of a group, fan_out takes the filters of one."""
    rng = np.random.default_rng(1)
    p, _ = Conv2D(filters=64, kernel=(5, 4), groups=2, initializer="he_normal").init(rng, (9, 9, 16))
    assert p["W"].shape == (5, 4, 8, 64)
    assert p["W"].std() == pytest.approx((2 / (5 * 4 * 8)) ** 0.5, rel=0.03)
    p, _ = Conv1D(filters=64, kernel=10, groups=2, initializer="glorot_uniform").init(rng, (9, 16))
    assert np.abs(p["W"]).max() == pytest.approx((6 / (10 * 8 + 10 * 32)) ** 0.5, rel=0.01)
    assert not p["b"].any()


def test_shapes_and_work() -> None:
    layer = Conv2D(filters=32, kernel=(3, 5), stride=(2, 1), padding="valid", dilation=(1, 2), groups=4)
    assert layer.output_shape((28, 20, 8)) == (13, 12, 32)
    assert layer.parameter_shapes((28, 20, 8)) == {"W": (3, 5, 2, 32), "b": (32,)}
    assert layer.multiply_adds((28, 20, 8)) == 13 * 12 * 32 * 15 * 2
    assert Conv1D(filters=6, kernel=5, stride=2).output_shape((9, 3)) == (5, 6)
    assert Conv1D(filters=6, kernel=5, stride=2).multiply_adds((9, 3)) == 5 * 6 * 5 * 3
    huge = Conv2D(filters=100_000, kernel=(2**31, 2**31))
    assert huge.parameter_shapes((2**31, 2**31, 4))["W"] == (2**31, 2**31, 4, 100_000)


@pytest.mark.parametrize(
    ("layer", "shape", "says", "repair"),
    [
        (Conv2D(), (64,), "64", None),
        (Conv2D(), (28, 28), "28×28", None),
        (Conv1D(), (8, 8, 1), "8×8×1", None),
        (Conv2D(kernel=(3,)), (8, 8, 1), "two numbers", {"kernel": (3, 3)}),
        (Conv2D(stride=(2, 2, 2)), (8, 8, 1), "it has 3", {"stride": (2, 2)}),
        (Conv2D(kernel=(9, 3), padding="valid"), (8, 8, 1), "9 values, but its input has 8 rows", {"padding": "same"}),
        (Conv1D(kernel=4, dilation=3, padding="valid"), (9, 1), "covers 10 values with its gaps", {"padding": "same"}),
        (Conv2D(groups=4), (8, 8, 6), "6 channels into 4", {"groups": 2}),
        (Conv1D(filters=9, groups=6), (8, 6), "9 filters into 6", {"groups": 3}),
        (Upsample(), (8,), "takes a sequence", None),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_and_mended(layer, shape, says, repair) -> None:
    with pytest.raises(SpecError, match=says) as refusal:
        layer.output_shape(shape)
    if repair is None:
        assert refusal.value.fix is None
        return
    label, hypers = refusal.value.fix
    assert hypers == repair
    assert next(iter(repair)) in label
    type(layer)(**{**vars(layer), **hypers}).output_shape(shape)  # the repair repairs


@pytest.mark.parametrize("raw", [{"kernel": 3}, {"kernel": [0, 3]}, {"padding": "causal"}, {"groups": 0}])
def test_illegal_settings_of_conv2d_are_refused(raw) -> None:
    with pytest.raises(UserInputError):
        layer_from_json({"kind": "conv2d", **raw})


def test_upsample_repeats_and_sums_back() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    y, dx, _ = both_ways(Upsample(), {}, x, np.arange(16.0).reshape(1, 4, 4, 1))
    np.testing.assert_array_equal(y[0, ..., 0], [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])
    np.testing.assert_array_equal(dx[0, ..., 0], [[0 + 1 + 4 + 5, 2 + 3 + 6 + 7], [8 + 9 + 12 + 13, 10 + 11 + 14 + 15]])
