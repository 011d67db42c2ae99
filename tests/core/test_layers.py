"""The contract that every registered layer keeps, on every one of its examples."""

import copy
import json

import numpy as np
import pytest

from core import activations, keys
from core.backend.choose import probe
from core.backend.numpy import NumpyOps
from core.backend.numpy_pool import PooledOps
from core.errors import SpecError, UserInputError
from core.gradient_check import TOLERANCE, check_layer, check_layer_on_mlx, example
from core.layers import layer_from_json, layer_to_json, layer_types
from core.layers.activation import Activation
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.values import hypers

CASES = [(layer, shapes) for cls in layer_types().values() for layer, shapes in cls.examples()]
IDS = [f"{layer.kind}-{i}" for i, (layer, _) in enumerate(CASES)]
OPS = NumpyOps(np.float64)


def test_every_layer_but_the_input_has_examples_and_words_for_people() -> None:
    for kind, cls in layer_types().items():
        assert cls.label
        assert cls.summary
        assert cls.formula
        assert all(h.label and h.help for h in hypers(cls).values())
        assert cls.examples() or kind == "input"


@pytest.mark.parametrize(("layer", "shapes"), CASES, ids=IDS)
def test_json_round_trip(layer, shapes) -> None:
    assert layer_from_json(json.loads(json.dumps(layer_to_json(layer)))) == layer


@pytest.mark.parametrize(("layer", "shapes"), CASES, ids=IDS)
def test_shapes_are_those_announced(layer, shapes) -> None:
    p, s, xs, dy = example(layer, shapes)
    assert {name: a.shape for name, a in p.items()} == layer.parameter_shapes(*shapes)
    assert {name: a.shape for name, a in s.items()} == layer.state_shapes(*shapes)
    y, cache, state = layer.forward(OPS, p, s, xs, train=True, key=OPS.key(1))
    assert y.shape == dy.shape
    assert {name: a.shape for name, a in state.items()} == layer.state_shapes(*shapes)
    dxs, dp = layer.backward(OPS, p, cache, dy)
    assert [dx.shape for dx in dxs] == [x.shape for x in xs]
    assert {name: d.shape for name, d in dp.items()} == {name: a.shape for name, a in p.items()}


@pytest.mark.parametrize(("layer", "shapes"), CASES, ids=IDS)
def test_gradients_equal_central_differences(layer, shapes) -> None:
    checks = list(check_layer(layer, shapes))
    modes = 2 if layer.state_shapes(*shapes) else 1
    assert len(checks) == modes * (len(shapes) + len(layer.parameter_shapes(*shapes)))
    assert max(c.relative_error for c in checks) <= 1e-6


@pytest.mark.parametrize(("layer", "shapes"), CASES, ids=IDS)
def test_backends_agree(layer, shapes) -> None:
    if probe().name != "mlx":
        pytest.skip(probe().why)
    assert check_layer_on_mlx(layer, shapes).relative_error <= TOLERANCE["mlx"]


@pytest.mark.parametrize(("layer", "shapes"), CASES, ids=IDS)
def test_pure(layer, shapes) -> None:
    """Inputs and parameters are left as they were, and the same key gives the same bits."""
    p, s, xs, dy = example(layer, shapes)
    before = copy.deepcopy((p, s, xs, dy))
    results = []
    for _ in range(2):
        y, cache, _ = layer.forward(OPS, p, s, xs, train=True, key=OPS.key(5))
        results.append([y.copy(), *layer.backward(OPS, p, cache, dy)[0]])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    for old, new in zip(before[2], xs, strict=True):
        np.testing.assert_array_equal(old, new)
    for old_named, named in ((before[0], p), (before[1], s)):
        for name in named:
            np.testing.assert_array_equal(old_named[name], named[name])
    np.testing.assert_array_equal(before[3], dy)


