import dataclasses
import queue

import numpy as np
import pytest

from core.backend.choose import choose, probe
from core.engine.messages import (
    Begin,
    CancelLearningRate,
    Ended,
    FindLearningRate,
    Go,
    LearningRateFound,
    Pause,
    Shutdown,
)
from core.losses import LOSSES
from core.optimizers import SGD, Momentum
from core.training import range_test
from core.training.headless import find_here, train_here
from core.training.thread import TrainingThread
from core.training.trainer import Trainer

NUMPY = choose("numpy")


@pytest.mark.parametrize(("data", "settings", "low", "high"), [
    ("iris", {}, 0.003, 0.05),
    ("iris", {"optimizer": SGD()}, 0.05, 1.0),
    ("diabetes", {}, 0.003, 0.1),
    ("diabetes", {"optimizer": Momentum()}, 1e-4, 0.03),
    ("spirals", {}, 0.003, 0.1),
])  # fmt: skip
def test_the_suggestion_is_of_the_right_size(make_task, data, settings, low, high) -> None:
    with np.errstate(all="ignore"):
        found = range_test.find(make_task(data, **settings), NUMPY)
    assert found.suggestion is not None
    assert low <= found.suggestion <= high
    assert f"{found.suggestion:g}" in found.message
    assert found.rates[0] == pytest.approx(1e-6)
    assert 2 < len(found.rates) == len(found.losses) <= range_test.MOST_BATCHES
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(1e7) / 199, rtol=1e-9)
    assert np.isfinite(found.losses).all()
    assert found.losses.max() <= found.losses[0] + 4 * abs(found.losses.min()) + 1


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
def test_a_suggested_rate_trains_better_than_a_hundredth_or_hundred_times_of_it(make_task, backend) -> None:
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    task = make_task("iris", epochs=15, backend=backend)
    rate = find_here(task).suggestion

    def best(rate: float) -> float:
        config = dataclasses.replace(task.config, learning_rate=rate)
        return train_here(dataclasses.replace(task, config=config)).snapshot.latest["best/validation"]

    assert best(rate) < min(best(rate / 100), best(100 * rate))


def test_the_same_task_gives_the_same_curve(make_task) -> None:
    a, b = (range_test.find(make_task("iris", dropout=0.2), NUMPY) for _ in range(2))
    np.testing.assert_array_equal(a.losses, b.losses)


def test_a_slow_network_gets_fewer_batches(make_task, monkeypatch) -> None:
    trainer = Trainer(make_task("iris"), NUMPY)
    assert range_test._batches(trainer, lambda: True) == range_test.MOST_BATCHES
    monkeypatch.setattr(range_test, "SECONDS", 1e-6)
    before = trainer.progress.step
    assert range_test._batches(trainer, lambda: True) == range_test.FEWEST_BATCHES
    assert trainer.progress.step == before + 1
    assert len(range_test.find(make_task("iris"), NUMPY).rates) < 10


def test_what_cannot_be_learned_gets_no_suggestion(make_task, monkeypatch) -> None:
    monkeypatch.setattr(range_test, "LAST", 2e-6)
    found = range_test.find(make_task("iris"), NUMPY)
    assert found.suggestion is None
    assert "did not fall" in found.message


def commanded(*commands) -> list:
    """What the thread tells until it has ended; a callable among the commands is called with the events so far."""
    events: queue.SimpleQueue = queue.SimpleQueue()
    thread = TrainingThread(events.put)
    for command in commands:
        thread.send(command)
    thread.send(Shutdown())
    thread.run()
    return [events.get() for _ in range(events.qsize())]


def test_a_run_is_not_touched(make_task) -> None:
    task = make_task("iris", epochs=3, dropout=0.1)
    alone = train_here(task)
    events: queue.SimpleQueue = queue.SimpleQueue()
    thread = TrainingThread(events.put)
    thread.start()
    for command in (Begin(1, task), Go(1, 5), Pause(1), FindLearningRate(1, task)):
        thread.send(command)
    found = events.get(timeout=20)
    thread.send(FindLearningRate(2, task))
    thread.send(Go(1))  # a person goes on: the second test gives way
    given_up, ended = events.get(timeout=20), events.get(timeout=20)
    thread.send(Shutdown())
    thread.join(10)
    assert isinstance(found, LearningRateFound)
    assert found.result.suggestion is not None
    assert "stopped" in given_up.result.message
    assert isinstance(ended, Ended)
    for id, arrays in alone.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(ended.weights[id][name], array)


def test_a_running_run_is_not_disturbed(make_task) -> None:
    task = make_task("iris", epochs=10**6)
    (found,) = commanded(Begin(1, task), Go(1), FindLearningRate(4, task))
    assert found.request == 4
    assert "run goes on" in found.result.message


def test_a_newer_command_ends_the_test_and_is_obeyed(make_task) -> None:
    task = make_task("iris", epochs=1)
    first, second = commanded(FindLearningRate(1, task), FindLearningRate(2, task), CancelLearningRate())
    assert [first.request, second.request] == [1, 2]
    assert "stopped" in first.result.message
    assert "stopped" in second.result.message


def test_what_cannot_be_trained_is_said(make_task) -> None:
    task = make_task("iris")
    task = dataclasses.replace(task, config=dataclasses.replace(task.config, loss="mse"))
    (found,) = commanded(FindLearningRate(1, task))
    assert "does not fit" in found.result.message
    assert not len(found.result.rates)


@pytest.mark.parametrize("kind", [kind for kind, loss in LOSSES.items() if loss.task == "regression"])
def test_every_loss_for_numbers_can_be_swept(make_task, kind) -> None:
    with np.errstate(all="ignore"):
        found = range_test.find(make_task("diabetes", loss=kind), NUMPY)
    assert found.suggestion is not None
