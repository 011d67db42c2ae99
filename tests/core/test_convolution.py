"""Convolution on both backends against its definition, written as loops."""

import itertools

import numpy as np
import pytest

from core.backend import numpy_convolution
from core.backend.choose import probe
from core.backend.convolution import ConvGeometry, padding, positions
from core.backend.numpy import NumpyOps
from core.backend.numpy_pool import PooledOps

CASES = [
    ((6, 7, 2), (3, 3), ConvGeometry()),
    ((6, 7, 2), (3, 2), ConvGeometry(stride=(2, 3), pad=((1, 1), (0, 1)))),
    ((9, 8, 2), (3, 2), ConvGeometry(dilation=(2, 3), pad=((2, 1), (3, 0)))),
    ((8, 9, 4), (2, 3), ConvGeometry(stride=(3, 2), dilation=(2, 2), pad=((0, 2), (1, 1)), groups=2)),
    ((5, 6, 3), (1, 1), ConvGeometry(stride=(2, 2), groups=3)),
    ((1, 12, 2), (1, 4), ConvGeometry(stride=(1, 3), pad=((0, 0), (3, 0)))),
    ((6, 5, 3), (1, 1), ConvGeometry()),
    ((7, 6, 1), (3, 3), ConvGeometry(stride=(2, 1), pad=((1, 1), (1, 1)))),
    ((6, 5, 3), (3, 2), ConvGeometry(stride=(2, 1), pad=((1, 0), (1, 1)), groups=3)),
    ((6, 5, 4), (3, 2), ConvGeometry(stride=(2, 1), dilation=(1, 2), pad=((1, 0), (1, 1)), groups=4)),
    ((6, 5, 4), (3, 2), ConvGeometry(dilation=(1, 2), pad=((1, 0), (0, 2)), groups=2)),
    ((3, 4, 2), (1, 2), ConvGeometry(pad=((1, 1), (2, 0)))),
]


def _filters(g: ConvGeometry) -> int:
    """Two a group; one where there are four groups: a kernel for each channel."""
    return g.groups if g.groups == 4 else 2 * g.groups


def _by_definition(x: np.ndarray, W: np.ndarray, g: ConvGeometry) -> np.ndarray:
    x = np.pad(x, ((0, 0), *g.pad, (0, 0)))
    kh, kw, depth, filters = W.shape
    rows = (x.shape[1] - (kh - 1) * g.dilation[0] - 1) // g.stride[0] + 1
    columns = (x.shape[2] - (kw - 1) * g.dilation[1] - 1) // g.stride[1] + 1
    y = np.zeros((len(x), rows, columns, filters))
    for i, j, a, b, f in itertools.product(*map(range, (rows, columns, kh, kw, filters))):
        group = f // (filters // g.groups)
        seen = x[:, i * g.stride[0] + a * g.dilation[0], j * g.stride[1] + b * g.dilation[1]]
        y[:, i, j, f] += seen[:, group * depth : (group + 1) * depth] @ W[a, b, :, f]
    return y


def _given(shape, kernel, g) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x, W = rng.normal(size=(2, *shape)), rng.normal(size=(*kernel, shape[2] // g.groups, _filters(g)))
    y = _by_definition(x, W, g)
    return x, W, y, rng.normal(size=y.shape)


@pytest.mark.parametrize(("shape", "kernel", "g"), CASES)
def test_numpy_convolves_as_defined_and_its_gradients_are_the_transposes(shape, kernel, g) -> None:
    x, W, y, dy = _given(shape, kernel, g)
    ops = NumpyOps(np.float64)
    found, saved = ops.conv(x, W, g)
    np.testing.assert_allclose(found, y, atol=1e-12)
    # The convolution is linear in x and in W: <dy, conv(u, W)> = <conv_dx(dy), u>, and so for W.
    u, V = np.random.default_rng(4).normal(size=x.shape), np.random.default_rng(5).normal(size=W.shape)
    by_input = (dy * _by_definition(u, W, g)).sum()
    by_weights = (dy * _by_definition(x, V, g)).sum()
    assert (ops.conv_dx(saved, W, dy, g) * u).sum() == pytest.approx(by_input, rel=1e-12)
    assert (ops.conv_dW(saved, W, dy, g) * V).sum() == pytest.approx(by_weights, rel=1e-12)


@pytest.mark.parametrize(("shape", "kernel", "g"), CASES)
@pytest.mark.parametrize("images", [1, 2])
def test_a_batch_in_parts_gives_the_same(monkeypatch, shape, kernel, g, images) -> None:
    """Patches of a large batch are laid out for some of its images at a time; the last part may be smaller."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(5, *shape))
    W = rng.normal(size=(*kernel, shape[2] // g.groups, _filters(g)))
    ops = PooledOps(np.float64)

    def answers() -> list[np.ndarray]:
        ops.restart()
        y, saved = ops.conv(x, W, g)
        dy = np.cos(y)
        return [a.copy() for a in (y, ops.conv_dx(saved, W, dy, g), ops.conv_dW(saved, W, dy, g))]

    whole = answers()
    per_image = whole[0][0, ..., 0].size * kernel[0] * kernel[1] * shape[2]
    monkeypatch.setattr(numpy_convolution, "PART", images * per_image)
    for expected, found in zip(whole, answers(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("shape", "kernel", "g"), CASES)
def test_mlx_agrees(shape, kernel, g) -> None:
    if probe().name != "mlx":
        pytest.skip(probe().why)
    from core.backend.mlx import MlxOps

    x, W, _, dy = _given(shape, kernel, g)
    answers = []
    for ops in (NumpyOps(np.float64), MlxOps()):
        mine = [ops.array(a) for a in (x, W, dy)]
        y, saved = ops.conv(mine[0], mine[1], g)
        answers.append([y, ops.conv_dx(saved, mine[1], mine[2], g), ops.conv_dW(saved, mine[1], mine[2], g)])
    for expected, found in zip(*answers, strict=True):
        np.testing.assert_allclose(np.array(found), expected, atol=2e-5)


@pytest.mark.parametrize("kind", ["same", "causal"])
@pytest.mark.parametrize(
    ("n", "kernel", "stride", "dilation"), [(7, 3, 1, 1), (7, 3, 2, 1), (8, 4, 3, 2), (5, 1, 2, 1)]
)
def test_padding_keeps_the_length_up_to_the_stride(kind, n, kernel, stride, dilation) -> None:
    pad = padding(kind, n, kernel, stride, dilation)
    assert positions(n, pad, kernel, stride, dilation) == -(-n // stride)
    assert kind == "same" or pad[1] == 0
