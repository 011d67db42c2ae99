"""Pooling: answers worked out by hand, ties, edges, and refusals."""

import numpy as np
import pytest

from core.backend.choose import probe
from core.backend.numpy import NumpyOps
from core.errors import SpecError
from core.layers import Layer
from core.layers.avg_pool import AvgPool
from core.layers.global_avg_pool import GlobalAvgPool
from core.layers.global_max_pool import GlobalMaxPool
from core.layers.max_pool import MaxPool

OPS = NumpyOps(np.float64)
IMAGE = np.array([[1.0, 5.0, 2.0], [4.0, 3.0, 0.0], [9.0, 8.0, 7.0]]).reshape(1, 3, 3, 1)


def both_ways(layer: Layer, x: np.ndarray, dy: np.ndarray, ops=OPS) -> tuple[np.ndarray, np.ndarray]:
    y, cache, _ = layer.forward(ops, {}, {}, (ops.array(x),), train=True, key=None)
    (dx,), _ = layer.backward(ops, {}, cache, ops.array(dy.reshape(y.shape)))
    return ops.numpy(y)[0, ..., 0], ops.numpy(dx)[0, ..., 0]


def test_the_largest_of_each_window_gets_the_gradient() -> None:
    y, dx = both_ways(MaxPool(), IMAGE, np.array([2.0]))  # the last row and column fill no window
    np.testing.assert_array_equal(y, [[5]])
    np.testing.assert_array_equal(dx, [[0, 2, 0], [0, 0, 0], [0, 0, 0]])


def test_windows_that_overlap_sum_their_gradients() -> None:
    y, dx = both_ways(MaxPool(size=2, stride=1), IMAGE, np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(y, [[5, 5], [9, 8]])
    np.testing.assert_array_equal(dx, [[0, 3, 0], [0, 0, 0], [3, 4, 0]])


def test_windows_over_the_edge_see_less() -> None:
    """Also where all is negative: what lies outside is no zero."""
    y, dx = both_ways(MaxPool(padding="same"), -IMAGE, np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(y, [[-1, 0], [-8, -7]])
    np.testing.assert_array_equal(dx, [[1, 0, 0], [0, 0, 2], [0, 3, 4]])
    y, dx = both_ways(AvgPool(padding="same"), IMAGE, np.array([4.0, 2.0, 6.0, 5.0]))
    np.testing.assert_array_equal(y, [[13 / 4, 1], [8.5, 7]])
    np.testing.assert_array_equal(dx, [[1, 1, 1], [1, 1, 1], [3, 3, 5]])


def test_windows_farther_apart_than_wide_leave_gaps() -> None:
    x = np.array([3.0, 1.0, 5.0, 2.0, 4.0]).reshape(1, 5, 1)
    y, dx = both_ways(MaxPool(size=2, stride=3), x, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(y, [3, 4])
    np.testing.assert_array_equal(dx, [1, 0, 0, 0, 2])
    y, dx = both_ways(AvgPool(size=2, stride=3), x, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(y, [2, 3])
    np.testing.assert_array_equal(dx, [0.5, 0.5, 0, 1, 1])


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
def test_of_equal_values_the_first_counts(backend) -> None:
    """Behind a ReLU whole windows are 0: their gradient must neither double nor vanish."""
    ops = OPS
    if backend == "mlx":
        if probe().name != "mlx":
            pytest.skip(probe().why)
        from core.backend.mlx import MlxOps

        ops = MlxOps()
    x = np.array([[0.0, 0.0, 1.0, 2.0], [0.0, 0.0, 2.0, 2.0]]).reshape(1, 2, 4, 1)
    _, dx = both_ways(MaxPool(), x, np.array([3.0, 5.0]), ops)
    np.testing.assert_array_equal(dx, [[3, 0, 0, 5], [0, 0, 0, 0]])
    _, dx = both_ways(MaxPool(size=2, stride=1, padding="same"), x, np.arange(1.0, 9.0), ops)
    assert dx.sum() == 36
    _, dx = both_ways(GlobalMaxPool(), x, np.array([6.0]), ops)
    np.testing.assert_array_equal(dx, [[0, 0, 0, 2], [0, 0, 2, 2]])


def test_a_value_that_is_no_number_is_not_hidden() -> None:
    x = np.array([1.0, np.nan, 3.0, 2.0]).reshape(1, 4, 1)
    y, dx = both_ways(MaxPool(), x, np.array([1.0, 1.0]))
    assert np.isnan(y[0])
    np.testing.assert_array_equal(dx, [0, 1, 1, 0])


def test_global_pools() -> None:
    y, dx = both_ways(GlobalMaxPool(), IMAGE, np.array([2.0]))
    assert y == 9
    np.testing.assert_array_equal(dx, [[0, 0, 0], [0, 0, 0], [2, 0, 0]])
    y, dx = both_ways(GlobalAvgPool(), IMAGE, np.array([9.0]))
    assert y == pytest.approx(39 / 9)
    np.testing.assert_allclose(dx, np.ones((3, 3)))
    assert GlobalAvgPool().output_shape((7, 5, 3)) == (3,)


def test_shapes_as_announced() -> None:
    assert MaxPool().output_shape((7, 5, 3)) == (3, 2, 3)
    assert MaxPool(padding="same").output_shape((7, 5, 3)) == (4, 3, 3)
    assert AvgPool(size=3, stride=2).output_shape((7, 4)) == (3, 4)
    assert MaxPool(size=3, stride=2).describe() == "Max pool 3 / 2"


@pytest.mark.parametrize("cls", [MaxPool, AvgPool])
def test_windows_larger_than_the_input_are_refused_and_mended(cls) -> None:
    with pytest.raises(SpecError, match="4 wide, but its input has 3 rows or columns") as refusal:
        cls(size=4).output_shape((5, 3, 1))
    assert refusal.value.fix == ("Set size to 3", {"size": 3})
    assert cls(size=4, padding="same").output_shape((5, 3, 1)) == (2, 1, 1)


@pytest.mark.parametrize("layer", [MaxPool(), AvgPool(), GlobalMaxPool(), GlobalAvgPool()])
def test_a_flat_row_has_no_positions(layer) -> None:
    with pytest.raises(SpecError, match="its input is 12"):
        layer.output_shape((12,))
