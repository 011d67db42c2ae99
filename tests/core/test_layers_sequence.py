"""Layers that read sequences: by hand, with padding, backwards in time, against PyTorch, and trained."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backend.choose import probe
from core.backend.numpy import NumpyOps
from core.data import store
from core.data.preprocess import ClassTarget, NumberFeature, Preparation
from core.data.schema import Prepared
from core.engine.messages import TrainingTask
from core.errors import SpecError
from core.gradient_check import check_network, example
from core.layers import Layer, layer_from_json
from core.layers.attention import Attention
from core.layers.dense import Dense
from core.layers.embedding import Embedding
from core.layers.global_avg_pool import GlobalAvgPool
from core.layers.gru import GRU
from core.layers.input import Input
from core.layers.lstm import LSTM
from core.layers.positional_encoding import PositionalEncoding
from core.layers.simple_rnn import SimpleRNN
from core.network import Network
from core.spec import NetworkSpec, TrainingConfig, sequential
from core.training.headless import train_here

OPS = NumpyOps(np.float64)
RECURRENT = (LSTM(units=3), GRU(units=3), SimpleRNN(units=3))
STORED = Path(__file__).parent / "reference" / "sequence.json"
REFERENCE = json.loads(STORED.read_text(encoding="utf-8"))["cases"]


def through(layer: Layer, p: Any, x: np.ndarray, dy: np.ndarray | None = None) -> tuple[Any, Any, Any]:
    """(y, dx, parameter gradients); dy of ones unless given."""
    y, cache, _ = layer.forward(OPS, p, {}, (x,), train=True, key=None)
    (dx,), dp = layer.backward(OPS, p, cache, np.ones_like(y) if dy is None else dy)
    return y, dx, dp


def started(layer: Layer, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return dict(example(layer, (shape,))[0])


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-10, atol=1e-12, err_msg=name)


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


# --- by hand


def test_lstm_of_one_unit_by_hand() -> None:
    p = {"W": np.array([[0.1, 0.2, 0.3, 0.4]]), "U": np.array([[0.5, -0.6, 0.7, -0.8]])}
    p["b"] = np.array([0.0, 1.0, 0.0, 0.1])
    h = c = 0.0
    for x in (1.5, -2.0):
        i, f, g, o = (x * w + h * u + b for w, u, b in zip(p["W"][0], p["U"][0], p["b"], strict=True))
        c = sigmoid(f) * c + sigmoid(i) * math.tanh(g)
        h = sigmoid(o) * math.tanh(c)
    y, _, _ = through(LSTM(units=1), p, np.array([[[1.5], [-2.0]]]))
    np.testing.assert_allclose(y, [[h]], rtol=1e-12)


def test_gru_of_one_unit_by_hand() -> None:
    p = {
        "W": np.array([[0.1, 0.2, 0.3]]), "U": np.array([[0.5, -0.6, 0.7]]),
        "b": np.array([0.1, -0.2, 0.3]), "bu": np.array([0.4, 0.5, -0.6]),
    }  # fmt: skip
    h = 0.0
    for x in (1.5, -2.0):
        of_x, of_h = (x * p["W"] + p["b"])[0], (h * p["U"] + p["bu"])[0]
        r, z = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
        h = (1 - z) * math.tanh(of_x[2] + r * of_h[2]) + z * h
    y, _, _ = through(GRU(units=1), p, np.array([[[1.5], [-2.0]]]))
    np.testing.assert_allclose(y, [[h]], rtol=1e-12)


def test_simple_rnn_backpropagates_through_two_steps_by_hand() -> None:
    """y = u (w x1) + w x2 with the linear activation."""
    p = {"W": np.array([[2.0]]), "U": np.array([[3.0]]), "b": np.zeros(1)}
    y, dx, dp = through(SimpleRNN(units=1, activation="linear"), p, np.array([[[5.0], [7.0]]]))
    assert y[0, 0] == 3 * 2 * 5 + 2 * 7
    np.testing.assert_allclose(dx[0, :, 0], [6.0, 2.0])
    same(dp, {"W": np.array([[3.0 * 5 + 7]]), "U": np.array([[10.0]]), "b": np.array([4.0])})


def test_attention_of_alike_steps_gives_their_mean() -> None:
    """Without questions every step is looked at alike."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 5, 4))
    p = {**started(Attention(), (5, 4)), "Wq": np.zeros((4, 4)), "bq": np.zeros(4), "Wv": np.eye(4), "bv": np.zeros(4)}
    p |= {"Wo": np.eye(4), "bo": np.zeros(4)}
    y, _, _ = through(Attention(heads=2), p, x)
    np.testing.assert_allclose(y, np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape), rtol=1e-12)


