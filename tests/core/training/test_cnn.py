"""A convolutional network with batch norm and a skip connection: gradients of the whole, training, exact resume."""

from collections.abc import Callable

import numpy as np
import pytest

from core.backend.choose import choose, probe
from core.backend.numpy import NumpyOps
from core.data import load
from core.engine.messages import TrainingTask
from core.gradient_check import check_network
from core.layers.activation import Activation
from core.layers.add import Add
from core.layers.batch_norm import BatchNorm
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.flatten import Flatten
from core.layers.global_avg_pool import GlobalAvgPool
from core.layers.input import Input
from core.layers.max_pool import MaxPool
from core.layers.multiply import Multiply
from core.layers.reshape import Reshape
from core.layers.spatial_dropout import SpatialDropout
from core.losses import resolve
from core.network import Network
from core.resources import resource_path
from core.spec import DataSource, DataSpec, Edge, LayerSpec, NetworkSpec, TrainingConfig
from core.training import checkpoint
from core.training.headless import train_here
from core.training.step import NumpyStep
from core.training.trainer import Trainer


def residual() -> NetworkSpec:
    """64 pixels → 8×8×1 → convolution, then a residual block whose second way is gated per channel."""
    layers = {
        "input": Input(shape=(64,)),
        "image": Reshape(shape=(8, 8, 1)),
        "first": Conv2D(filters=8, activation="linear", use_bias=False),
        "norm": BatchNorm(),
        "bend": Activation(function="relu"),
        "pool": MaxPool(),
        "second": Conv2D(filters=8, groups=2, activation="tanh"),
        "norm2": BatchNorm(momentum=0.3),
        "mean": GlobalAvgPool(),
        "gate": Dense(units=8, activation="sigmoid"),
        "gated": Multiply(),
        "sum": Add(),
        "silence": SpatialDropout(rate=0.1),
        "row": Flatten(),
        "output": Dense(units=10, activation="linear"),
    }
    chain = ["input", "image", "first", "norm", "bend", "pool", "second", "norm2", "gated", "sum", "silence", "row"]
    ways = [*zip(chain, [*chain[1:], "output"], strict=True)]
    ways += [("norm2", "mean"), ("mean", "gate"), ("gate", "gated"), ("pool", "sum")]
    specs = tuple(LayerSpec(id, id, layer) for id, layer in layers.items())
    return NetworkSpec(specs, tuple(Edge(a, b) for a, b in ways))


@pytest.fixture
def make_digits(tmp_path) -> Callable[..., TrainingTask]:
    """make_digits(epochs=4, ...): the residual network on 8×8 digits. Three pixels are white in all of them and would
    be left out as constant; one black dot in each keeps the image whole."""
    rows = resource_path("data", "digits.csv").read_text().splitlines()
    names, first = rows[0].split(","), rows[1].split(",")
    white = [i for i in range(64) if len({row.split(",")[i] for row in rows[1:]}) == 1]
    dotted = [("16" if i in white else cell) for i, cell in enumerate(first)]
    path = tmp_path / "digits.csv"
    path.write_text("\n".join([",".join(names), ",".join(dotted), *rows[2:]]))
    prepared = load.prepare(DataSpec(DataSource("file", path=str(path))))

    def make(**settings) -> TrainingTask:
        return TrainingTask(residual(), TrainingConfig(**{"learning_rate": 0.01, **settings}), prepared)

    return make


def needs(backend: str) -> None:
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)


def test_gradients_of_the_whole_network_when_it_predicts() -> None:
    checks = list(check_network(residual(), TrainingConfig(l2=0.01)))
    assert {c.what.split(": ")[1] for c in checks} == {"W", "b", "gamma", "beta"}
    assert max(c.relative_error for c in checks) <= 1e-6


def test_gradients_of_the_whole_network_when_it_trains() -> None:
    """Through the batch's own mean and variance, all weights at once along a random direction."""
    config, ops = TrainingConfig(), NumpyOps(np.float64)
    network = Network.of(residual(), config)
    loss, rng = resolve("auto", "classification", 10), np.random.default_rng(3)
    x, t = rng.normal(size=(6, 64)), rng.integers(0, 10, 6)
    params = network.init(1)
    for arrays in params.values():
        for array in arrays.values():
            array += 0.05 * rng.normal(size=array.shape)

    def run(by: float, way: dict) -> tuple:
        moved = {
            id: {name: a + by * way.get(id, {}).get(name, 0) for name, a in arrays.items()}
            for id, arrays in params.items()
        }
        ys, caches, _ = network.forward(ops, moved, x, train=True, key=lambda id: ops.key(9))
        return *loss.forward(ops, ys[network.output], t), caches

    _, cache, caches = run(0.0, {})
    grads = network.backward(ops, params, caches, loss.backward(ops, cache))
    way = {id: {name: rng.normal(size=g.shape) for name, g in named.items()} for id, named in grads.items()}
    slope = sum(float((g * way[id][name]).sum()) for id, named in grads.items() for name, g in named.items())
    errors = [abs((run(e, way)[0] - run(-e, way)[0]) / (2 * e) / slope - 1) for e in (1e-5, 1e-6)]
    assert min(errors) <= 1e-6


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
def test_learns_digits(make_digits, backend) -> None:
    needs(backend)
    ended = train_here(make_digits(epochs=4, batch_size=64, backend=backend))
    assert ended.reason == "finished"
    assert ended.snapshot.latest["metric/validation"] >= 0.9
    assert not np.array_equal(ended.weights["norm"]["variance"], np.ones(8))


@pytest.mark.parametrize(("backend", "accumulate"), [("numpy", 1), ("numpy", 2), ("mlx", 1)])
def test_resumed_equals_uninterrupted_with_the_running_statistics(make_digits, tmp_path, backend, accumulate) -> None:
    needs(backend)
    task = make_digits(epochs=1, batch_size=128, accumulate=accumulate, backend=backend)
    info = choose(backend)
    whole, first = Trainer(task, info), Trainer(task, info)
    while not whole.ended:
        whole.train_batch()
    for _ in range(3):
        first.train_batch()
    checkpoint.write(first, tmp_path / "c.safetensors")
    second = Trainer(task, info)
    checkpoint.restore(second, tmp_path / "c.safetensors")
    for name in ("mean", "variance"):
        np.testing.assert_array_equal(second.step.params["norm"][name], first.step.params["norm"][name])
    while not second.ended:
        second.train_batch()
    np.testing.assert_array_equal(whole.step.flat(), second.step.flat())


def test_the_state_is_learned_in_training_alone() -> None:
    config = TrainingConfig()
    network = Network.of(residual(), config)
    step = NumpyStep(network, resolve("auto", "classification", 10), config, network.init(1))
    x, t = np.float32(np.random.default_rng(1).normal(size=(8, 64))), np.arange(8, dtype=np.int32)
    before = step.flat()
    first, _ = step.evaluate(x, t)
    np.testing.assert_array_equal(step.flat(), before)
    step(x, t, 0.0, 1)
    changed = step.flat() != before
    assert not changed[: step.layout.trained].any()
    assert changed[step.layout.trained :].all()
    assert step.evaluate(x, t)[0] != first
