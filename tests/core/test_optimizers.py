"""Each rule against its textbook form, written out again in float64."""

import json
import math

import numpy as np
import pytest

from core.backend.numpy import NumpyOps
from core.errors import UserInputError
from core.optimizers import OPTIMIZERS, SGD, Adam, Momentum, Nesterov, optimizer_from_json, optimizer_to_json

OPS = NumpyOps(np.float64)
G = np.random.default_rng(3).normal(size=(20, 5))
LR = 0.03


def run(optimizer) -> np.ndarray:
    p, slots = np.ones(5), tuple(np.zeros(5) for _ in range(optimizer.slots))
    for t, g in enumerate(G, start=1):
        p, slots = optimizer.update(OPS, p, g.copy(), slots, optimizer.scalars(t, LR))
    return p


def test_sgd() -> None:
    np.testing.assert_allclose(run(SGD()), 1 - LR * G.sum(axis=0))


def test_momentum() -> None:
    p, v = np.ones(5), np.zeros(5)
    for g in G:
        v = 0.8 * v + g
        p = p - LR * v
    np.testing.assert_allclose(run(Momentum(momentum=0.8)), p)


def test_nesterov() -> None:
    p, v = np.ones(5), np.zeros(5)
    for g in G:
        v = 0.9 * v + g
        p = p - LR * (g + 0.9 * v)
    np.testing.assert_allclose(run(Nesterov()), p)


@pytest.mark.parametrize("epsilon", [1e-8, 0.1])
def test_adam(epsilon) -> None:
    p, m, v = np.ones(5), np.zeros(5), np.zeros(5)
    for t, g in enumerate(G, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        p = p - LR * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + epsilon)
    np.testing.assert_allclose(run(Adam(epsilon=epsilon)), p)


@pytest.mark.parametrize("kind", list(OPTIMIZERS))
def test_the_gradient_is_left_as_it_was(kind) -> None:
    optimizer = OPTIMIZERS[kind]()
    g = G[0].copy()
    optimizer.update(OPS, np.ones(5), g, tuple(np.zeros(5) for _ in range(optimizer.slots)), optimizer.scalars(1, LR))
    np.testing.assert_array_equal(g, G[0])


@pytest.mark.parametrize("kind", list(OPTIMIZERS))
def test_json_round_trip(kind) -> None:
    optimizer = OPTIMIZERS[kind]()
    assert optimizer_from_json(json.loads(json.dumps(optimizer_to_json(optimizer)))) == optimizer


@pytest.mark.parametrize(
    "data", [{"kind": "magic"}, {}, {"kind": "adam", "beta1": 2}, {"kind": "adam", "beta1": math.nan}]
)
def test_malformed_is_refused(data) -> None:
    with pytest.raises(UserInputError):
        optimizer_from_json(data)