@pytest.mark.parametrize(("layer", "shapes"), CASES, ids=IDS)
def test_the_way_back_may_be_gone_twice_and_its_parameter_half_alone(layer, shapes) -> None:
    p, s, xs, dy = example(layer, shapes)
    _, cache, _ = layer.forward(OPS, p, s, xs, train=True, key=OPS.key(5))
    first_dxs, first = copy.deepcopy(layer.backward(OPS, p, cache, dy))
    half = copy.deepcopy(layer.parameter_gradients(OPS, p, cache, dy))
    again_dxs, again = layer.backward(OPS, p, cache, dy)
    for a, b in zip(first_dxs, again_dxs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(first) == set(half) == set(again)
    for name, gradient in first.items():
        np.testing.assert_array_equal(gradient, again[name])
        np.testing.assert_array_equal(gradient, half[name])


@pytest.mark.parametrize(("layer", "shapes"), CASES, ids=IDS)
def test_float32_stays_float32_and_buffers_used_again_change_nothing(layer, shapes) -> None:
    """Float64 would slip in through a NumPy scalar; a pooled result must not lie on one that is still needed."""
    answers = []
    for ops in (NumpyOps(np.float32), PooledOps(np.float32)):
        p, s, xs, dy = example(layer, shapes)
        p, s = ({name: ops.array(a) for name, a in arrays.items()} for arrays in (p, s))
        inputs = tuple(ops.array(x) for x in xs)
        for _ in range(2):
            if isinstance(ops, PooledOps):
                ops.restart()
            y, cache, state = layer.forward(ops, p, s, inputs, train=True, key=ops.key(5))
            dxs, dp = layer.backward(ops, p, cache, ops.array(dy))
        answers.append([y, *dxs, *(dp[name] for name in p), *(state[name] for name in s)])
    for plain, pooled in zip(*answers, strict=True):
        assert plain.dtype == pooled.dtype == np.float32
        np.testing.assert_allclose(pooled, plain, rtol=1e-5, atol=1e-6)


def test_dropout_keeps_the_mean_and_silences_the_share() -> None:
    x = np.ones((400, 250))
    y, _, _ = Dropout(rate=0.3).forward(OPS, {}, {}, (x,), train=True, key=OPS.key(keys.key(1)))
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1.0, abs=0.01)
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    still, _, _ = Dropout(rate=0.3).forward(OPS, {}, {}, (x,), train=False, key=None)
    np.testing.assert_array_equal(still, x)


def test_dense_refuses_an_image_and_says_its_size() -> None:
    with pytest.raises(SpecError, match="8×8×1"):
        Dense().output_shape((8, 8, 1))


@pytest.mark.parametrize("raw", [{"units": 0}, {"units": 2.5}, {"units": True}, {"activation": "step"}, {"wide": 1}])
def test_illegal_hyper_parameters_are_refused(raw) -> None:
    with pytest.raises(UserInputError):
        layer_from_json({"kind": "dense", **raw})


def test_unknown_layer_names_the_known_ones() -> None:
    with pytest.raises(UserInputError, match="dense"):
        layer_from_json({"kind": "perceptron"})


@pytest.mark.parametrize("name", list(activations.FUNCTIONS))
def test_activations_at_known_points(name) -> None:
    z = np.array([-2.0, 0.0, 3.0])
    known = {
        "linear": z,
        "relu": [0, 0, 3],
        "leaky_relu": [-0.02, 0, 3],
        "elu": [-0.864665, 0, 3],
        "gelu": [-0.045402, 0, 2.996363],
        "silu": [-0.238406, 0, 2.857722],
        "tanh": np.tanh(z),
        "sigmoid": [0.119203, 0.5, 0.952574],
        "softplus": [0.126928, 0.693147, 3.048587],
        "softmax": [0.006377, 0.047124, 0.946499],
    }
    np.testing.assert_allclose(activations.FUNCTIONS[name].forward(OPS, z), known[name], atol=1e-6)


def test_sigmoid_survives_the_largest_inputs() -> None:
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(NumpyOps().sigmoid(np.float32([-1e30, 1e30])), [0, 1])


@pytest.mark.parametrize("name", list(activations.FUNCTIONS))
def test_activations_and_their_gradients_survive_the_largest_inputs(name) -> None:
    z = np.float32([[-1e4, -100.0, 0.0, 100.0, 1e4]])
    f, ops = activations.FUNCTIONS[name], NumpyOps()
    with np.errstate(over="raise", invalid="raise"):
        y = f.forward(ops, z)
        assert np.isfinite(y).all()
        assert np.isfinite(f.backward(ops, z, y, np.ones_like(z))).all()


def test_softmax_is_a_layer_and_no_choice_of_dense() -> None:
    assert ("softmax", "Softmax") in hypers(Activation)["function"].choices
    with pytest.raises(UserInputError):
        layer_from_json({"kind": "dense", "activation": "softmax"})
