"""Cross-validation: every fold trains anew, the same again gives the same, and nothing of a run is touched."""

import dataclasses
import queue
import statistics

import numpy as np
import pytest

from core.backend.choose import choose
from core.data import store
from core.data.prepare_folds import prepare_folds
from core.engine.messages import (
    AskWeights,
    Begin,
    CancelCrossValidation,
    CrossValidate,
    CrossValidated,
    Ended,
    FoldsProgress,
    Go,
    Pause,
    Shutdown,
    WeightsReply,
)
from core.evaluation.cross_validation import CrossValidation, FoldResult, mean_text, trust
from core.evaluation.evaluate import evaluate
from core.model import TrainedModel
from core.optimizers import SGD
from core.spec import DataSource, DataSpec
from core.training.cross_validation import cross_validate, fold_tasks
from core.training.headless import cross_validate_here, train_here
from core.training.thread import TrainingThread

NUMPY = choose("numpy")


@pytest.fixture
def make_both(make_task):
    def make(name: str = "iris", folds: int = 3, **settings):
        return make_task(name, **settings), prepare_folds(DataSpec(DataSource("sample", name)), folds)

    return make


@pytest.fixture
def make_folds(make_both):
    return lambda *args, **settings: fold_tasks(*make_both(*args, **settings))


def test_each_fold_is_the_run_that_its_task_alone_gives(make_folds) -> None:
    tasks = make_folds(epochs=6, dropout=0.1)
    found = cross_validate(tasks, NUMPY)
    assert len({task.config.seed for task in tasks}) == 3
    for task, fold in zip(tasks, found.folds, strict=True):
        alone = train_here(task)
        model = TrainedModel("", task.network, alone.weights, task.prepared.preparation, "softmax_cross_entropy")
        assert fold.test == evaluate(model, store.load(task.prepared).test, "test").metrics
        assert fold.best_epoch == alone.snapshot.latest["best/epoch"]
        assert (fold.epochs, fold.ended) == (6, "finished")
        np.testing.assert_array_equal(fold.losses.mean, alone.snapshot.history.curves["loss/validation"].mean)


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_all_folds_are_read_at_the_epoch_of_the_least_mean_loss(make_folds, name) -> None:
    tasks = make_folds(name, epochs=12)
    found = cross_validate(tasks, NUMPY)
    losses = np.mean([fold.losses.mean for fold in found.folds], axis=0)
    assert found.epoch == losses.argmin() + 1
    for task, fold in zip(tasks, found.folds, strict=True):
        # A run of just so many epochs ends with those very weights.
        alone = train_here(with_config(task, epochs=found.epoch))
        assert fold.validation["loss"] == pytest.approx(alone.snapshot.latest["loss/validation"], rel=1e-6)
        assert fold.validation[found.metric] == pytest.approx(alone.snapshot.latest["metric/validation"], rel=1e-6)
    if name == "diabetes":
        part = store.load(tasks[0].prepared).validation
        truth = np.asarray(part.y)[:, 0] * tasks[0].prepared.preparation.target.scale
        explained = 1 - found.folds[0].validation["rmse"] ** 2 / truth.var()
        assert found.folds[0].validation["r2"] == pytest.approx(explained, rel=1e-4)


def test_folds_of_one_row_do_not_flatter(make_folds) -> None:
    # Each picking its own best epoch would find one at which its only row is right.
    found = cross_validate(make_folds("iris", folds=60, epochs=8), NUMPY)
    own = np.mean([fold.at_epochs(fold.metrics).max() for fold in found.folds])
    assert found.mean()["accuracy"] < own


def test_mean_and_deviation_are_those_over_the_folds(make_folds) -> None:
    found = cross_validate(make_folds("diabetes", epochs=4), NUMPY)
    values = [fold.validation["rmse"] for fold in found.folds]
    assert found.metric == "rmse"
    assert found.mean()["rmse"] == pytest.approx(statistics.mean(values))
    assert found.deviation()["rmse"] == pytest.approx(statistics.stdev(values))
    tested = [fold.test["r2"] for fold in found.folds]
    assert found.mean("test")["r2"] == pytest.approx(statistics.mean(tested))


