"""Gradients gathered over several batches, and what holds weights back, by hand and on both backends."""

import dataclasses

import numpy as np
import pytest

from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.flatten import Flatten
from core.layers.input import Input
from core.losses import loss_for
from core.network import Network
from core.optimizers import SGD, Adam, AdamW
from core.spec import TrainingConfig, sequential
from core.training.trainer import Trainer, make_step

BACKENDS = ["numpy", "mlx"]
RATE = 0.1


def network_of(**hypers):
    """The hyper-parameters are those of the first layer alone."""
    return sequential(Input(shape=(6,)), Dense(units=5, activation="tanh", **hypers), Dense(units=3))


def rows(count: int, seed: int = 3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 6)).astype(np.float32), rng.integers(0, 3, count).astype(np.int32)


def step_of(name, config, network=None):
    compiled = Network.of(network or network_of(), config)
    start = compiled.init(config.seed)
    rng = np.random.default_rng(8)
    start = {id: {k: a + 0.5 * rng.normal(size=a.shape) for k, a in arrays.items()} for id, arrays in start.items()}
    return make_step(name, compiled, loss_for("softmax_cross_entropy"), config, start)


def moved(name, config, network=None, *, count=32):
    """(parameters before, after, gradient) of one step."""
    step = step_of(name, config, network)
    before = step.layout.views(step.flat())
    step(*rows(count), config.learning_rate, 0)
    return before, step.layout.views(step.flat()), step.layout.views(step.gradient().copy())


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("settings", [
    {}, {"clip_norm": 0.01, "l2": 0.1}, {"max_norm": 0.7, "l1": 0.01}, {"optimizer": AdamW(weight_decay=0.2)},
], ids=["plain", "clipped", "max-norm", "decayed"])  # fmt: skip
@pytest.mark.parametrize("count", [32, 29, 3])
def test_four_batches_of_eight_are_one_of_thirty_two(backend_or_skip, name, settings, count) -> None:
    backend_or_skip(name)
    settings = {"optimizer": Adam(), "learning_rate": RATE, **settings}
    whole = step_of(name, TrainingConfig(batch_size=32, **settings))
    parts = step_of(name, TrainingConfig(batch_size=8, accumulate=4, **settings))
    for i in range(5):
        batch = rows(count, seed=i)
        one, several = (step(*batch, RATE, 0) for step in (whole, parts))
        assert several == pytest.approx(one, rel=1e-5)
    np.testing.assert_allclose(parts.gradient(), whole.gradient(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(parts.flat(), whole.flat(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_run_that_gathers_takes_as_many_steps_as_one_with_the_large_batch(make_task, backend_or_skip, name) -> None:
    info = backend_or_skip(name)
    large = Trainer(make_task("iris", epochs=4, batch_size=32), info)
    gathered = Trainer(make_task("iris", epochs=4, batch_size=8, accumulate=4), info)
    assert gathered.steps_per_epoch == large.steps_per_epoch == 3
    for trainer in (large, gathered):
        while not trainer.ended:
            trainer.train_batch()
    assert gathered.progress.step == large.progress.step == 12
    np.testing.assert_allclose(gathered.step.flat(), large.step.flat(), rtol=1e-3, atol=1e-5)
    full = Trainer(make_task("iris", batch_size=0, accumulate=4), info)
    assert (full.steps_per_epoch, full.batch_rows) == (1, 90)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("whose", ["layer", "all"])
def test_penalties_by_hand(backend_or_skip, name, whose) -> None:
    """The layer's own values act on its W alone, those of the settings on every W; never on a bias."""
    backend_or_skip(name)
    rules = {"l1": 0.02, "l2": 0.3}
    config = TrainingConfig(optimizer=SGD(), learning_rate=RATE, **(rules if whose == "all" else {}))
    before, after, _ = moved(name, config, network_of(**(rules if whose == "layer" else {})))
    plain = moved(name, TrainingConfig(optimizer=SGD(), learning_rate=RATE))[2]
    for id in ("l1", "l2"):
        W, dW = before[id]["W"], plain[id]["W"]
        held = whose == "all" or id == "l1"
        wanted = W - RATE * (dW + 0.3 * W + 0.02 * np.sign(W)) if held else W - RATE * dW
        np.testing.assert_allclose(after[id]["W"], wanted, atol=1e-6)
        np.testing.assert_allclose(after[id]["b"], before[id]["b"] - RATE * plain[id]["b"], atol=1e-6)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("whose", ["layer", "all"])
def test_decoupled_decay_by_hand(backend_or_skip, name, whose) -> None:
    """w ← (1 - η λ) w, then the step; a layer's own λ acts under any optimizer."""
    backend_or_skip(name)
    optimizer = AdamW(weight_decay=0.4) if whose == "all" else Adam()
    config = TrainingConfig(optimizer=optimizer, learning_rate=RATE)
    before, after, _ = moved(name, config, network_of(**({"weight_decay": 0.4} if whose == "layer" else {})))
    _, plain, _ = moved(name, TrainingConfig(optimizer=Adam(), learning_rate=RATE))
    for id in ("l1", "l2"):
        share = 0.4 if whose == "all" or id == "l1" else 0.0
        np.testing.assert_allclose(after[id]["W"], plain[id]["W"] - RATE * share * before[id]["W"], atol=1e-6)
        np.testing.assert_allclose(after[id]["b"], plain[id]["b"], atol=1e-6)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_layers_zero_frees_it_from_the_settings(backend_or_skip, name) -> None:
    backend_or_skip(name)
    config = TrainingConfig(optimizer=SGD(), learning_rate=RATE, l1=0.1, l2=0.5, max_norm=0.1)
    free = network_of(l1=0.0, l2=0.0, max_norm=0.0)
    _, after, _ = moved(name, config, free)
    _, plain, _ = moved(name, TrainingConfig(optimizer=SGD(), learning_rate=RATE))
    np.testing.assert_allclose(after["l1"]["W"], plain["l1"]["W"], atol=1e-6)
    assert np.linalg.norm(after["l2"]["W"], axis=0).max() <= 0.1 + 1e-6


@pytest.mark.parametrize("name", BACKENDS)
def test_max_norm_shortens_what_is_longer_and_leaves_the_rest(backend_or_skip, name) -> None:
    backend_or_skip(name)
    images = sequential(Input(shape=(3, 2, 1)), Conv2D(filters=4, kernel=(2, 2)), Flatten(), Dense(units=3))
    for network in (network_of(max_norm=0.9), None):
        config = TrainingConfig(optimizer=SGD(), learning_rate=RATE, max_norm=0.9)
        spec = network or images
        step = step_of(name, config, spec)
        loose = step_of(name, dataclasses.replace(config, max_norm=0.0), spec)
        if network is not None:
            loose = step_of(name, dataclasses.replace(config, max_norm=0.0), network_of())
        x, t = rows(16)
        for each in (step, loose):
            each(x.reshape(16, *spec.layers[0].layer.shape), t, RATE, 0)
        tight, free = (each.layout.views(each.flat()) for each in (step, loose))
        for id, arrays in tight.items():
            W, F = (a["W"].reshape(-1, a["W"].shape[-1]) for a in (arrays, free[id]))
            lengths = np.linalg.norm(F, axis=0)
            np.testing.assert_allclose(W, F * np.minimum(1, 0.9 / lengths), atol=1e-6)
            np.testing.assert_allclose(arrays["b"], free[id]["b"], atol=1e-7)
        assert any((np.linalg.norm(a["W"].reshape(-1, a["W"].shape[-1]), axis=0) > 0.9).any() for a in free.values())
