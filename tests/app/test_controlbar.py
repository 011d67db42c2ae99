"""The control row: what it starts, what it refuses, what it teaches, and what it says of a run."""

import pytest
from fakes import FakeSession, snapshot
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSpinBox

from app import theme
from app.controlbar import ControlBar
from app.document import Trained
from app.widgets import NumberCombo
from core.evaluation.result import Evaluation


@pytest.fixture(autouse=True)
def themed(qapp):
    theme.install(qapp, "light")


@pytest.fixture
def session(qapp):
    return FakeSession()


@pytest.fixture
def bar(qtbot, session):
    made = ControlBar(session)
    qtbot.addWidget(made)
    made.resize(1280, 48)
    made.show()
    return made


def field(bar, name) -> NumberCombo:
    return next(f for f in bar.findChildren(NumberCombo) if f.accessibleName() == name)


def enter(qtbot, combo, text):
    line = combo.lineEdit() if isinstance(combo, QComboBox) else combo
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def test_without_data_every_disabled_button_says_why(bar):
    for made in (bar.buttons.train, bar.buttons.step, bar.buttons.step_epoch, bar.buttons.stop, bar.buttons.reset):
        assert not made.isEnabled()
        assert "Not now:" in made.toolTip()
    assert "Choose data first." in bar.buttons.train.toolTip()


def test_train_pauses_and_resumes(bar, session):
    session.with_data()
    bar.refresh()
    assert bar.buttons.train.text() == "Train"
    bar.buttons.train.click()
    session.engine.set_state("running")
    assert bar.buttons.train.text() == "Pause"
    assert not bar.buttons.step.isEnabled()
    assert bar.buttons.stop.isEnabled()
    session.engine.set_state("lost")
    assert bar.buttons.train.text() == "Resume"
    assert not bar.buttons.step.isEnabled(), "a step would begin another run"
    session.engine.set_state("paused")
    assert bar.buttons.train.text() == "Resume"
    bar.buttons.step.click()
    bar.buttons.step_epoch.click()
    bar.buttons.stop.click()
    assert session.calls == [("toggle_train",), ("step",), ("step_epoch",), ("stop",)]


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("Learning rate", "0.003", "learning_rate", 0.003),
        ("Batch size", "64", "batch_size", 64),
        ("Batch size", "full", "batch_size", 0),
        ("Dropout", "0.3", "dropout", 0.3),
        ("L2 penalty", "1e-4", "l2", 1e-4),
    ],
)
def test_settings_reach_the_document_and_can_be_undone(qtbot, bar, session, name, text, attribute, value):
    session.with_data()
    before = getattr(session.document.project.training, attribute)
    enter(qtbot, field(bar, name), text)
    assert getattr(session.document.project.training, attribute) == pytest.approx(value)
    session.document.undo_stack.undo()
    assert getattr(session.document.project.training, attribute) == before
    assert field(bar, name).value() == before


@pytest.mark.parametrize(("name", "text"), [("Learning rate", "-1"), ("Dropout", "1.5"), ("Batch size", "2.5")])
def test_illegal_settings_are_refused_where_they_are_typed(qtbot, bar, session, name, text):
    session.with_data()
    before = session.document.project.training
    with qtbot.waitSignal(field(bar, name).refused):
        enter(qtbot, field(bar, name), text)
    assert session.document.project.training == before


def test_a_batch_larger_than_the_rows_is_clamped_in_view(qtbot, bar, session):
    session.with_data()
    enter(qtbot, field(bar, "Batch size"), "1000")
    assert session.document.project.training.batch_size == 240
    assert field(bar, "Batch size").currentText() == "240"


def test_epochs_are_changed_in_place(qtbot, bar, session):
    session.with_data()
    enter(qtbot, bar.progress.epochs, "500")
    assert session.document.project.training.epochs == 500
    with qtbot.waitSignal(bar.progress.epochs.refused):
        enter(qtbot, bar.progress.epochs, "0")
    assert session.document.project.training.epochs == 500


def test_a_run_keeps_its_loss_and_seed(bar, session):
    session.with_data()
    loss = next(f for f in bar.findChildren(QComboBox) if f.accessibleName() == "Loss")
    assert loss.isEnabled()
    session.engine.set_state("running")
    assert not loss.isEnabled()
    assert "keeps what it began with" in " ".join(loss.toolTip().split())
    session.engine.set_state("idle")
    assert loss.isEnabled()


def test_the_button_opens_and_closes_all_settings(bar):
    bar.more_button.click()
    assert not bar.more.isHidden()
    assert bar.more_button.isChecked()
    bar.more_button.click()
    assert bar.more.isHidden()
    assert not bar.more_button.isChecked()


