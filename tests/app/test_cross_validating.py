"""Cross-validation with the real processes: what it leaves alone, how it ends, what it holds back."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from app.session import Session
from core.resources import resource_path
from core.spec import DataSource

WAIT = 20_000
IRIS = str(resource_path("data", "iris.csv"))


@pytest.fixture
def session(qtbot, tmp_path, monkeypatch) -> Iterator[Session]:
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "data"))
    session = Session()
    session.notices = []
    session.notice.connect(session.notices.append)
    session.start()
    yield session
    session.shutdown()


@pytest.fixture
def until(qtbot) -> Callable[[Callable[[], object]], None]:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT)


@pytest.fixture
def iris(session, until) -> Session:
    session.open_paths([IRIS])
    until(lambda: session.can_train)
    session.document.edit_training("test", epochs=10)
    return session


def test_the_trained_model_and_its_scores_stay(iris, until) -> None:
    iris.train()
    until(lambda: iris.document.evaluation is not None)
    trained, evaluation, history = iris.document.trained, iris.document.evaluation, iris.document.history
    project = iris.document.project
    work = iris.cross_validation
    shown = []
    iris.busy_changed.connect(shown.append)
    work.start(4)
    until(lambda: work.found is not None)
    assert [fold.fold for fold in work.found.folds] == [0, 1, 2, 3]
    assert iris.document.trained is trained
    assert iris.document.evaluation is evaluation
    assert iris.document.history is history
    assert iris.document.project == project
    assert any(busy is not None and busy.label == "Fold 2 of 4" for busy in shown)
    assert shown[-1] is None
    assert not work.is_older
    iris.document.edit_training("x", epochs=11)
    assert work.is_older
    assert iris.can_train


def test_a_paused_run_waits_and_then_goes_on(iris, until) -> None:
    iris.document.edit_training("x", epochs=2000)
    iris.step()
    until(lambda: iris.engine.state == "paused")
    step, work = iris.engine.snapshot.step, iris.cross_validation
    work.start(3)
    until(lambda: work.phase == "training" and work.progress is not None)
    assert "cross-validation goes on" in iris.why_not
    iris.toggle_train()
    iris.step()
    iris.step_epoch()
    assert iris.engine.state == "paused"
    work.cancel()
    until(lambda: not work.phase)
    assert (work.found, work.progress) == (None, None)
    assert iris.engine.snapshot.step == step
    iris.step()
    until(lambda: iris.engine.snapshot.step == step + 1)


def test_a_running_run_comes_first(iris, until) -> None:
    iris.document.edit_training("x", epochs=10**6)
    iris.train()
    until(lambda: iris.engine.state == "running")
    assert "Pause or stop it first" in iris.cross_validation.why_not
    iris.cross_validation.start(3)
    assert not iris.cross_validation.phase


def test_cancelled_while_it_is_prepared_it_ends_too(iris, until) -> None:
    work = iris.cross_validation
    work.start(3)
    assert work.phase == "preparing"
    work.cancel()
    assert not work.phase
    assert iris.can_train
    work.start(3)
    iris.jobs.cancel()
    iris.jobs.busy_changed.emit(None)  # as by the strip that shows what is being worked on
    until(lambda: not work.phase)
    assert not iris.notices


def test_too_many_folds_are_refused_in_words(iris, until) -> None:
    iris.cross_validation.start(100)
    until(lambda: iris.cross_validation.found is not None or iris.notices)
    iris.cross_validation.start(101)
    until(lambda: iris.notices and not iris.cross_validation.phase)
    assert "101 folds" in iris.notices[-1].title + iris.notices[-1].text


def test_a_dead_engine_ends_it_with_a_reason(iris, until) -> None:
    iris.document.edit_training("x", epochs=10**6)
    work = iris.cross_validation
    work.start(3)
    until(lambda: work.progress is not None)
    os.kill(iris.engine.pid, signal.SIGKILL)
    until(lambda: not work.phase)
    assert "broke off" in iris.notices[-1].title
    assert "killed" in iris.notices[-1].text
    until(lambda: iris.can_train)


def test_another_project_forgets_it(iris, until) -> None:
    work = iris.cross_validation
    work.start(3)
    until(lambda: work.found is not None)
    iris.new_project()
    assert (work.found, work.started) == (None, None)


def test_the_heart_of_the_window_goes_on_beating(iris, until) -> None:
    iris.use_source(DataSource("sample", "digits"))
    until(lambda: iris.can_train and iris.document.prepared.target == "digit")
    beats: list[float] = []
    timer = QTimer(interval=5)
    timer.timeout.connect(lambda: beats.append(time.perf_counter()))
    timer.start()
    iris.cross_validation.start(3)
    until(lambda: iris.cross_validation.found is not None)
    timer.stop()
    assert np.quantile(np.diff(beats), 0.99) < 0.1
