"""The engine process as the window sees it: started, driven, killed, resumed, left behind."""

import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest

from core.engine.host import engine_main
from core.engine.messages import (
    AskSnapshot,
    AskWeights,
    Begin,
    Change,
    CheckpointWritten,
    Ended,
    Failed,
    Go,
    Pace,
    Pause,
    Ready,
    Shutdown,
    SnapshotReply,
    Stop,
    Subscribe,
    WeightsReply,
)
from core.engine.process import ChildProcess
from core.training.headless import train_here

SECONDS = 20.0


class Engine:
    """A started engine; `until` collects messages until one satisfies the question."""

    def __init__(self) -> None:
        self.child = ChildProcess(engine_main, 1, name="engine")
        self.messages: list = []
        self._unread: list = []

    def send(self, *commands) -> None:
        for command in commands:
            self.child.send(command)

    def until(self, wanted: Callable[[object], bool], *, ask: bool = False):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if ask:
                self.send(AskSnapshot())
            self._unread += self.child.wait(0.05)
            while self._unread:
                message = self._unread.pop(0)
                self.messages.append(message)
                if wanted(message):
                    return message
        raise AssertionError(f"no such message in {SECONDS} s; got {sorted({type(m).__name__ for m in self.messages})}")

    def snapshot(self, wanted: Callable = lambda shot: True):
        found = self.until(lambda m: isinstance(m, SnapshotReply) and m.snapshot and wanted(m.snapshot), ask=True)
        return found.snapshot


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.child.kill()


def kind(*types: type) -> Callable[[object], bool]:
    return lambda message: isinstance(message, types)


def test_trains_to_the_end_and_equals_training_here(engine, make_task) -> None:
    task = make_task("iris", epochs=5)
    engine.send(Begin(1, task), Go(1))
    assert engine.until(kind(Ready)).chosen.name in ("numpy", "mlx")
    ended = engine.until(kind(Ended))
    assert (ended.run_id, ended.reason) == (1, "finished")
    here = train_here(task)
    for id, arrays in here.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, ended.weights[id][name])


def test_steps_pauses_goes_on_and_stops(engine, make_task) -> None:
    engine.send(Begin(1, make_task("iris", epochs=1_000_000)), Go(1, steps=3))
    assert engine.snapshot(lambda s: s.state == "paused" and s.step > 0).step == 3
    engine.send(Go(1))
    running = engine.snapshot(lambda s: s.state == "running" and s.step > 100)
    assert running.steps_per_second > 0
    assert running.seconds_left is not None
    engine.send(Pause(1))
    paused = engine.snapshot(lambda s: s.state == "paused" and s.step >= running.step)
    time.sleep(0.1)
    engine.send(AskWeights(1), Stop(1))
    assert engine.until(kind(WeightsReply)).weights.keys() == {"l1", "l2", "l3"}
    ended = engine.until(kind(Ended))
    assert (ended.reason, ended.snapshot.step) == ("stopped", paused.step)


def test_change_acts_while_running(engine, make_task) -> None:
    task = make_task("iris", epochs=1_000_000)
    engine.send(Begin(1, task), Go(1))
    engine.snapshot(lambda s: s.step > 10)
    engine.send(Change(1, dataclasses.replace(task.config, l2=0.5)))
    shot = engine.snapshot(lambda s: s.history.marks)
    assert "L2 0 → 0.5" in shot.history.marks[0].text
    assert engine.snapshot(lambda s: "penalty" in s.latest).latest["penalty"] > 0


def test_messages_of_an_older_run_are_ignored(engine, make_task) -> None:
    engine.send(Begin(1, make_task("iris", epochs=1_000_000)), Go(1), Begin(2, make_task("iris", epochs=3)))
    engine.send(Stop(1), Pause(1), Go(2))
    ended = engine.until(kind(Ended))
    assert (ended.run_id, ended.reason) == (2, "finished")
    assert not [m for m in engine.messages if isinstance(m, Ended) and m.run_id == 1]


def test_wild_clicking_ends_in_order(engine, make_task) -> None:
    rng = np.random.default_rng(4)
    for run in range(1, 30):
        engine.send(Begin(run, make_task("iris", epochs=1_000_000)))
        for _ in range(5):
            engine.send([Go(run), Pause(run), Go(run, 1), Stop(run), AskSnapshot()][rng.integers(5)])
    engine.send(Begin(99, make_task("iris", epochs=2)), Go(99))
    assert engine.until(lambda m: isinstance(m, Ended) and m.run_id == 99).reason == "finished"
    assert not [m for m in engine.messages if isinstance(m, Failed)]