@pytest.mark.parametrize("size", [1.0, 40.0])
def test_attention_survives_large_scores(size) -> None:
    """Whatever the scores, the shares are those of softmax; exp of the larger ones alone would overflow."""
    rng = np.random.default_rng(1)
    x, p = size * rng.normal(size=(3, 6, 4)), started(Attention(), (6, 4))
    x[1, 4:] = 0.0
    scores = (x @ p["Wq"] + p["bq"]) @ (x @ p["Wk"]).transpose(0, 2, 1) / 2.0
    scores[1, :, 4:] = -np.inf
    assert (np.abs(scores[0]).max() > 300) == (size > 1)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = shares / shares.sum(axis=-1, keepdims=True) @ (x @ p["Wv"] + p["bv"])
    known = mixed @ p["Wo"] + p["bo"]
    known[1, 4:] = 0.0
    np.testing.assert_allclose(through(Attention(heads=1), p, x)[0], known, rtol=1e-10)
    ops, small = NumpyOps(), {name: a.astype(np.float32) for name, a in p.items()}
    with np.errstate(over="raise", invalid="raise"):
        y, _, _ = Attention(heads=1).forward(ops, small, {}, (x.astype(np.float32),), train=True, key=None)
    np.testing.assert_allclose(y, known, rtol=2e-3, atol=2e-3 * size)


def test_positions_are_sines_and_cosines() -> None:
    y, dx, _ = through(PositionalEncoding(skip_padding=False), {}, np.zeros((1, 3, 4)))
    angles = np.outer(range(3), [1.0, 0.01])
    np.testing.assert_allclose(y[0], np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(3, 4), rtol=1e-12)
    np.testing.assert_array_equal(dx, np.ones((1, 3, 4)))


def test_embedding_looks_up_and_adds_up_and_keeps_strange_tokens_in_range() -> None:
    W = np.arange(8.0).reshape(4, 2)
    y, dx, dp = through(Embedding(tokens=4, width=2), {"W": W}, np.array([[1.0, 3.0, 1.0, -7.0, 99.0, np.nan]]))
    np.testing.assert_array_equal(y[0], W[[1, 3, 1, 0, 3, 0]])
    np.testing.assert_array_equal(dp["W"][:, 0], [2, 2, 0, 2])
    assert not dx.any()


def test_token_0_of_a_padded_embedding_is_zero_and_never_moves() -> None:
    layer = Embedding(tokens=3, width=2, padding=True)
    assert not layer.init(np.random.default_rng(0), (4,))[0]["W"][0].any()
    y, _, dp = through(layer, {"W": np.ones((3, 2))}, np.array([[0.0, 1.0, 0.0, 2.0]]))
    np.testing.assert_array_equal(y[0, :, 0], [0, 1, 0, 1])
    np.testing.assert_array_equal(dp["W"][:, 0], [0, 1, 1])


def test_recurrent_weights_start_orthogonal_and_the_forget_gate_open() -> None:
    p, _ = LSTM(units=5).init(np.random.default_rng(0), (7, 3))
    for k in range(4):
        U = p["U"][:, 5 * k : 5 * (k + 1)]
        np.testing.assert_allclose(U.T @ U, np.eye(5), atol=1e-12)
    np.testing.assert_array_equal(p["b"], np.repeat([0.0, 1.0, 0.0, 0.0], 5))
    assert np.abs(p["W"]).max() <= math.sqrt(6 / 8)


# --- against PyTorch


@pytest.mark.parametrize("case", REFERENCE, ids=[layer_from_json(case["layer"]).describe() for case in REFERENCE])
def test_outputs_and_gradients_equal_pytorchs(case) -> None:
    layer = layer_from_json(case["layer"])
    y, dx, dp = through(
        layer, {name: np.array(a) for name, a in case["p"].items()}, np.array(case["x"]), np.array(case["dy"])
    )
    np.testing.assert_allclose(y, case["y"], atol=1e-10)
    np.testing.assert_allclose(dx, case["dx"], atol=1e-10)
    assert dp.keys() == case["dp"].keys()
    for name, known in case["dp"].items():
        np.testing.assert_allclose(dp[name], known, atol=1e-10, err_msg=name)


# --- padding


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("layer", RECURRENT, ids=lambda layer: layer.kind)
def test_padding_anywhere_leaves_results_and_gradients_of_the_shorter_sequence(layer, reverse, sequences) -> None:
    layer = type(layer)(units=3, reverse=reverse, sequences=sequences)
    check_padding(layer, 3 if sequences else None)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_does_not_look_at_padding(causal) -> None:
    check_padding(Attention(heads=2, causal=causal), 4)


