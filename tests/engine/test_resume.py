"""A run that was killed and resumed equals the run that never was; `tests/benchmarks/resume.py` does more."""

import dataclasses

import numpy as np
import pytest
from killed_runs import CASES, Outcome, killed, task_of, uninterrupted

from core.backend.choose import choose, probe
from core.training import checkpoint
from core.training.trainer import Trainer


@pytest.mark.parametrize(("case", "backend"), [("everything", "numpy"), ("plateau", "numpy"), ("everything", "mlx")])
def test_killed_at_random_points_and_resumed(tmp_path, case, backend) -> None:
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    task = task_of(case, backend, epochs=12)
    whole = uninterrupted(task)
    assert killed(task, tmp_path, steps=whole.steps, kills=2, seed=4) == whole


def test_outcomes_of_unlike_runs_differ() -> None:
    """The comparison itself: another seed gives other weights and other metrics."""
    task = task_of("dropout", "numpy", epochs=3)
    other = dataclasses.replace(task, config=dataclasses.replace(task.config, seed=8))
    a, b = uninterrupted(task), uninterrupted(other)
    assert a == uninterrupted(task)
    assert (a.weights != b.weights, a.metrics != b.metrics) == (True, True)
    assert isinstance(a, Outcome)


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("at", [9, 26])
def test_resumed_in_one_process(tmp_path, case, backend, at) -> None:
    """Every case, without the kill: the first `at` steps, a checkpoint, a new trainer, the rest."""
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    task, info = task_of(case, backend, epochs=4), choose(backend)
    whole, first, second = (Trainer(task, info) for _ in range(3))
    run(whole, None), run(first, at)
    checkpoint.write(first, tmp_path / "c.safetensors")
    checkpoint.restore(second, tmp_path / "c.safetensors")
    run(second, None)
    assert_equal(second, whole)


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
@pytest.mark.parametrize("changes", [{"batch_size": 16}, {"batch_size": 0}, {"batch_size": 3, "accumulate": 4}])
def test_a_batch_size_changed_on_the_way_outlives_a_resume(tmp_path, backend, changes) -> None:
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    task, info = task_of("one-cycle", backend, epochs=6), choose(backend)
    whole, first = (Trainer(task, info) for _ in range(2))
    for trainer in (whole, first):
        run(trainer, 17)  # in the middle of the second epoch
        trainer.change(dataclasses.replace(trainer.config, **changes))
    run(whole, None), run(first, 2)
    checkpoint.write(first, tmp_path / "c.safetensors")
    second = Trainer(dataclasses.replace(task, config=first.config), info)
    checkpoint.restore(second, tmp_path / "c.safetensors")
    assert second.config.batch_size == changes["batch_size"]
    assert second.epoch_steps_left == first.epoch_steps_left
    run(second, None)
    assert_equal(second, whole)


def run(trainer: Trainer, steps: int | None) -> None:
    while not trainer.ended and steps != 0:
        trainer.train_batch()
        steps = None if steps is None else steps - 1


def assert_equal(a: Trainer, b: Trainer) -> None:
    np.testing.assert_array_equal(a.step.flat(), b.step.flat())
    for one, other in zip(a.step.slot_arrays(), b.step.slot_arrays(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert a.marks == b.marks
    assert (a.message, a.progress.step) == (b.message, b.progress.step)
    for name in ("loss/train", "loss/validation", "metric/validation", "learning_rate"):
        for part in ("step", "mean"):
            np.testing.assert_array_equal(
                getattr(a.history().curves[name], part), getattr(b.history().curves[name], part)
            )
