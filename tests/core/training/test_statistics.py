"""Per-layer statistics and histograms, on both backends and for every shape of layer."""

import dataclasses
import math
import time

import numpy as np
import pytest

from core.backend.choose import choose
from core.engine.messages import Begin, Go, Shutdown, Subscribe
from core.layers.conv1d import Conv1D
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.flatten import Flatten
from core.layers.input import Input
from core.layers.lstm import LSTM
from core.layers.reshape import Reshape
from core.spec import sequential
from core.training import statistics, tensors
from core.training.statistics import BINS, LayerStatistics, Statistics
from core.training.thread import TrainingThread
from core.training.trainer import SAMPLE_SHARE, Trainer

BACKENDS = ["numpy", "mlx"]


def trainer_of(task, backend, *layers, steps=3) -> Trainer:
    if layers:
        last = task.network.layers[-1].layer
        task = dataclasses.replace(task, network=sequential(Input(shape=task.prepared.row_shape), *layers, last))
    trainer = Trainer(task, backend)
    for _ in range(steps):
        trainer._sample_at = 0.0
        trainer.train_batch()
    return trainer


@pytest.mark.parametrize("name", BACKENDS)
def test_numbers_are_those_of_the_arrays(make_task, backend_or_skip, name) -> None:
    trainer = trainer_of(make_task("iris", hidden=(6, 5)), backend_or_skip(name), steps=1)
    before = trainer.step.layout.views(trainer.step.flat())
    trainer._sample_at = 0.0
    trainer.train_batch()
    found = Statistics().collect(trainer, ("statistics",), at_once=True)
    outputs = trainer.step.activations(trainer.validation.x[:32])
    for id in ("l1", "l2", "l3"):
        told = LayerStatistics.of(found, id)
        old = np.concatenate([a.ravel() for a in before[id].values()])
        new = np.concatenate([a.ravel() for a in trainer.step.params[id].values()])
        gradient = np.concatenate([a.ravel() for a in trainer.step.grads[id].values()])
        assert told.weight_norm == pytest.approx(np.linalg.norm(old), rel=1e-5)
        assert told.update_ratio == pytest.approx(np.linalg.norm(new - old) / np.linalg.norm(old), rel=1e-4)
        assert told.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
        assert told.mean == pytest.approx(outputs[id].mean(), rel=1e-4, abs=1e-6)
        assert told.deviation == pytest.approx(outputs[id].std(), rel=1e-4)
    assert found["statistics/step"].tolist() == [2]
    assert math.isnan(LayerStatistics.of(found, "l0").gradient_norm)
    assert LayerStatistics.of(found, "l9") is None


@pytest.mark.parametrize("name", BACKENDS)
def test_dead_units_are_counted_after_rectifiers_only(make_task, backend_or_skip, name) -> None:
    trainer = trainer_of(make_task("iris", hidden=(8, 4)), backend_or_skip(name), steps=0)
    flat = trainer.step.flat()
    views = trainer.step.layout.views(flat)
    views["l1"]["b"][:2] = -1e3
    views["l3"]["W"][:] = views["l3"]["b"][:] = 0.0  # linear: zero, but not dead
    trainer.step.restore(flat, trainer.step.slot_arrays(), 0)
    found = Statistics().collect(trainer, ("statistics",), at_once=True)
    assert LayerStatistics.of(found, "l1").dead >= 2 / 8
    assert math.isnan(LayerStatistics.of(found, "l3").dead)
    assert math.isnan(LayerStatistics.of(found, "l1").gradient_norm), "nothing was trained yet"


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("layers", [
    (Reshape(shape=(2, 2, 1)), Conv2D(filters=3, kernel=(2, 2)), Flatten()),
    (Reshape(shape=(4, 1)), Conv1D(filters=3, kernel=2), LSTM(units=5)),
], ids=["images", "sequences"])  # fmt: skip
def test_every_layer_has_them(make_task, backend_or_skip, name, layers) -> None:
    trainer = trainer_of(make_task("iris"), backend_or_skip(name), *layers)
    found = Statistics().collect(trainer, ("statistics", "histogram"), at_once=True)
    for spec in trainer.task.network.layers:
        told = LayerStatistics.of(found, spec.id)
        assert math.isfinite(told.mean)
        assert math.isfinite(told.deviation)
        assert math.isfinite(told.gradient_norm) == (spec.id in trainer.step.spans)
        assert math.isfinite(told.dead) == statistics.is_rectifier(spec.layer)
    kept = tensors.collect(trainer, ("weights", "gradient", "surface", "activation"))
    shapes = trainer.step.activations(trainer.validation.x[:1])
    for spec in trainer.task.network.layers:
        assert kept[f"activation/{spec.id}"].shape == shapes[spec.id].shape[1:]
    assert not any(key.startswith("surface") for key in kept)