def check_padding(layer: Layer, width: int | None) -> None:
    rng, real = np.random.default_rng(2), [1, 2, 4, 5]
    short, p = rng.normal(size=(2, 4, 4)), started(layer, (4, 4))
    long = np.zeros((2, 8, 4))
    long[:, real] = short
    dy = rng.normal(size=(2, 8, width) if width else (2, 3))
    y, dx, dp = through(layer, p, long, dy)
    short_y, short_dx, short_dp = through(layer, p, short, dy[:, real] if width else dy)
    np.testing.assert_allclose(y[:, real] if width else y, short_y, rtol=1e-12)
    np.testing.assert_allclose(dx[:, real], short_dx, rtol=1e-11, atol=1e-14)
    same(dp, short_dp)
    padded = [0, 3, 6, 7]
    assert not dx[:, padded].any()
    assert not width or not y[:, padded].any()


@pytest.mark.parametrize("layer", [*RECURRENT, Attention(heads=2)], ids=lambda layer: layer.kind)
def test_a_row_of_nothing_but_padding_gives_zeros_and_moves_nothing(layer) -> None:
    y, dx, dp = through(layer, started(layer, (5, 4)), np.zeros((2, 5, 4)))
    assert not y.any()
    assert not dx.any()
    assert not any(np.any(gradient) for gradient in dp.values())


def test_zeros_are_steps_like_others_where_padding_is_not_skipped() -> None:
    x, p = np.zeros((1, 3, 2)), started(LSTM(units=2), (3, 2))
    assert not through(LSTM(units=2), p, x)[0].any()
    assert through(LSTM(units=2, skip_padding=False), p, x)[0].all()


def test_what_diverged_is_no_padding() -> None:
    x = np.zeros((1, 3, 2))
    x[0, 1] = np.nan
    assert np.isnan(through(GRU(units=2), started(GRU(units=2), (3, 2)), x)[0]).all()


def test_padding_stays_padding_through_a_stack() -> None:
    """However many layers deep, more padding changes nothing."""
    first = (Embedding(tokens=9, width=4, padding=True), PositionalEncoding(), Attention(heads=2), Attention(heads=2))
    layers = (*first, LSTM(units=3, sequences=True), GRU(units=2))
    outputs = []
    for steps in (5, 9):
        network = Network.of(sequential(Input(shape=(steps,)), *layers))
        tokens = np.zeros((1, steps))
        tokens[0, :5] = [3, 1, 4, 1, 5]
        outputs.append(network.predict(OPS, network.init(4), tokens))
    np.testing.assert_allclose(*outputs, rtol=1e-12)


# --- directions in time


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("layer", RECURRENT, ids=lambda layer: layer.kind)
def test_reverse_reads_the_flipped_sequence_and_answers_at_the_same_places(layer, sequences) -> None:
    forwards, backwards = (type(layer)(units=3, sequences=sequences, reverse=reverse) for reverse in (False, True))
    rng, p = np.random.default_rng(3), started(layer, (6, 4))
    x = rng.normal(size=(2, 6, 4))
    dy = rng.normal(size=(2, 6, 3) if sequences else (2, 3))
    y, dx, dp = through(forwards, p, x[:, ::-1], dy[:, ::-1] if sequences else dy)
    back_y, back_dx, back_dp = through(backwards, p, x, dy)
    np.testing.assert_array_equal(back_y, y[:, ::-1] if sequences else y)
    np.testing.assert_array_equal(back_dx, dx[:, ::-1])
    same(back_dp, dp)


def test_causal_attention_does_not_see_the_future() -> None:
    rng, p = np.random.default_rng(4), started(Attention(), (6, 4))
    x = rng.normal(size=(1, 6, 4))
    other = x.copy()
    other[0, 4:] = rng.normal(size=(2, 4))
    for causal in (True, False):
        y, changed = (through(Attention(heads=2, causal=causal), p, a)[0] for a in (x, other))
        assert np.array_equal(y[0, :4], changed[0, :4]) == causal
        assert not np.allclose(y[0, 4:], changed[0, 4:])


# --- shapes and words


@pytest.mark.parametrize("shape", [(7,), (4, 4, 1)])
@pytest.mark.parametrize("layer", [*RECURRENT, Attention(), PositionalEncoding()], ids=lambda layer: layer.kind)
def test_what_is_no_sequence_is_refused_in_words(layer, shape) -> None:
    with pytest.raises(SpecError, match="reads a sequence"):
        layer.output_shape(shape)


def test_embedding_refuses_what_is_no_row_of_tokens() -> None:
    with pytest.raises(SpecError, match=r"row of tokens, .* 5×3"):
        Embedding().output_shape((5, 3))