def test_tensors_come_only_when_asked_for(engine, make_task) -> None:
    engine.send(Begin(1, make_task("spirals", epochs=1_000_000)), Go(1))
    assert not engine.snapshot(lambda s: s.step > 5).tensors
    engine.send(Subscribe(("weights", "gradient", "surface", "activation")))
    tensors = engine.snapshot(lambda s: "gradient/l1/W" in s.tensors).tensors
    assert tensors["weights/l1/W"].shape == (2, 8)
    assert tensors["surface/l2"].shape[0] == 8
    assert tensors["surface/extent"].shape == (4,)
    assert tensors["activation/l4"].shape == (2,)
    engine.send(Subscribe(()))
    engine.snapshot(lambda s: not s.tensors)


def test_pace_slows_a_run_down_and_lets_go_again(engine, make_task) -> None:
    engine.send(Pace(20.0), Begin(1, make_task("iris", epochs=1_000_000)), Go(1))
    first = engine.snapshot(lambda s: s.step >= 2)
    began = time.monotonic()
    second = engine.snapshot(lambda s: s.step >= first.step + 10)
    rate = (second.step - first.step) / (time.monotonic() - began)
    assert 10 < rate < 30
    engine.send(Pace(None))
    engine.snapshot(lambda s: s.step > second.step + 1000)


def test_a_refused_run_is_told_in_words_and_the_engine_lives(engine, make_task) -> None:
    task = make_task("iris", hidden=(4,))
    bad = dataclasses.replace(task, prepared=dataclasses.replace(task.prepared, folder="/nowhere"))
    engine.send(Begin(1, bad), Go(1))
    failed = engine.until(kind(Failed))
    assert failed.run_id == 1
    assert failed.message
    engine.send(Begin(2, make_task("iris", epochs=1)), Go(2))
    assert engine.until(kind(Ended)).run_id == 2


def test_killed_while_training_resumes_from_its_checkpoint_bit_for_bit(engine, make_task, tmp_path) -> None:
    task = make_task("iris", epochs=1500, dropout=0.2, folder=str(tmp_path))
    engine.send(Begin(1, task), Go(1, 1000))
    written = engine.until(kind(CheckpointWritten))
    engine.send(Go(1))
    engine.until(lambda m: isinstance(m, SnapshotReply) and m.snapshot and m.snapshot.step > 1000, ask=True)
    os.kill(engine.child.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while engine.child.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "killed" in engine.child.death()
    resumed = train_here(dataclasses.replace(task, resume_from=written.path, checkpoint_folder=""))
    whole = train_here(dataclasses.replace(task, checkpoint_folder=""))
    assert 0 < written.step < whole.snapshot.step
    for id, arrays in whole.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, resumed.weights[id][name])


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="real-time signals are of Linux")
def test_death_by_a_signal_without_a_name_is_told_too() -> None:
    child = ChildProcess(engine_main, 1, name="engine")
    os.kill(child.pid, signal.SIGRTMIN + 3)
    deadline = time.monotonic() + 5
    while child.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert child.death() == f"signal {int(signal.SIGRTMIN) + 3}"
    child.kill()


def test_checkpoints_and_ends_when_the_window_is_gone(make_task, tmp_path) -> None:
    engine = Engine()
    engine.send(Begin(1, make_task("iris", epochs=1_000_000, folder=str(tmp_path))), Go(1))
    engine.snapshot(lambda s: s.step > 10)
    process = psutil.Process(engine.child.pid)
    engine.child._pipe.close()  # what the operating system does when the window dies
    process.wait(5)
    assert (tmp_path / "latest.safetensors").exists()
    engine.child.kill()


def test_shutdown_ends_a_busy_engine_within_two_seconds(make_task) -> None:
    engine = Engine()
    engine.send(Begin(1, make_task("iris", epochs=1_000_000)), Go(1))
    engine.snapshot(lambda s: s.step > 10)
    began = time.monotonic()
    engine.send(Shutdown())
    engine.child.close(2.0)
    assert time.monotonic() - began < 2.0


def test_a_disk_that_refuses_checkpoints_does_not_end_the_run(engine, make_task, tmp_path) -> None:
    missing = tmp_path / "gone"
    engine.send(Begin(1, make_task("iris", epochs=1_000_000, folder=str(missing))), Go(1))
    problem = engine.until(kind(CheckpointWritten))
    assert problem.path == ""
    assert problem.problem
    engine.snapshot(lambda s: s.state == "running")