@pytest.mark.parametrize("name", BACKENDS)
def test_histograms_hold_every_number_between_their_edges(make_task, backend_or_skip, name) -> None:
    trainer = trainer_of(make_task("iris", hidden=(6,)), backend_or_skip(name))
    found = Statistics().collect(trainer, ("histogram",), at_once=True)
    for kind, tree in (("weights", trainer.step.params), ("gradient", trainer.step.grads)):
        for id, arrays in tree.items():
            for array_name, a in arrays.items():
                counts, edges = (found[f"{what}/{kind}/{id}/{array_name}"] for what in ("histogram", "edges"))
                assert counts.shape == (BINS,)
                assert edges.shape == (BINS + 1,)
                assert counts.sum() == a.size
                assert edges[0] == pytest.approx(a.min(), rel=1e-4, abs=1e-6)
                assert edges[-1] == pytest.approx(a.max(), rel=1e-4, abs=1e-6)
                wanted = np.histogram(a, BINS, (a.min(), a.max()))[0]
                assert np.abs(np.cumsum(counts - wanted)).max() <= 2, "only at edges may rounding move a number"


@pytest.mark.parametrize("name", BACKENDS)
def test_equal_numbers_fill_one_bin(make_task, backend_or_skip, name) -> None:
    trainer = trainer_of(make_task("iris", hidden=(6,)), backend_or_skip(name), steps=0)
    found = Statistics().collect(trainer, ("histogram",), at_once=True)
    assert found["histogram/weights/l1/b"].max() == 6
    assert (np.diff(found["edges/weights/l1/b"]) > 0).all()
    assert "histogram/gradient/l1/b" not in found


def test_the_cost_is_bounded_while_training_and_nothing_is_taken_unasked(make_task, monkeypatch) -> None:
    trainer = trainer_of(make_task("iris"), choose("numpy"))
    taken = []

    def slow(trainer):
        taken.append(trainer.progress.step)
        time.sleep(0.02)
        return {}

    monkeypatch.setattr(statistics, "_statistics", slow)
    kept = Statistics()
    assert kept.collect(trainer, ("weights",), at_once=True) == {}
    began = time.perf_counter()
    while time.perf_counter() - began < 0.5 * 0.02 / SAMPLE_SHARE:
        kept.collect(trainer, ("statistics",), at_once=False)
    assert len(taken) == 1
    kept.collect(trainer, ("statistics",), at_once=True)
    assert len(taken) == 2


def test_large_arrays_are_not_copied_but_measured(make_task, monkeypatch) -> None:
    monkeypatch.setattr(tensors, "LARGEST", 20)
    trainer = trainer_of(make_task("iris", hidden=(6, 5)), choose("numpy"))
    kept = tensors.collect(trainer, ("weights", "activation"))
    assert "weights/l1/W" not in kept
    assert "weights/l1/b" in kept
    assert "histogram/weights/l1/W" in Statistics().collect(trainer, ("histogram",), at_once=True)


def test_dense_alone_keeps_its_surfaces(make_task) -> None:
    trainer = trainer_of(make_task("spirals"), choose("numpy"), Dense(units=3), Reshape(shape=(3, 1)), Flatten())
    kept = tensors.collect(trainer, ("surface",))
    assert kept["surface/l1"].shape == (3, tensors.GRID, tensors.GRID)
    assert "surface/l2" not in kept
    assert "surface/l3" in kept


def test_a_subscription_brings_them_with_the_snapshot(make_task) -> None:
    thread = TrainingThread(lambda event: None)
    for command in (Begin(1, make_task("iris")), Subscribe(("statistics", "histogram")), Go(1, 3)):
        thread.send(command)
    while thread.snapshot is None or thread.snapshot.step < 3:
        thread._turn()
    told = thread.snapshot.tensors
    assert told["statistics/step"].tolist() == [3]
    assert LayerStatistics.of(told, "l1").gradient_norm > 0
    assert "histogram/gradient/l1/W" in told
    thread.send(Subscribe(()))
    thread.send(Shutdown())
    thread._turn()
    assert thread.snapshot.tensors == {}