def test_progress_counts_all_folds_and_tells_each_result_once(make_folds, monkeypatch) -> None:
    monkeypatch.setattr("core.training.cross_validation.TELL_SECONDS", 0.0)
    told = []
    found = cross_validate(make_folds(epochs=3), NUMPY, tell=told.append)
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert {(p.fold, p.folds) for p in told} == {(0, 3), (1, 3), (2, 3)}
    assert [p.result.fold for p in told if p.result is not None] == [0, 1]
    assert [p.result.test for p in told if p.result is not None] == [fold.test for fold in found.folds[:2]]
    assert all(p.seconds_left is not None and p.seconds_left >= 0 for p in told[1:])


def test_it_can_be_cancelled_between_two_batches(make_folds) -> None:
    left = iter([True, True, False])
    assert cross_validate(make_folds(), NUMPY, go_on=lambda: next(left)) is None
    assert next(left, None) is None


def with_config(task, **settings):
    return dataclasses.replace(task, config=dataclasses.replace(task.config, **settings))


def told_by(*commands) -> list:
    events: queue.SimpleQueue = queue.SimpleQueue()
    thread = TrainingThread(events.put)
    for command in (*commands, Shutdown()):
        thread.send(command)
    thread.run()
    found = [events.get() for _ in range(events.qsize())]
    return [event for event in found if not isinstance(event, FoldsProgress)]


def test_a_paused_run_goes_on_as_if_nothing_had_been(make_task, make_both) -> None:
    task = make_task("iris", epochs=3, dropout=0.1)
    alone = train_here(task)
    events: queue.SimpleQueue = queue.SimpleQueue()
    thread = TrainingThread(events.put)
    thread.start()
    for command in (Begin(1, task), Go(1, 5), Pause(1), CrossValidate(1, *make_both(epochs=2))):
        thread.send(command)
    heard = [events.get(timeout=20)]
    while not isinstance(heard[-1], CrossValidated):
        heard.append(events.get(timeout=20))
    for command in (CrossValidate(2, *make_both(epochs=10**6)), AskWeights(1)):
        thread.send(command)
    while not isinstance(heard[-1], WeightsReply):  # answered while the second goes on
        heard.append(events.get(timeout=20))
    thread.send(Go(1))
    while not isinstance(heard[-1], Ended):
        heard.append(events.get(timeout=20))
    thread.send(Shutdown())
    thread.join(10)
    first, second = [event for event in heard if isinstance(event, CrossValidated)]
    assert len(first.result.folds) == 3
    assert (second.request, second.result, second.message) == (2, None, "")
    for id, arrays in alone.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(heard[-1].weights[id][name], array)


def test_a_running_run_is_not_disturbed_and_a_cancel_too_late_harms_nothing(make_task, make_both) -> None:
    both = make_both(epochs=1)
    (refused,) = told_by(Begin(1, make_task("iris", epochs=10**6)), Go(1), CrossValidate(4, *both))
    assert refused.request == 4
    assert "run goes on" in refused.message
    (cancelled,) = told_by(CancelCrossValidation(), CrossValidate(1, *both), CancelCrossValidation())
    assert (cancelled.request, cancelled.result, cancelled.message) == (1, None, "")


def test_what_cannot_be_trained_is_said(make_both) -> None:
    task, folds = make_both()
    (found,) = told_by(CrossValidate(1, with_config(task, loss="mse"), folds))
    assert "does not fit" in found.message
    assert found.result is None


