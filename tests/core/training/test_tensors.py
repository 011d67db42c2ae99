"""What a snapshot carries of networks with one input: every layer's output along it."""

import numpy as np

from core.backend.choose import choose
from core.data import load
from core.engine.messages import TrainingTask
from core.spec import DataSource, DataSpec, TrainingConfig, mlp
from core.training import tensors
from core.training.trainer import Trainer


def test_one_input_gives_curves_of_every_layer() -> None:
    prepared = load.prepare(DataSpec(DataSource("generator", "sine", rows=80)))
    network = mlp(1, (5, 3), 1, activation="tanh")
    trainer = Trainer(TrainingTask(network, TrainingConfig(backend="numpy"), prepared), choose("numpy"))
    kept = tensors.collect(trainer, ("surface",))
    assert set(kept) == {"curve/extent", "curve/l0", "curve/l1", "curve/l2", "curve/l3"}
    assert kept["curve/l1"].shape == (5, tensors.LINE)
    x0, x1 = kept["curve/extent"]
    low, high = trainer.train.x.min(), trainer.train.x.max()
    assert x0 < low < high < x1
    np.testing.assert_allclose(kept["curve/l0"][0], np.linspace(x0, x1, tensors.LINE), rtol=1e-5)
    weights = trainer.step.params["l1"]
    wanted = np.tanh(kept["curve/l0"].T @ np.asarray(weights["W"]) + np.asarray(weights["b"]))
    np.testing.assert_allclose(kept["curve/l1"].T, wanted, atol=1e-5)


def test_more_inputs_have_no_curves() -> None:
    prepared = load.prepare(DataSpec(DataSource("generator", "moons", rows=80)))
    task = TrainingTask(mlp(2, (3,), 2), TrainingConfig(backend="numpy"), prepared)
    kept = tensors.collect(Trainer(task, choose("numpy")), ("surface",))
    assert "surface/extent" in kept
    assert not any(name.startswith("curve/") for name in kept)
