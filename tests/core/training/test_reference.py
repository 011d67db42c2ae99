"""A hundred steps from the same weights on the same batches end where PyTorch's do, on both backends."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.backend.choose import probe
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.flatten import Flatten
from core.layers.input import Input
from core.layers.max_pool import MaxPool
from core.losses import loss_for
from core.network import Network
from core.optimizers import AdamW, Lion, optimizer_from_json
from core.spec import TrainingConfig, sequential
from core.training.trainer import make_step

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE, CNN = (json.loads((FOLDER / name).read_text("utf-8")) for name in ("pytorch.json", "pytorch_cnn.json"))
START, RUNS = REFERENCE["start"], REFERENCE["runs"]
DECAY = {"adamw": {"weight_decay": 0.3}}
NETWORK = sequential(
    Input(shape=(6,)),
    Dense(units=8, activation="tanh"),
    Dense(units=8, activation="relu"),
    Dense(units=3, activation="linear"),
)
IMAGE_NETWORK = sequential(
    Input(shape=(8, 8, 1)),
    Conv2D(filters=4, kernel=(3, 3), padding="same", activation="relu"),
    MaxPool(size=2),
    Conv2D(filters=6, kernel=(3, 3), padding="valid", activation="relu"),
    Flatten(),
    Dense(units=3, activation="linear"),
)
IMAGE_LAYERS = ("l1", "l3", "l5")  # those with weights


def named(weights, ids=("l1", "l2", "l3")):
    return {id: {"W": np.array(W), "b": np.array(b)} for id, (W, b) in zip(ids, weights, strict=True)}


def trained(backend, config, *, network=NETWORK, start=START, ids=("l1", "l2", "l3")):
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    loss = loss_for("softmax_cross_entropy")
    step = make_step(backend, Network.of(network, config), loss, config, named(start["weights"], ids))
    x, t = np.array(start["x"], np.float32), np.array(start["t"], np.int32)
    for i in range(start["steps"]):
        at = i * start["batch"] % len(x)
        step(x[at : at + start["batch"]], t[at : at + start["batch"]], config.learning_rate, 0)
    return step.params


def assert_near(found, wanted) -> None:
    for id, arrays in wanted.items():
        for name, array in arrays.items():
            np.testing.assert_allclose(found[id][name], array, atol=1e-4, err_msg=f"{id} {name}")


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["kind"])
def test_a_hundred_steps_equal_pytorchs(backend, run) -> None:
    optimizer = optimizer_from_json({"kind": run["kind"], **DECAY.get(run["kind"], {})})
    clip = {name: run[name] for name in ("clip_norm", "clip_value")}
    found = trained(backend, TrainingConfig(optimizer=optimizer, learning_rate=run["rate"], **clip))
    assert_near(found, named(run["weights"]))


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
@pytest.mark.parametrize("run", CNN["runs"], ids=lambda run: run["kind"])
def test_a_hundred_steps_of_a_convolutional_network_equal_pytorchs(backend, run) -> None:
    config = TrainingConfig(optimizer=optimizer_from_json({"kind": run["kind"]}), learning_rate=run["rate"])
    found = trained(backend, config, network=IMAGE_NETWORK, start=CNN["start"], ids=IMAGE_LAYERS)
    assert_near(found, named(run["weights"], IMAGE_LAYERS))


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
@pytest.mark.parametrize("cls", [AdamW, Lion])
def test_weight_decay_leaves_biases_alone(backend, cls) -> None:
    class Still(cls):
        def update(self, ops, p, g, slots, c):
            return p, slots

    found = trained(backend, TrainingConfig(optimizer=Still(weight_decay=0.5), learning_rate=0.01))
    for id, arrays in named(START["weights"]).items():
        np.testing.assert_allclose(found[id]["W"], arrays["W"] * (1 - 0.01 * 0.5) ** START["steps"], rtol=1e-4)
        np.testing.assert_allclose(found[id]["b"], arrays["b"], rtol=1e-6)