def test_a_network_takes_the_categories_of_its_fold(tmp_path, make_task) -> None:
    rows = [f"{i % 5},{'rare' if i == 3 else 'usual'},{'ab'[i % 2]}" for i in range(60)]
    (tmp_path / "rows.csv").write_text("\n".join(["size,colour,kind", *rows]))
    source = DataSource("file", "rows.csv", str(tmp_path / "rows.csv"))
    folds = prepare_folds(DataSpec(source, target="kind", test=0.0), 3)
    assert sorted(prepared.row_shape for prepared in folds) == [(2,), (3,), (3,)]
    found = cross_validate(fold_tasks(make_task("iris", epochs=2), folds), NUMPY)
    assert [fold.ended for fold in found.folds] == ["finished"] * 3
    assert not any(fold.test for fold in found.folds)


@pytest.mark.parametrize("backend", ["numpy", "mlx"])
def test_the_same_again_gives_the_same(make_both, backend_or_skip, backend) -> None:
    backend_or_skip(backend)
    both = make_both(epochs=3, dropout=0.2, backend=backend)
    a, b = (cross_validate_here(*both) for _ in range(2))
    assert [f.validation for f in a.folds] == [f.validation for f in b.folds]
    assert [f.test for f in a.folds] == [f.test for f in b.folds]


def result(fold: int, accuracy: float, *, rows: int = 200, base: float = 0.5, test: float | None = None) -> FoldResult:
    scores = {"loss": 0.1, "accuracy": accuracy, "baseline_accuracy": base}
    tested = {} if test is None else {"accuracy": test}
    counts = {"train": 4 * rows, "validation": rows, "test": 0}
    return FoldResult(fold, counts, "finished", "", 9, 7, 1.0, scores, tested)


def test_the_words_say_what_to_expect_and_how_far_to_trust_it() -> None:
    found = CrossValidation("classification", 7, tuple(result(k, v) for k, v in enumerate((0.9, 0.92, 0.94))))
    assert mean_text(found) == "92.0 % ± 2.0 %"
    words = trust(found)
    assert "about 92.0 %; single folds: 90.0 % to 94.0 %" in words
    assert "less than 2.0 %" in words
    assert "at epoch 7" in words
    assert "rows, so chance" not in words
    assert "not clearly better" not in words
    both = (result(0, 0.9, rows=9, base=0.9, test=0.8), result(1, 1.0, rows=9, base=0.9, test=0.8))
    few = CrossValidation("classification", 7, both)
    assert "only 9 rows" in trust(few)
    assert "not clearly better than always answering the largest class: 90.0 %" in trust(few)
    assert "80.0 % ± 0.0 %" in trust(few)


def test_a_diverged_fold_has_no_score_and_is_named(make_folds) -> None:
    tasks = list(make_folds(epochs=3))
    tasks[1] = with_config(tasks[1], optimizer=SGD(), learning_rate=1e6, l2=100.0)
    with np.errstate(all="ignore"):
        found = cross_validate(tasks, NUMPY)
    assert [fold.ended for fold in found.folds] == ["finished", "diverged", "finished"]
    assert not found.folds[1].validation
    assert len(found.values("accuracy")) == 2
    assert "Fold 2 diverged" in trust(found)
    lost = CrossValidation.of("classification", (found.folds[1],))
    assert mean_text(lost) == ""
    assert "diverged" in trust(lost)


def test_several_labels_a_row_are_told_by_micro_f1(tmp_path, make_task) -> None:
    rows = [f"{i % 7},{(i * 3) % 11},{int(i % 7 > 3)},{int((i * 3) % 11 > 5)}" for i in range(90)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,high,late", *rows]))
    source = DataSource("file", "rows.csv", str(tmp_path / "rows.csv"))
    folds = prepare_folds(DataSpec(source, target="high", targets=("late",)), 3)
    task = with_config(make_task("iris", epochs=4), loss="auto")
    found = cross_validate(fold_tasks(task, folds), NUMPY)
    assert found.metric == "micro_f1"
    assert 0 < found.mean()["micro_f1"] <= 1
    assert "a micro F1 of about" in trust(found)
