import dataclasses
import math
import queue

import numpy as np
import pytest

from core import edits
from core.backend.choose import choose, probe
from core.data import store
from core.engine.messages import Begin, Ended, Go, Shutdown, Subscribe
from core.errors import UserInputError
from core.layers.dense import Dense
from core.losses import LOSSES
from core.optimizers import SGD, Adam, Momentum
from core.schedules import Cosine, Plateau, StepDecay
from core.training.thread import TrainingThread
from core.training.trainer import Trainer

NUMPY = choose("numpy")


def trained(task, backend=NUMPY) -> Trainer:
    trainer = Trainer(task, backend)
    while not trainer.ended:
        trainer.train_batch()
    return trainer


def test_iris_is_learned(make_task) -> None:
    trainer = trained(make_task("iris", epochs=60))
    assert trainer.ended == "finished"
    assert trainer.measure(trainer.validation)[1] >= 0.9
    history = trainer.history()
    assert history.curves["loss/train"].step[-1] == trainer.progress.step == 60 * trainer.steps_per_epoch
    assert len(history.curves["loss/validation"].step) == 60


def test_regression_reports_rmse_in_the_targets_unit(make_task) -> None:
    trainer = trained(make_task("diabetes", epochs=40))
    _, rmse = trainer.measure(trainer.validation)
    y = trainer.validation.y * trainer.task.prepared.preparation.target.scale
    assert trainer.metric_name == "rmse"
    assert 30 < rmse < y.std()


def test_same_seed_same_bits_other_seed_others(make_task) -> None:
    a, b = (trained(make_task("iris", dropout=0.2)).step.flat() for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, trained(make_task("iris", dropout=0.2, seed=8)).step.flat())


def test_every_row_is_used_once_an_epoch_in_another_order(make_task) -> None:
    trainer = Trainer(make_task("iris", batch_size=16), NUMPY)
    orders = []
    for _ in range(2):
        rows = []
        for _ in range(trainer.steps_per_epoch):
            rows.append(trainer._batch()[0])
            trainer.train_batch()
        orders.append(np.concatenate(rows))
    assert not np.array_equal(orders[0], orders[1])
    for order in orders:
        np.testing.assert_array_equal(np.sort(order, axis=0), np.sort(trainer.train.x, axis=0))


def test_best_weights_are_those_of_the_lowest_validation_loss(make_task) -> None:
    trainer = trained(make_task("iris", hidden=(64, 64), epochs=80, learning_rate=0.05))
    losses = trainer.history().curves["loss/validation"].mean
    assert trainer.progress.best_epoch == int(losses.argmin()) + 1
    best = np.concatenate([a.ravel() for arrays in trainer.weights(best=True).values() for a in arrays.values()])
    trainer.step.restore(best, trainer.step.slot_arrays(), trainer.step.count)
    assert trainer.measure(trainer.validation)[0] == pytest.approx(losses.min(), rel=1e-5)


def test_what_is_shown_after_the_end_is_what_is_kept(make_task) -> None:
    """The picture of a run that ended, and what its weights answer, are of one network."""
    events = queue.SimpleQueue()
    thread = TrainingThread(events.put)
    thread.start()
    thread.send(Subscribe(("weights",)))
    thread.send(Begin(1, make_task("diabetes", hidden=(32, 32), epochs=40, learning_rate=0.02)))
    thread.send(Go(1))
    while not isinstance(ended := events.get(timeout=20), Ended):
        pass
    thread.send(Shutdown())
    thread.join(10)
    assert ended.snapshot.latest["best/epoch"] < 40, "the last weights are not the best in this run"
    for id, arrays in ended.weights.items():
        for name, kept in arrays.items():
            np.testing.assert_array_equal(ended.snapshot.tensors[f"weights/{id}/{name}"], kept)


def test_early_stopping_waits_its_patience(make_task) -> None:
    trainer = trained(make_task("iris", hidden=(64, 64), epochs=500, learning_rate=0.05, early_stopping=7))
    assert trainer.progress.epoch == trainer.progress.best_epoch + 7 < 500
    assert "early" in trainer.message


def test_divergence_names_step_and_remedy_and_keeps_finite_weights(make_task) -> None:
    task = make_task("diabetes", epochs=200, learning_rate=100.0, optimizer=SGD())
    with np.errstate(all="ignore"):
        trainer = trained(task)
    assert trainer.ended == "diverged"
    assert f"step {trainer.progress.step:,}" in trainer.message
    assert trainer.remedy == {"learning_rate": 10.0}
    assert all(np.isfinite(a).all() for arrays in trainer.weights(best=True).values() for a in arrays.values())


def test_penalty_is_reported_apart(make_task) -> None:
    plain, penalized = Trainer(make_task("iris"), NUMPY), Trainer(make_task("iris", l2=0.1), NUMPY)
    plain.train_batch(), penalized.train_batch()
    assert plain.curves["loss/train"].latest == penalized.curves["loss/train"].latest
    assert "penalty" not in plain.curves
    start = Trainer(make_task("iris"), NUMPY).step.params
    weights = sum(float((arrays["W"] ** 2).sum()) for arrays in start.values())
    assert penalized.curves["penalty"].latest == pytest.approx(0.05 * weights, rel=1e-5)


