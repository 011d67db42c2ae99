"""The session with its real processes: what a person does, from the drop of a file to the export."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.notice import Notice
from app.session import Session
from core import edits
from core.data.drawing import point
from core.optimizers import SGD
from core.resources import resource_path
from core.spec import DataSource

WAIT = 15_000
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
    return session


def trained(session: Session, until, **settings) -> None:
    session.document.edit_training("test", **settings)
    session.train()
    until(lambda: session.document.evaluation is not None)


def notice(session: Session, key: str) -> Notice:
    return next(n for n in reversed(session.notices) if n.key == key)


def test_a_dropped_file_brings_data_and_a_network_that_fits(iris) -> None:
    document = iris.document
    assert (document.project.name, document.profile.target) == ("iris", "species")
    assert document.prepared.rows == {"train": 90, "validation": 30, "test": 30}
    assert document.report.ok
    assert document.report.shapes["l0"] == (4,)


def test_one_undo_takes_the_data_and_its_network_back(iris, until) -> None:
    before = iris.document.project
    iris.use_source(DataSource("sample", "wine"))
    until(lambda: iris.document.prepared is not None and iris.document.prepared.target == "cultivar")
    assert iris.document.report.ok
    iris.document.undo_stack.undo()
    assert iris.document.project == before
    until(lambda: iris.document.prepared is not None)
    assert iris.document.prepared.target == "species"
    assert iris.document.undo_stack.canRedo()


def test_a_hand_made_network_stays_and_is_fitted_to_other_data(iris, until) -> None:
    iris.document.edit_network(lambda n: edits.set_hypers(n, "l1", units=5), "Units")
    iris.use_source(DataSource("sample", "wine"))
    until(lambda: iris.document.prepared is not None and iris.document.prepared.target == "cultivar")
    network = iris.document.project.network
    assert network.layer("l1").layer.units == 5
    assert network.layer("l0").layer.shape == (13,)


def test_trains_evaluates_saves_opens_and_predicts_alike(iris, until, tmp_path) -> None:
    trained(iris, until, epochs=40)
    document, path = iris.document, tmp_path / "flowers.chainrule"
    accuracy = document.evaluation.metrics["accuracy"]
    weights = document.weights
    assert accuracy > 0.85
    assert iris.save_as(str(path))
    assert not document.edited
    iris.new_project()
    assert document.weights is None
    iris.open_paths([str(path)])
    until(lambda: document.evaluation is not None and document.prepared is not None)
    assert document.evaluation.metrics["accuracy"] == accuracy
    np.testing.assert_array_equal(document.weights["l1"]["W"], weights["l1"]["W"])
    assert len(document.history.curves["loss/validation"].step) == 40
    assert not document.edited
    answers = []
    iris.predict(DataSource("file", "iris.csv", IRIS), answers.append)
    until(lambda: answers)
    assert len(answers[0].answer) == 150
    assert answers[0].answer[0] == "setosa"


def test_export_comes_with_a_receipt(iris, until, tmp_path) -> None:
    trained(iris, until, epochs=20)
    results = []
    iris.export("onnx", str(tmp_path / "iris.onnx"), results.append)
    until(lambda: results)
    assert results[0].receipt.passed
    assert results[0].receipt.rows == 30
    assert (tmp_path / "iris.onnx").stat().st_size == results[0].bytes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("junk.csv", bytes(range(256)) * 40),
        ("empty.csv", b""),
        ("header.csv", b"a,b,c\n"),
        ("ragged.csv", b"a,b\n1\n1,2,3\n4\n5,6,7,8\n9\n"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 200),
    ],
)
def test_a_bad_file_gets_one_message_and_changes_nothing(iris, until, tmp_path, name, content) -> None:
    before = (iris.document.project, iris.document.profile, iris.document.prepared, iris.document.undo_stack.count())
    iris.notices.clear()
    path = tmp_path / name
    path.write_bytes(content)
    iris.open_paths([str(path)])
    until(lambda: iris.notices)
    (said,) = iris.notices
    assert said.severity == "error"
    assert name in said.title
    assert "Traceback" not in said.details
    assert before == (
        iris.document.project, iris.document.profile, iris.document.prepared, iris.document.undo_stack.count()
    )  # fmt: skip


def test_settings_act_on_the_running_run_and_are_marked(iris, until) -> None:
    iris.document.edit_training("test", epochs=1_000_000)
    iris.train()
    until(lambda: iris.engine.snapshot and iris.engine.snapshot.step > 20)
    iris.document.edit_training("L2", l2=0.25)
    until(lambda: iris.engine.snapshot.history.marks)
    assert "L2 0.001 → 0.25" in iris.engine.snapshot.history.marks[0].text
    iris.stop()
    until(lambda: iris.engine.state == "idle")


def test_the_run_keeps_its_design_while_it_is_edited(iris, until) -> None:
    iris.document.edit_training("test", epochs=1_000_000)
    iris.train()
    until(lambda: iris.engine.snapshot and iris.engine.snapshot.step > 5)
    iris.document.edit_network(lambda n: edits.set_hypers(n, "l1", units=3), "Units")
    assert iris.design_is_newer
    iris.stop()
    until(lambda: iris.document.weights is not None)
    assert iris.document.weights["l1"]["W"].shape == (4, 16)
    assert iris.document.trained_network == iris.running_network != iris.document.project.network


def test_step_pauses_after_one_batch_and_step_epoch_at_its_end(iris, until) -> None:
    iris.step()
    until(lambda: iris.engine.state == "paused" and iris.engine.snapshot.step == 1)
    iris.step_epoch()
    until(lambda: iris.engine.state == "paused" and iris.engine.snapshot.epoch == 1)
    assert iris.engine.snapshot.epoch_steps_left == iris.engine.snapshot.steps_per_epoch
    until(lambda: iris.document.evaluation is not None)  # a paused run can be looked at


def test_killed_engine_is_noticed_and_the_run_resumes(iris, until) -> None:
    iris.document.edit_training("test", epochs=1_000_000)
    iris.train()
    until(lambda: iris.engine.checkpoint)
    step = iris.engine.snapshot.step
    os.kill(iris.engine.pid, signal.SIGKILL)
    until(lambda: iris.engine.state == "lost")
    said = notice(iris, "run")
    assert "killed" in said.text
    assert said.actions[0][0] == "Resume"
    said.actions[0][1]()
    until(lambda: iris.engine.state == "running" and iris.engine.snapshot.step > step)
    os.kill(iris.engine.pid, signal.SIGKILL)
    until(lambda: iris.engine.state == "lost")
    iris.train()  # the button says Resume and means it
    until(lambda: iris.engine.state == "running" and iris.engine.snapshot.step > step)
    pid = iris.engine.pid
    said.actions[0][1]()  # of an older card
    assert iris.engine.pid == pid
    iris.stop()
    until(lambda: iris.document.weights is not None)


def test_scores_of_data_that_changed_are_said_to_be_older(iris, until) -> None:
    trained(iris, until, epochs=2)
    assert not iris.data_are_newer
    iris.change_data("Leave out a column", excluded=("petal width (cm)",))
    until(lambda: iris.can_train)
    assert iris.data_are_newer
    iris.document.undo_stack.undo()
    until(lambda: iris.can_train)
    assert not iris.data_are_newer


def test_a_choice_that_the_data_refuse_is_undone_in_one_click(iris, until) -> None:
    iris.change_data("Read sepal length (cm) as date", kinds={"sepal length (cm)": "date"})
    until(lambda: any(n.key == "data" for n in iris.notices))
    told = notice(iris, "data")
    assert "cannot be read as dates" in told.title
    assert "cannot be as they were chosen" in iris.why_not
    ((words, undo),) = told.actions
    assert words == "Undo it"
    undo()
    until(lambda: iris.can_train)
    assert iris.document.project.data.kinds == {}


def test_a_target_that_cannot_be_learned_says_why(iris, until) -> None:
    iris.change_data("Read", kinds={"sepal length (cm)": "category"}, target="sepal length (cm)", excluded=("species",))
    iris.change_data("Leave everything out", excluded=tuple(c.name for c in iris.document.profile.columns[1:]))
    until(lambda: iris.why_not.startswith("No column is left to learn from"))


def test_a_run_lost_with_its_engine_can_be_given_up(iris, until) -> None:
    iris.document.edit_training("test", epochs=1_000_000)
    iris.train()
    until(lambda: iris.engine.checkpoint)
    os.kill(iris.engine.pid, signal.SIGKILL)
    until(lambda: iris.engine.state == "lost")
    iris.reset()
    until(lambda: iris.engine.state == "idle")
    assert iris.engine.snapshot is None


def test_an_idle_engine_that_dies_comes_back_without_a_word(iris, until) -> None:
    pid = iris.engine.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: iris.engine.pid not in (0, pid) and iris.engine.state == "idle")
    assert not iris.notices


def test_divergence_offers_a_smaller_rate_that_works(session, until) -> None:
    session.use_source(DataSource("sample", "diabetes"))
    until(lambda: session.can_train)
    session.document.edit_training("test", optimizer=SGD(), learning_rate=100.0, epochs=50)
    session.train()
    until(lambda: session.engine.state == "idle" and session.engine.snapshot)
    said = notice(session, "run")
    assert said.title == "Training diverged"
    said.actions[0][1]()
    assert session.document.project.training.learning_rate == 10.0
    until(lambda: session.engine.state == "idle")


def test_train_more_goes_on_from_the_end(iris, until) -> None:
    trained(iris, until, epochs=10)
    label, more = notice(iris, "run").actions[0]
    assert label == "Train 10 more epochs"
    more()
    until(lambda: iris.engine.state == "idle" and iris.engine.snapshot.epoch == 20)
    assert iris.document.history.curves["loss/validation"].step[-1] == iris.engine.snapshot.step


def test_cancelling_a_job_leaves_everything_as_it_was(iris, until, tmp_path) -> None:
    big = tmp_path / "big.csv"
    big.write_text("a,b\n" + "1,2\n3,4\n" * 2_000_000)
    before = iris.document.project
    busy = []
    iris.busy_changed.connect(busy.append)
    iris.open_paths([str(big)])
    until(lambda: busy and busy[-1] is not None)
    busy[-1].cancel()
    assert busy[-1] is None
    assert iris.document.project == before
    iris.open_paths([IRIS])  # and the next file is read by a new process
    until(lambda: iris.can_train)


def test_a_target_can_be_chosen_and_the_network_follows(iris, until) -> None:
    iris.change_data("Predict petal width", target="petal width (cm)")
    until(lambda: iris.document.prepared is not None and iris.document.prepared.task == "regression")
    assert iris.document.report.ok
    assert iris.document.report.shapes["l3"] == (1,)


def test_a_design_with_an_error_cannot_be_trained_and_says_why(iris) -> None:
    iris.document.edit_network(lambda n: edits.set_hypers(n, "l3", units=7), "Units")
    assert not iris.can_train
    assert "output" in iris.why_not
    iris.toggle_train()
    assert iris.engine.state == "idle"


def test_window_closed_while_training_leaves_no_process(session, until) -> None:
    session.open_paths([IRIS])
    until(lambda: session.can_train)
    session.document.apply(lambda p: replace(p, training=replace(p.training, epochs=1_000_000)), "Epochs")
    session.train()
    until(lambda: session.engine.snapshot and session.engine.snapshot.step > 5)
    folder = Path(session.runs.task.checkpoint_folder)
    session.shutdown()
    assert (folder / "latest.safetensors").exists()


def test_an_engine_that_dies_again_and_again_is_not_started_for_ever(iris, until) -> None:
    for _ in range(4):
        until(lambda: iris.engine.state in ("idle", "lost"))
        if iris.engine.state == "idle":
            os.kill(iris.engine.pid, signal.SIGKILL)
            until(lambda: iris.engine.state != "idle")
    until(lambda: iris.engine.state == "lost")
    said = notice(iris, "run")
    assert said.title == "Training is not possible"
    said.actions[0][1]()
    until(lambda: iris.engine.state == "idle")


def test_a_learning_rate_is_found_without_touching_the_run(iris, until) -> None:
    found, before = [], iris.document.project
    iris.find_learning_rate(found.append)
    iris.find_learning_rate(found.append)  # the second press takes the place of the first
    until(lambda: len(found) == 2)
    assert found[0].suggestion is None
    assert found[1].suggestion is not None
    assert iris.engine.state == "idle"
    assert iris.document.project == before


def test_a_learning_rate_is_not_sought_where_nothing_can_be_trained(session) -> None:
    found = []
    session.find_learning_rate(found.append)
    assert found[0].message == session.why_not


def test_a_lost_run_stays_resumable_where_a_learning_rate_is_asked_for(iris, until) -> None:
    iris.document.edit_training("test", epochs=100_000)
    iris.train()
    until(lambda: iris.engine.checkpoint)
    os.kill(iris.engine.pid, signal.SIGKILL)
    until(lambda: iris.engine.state == "lost")
    found = []
    iris.find_learning_rate(found.append)
    assert "resume or discard" in found[0].message
    assert iris.engine.state == "lost"
    iris.resume_after_loss()
    until(lambda: iris.engine.state == "running")


def test_an_engine_that_dies_ends_the_search_for_a_learning_rate(iris, until) -> None:
    found = []
    iris.engine._child.send = lambda message: True  # nothing arrives any more
    iris.find_learning_rate(found.append)
    os.kill(iris.engine.pid, signal.SIGKILL)
    until(lambda: found)
    assert "engine process ended" in found[0].message


def drawn(count: int) -> tuple[tuple[float, ...], ...]:
    return tuple(point(i / 30 - 1, (i * 7 % 13) / 13, i % 2) for i in range(count))


def test_a_drawing_becomes_data_stroke_by_stroke(session, until) -> None:
    session.use_source(DataSource("drawn", "classes"))
    data = session.document.project.data
    assert (session.document.project.name, data.target, data.task) == ("Drawn points", "class", "classification")
    assert "Draw some points first" in session.why_not
    session.draw("Draw 40 points", drawn(40))
    until(lambda: session.can_train)
    assert session.document.prepared.rows["train"] == 24
    session.document.edit_training("test", learning_rate=0.123)
    session.draw("Draw 20 points", drawn(60))
    until(lambda: session.document.prepared is not None and session.document.prepared.rows["train"] == 36)
    assert session.document.project.training.learning_rate == 0.123  # set by hand: more points leave it alone
    session.draw("Clear the drawing", ())
    assert session.document.prepared is session.document.profile is None
    assert "Draw some points first" in session.why_not
    session.document.undo_stack.undo()
    until(lambda: session.can_train)
    assert len(session.document.project.data.source.points) == 60
    assert not session.notices


def test_an_answer_about_points_that_are_gone_is_not_heard(session, until, qtbot) -> None:
    session.use_source(DataSource("drawn", "classes"))
    session.draw("Draw 40 points", drawn(40))
    session.draw("Clear the drawing", ())
    qtbot.wait(800)
    assert session.document.profile is session.document.prepared is None


def test_a_drawing_is_trained_saved_and_opened(session, until, tmp_path) -> None:
    session.use_source(DataSource("drawn", "classes"))
    session.draw("Draw 60 points", drawn(60))
    until(lambda: session.can_train)
    trained(session, until, epochs=5)
    project = session.document.project
    assert session.save_as(str(tmp_path / "drawn.chainrule"))
    session.new_project()
    session.open_project(str(tmp_path / "drawn.chainrule"))
    until(lambda: session.can_train)
    assert session.document.project.data == project.data
    session.document.undo_stack.undo()
    assert session.document.project.data == project.data


def test_a_run_of_older_points_is_given_up_for_one_of_the_present_ones(session, until) -> None:
    session.use_source(DataSource("drawn", "classes"))
    session.draw("Draw 40 points", drawn(40))
    until(lambda: session.can_train and session.document.prepared)
    session.document.edit_training("test", epochs=1_000_000)
    session.train()
    until(lambda: session.engine.state == "running" and session.engine.snapshot)
    session.draw("Draw 20 points", drawn(60))
    until(lambda: session.data_are_newer)
    session.train_anew()
    assert not session.data_are_newer
    assert session.runs.task.prepared.rows["train"] == 36
    until(lambda: session.engine.state == "running" and session.engine.snapshot)
    session.reset()
