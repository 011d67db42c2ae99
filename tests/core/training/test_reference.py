"""A hundred steps from the same weights on the same batches end where PyTorch's do, on both backends."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.backend.choose import probe
from core.layers.dense import Dense
from core.layers.input import Input
from core.losses import loss_for
from core.network import Network
from core.optimizers import AdamW, Lion, optimizer_from_json
from core.spec import TrainingConfig, sequential
from core.training.trainer import make_step

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "pytorch.json").read_text(encoding="utf-8"))
START, RUNS = REFERENCE["start"], REFERENCE["runs"]
DECAY = {"adamw": {"weight_decay": 0.3}}
NETWORK = sequential(
    Input(shape=(6,)),
    Dense(units=8, activation="tanh"),
    Dense(units=8, activation="relu"),
    Dense(units=3, activation="linear"),
)


def named(weights):
    return {f"l{i}": {"W": np.array(W), "b": np.array(b)} for i, (W, b) in enumerate(weights, start=1)}


def trained(backend, config):
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    loss = loss_for("softmax_cross_entropy")
    step = make_step(backend, Network.of(NETWORK, config), loss, config, named(START["weights"]))
    x, t = np.array(START["x"], np.float32), np.array(START["t"], np.int32)
    for i in range(START["steps"]):
        at = i * START["batch"] % len(x)
        step(x[at : at + START["batch"]], t[at : at + START["batch"]], config.learning_rate, 0)
    return step.params


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["kind"])
def test_a_hundred_steps_equal_pytorchs(backend, run) -> None:
    optimizer = optimizer_from_json({"kind": run["kind"], **DECAY.get(run["kind"], {})})
    clip = {name: run[name] for name in ("clip_norm", "clip_value")}
    found = trained(backend, TrainingConfig(optimizer=optimizer, learning_rate=run["rate"], **clip))
    for id, arrays in named(run["weights"]).items():
        for name, array in arrays.items():
            np.testing.assert_allclose(found[id][name], array, atol=1e-4, err_msg=f"{id} {name}")


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