def test_settings_change_at_the_next_batch_and_are_marked(make_task) -> None:
    trainer = Trainer(make_task("iris", epochs=50), NUMPY)
    for _ in range(5):
        trainer.train_batch()
    trainer.change(dataclasses.replace(trainer.config, learning_rate=1e-7, batch_size=7, dropout=0.5, l2=0.2))
    before = trainer.step.flat()
    x, _ = trainer._batch()
    trainer.train_batch()
    assert len(x) == 7
    assert np.abs(trainer.step.flat() - before).max() < 1e-5
    assert trainer.curves["penalty"].latest > 0
    (mark,) = trainer.history().marks
    assert mark.step == 5
    assert mark.text == "learning rate 0.01 → 1e-07, batch size 32 → 7, dropout 0 → 0.5, L2 0 → 0.2"


@pytest.mark.parametrize("kind", [kind for kind, loss in LOSSES.items() if loss.task != "labels"])
def test_every_loss_falls_when_trained(make_task, kind) -> None:
    if kind == "binary_cross_entropy":
        task = make_task("spirals", epochs=60, loss=kind)
    else:
        task = make_task("iris" if LOSSES[kind].task == "classification" else "diabetes", epochs=25, loss=kind)
    trainer = trained(task)
    losses = trainer.history().curves["loss/validation"].mean
    assert losses.min() < losses[0]
    metric = trainer.measure(trainer.validation)[1]
    target = task.prepared.preparation.target
    assert metric > 0.6 if trainer.metric_name == "accuracy" else metric < 0.95 * target.scale


@pytest.mark.parametrize("name", ["numpy", "mlx"])
def test_rows_with_several_labels_are_learned(make_task, backend_or_skip, monkeypatch, name) -> None:
    """Whatever reads such data gives y of (rows, labels) and the task "labels"; the rest is here already."""
    task = make_task("iris", epochs=40, class_weights="balanced", label_smoothing=0.02)
    arrays = store.load(task.prepared)
    labels = {0: (1, 0, 0), 1: (1, 1, 0), 2: (0, 1, 1)}

    def relabelled(part):
        return dataclasses.replace(part, y=np.array([labels[int(k)] for k in part.y], np.int32))

    several = dataclasses.replace(
        arrays, train=relabelled(arrays.train), validation=relabelled(arrays.validation), test=relabelled(arrays.test)
    )
    monkeypatch.setattr(store, "load", lambda prepared: several)
    task = dataclasses.replace(task, prepared=dataclasses.replace(task.prepared, task="labels"))
    trainer = trained(task, backend_or_skip(name))
    assert trainer.loss.kind == "multi_label_cross_entropy"
    assert trainer.loss.class_weights == pytest.approx((0.5, 0.5, 2.0))
    assert trainer.metric_name == "micro_f1"
    assert trainer.measure(trainer.validation)[1] > 0.9


def test_balanced_classes_weigh_the_training_rows_and_stay_for_the_run(make_task) -> None:
    task = make_task("iris", class_weights="balanced", label_smoothing=0.1)
    trainer = Trainer(task, NUMPY)
    counts = np.bincount(trainer.train.y)
    np.testing.assert_allclose(np.array(trainer.loss.class_weights) * counts, len(trainer.train.y) / 3)
    assert trainer.step.loss.smoothing == 0.1
    trainer.change(dataclasses.replace(trainer.config, class_weights="equal", label_smoothing=0.0))
    assert trainer.config == task.config
    assert trainer.marks == []


def test_another_optimizer_takes_over_in_the_middle(make_task) -> None:
    trainer = Trainer(make_task("iris", epochs=50), NUMPY)
    trainer.train_batch()
    trainer.change(dataclasses.replace(trainer.config, optimizer=Momentum()))
    trainer.train_batch()
    assert len(trainer.step.slots) == 1
    assert "Momentum" in trainer.history().marks[0].text


