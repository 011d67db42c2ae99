"""The forecast of memory beside what a run really takes, and the refusal of what cannot fit."""

import dataclasses
import math
import tracemalloc

import numpy as np
import pytest

from core import forecast
from core.backend.choose import choose
from core.layers.attention import Attention
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.flatten import Flatten
from core.layers.input import Input
from core.layers.lstm import LSTM
from core.layers.max_pool import MaxPool
from core.layers.reshape import Reshape
from core.losses import loss_for
from core.network import Network
from core.spec import TrainingConfig, sequential
from core.training import lanes
from core.training import trainer as trainer_module
from core.training.trainer import Trainer, make_step
from core.validation import check

ROWS = 128
NETWORKS = {
    "MLP": (Dense(units=256), Dense(units=256)),
    "CNN": (Reshape(shape=(16, 16, 1)), Conv2D(filters=16), MaxPool(), Conv2D(filters=32), Flatten()),
    "LSTM": (Reshape(shape=(16, 16)), LSTM(units=128)),
    "attention": (Reshape(shape=(16, 16)), Attention(heads=4), Flatten()),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rows", [ROWS, 4 * ROWS])
def test_the_forecast_is_within_a_factor_of_two(name, rows) -> None:
    network = sequential(Input(shape=(256,)), *NETWORKS[name], Dense(units=10, activation="linear"))
    config = TrainingConfig(batch_size=rows)
    compiled, loss = Network.of(network, config), loss_for("softmax_cross_entropy")
    start = compiled.init(1)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(rows, 256)).astype(np.float32), rng.integers(0, 10, rows).astype(np.int32)
    tracemalloc.start(1)
    try:
        step = make_step("numpy", compiled, loss, config, start)
        for _ in range(3):
            step(x, t, 0.001, 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    foreseen = forecast.network_cost(network, check(network), optimizer=config.optimizer, batch=rows).memory
    in_parts = rows * max(math.prod(shape) for shape in compiled.shapes) > lanes.WIDE  # in the memory of one of them
    assert (0.1 if in_parts else 0.5) <= peak / foreseen <= 2.0


def test_rows_are_measured_in_no_more_memory_than_is_set_aside(make_task, monkeypatch) -> None:
    """A validation part of thousands of pictures must not need thousands of times the memory of one."""
    monkeypatch.setattr(forecast, "PASS_BYTES", 4 * 10 * (4 + 6 + 3))
    trainer = Trainer(make_task("iris", hidden=(6,)), choose("numpy"))
    sizes = []
    honest = trainer.step.evaluate

    def evaluate(x, t):
        sizes.append(len(x))
        return honest(x, t)

    trainer.step.evaluate = evaluate
    in_parts = trainer.measure(trainer.validation)
    assert sizes == [10, 10, 10]
    monkeypatch.setattr(forecast, "PASS_BYTES", 1 << 30)
    assert in_parts == pytest.approx(trainer.measure(trainer.validation))


def test_a_batch_too_large_for_this_computer_can_be_gathered(make_task, monkeypatch) -> None:
    """What counts is what is computed at once."""
    task = make_task("iris", hidden=(64,), batch_size=0)
    small = dataclasses.replace(task, config=dataclasses.replace(task.config, accumulate=30))
    needed = [
        forecast.network_cost(
            task.network, check(task.network), optimizer=task.config.optimizer, batch=batch
        ) for batch in (90, 3)
    ]  # fmt: skip
    limit = needed[1].memory + trainer_module.COPIES * needed[1].parameter_bytes
    monkeypatch.setattr(trainer_module, "physical_memory", lambda: limit)
    with pytest.raises(Exception, match="too large for this computer"):
        Trainer(task, choose("numpy"))
    assert Trainer(small, choose("numpy")).batch_rows == 90