def test_progress_says_where_the_run_is(bar, session):
    session.with_data(epochs=200)
    session.engine.set_state("running")
    session.engine.play(snapshot(epoch=50, epochs=200, seconds_left=4.2))
    assert bar.progress.epoch.text() == "50"
    assert bar.progress.time.full_text() == "0:04 left"
    assert bar.progress.bar.value() == 250
    session.engine.play(snapshot(epoch=50, epochs=200, step=7000, steps_per_epoch=20, epoch_steps_left=10))
    assert bar.progress.bar.value() == 252, "a batch size that was changed counts the steps anew"
    session.engine.set_state("idle")
    session.engine.play(snapshot(state="diverged", epoch=50, epochs=200, seconds=61))
    assert bar.progress.time.full_text() == "diverged at 1:01"


def test_epochs_that_changed_since_a_run_ended_are_those_of_the_next(bar, session):
    session.with_data(epochs=600)
    session.engine.set_state("idle")
    session.engine.play(snapshot(state="finished", epoch=600, epochs=600, seconds=2.0))
    assert (bar.progress.epoch.text(), bar.progress.time.text()) == ("600", "done in 2.0 s")
    session.document.edit_training("Use other data", epochs=561)
    assert (bar.progress.epoch.text(), bar.progress.time.text()) == ("0", "ready")
    assert bar.progress.bar.value() == 0
    assert "The run before: 600 epochs" in bar.progress.toolTip()
    session.engine.set_state("running")
    session.engine.play(snapshot(epoch=100, epochs=561))
    assert bar.progress.epoch.text() == "100"


@pytest.mark.parametrize(("epochs", "done", "left"), [(200, 12, 4.2), (1_500, 999, 75.0), (100_000, 16_775, 95.0)])
def test_the_time_left_is_never_cut(qtbot, bar, session, epochs, done, left):
    session.with_data(epochs=epochs)
    session.engine.set_state("running")
    session.engine.play(snapshot(epoch=done, epochs=epochs, seconds_left=left, per_epoch=1))
    qtbot.wait(1)
    assert bar.progress.time.text() == bar.progress.time.full_text() != ""


def test_the_score_moves_from_validation_to_test(bar, session):
    session.with_data()
    assert bar.score.value.text() == "—"
    session.engine.set_state("running")
    session.engine.play(snapshot())
    assert bar.score.what.text() == "Validation accuracy"
    session.engine.set_state("idle")
    metrics = {"accuracy": 0.98, "baseline_accuracy": 0.5}
    session.document.set_evaluation(Evaluation("classification", "test", 80, metrics))
    assert (bar.score.what.text(), bar.score.value.text()) == ("Test accuracy", "98.0 %")
    assert "50.0 %" in bar.score.toolTip()


def test_the_pace_can_be_slow_enough_for_eyes(bar, session):
    assert bar.pace.currentText() == "full"
    bar.pace.setCurrentIndex(bar.pace.findText("2/s"))
    bar.pace.activated.emit(bar.pace.currentIndex())
    bar.pace.setCurrentIndex(0)
    bar.pace.activated.emit(0)
    assert session.calls == [("set_pace", 2), ("set_pace", None)]


def test_every_control_teaches(bar, session):
    session.with_data()
    for kind in (QAbstractButton, QComboBox, QLineEdit, QSpinBox):
        for control in bar.findChildren(kind):
            if isinstance(control.parent(), QComboBox):
                continue
            assert len(control.toolTip()) > 15, control.accessibleName()
            assert control.accessibleName()


@pytest.mark.parametrize("width", [1100, 1280, 1440])
def test_nothing_is_cut_off(qtbot, bar, session, width):
    session.with_data(learning_rate=0.0003, batch_size=1024, dropout=0.25, l2=0.0001234)
    session.engine.set_state("running")
    session.engine.play(snapshot(seconds_left=35999, epoch=199))
    bar.resize(width, 48)
    qtbot.wait(1)
    for child in [*bar.findChildren(QComboBox), bar.score.value, bar.score.what, bar.more_button]:
        if child.isVisible():
            if isinstance(child, NumberCombo):
                line = child.lineEdit()
                assert line.fontMetrics().horizontalAdvance(line.text()) < line.width() or len(line.text()) > 5
            corner = child.mapTo(bar, child.rect().bottomRight())
            assert corner.x() <= width, child.accessibleName()
            assert corner.y() <= 48
    assert bar.minimumSizeHint().width() <= width


def test_a_project_that_was_trained_says_so_when_opened(bar, session):
    session.with_data(epochs=200)
    assert bar.progress.epoch.text() == "0"
    document = session.document
    learned = Trained({"l1": {}}, document.project.network, document.prepared, "softmax_cross_entropy")
    document.set_result(learned, snapshot(epoch=50, epochs=200, per_epoch=8).history)
    assert (bar.progress.epoch.text(), bar.progress.time.full_text()) == ("50", "trained before")
    assert bar.progress.bar.value() == 250
