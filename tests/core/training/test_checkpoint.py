"""A run that is resumed from a checkpoint equals the run that was never interrupted, bit for bit."""

import dataclasses

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from core.backend.choose import choose, probe
from core.errors import UserInputError
from core.optimizers import SGD, AdamW, Lion, NAdam, Nesterov
from core.schedules import Cosine, OneCycle, Plateau
from core.training import checkpoint
from core.training.headless import train_here
from core.training.thread import TrainingThread
from core.training.trainer import Trainer

EXACT = ("learning_rate", "loss/train", "loss/validation", "metric/validation", "penalty")


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
@pytest.mark.parametrize("settings", [
    {"dropout": 0.3},
    {"l2": 0.01, "optimizer": Nesterov()},
    {"early_stopping": 5},
    {"optimizer": AdamW(weight_decay=0.1), "schedule": OneCycle(), "clip_norm": 0.5},
    {"optimizer": NAdam(), "schedule": Plateau(patience=1), "learning_rate": 0.5, "clip_value": 0.1},
    {"optimizer": Lion(), "schedule": Cosine(warm_up=0.2), "class_weights": "balanced", "label_smoothing": 0.1},
])  # fmt: skip
@pytest.mark.parametrize("at", [1, 7, 23])
def test_resumed_equals_uninterrupted(make_task, tmp_path, backend, settings, at) -> None:
    if backend == "mlx" and probe().name != "mlx":
        pytest.skip(probe().why)
    info = choose(backend)
    task = make_task("iris", epochs=15, **settings)
    whole, first = Trainer(task, info), Trainer(task, info)
    while not whole.ended:
        whole.train_batch()
    for _ in range(at):
        first.train_batch()
    checkpoint.write(first, tmp_path / "c.safetensors")
    second = Trainer(task, info)
    checkpoint.restore(second, tmp_path / "c.safetensors")
    while not second.ended:
        second.train_batch()
    np.testing.assert_array_equal(whole.step.flat(), second.step.flat())
    assert whole.message == second.message
    for name in EXACT:
        if name in whole.curves:
            a, b = whole.history().curves[name], second.history().curves[name]
            np.testing.assert_array_equal(a.step, b.step)
            np.testing.assert_array_equal(a.mean, b.mean)


def test_more_epochs_go_on_after_the_end(make_task, tmp_path) -> None:
    task = make_task("iris", epochs=4, early_stopping=1, learning_rate=1e-7)
    trainer = Trainer(task, choose("numpy"))
    while not trainer.ended:
        trainer.train_batch()
    checkpoint.write(trainer, tmp_path / "c.safetensors")
    again = Trainer(dataclasses.replace(task, config=dataclasses.replace(task.config, epochs=9)), choose("numpy"))
    checkpoint.restore(again, tmp_path / "c.safetensors")
    assert again.config.epochs == 9
    assert "epochs 4 → 9" in again.marks[-1].text
    again.train_batch()
    assert again.progress.step == trainer.progress.step + 1


@pytest.mark.parametrize("change", ["network", "data"])
def test_a_checkpoint_of_something_else_is_refused(make_task, tmp_path, change) -> None:
    task = make_task("iris")
    checkpoint.write(Trainer(task, choose("numpy")), tmp_path / "c.safetensors")
    other = make_task("iris", hidden=(5,)) if change == "network" else task
    if change == "data":
        other = dataclasses.replace(task, prepared=dataclasses.replace(task.prepared, fingerprint="other"))
    with pytest.raises(UserInputError, match=f"another {change}"):
        checkpoint.restore(Trainer(other, choose("numpy")), tmp_path / "c.safetensors")


def test_settings_of_the_checkpoint_come_back_with_their_memory(make_task, tmp_path) -> None:
    task = make_task("iris")
    first = Trainer(task, choose("numpy"))
    first.change(dataclasses.replace(task.config, optimizer=SGD()))
    first.train_batch()
    checkpoint.write(first, tmp_path / "c.safetensors")
    second = Trainer(dataclasses.replace(task, config=first.config), choose("numpy"))
    checkpoint.restore(second, tmp_path / "c.safetensors")
    assert second.config == first.config
    assert second.step.slot_arrays() == ()


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"not a checkpoint at all"])
def test_junk_is_refused(tmp_path, content) -> None:
    path = tmp_path / "c.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserInputError):
        checkpoint.read_facts(path)


def test_seed_and_loss_of_the_run_outlive_a_change_of_the_settings(make_task, tmp_path) -> None:
    task = make_task("iris", epochs=6)
    whole, first = Trainer(task, choose("numpy")), Trainer(task, choose("numpy"))
    while not whole.ended:
        whole.train_batch()
    for _ in range(4):
        first.train_batch()
    checkpoint.write(first, tmp_path / "c.safetensors")
    edited = dataclasses.replace(task.config, seed=99, loss="mse")
    again = checkpoint.resumed(dataclasses.replace(task, config=edited, resume_from=str(tmp_path / "c.safetensors")))
    second = Trainer(again, choose("numpy"))
    checkpoint.restore(second, tmp_path / "c.safetensors")
    while not second.ended:
        second.train_batch()
    np.testing.assert_array_equal(whole.step.flat(), second.step.flat())


def test_a_checkpoint_without_all_its_arrays_is_refused(make_task, tmp_path) -> None:
    path = tmp_path / "c.safetensors"
    task = make_task("iris")
    checkpoint.write(Trainer(task, choose("numpy")), path)
    with safe_open(path, "numpy") as file:
        facts = file.metadata()
    save_file({"parameters": np.zeros(3, np.float32)}, path, metadata=facts)
    with pytest.raises(UserInputError, match="not a readable checkpoint"):
        checkpoint.restore(Trainer(task, choose("numpy")), path)


def test_burst_weights_never_replace_a_good_checkpoint(make_task, tmp_path) -> None:
    events: list = []
    thread = TrainingThread(events.append)
    thread._trainer = Trainer(make_task("iris", folder=str(tmp_path)), choose("numpy"))
    thread._checkpoint()
    good = (tmp_path / "latest.safetensors").read_bytes()
    thread._trainer.train_batch()
    thread._trainer.step.p[0] = np.nan
    thread._checkpoint()
    assert (tmp_path / "latest.safetensors").read_bytes() == good
    assert len(events) == 1


@pytest.mark.parametrize("settings", [{"epochs": 4}, {"epochs": 50, "early_stopping": 1, "learning_rate": 1e-7}])
def test_a_run_killed_after_its_last_checkpoint_ends_again(make_task, tmp_path, settings) -> None:
    """The news of its end was lost with the process: not one more step may be trained."""
    task = make_task("iris", folder=str(tmp_path), **settings)
    told = train_here(task)
    latest = str(tmp_path / "latest.safetensors")
    again = train_here(dataclasses.replace(task, resume_from=latest))
    assert (again.reason, again.message) == ("finished", told.message)
    assert again.snapshot.step == told.snapshot.step
    for id, arrays in told.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(again.weights[id][name], array)