def test_heads_that_do_not_share_evenly_come_with_a_number_that_does() -> None:
    with pytest.raises(SpecError, match="4 heads cannot share 6 values") as refusal:
        Attention(heads=4).output_shape((5, 6))
    label, hypers = refusal.value.fix
    assert label == "Set heads to 3"
    assert Attention(**hypers).output_shape((5, 6)) == (5, 6)


@pytest.mark.parametrize(
    "layer",
    [*RECURRENT, LSTM(units=3, sequences=True), SimpleRNN(units=3, activation="gelu"), Attention(heads=2)],
    ids=lambda layer: layer.describe(),
)
def test_numbers_held_between_forward_and_backward_are_those_announced(layer) -> None:
    batch, shape = 6, (5, 4)
    x, p = np.random.default_rng(5).normal(size=(batch, *shape)), started(layer, shape)
    _, cache, _ = layer.forward(OPS, p, {}, (x,), train=True, key=None)
    outside = {id(memory(a)) for a in (x, *p.values())}
    held = {id(memory(a)): memory(a).size for a in arrays_in(cache)}
    assert sum(size for key, size in held.items() if key not in outside) == batch * layer.work_values(shape)


def memory(a: np.ndarray) -> np.ndarray:
    """The array that owns the numbers of a view."""
    return a if a.base is None else memory(a.base)


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from arrays_in(each)


# --- trained


def came_first(rows: int, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens 1 to 5, ended by padding, among them one 6 and one 7: which of the two came first?"""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 6, (rows, steps)).astype(np.float32)
    x[np.arange(steps) >= rng.integers(steps // 2, steps + 1, (rows, 1))] = 0
    places = np.sort([rng.choice(int((row > 0).sum()), 2, replace=False) for row in x], axis=1)
    y = rng.integers(0, 2, rows)
    x[np.arange(rows), places[:, 0]] = 6 + y
    x[np.arange(rows), places[:, 1]] = 7 - y
    return x, y.astype(np.int32)


@pytest.fixture
def order_task(tmp_path) -> Callable[[NetworkSpec, TrainingConfig], TrainingTask]:
    steps, rows = 10, {"train": 600, "validation": 200, "test": 200}
    for seed, (part, n) in enumerate(rows.items()):
        x, y = came_first(n, steps, seed)
        for name, array in (("x", x), ("y", y), ("row_numbers", np.arange(n))):
            store.new_array(tmp_path, part, name, array.shape, array.dtype)[...] = array
    names = tuple(f"step {t}" for t in range(steps))
    features = tuple(NumberFeature(name, 0.0, 0.0, 1.0) for name in names)
    preparation = Preparation(features, ClassTarget("first", ("6", "7")))
    prepared = Prepared(
        str(tmp_path), "order", "classification", "first", names, (steps,), 2, ("6", "7"), rows, preparation
    )
    return lambda network, config: TrainingTask(network, config, prepared)


TRAINED = {
    "lstm": (LSTM(units=12),),
    "gru": (GRU(units=12, reverse=True),),
    "simple_rnn": (SimpleRNN(units=12),),
    "attention": (PositionalEncoding(), Attention(heads=2), Attention(heads=2), GlobalAvgPool()),
}


@pytest.mark.parametrize(
    ("name", "backend"), [*((name, "numpy") for name in TRAINED), ("lstm", "mlx"), ("attention", "mlx")]
)
def test_networks_learn_which_token_came_first(order_task, name, backend) -> None:
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    layers = (Input(shape=(10,)), Embedding(tokens=8, width=8, padding=True), *TRAINED[name])
    network = sequential(*layers, Dense(units=2, activation="linear"))
    config = TrainingConfig(epochs=10, learning_rate=0.01, backend=backend, seed=2)
    task = order_task(network, config)
    ended = train_here(task)
    assert ended.reason == "finished"
    test = store.load(task.prepared).test
    plan = Network.of(network)
    outputs = plan.predict(NumpyOps(), ended.weights, np.array(test.x))
    assert np.mean(outputs.argmax(axis=1) == test.y) >= 0.97
    assert not ended.weights["l1"]["W"][0].any()


@pytest.mark.parametrize("name", TRAINED)
def test_whole_networks_have_right_gradients(name) -> None:
    layers = (Input(shape=(6,)), Embedding(tokens=8, width=4, padding=True), *TRAINED[name])
    network = sequential(*layers, Dense(units=2, activation="linear"))
    found = list(check_network(network, TrainingConfig(l2=0.01)))
    assert len(found) == sum(len(arrays) for arrays in Network.of(network).init(0).values())
    assert max(check.relative_error for check in found) <= 1e-6
