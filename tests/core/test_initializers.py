"""Every initializer draws what its paper says."""

import numpy as np
import pytest

from core import initializers, keys

N, M = 300, 200
VARIANCE = {
    "glorot_uniform": 2 / (N + M), "glorot_normal": 2 / (N + M), "he_uniform": 2 / N, "he_normal": 2 / N,
    "lecun_uniform": 1 / N, "lecun_normal": 1 / N, "zeros": 0.0, "constant": 0.0, "orthogonal": 1 / N,
}  # fmt: skip


def drawn(name: str, shape: tuple[int, ...] = (N, M)) -> np.ndarray:
    return initializers.initialize(name, keys.generator(3), shape, fan_in=shape[0], fan_out=shape[-1])


@pytest.mark.parametrize("name", [name for name, _ in initializers.CHOICES if name != "auto"])
def test_variance_and_mean(name) -> None:
    W = drawn(name)
    assert W.shape == (N, M)
    assert W.var() == pytest.approx(VARIANCE[name], rel=0.03, abs=1e-12)
    assert W.mean() == pytest.approx(0.1 if name == "constant" else 0.0, abs=1e-3)
    np.testing.assert_array_equal(W, drawn(name))


@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform", "lecun_uniform"])
def test_uniform_ones_reach_their_limit_and_no_further(name) -> None:
    limit = np.sqrt(3 * VARIANCE[name])
    assert 0.99 * limit < np.abs(drawn(name)).max() <= limit


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (1, 7), (3, 2, 4)])
def test_orthogonal_rows_or_columns(shape) -> None:
    W = drawn("orthogonal", shape)
    assert W.shape == shape
    flat = W.reshape(-1, shape[-1])
    product = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-12)
