from dataclasses import dataclass, replace

import numpy as np
import pytest

from core import edits
from core.backend.numpy import NumpyOps
from core.errors import UserInputError
from core.gradient_check import check_network
from core.layers.base import Layer
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.network import Network
from core.spec import Edge, NetworkSpec, TrainingConfig, mlp, sequential

OPS = NumpyOps(np.float64)


def test_forward_by_hand() -> None:
    network = Network.of(mlp(2, (2,), 1, activation="relu"))
    params = {
        "l1": {"W": np.array([[1.0, -1.0], [2.0, 0.5]]), "b": np.array([0.5, 0.0])},
        "l2": {"W": np.array([[3.0], [-1.0]]), "b": np.array([0.1])},
    }
    # z = [1·1 + 2·2 + 0.5, -1 + 1] = [5.5, 0] → relu → 3·5.5 - 0 + 0.1
    np.testing.assert_allclose(network.predict(OPS, params, np.array([[1.0, 2.0]])), [[16.6]])


@pytest.mark.parametrize("config", [TrainingConfig(), TrainingConfig(l1=0.1, l2=0.2)])
def test_whole_network_equals_central_differences(config) -> None:
    checks = list(check_network(mlp(3, (5, 4), 3, activation="tanh"), config))
    assert len(checks) == 6
    assert max(c.relative_error for c in checks) <= 1e-6


@pytest.mark.parametrize("seed", [1, 2])
def test_wide_rectifiers_pass_too(seed) -> None:
    """With so many units some kink of ReLU always lies near; it must not be taken for a wrong gradient."""
    checks = check_network(mlp(64, (512, 512, 512), 10), TrainingConfig(seed=seed))
    assert max(c.relative_error for c in checks) <= 1e-6


def test_a_slightly_wrong_gradient_is_found(monkeypatch) -> None:
    right = Dense._grads

    def wrong(self, ops, x, dz):
        grads = right(self, ops, x, dz)
        return {**grads, "W": grads["W"] * 1.00001}

    monkeypatch.setattr(Dense, "_grads", wrong)
    checks = check_network(mlp(64, (64, 32), 10), TrainingConfig())
    assert min(c.relative_error for c in checks if c.what.endswith("W")) > 1e-6


@dataclass(frozen=True)
class Sum(Layer):
    """y = a + b: the smallest layer with two inputs, to have a fork to test."""

    label = "Sum"
    arity = (2, 2)

    def forward(self, ops, p, s, xs, *, train, key):
        return xs[0] + xs[1], None, s

    def backward(self, ops, p, cache, dy):
        return (dy, dy), {}


def test_forks_add_their_gradients() -> None:
    spec = sequential(Input(shape=(3,)), Dense(units=4, activation="tanh"), Dense(units=4), Sum(), Dense(units=2))
    forked = replace(spec, edges=(*spec.edges, Edge("l1", "l3")))
    checks = list(check_network(forked, TrainingConfig()))
    assert {c.what for c in checks} >= {"network, layer hidden 1: W", "network, layer hidden 2: b"}
    assert max(c.relative_error for c in checks) <= 1e-6


def test_dropout_of_the_toolbar_acts_on_hidden_layers_only() -> None:
    network = Network.of(mlp(4, (8, 8), 3), TrainingConfig(dropout=0.25))
    rates = {node.id: node.layer.rate for node in network.nodes if isinstance(node.layer, Dropout)}
    assert rates == {"l1/dropout": 0.25, "l2/dropout": 0.25}


def test_a_layers_own_values_stand_before_the_toolbars() -> None:
    spec = edits.set_hypers(mlp(4, (8, 8), 3), "l1", dropout=0.0, l2=0.5)
    network = Network.of(spec, TrainingConfig(dropout=0.25, l2=0.1))
    assert [n.id for n in network.nodes if isinstance(n.layer, Dropout)] == ["l2/dropout"]
    assert {id: rule.l2 for id, rule in network.restraints.items()} == {"l1": 0.5, "l2": 0.1, "l3": 0.1}


def test_a_dropout_layer_inherits_too() -> None:
    spec = sequential(Input(shape=(3,)), Dropout(rate=None), Dense(units=2))
    network = Network.of(spec, TrainingConfig(dropout=0.4))
    assert network.nodes[1].layer == Dropout(rate=0.4)


def test_initial_weights_follow_from_seed_and_layer_id_alone() -> None:
    small, large = Network.of(mlp(3, (4,), 2)).init(5), Network.of(mlp(3, (4, 4), 2)).init(5)
    np.testing.assert_array_equal(small["l1"]["W"], large["l1"]["W"])
    assert not np.array_equal(small["l1"]["W"], Network.of(mlp(3, (4,), 2)).init(6)["l1"]["W"])


def test_he_and_glorot_have_their_variance() -> None:
    W = Network.of(mlp(400, (300,), 2)).init(0)["l1"]["W"]
    assert W.std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    W = Network.of(mlp(400, (300,), 2, activation="tanh")).init(0)["l1"]["W"]
    assert W.std() == pytest.approx(np.sqrt(2 / 700), rel=0.02)
    assert np.abs(W).max() <= np.sqrt(6 / 700)


@pytest.mark.parametrize(
    "spec", [NetworkSpec(), sequential(Input(shape=(3,))), sequential(Input(shape=(2, 2)), Dense())]
)
def test_unsound_designs_are_refused_in_words(spec) -> None:
    with pytest.raises(UserInputError):
        Network.of(spec)
