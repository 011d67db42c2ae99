"""Sums, products, joins, reshaping: answers worked out by hand, and refusals."""

import numpy as np
import pytest

from core.backend.numpy import NumpyOps
from core.errors import SpecError
from core.layers.add import Add
from core.layers.concat import Concat
from core.layers.flatten import Flatten
from core.layers.multiply import Multiply
from core.layers.reshape import Reshape

OPS = NumpyOps(np.float64)
A = np.array([[[1.0, 2.0], [3.0, 4.0]]])  # one sequence of two steps and two channels
GATE = np.array([[10.0, 0.0]])
DY = np.array([[[1.0, 1.0], [2.0, 3.0]]])


def both_ways(layer, *xs, dy=DY):
    y, cache, _ = layer.forward(OPS, {}, {}, xs, train=True, key=None)
    return y, layer.backward(OPS, {}, cache, dy)[0]


def test_add_by_hand() -> None:
    y, dxs = both_ways(Add(), A, A, A)
    np.testing.assert_array_equal(y, 3 * A)
    for dx in dxs:
        np.testing.assert_array_equal(dx, DY)
    for order in ((A, GATE), (GATE, A)):
        y, dxs = both_ways(Add(), *order)
        np.testing.assert_array_equal(y, [[[11, 2], [13, 4]]])
        by = {dx.ndim: dx for dx in dxs}
        np.testing.assert_array_equal(by[3], DY)
        np.testing.assert_array_equal(by[2], [[3, 4]])


def test_multiply_by_hand_with_zeros() -> None:
    y, (da, dgate) = both_ways(Multiply(), A, GATE)
    np.testing.assert_array_equal(y, [[[10, 0], [30, 0]]])
    np.testing.assert_array_equal(da, [[[10, 0], [20, 0]]])
    np.testing.assert_array_equal(dgate, [[1 + 6, 2 + 12]])
    _, dxs = both_ways(Multiply(), A, A, 2 * A)
    np.testing.assert_array_equal(dxs[0], DY * 2 * A * A)
    np.testing.assert_array_equal(dxs[2], DY * A * A)


def test_concat_by_hand() -> None:
    y, (first, second) = both_ways(Concat(), A[..., :1], A, dy=np.arange(6.0).reshape(1, 2, 3))
    np.testing.assert_array_equal(y, [[[1, 1, 2], [3, 3, 4]]])
    np.testing.assert_array_equal(first, [[[0], [3]]])
    np.testing.assert_array_equal(second, [[[1, 2], [4, 5]]])


@pytest.mark.parametrize("layer", [Add(), Multiply()])
def test_what_cannot_be_added_or_multiplied_is_said(layer) -> None:
    assert layer.output_shape((4, 2), (2,), (4, 2)) == (4, 2)
    for shapes in (((4, 2), (4, 3)), ((4, 2), (3,)), ((3, 4, 2), (4, 2)), ((3,), (1,))):
        with pytest.raises(SpecError, match="×".join(map(str, shapes[1]))):
            layer.output_shape(*shapes)


def test_what_cannot_be_joined_is_said() -> None:
    assert Concat().output_shape((4, 4, 2), (4, 4, 5)) == (4, 4, 7)
    with pytest.raises(SpecError, match="4×4×2 and 4×2×2"):
        Concat().output_shape((4, 4, 2), (4, 2, 2))
    with pytest.raises(SpecError, match="no input"):
        Concat().output_shape()


def test_flatten_reads_rows_before_columns_before_channels() -> None:
    y, (dx,) = both_ways(Flatten(), A, dy=np.arange(4.0).reshape(1, 4))
    np.testing.assert_array_equal(y, [[1, 2, 3, 4]])
    np.testing.assert_array_equal(dx, [[[0, 1], [2, 3]]])
    assert Flatten().output_shape((10**6, 10**6, 3)) == (3 * 10**12,)


@pytest.mark.parametrize(
    ("shape", "given", "fitting"),
    [
        ((8, 8, 1), (784,), (28, 28, 1)),
        ((8, 8, 3), (3072,), (32, 32, 3)),
        ((8, 8, 1), (24,), (3, 8, 1)),
        ((8, 8, 1), (13,), (13, 1, 1)),
        ((5, 4), (6, 4), (6, 4)),
        ((5,), (2, 2, 3), (12,)),
    ],
)
def test_reshape_keeps_every_value_or_offers_a_shape_that_does(shape, given, fitting) -> None:
    with pytest.raises(SpecError, match=f"its input has {np.prod(given):,}") as refusal:
        Reshape(shape=shape).output_shape(given)
    assert refusal.value.fix[1] == {"shape": fitting}
    assert Reshape(shape=fitting).output_shape(given) == fitting