def test_the_schedule_bends_the_rate_and_the_curve_tells(make_task) -> None:
    trainer = Trainer(make_task("iris", epochs=4, learning_rate=0.1, schedule=StepDecay(drops=1)), NUMPY)
    while not trainer.ended:
        trainer.train_batch()
    curve = trainer.history().curves["learning_rate"]
    np.testing.assert_allclose(curve.mean, [0.1] * (len(curve.mean) // 2) + [0.01] * (len(curve.mean) // 2), rtol=1e-6)
    assert curve.step[-1] == trainer.progress.step


def test_another_batch_size_does_not_move_the_schedule(make_task) -> None:
    trainer = Trainer(make_task("iris", epochs=8, batch_size=10, schedule=Cosine()), NUMPY)
    for _ in range(4 * trainer.steps_per_epoch + 2):
        trainer.train_batch()
    before = trainer.learning_rate
    trainer.change(dataclasses.replace(trainer.config, batch_size=5))
    assert trainer.learning_rate == pytest.approx(before)
    trainer.change(dataclasses.replace(trainer.config, schedule=Plateau()))
    assert trainer.learning_rate == trainer.config.learning_rate
    assert "schedule Reduce on plateau" in trainer.history().marks[-1].text


def test_a_plateau_reduces_the_rate_again_and_again(make_task) -> None:
    trainer = Trainer(make_task("iris", epochs=7, learning_rate=1e-7, schedule=Plateau(factor=0.1, patience=2)), NUMPY)
    trainer.measure = lambda part: (1.0, 0.5)  # never better after the first epoch
    rates = []
    while not trainer.ended:
        if trainer.progress.cursor == 0:
            rates.append(trainer.learning_rate)
        trainer.train_batch()
    assert rates == pytest.approx([1e-7, 1e-7, 1e-7, 1e-8, 1e-8, 1e-9, 1e-9])


@pytest.mark.parametrize("batch_size", [0, 10_000])
def test_a_batch_larger_than_the_rows_is_all_rows(make_task, batch_size) -> None:
    trainer = Trainer(make_task("iris", batch_size=batch_size), NUMPY)
    assert trainer.batch_rows == len(trainer.train.x)
    assert trainer.steps_per_epoch == 1


def test_no_validation_rows_is_no_obstacle(make_task) -> None:
    task = make_task("iris", epochs=3, early_stopping=1)
    trainer = Trainer(task, NUMPY)
    trainer.validation = dataclasses.replace(trainer.validation, x=trainer.validation.x[:0], y=trainer.validation.y[:0])
    while not trainer.ended:
        trainer.train_batch()
    assert trainer.progress.epoch == 3
    assert trainer.weights(best=True).keys() == {"l1", "l2", "l3"}


def test_a_network_that_does_not_fit_the_data_is_refused_with_the_remedy(make_task) -> None:
    task = make_task("iris")
    wrong = dataclasses.replace(task, network=edits.set_hypers(task.network, "l3", units=5))
    with pytest.raises(UserInputError, match="Set its units to 3"):
        Trainer(wrong, NUMPY)


def test_given_weights_are_used_where_shapes_match(make_task) -> None:
    task = make_task("iris")
    weights = trained(task).weights(best=True)
    wider = dataclasses.replace(task, network=edits.set_hypers(task.network, "l2", units=11), weights=weights)
    step = Trainer(wider, NUMPY).step
    np.testing.assert_array_equal(step.params["l1"]["W"], weights["l1"]["W"])
    assert step.params["l2"]["W"].shape[1] == 11


@pytest.mark.parametrize("optimizer", [Adam(), SGD(), Momentum()])
@pytest.mark.parametrize("clip", [{}, {"clip_norm": 0.1, "clip_value": 0.05}], ids=["", "clipped"])
def test_backends_agree_after_a_hundred_steps(make_task, optimizer, clip) -> None:
    if probe().name != "mlx":
        pytest.skip(probe().why)
    task = make_task("iris", epochs=1000, l2=1e-3, l1=1e-4, optimizer=optimizer, **clip)
    trainers = [Trainer(task, NUMPY), Trainer(task, choose("mlx"))]
    for trainer in trainers:
        for _ in range(100):
            trainer.train_batch()
    a, b = (trainer.step.flat() for trainer in trainers)
    np.testing.assert_allclose(a, b, atol=1e-4)
    assert math.isclose(trainers[0].curves["penalty"].latest, trainers[1].curves["penalty"].latest, rel_tol=1e-4)


def test_dense_without_bias_trains(make_task) -> None:
    task = make_task("iris", epochs=2)
    bare = edits.set_hypers(task.network, "l1", use_bias=False)
    assert isinstance(bare.layer("l1").layer, Dense)
    assert "b" not in trained(dataclasses.replace(task, network=bare)).weights(best=True)["l1"]


def test_weights_that_burst_in_the_last_step_are_found_without_validation_rows(make_task) -> None:
    task = make_task("diabetes", epochs=1, batch_size=0, learning_rate=1e39, optimizer=SGD())
    trainer = Trainer(task, NUMPY)
    trainer.validation = dataclasses.replace(trainer.validation, x=trainer.validation.x[:0], y=trainer.validation.y[:0])
    with np.errstate(all="ignore"):
        trainer.train_batch()
    assert not np.isfinite(trainer.step.flat()).all()
    assert trainer.ended == "diverged"
    assert "weights became" in trainer.message
    for best in (True, False):
        assert all(np.isfinite(a).all() for arrays in trainer.weights(best=best).values() for a in arrays.values())


def test_a_network_beyond_this_computers_memory_is_refused_before_anything_is_made(make_task) -> None:
    task = make_task("iris")
    huge = dataclasses.replace(task, network=edits.set_hypers(task.network, "l1", units=1_000_000))
    huge = dataclasses.replace(huge, network=edits.set_hypers(huge.network, "l2", units=1_000_000))
    with pytest.raises(UserInputError, match=r"Training it takes about \d+ TB; this computer has"):
        Trainer(huge, NUMPY)
