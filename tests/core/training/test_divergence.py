"""Training that breaks stops, keeps the last finite weights, and names the step and the layer."""

import dataclasses

import numpy as np
import pytest

from core.backend.choose import choose
from core.layers.activation import Activation
from core.layers.batch_norm import BatchNorm
from core.layers.dense import Dense
from core.layers.input import Input
from core.layers.lstm import LSTM
from core.layers.reshape import Reshape
from core.optimizers import SGD
from core.spec import sequential
from core.training.trainer import Trainer

BACKENDS = ["numpy", "mlx"]


def with_layers(task, *layers):
    outputs = task.network.layers[-1].layer
    shape = task.prepared.row_shape
    return dataclasses.replace(task, network=sequential(Input(shape=shape), *layers, outputs))


def norm_layers():
    return (Dense(units=8, activation="linear"), BatchNorm(), Activation(function="relu"))


def recurrent_layers():
    return (Reshape(shape=(4, 1)), LSTM(units=5))


def trained(task, backend):
    trainer = Trainer(task, backend)
    with np.errstate(all="ignore"):
        while not trainer.ended:
            trainer.train_batch()
    return trainer


def all_finite(trainer) -> bool:
    kept = (trainer.weights(best=best) for best in (True, False))
    return all(np.isfinite(a).all() for weights in kept for named in weights.values() for a in named.values())


@pytest.mark.parametrize("layers", [norm_layers, recurrent_layers])
@pytest.mark.parametrize("name", BACKENDS)
def test_an_absurd_rate_is_told_with_its_layer(make_task, backend_or_skip, layers, name) -> None:
    task = make_task("iris", epochs=300, learning_rate=99.0, l2=100.0, optimizer=SGD())
    trainer = trained(with_layers(task, *layers()), backend_or_skip(name))
    assert trainer.ended == "diverged"
    assert f"became infinite at step {trainer.progress.step:,}, " in trainer.message.replace("not a number", "infinite")
    assert "in layer " in trainer.message
    assert trainer.remedy == {"learning_rate": pytest.approx(9.9)}
    assert all_finite(trainer)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_broken_gradient_is_found_while_the_loss_is_still_a_number(make_task, backend_or_skip, name) -> None:
    """At this step, not at the next, when all is broken."""
    trainer = Trainer(make_task("iris", hidden=(6, 5), epochs=50), backend_or_skip(name))
    trainer.train_batch()
    honest = trainer.step.norms
    trainer.step.norms = lambda held: honest(held) | {"l1": (np.nan, 1.0, 1.0)}
    trainer._sample_at = 0.0
    trainer.train_batch()
    assert trainer.ended == "diverged"
    assert "gradient became not a number at step 2" in trainer.message
    assert np.isfinite(trainer.curves["loss/train"].latest)


@pytest.mark.parametrize("name", BACKENDS)
def test_running_statistics_that_burst_are_named(make_task, backend_or_skip, name) -> None:
    trainer = Trainer(with_layers(make_task("iris", epochs=5), *norm_layers()), backend_or_skip(name))
    while trainer.epoch_steps_left > 1:
        trainer.train_batch()
    flat = trainer.step.flat()
    flat[trainer.step.layout.trained] = np.inf
    trainer.step.restore(flat, trainer.step.slot_arrays(), trainer.step.count)
    with np.errstate(all="ignore"):
        trainer.train_batch()
    assert trainer.ended == "diverged"
    assert "running statistics became infinite" in trainer.message
    assert "first seen in layer hidden 2" in trainer.message
    assert all_finite(trainer)


def test_the_layer_named_is_the_last_one_with_a_broken_gradient(make_task) -> None:
    trainer = Trainer(make_task("iris", hidden=(6, 5), epochs=50), choose("numpy"))
    trainer.train_batch()
    for id in ("l1", "l2"):
        trainer.step.g[trainer.step.spans[id]] = np.nan
    trainer._diverge("loss", float("nan"))
    assert "first seen in layer hidden 2" in trainer.message
