"""Each rule against its textbook form, written out again in float64."""

import json
import math

import numpy as np
import pytest

from core.backend.numpy import NumpyOps
from core.errors import UserInputError
from core.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Lion,
    Momentum,
    NAdam,
    Nesterov,
    RMSprop,
    optimizer_from_json,
    optimizer_to_json,
)

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


def test_adamw_is_adam_beside_its_decay() -> None:
    np.testing.assert_array_equal(run(AdamW()), run(Adam()))
    assert AdamW(weight_decay=0.2).decay == 0.2
    assert [kind for kind, cls in OPTIMIZERS.items() if cls().decay] == ["adamw"]


@pytest.mark.parametrize(("beta1", "psi"), [(0.9, 0.004), (0.99, 0.0), (0.999, 0.5), (0.0, 0.004)])
def test_nadam(beta1, psi) -> None:
    p, m, v, product = np.ones(5), np.zeros(5), np.zeros(5), 1.0
    for t, g in enumerate(G, start=1):
        mu, following = (beta1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1))
        product *= mu
        m, v = beta1 * m + (1 - beta1) * g, 0.999 * v + 0.001 * g * g
        ahead = following * m / (1 - product * following) + (1 - mu) * g / (1 - product)
        p = p - LR * ahead / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(run(NAdam(beta1=beta1, momentum_decay=psi)), p)


@pytest.mark.parametrize("t", [3, 300, 3000])
def test_nadams_product_of_momenta_needs_no_loop(t) -> None:
    optimizer = NAdam(beta1=0.999, momentum_decay=0.5)
    by_hand = math.prod(0.999 * (1 - 0.5 * 0.96 ** (i * 0.5)) for i in range(1, t + 1))
    assert optimizer._product(t) == pytest.approx(by_hand, rel=1e-10)


def test_adagrad() -> None:
    p, v = np.ones(5), np.zeros(5)
    for g in G:
        v = v + g * g
        p = p - LR * g / (np.sqrt(v) + 1e-10)
    np.testing.assert_allclose(run(Adagrad()), p)


def test_rmsprop() -> None:
    p, v = np.ones(5), np.zeros(5)
    for g in G:
        v = 0.99 * v + 0.01 * g * g
        p = p - LR * g / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(run(RMSprop()), p)


def test_lion() -> None:
    p, m = np.ones(5), np.zeros(5)
    for g in G:
        p = p - LR * np.sign(0.9 * m + 0.1 * g)
        m = 0.99 * m + 0.01 * g
    np.testing.assert_allclose(run(Lion()), p)
    assert Lion(weight_decay=1.0).decay == 1.0


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
