"""The sheet of all training settings: made from their descriptions, written to the document, fixed by a run."""

from dataclasses import fields as dataclass_fields
from dataclasses import replace

import numpy as np
import pytest
from fakes import snapshot
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QScrollArea, QWidget

from app import theme, training_words
from app.schedule_picture import Plan, SchedulePicture
from app.training_fields import TrainingFields
from app.training_sheet import TrainingSheet
from app.widgets import NumberCombo
from core import values
from core.optimizers import OPTIMIZERS, SGD, Adam, AdamW
from core.schedules import SCHEDULES, Constant, Cosine, Exponential, OneCycle, Plateau
from core.spec import TrainingConfig
from core.training.snapshot import Curve, History


@pytest.fixture(autouse=True)
def themed(qapp):
    theme.install(qapp, "light")


@pytest.fixture
def host(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.inspector = QWidget(made)
    made.inspector.setGeometry(560, 0, 340, 600)
    made.show()
    return made


@pytest.fixture
def sheet(host, session):
    session.with_data()
    made = TrainingSheet(TrainingFields(session, host), session, host)
    made.place_in(host, over=host.inspector)
    made.fill()
    return made


def named(sheet, name) -> QWidget:
    return next(row.field for row in _rows(sheet) if row.field.accessibleName() == name)


def _rows(sheet):
    return [*sheet._rows, *(row for family in sheet._families.values() for row in family.rows)]


def choose(sheet, name, value):
    combo = named(sheet, name)
    combo.setCurrentIndex(combo.findData(value))
    combo.activated.emit(combo.currentIndex())


def enter(qtbot, combo, text):
    combo.lineEdit().selectAll()
    qtbot.keyClicks(combo.lineEdit(), text)
    qtbot.keyClick(combo.lineEdit(), Qt.Key.Key_Return)


def own_names(sheet, family):
    return [row.text.text() for row in sheet._families[family].rows]


def test_every_training_setting_has_a_field_that_teaches(sheet):
    rows = {row.name: row for row in sheet._rows}
    assert set(rows) == {f.name for f in dataclass_fields(TrainingConfig)}
    for row in sheet._rows:
        assert len(row.field.toolTip()) > 40, row.name
        assert row.text.toolTip() == row.field.toolTip()
        assert row.field.accessibleName()


def test_a_setting_that_no_group_names_comes_last(monkeypatch):
    monkeypatch.setattr(training_words, "SECTIONS", training_words.SECTIONS[1:])
    assert training_words.sections()[-1] == ("Further", ("schedule", "learning_rate"))
    assert sum(len(names) for _, names in training_words.sections()) == len(dataclass_fields(TrainingConfig))


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("Clip by norm", "1", "clip_norm", 1.0),
        ("Clip by value", "0.5", "clip_value", 0.5),
        ("Label smoothing", "0.1", "label_smoothing", 0.1),
        ("Max-norm", "3", "max_norm", 3.0),
        ("Accumulate", "4", "accumulate", 4),
        ("Early stopping", "20", "early_stopping", 20),
        ("Seed", "11", "seed", 11),
        ("Epochs", "90", "epochs", 90),
        ("L1 penalty", "1e-4", "l1", 1e-4),
    ],
)
def test_numbers_reach_the_document_and_can_be_undone(qtbot, sheet, session, name, text, attribute, value):
    before = getattr(session.document.project.training, attribute)
    enter(qtbot, named(sheet, name), text)
    after = getattr(session.document.project.training, attribute)
    assert after == pytest.approx(value)
    assert type(after) is type(before)
    session.document.undo_stack.undo()
    assert getattr(session.document.project.training, attribute) == before
    assert named(sheet, name).value() == before


def test_choices_reach_the_document(sheet, session):
    choose(sheet, "Class weights", "balanced")
    choose(sheet, "Backend", "numpy")
    assert session.document.project.training.class_weights == "balanced"
    assert session.document.project.training.backend == "numpy"


@pytest.mark.parametrize(("family", "members"), [("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)])
def test_each_member_of_a_family_brings_its_own_settings(sheet, session, family, members):
    for kind, cls in members.items():
        choose(sheet, training_words.FAMILY_NAMES[family], kind)
        assert getattr(session.document.project.training, family) == cls()
        assert own_names(sheet, family) == [hyper.label for hyper in values.hypers(cls).values()]
        assert cls.help in " ".join(named(sheet, training_words.FAMILY_NAMES[family]).toolTip().split())
        for row in sheet._families[family].rows:
            assert len(row.field.toolTip()) > 15


def test_what_belongs_to_an_optimizer_is_undone_apart_from_choosing_it(qtbot, sheet, session):
    choose(sheet, "Optimizer", "adamw")
    enter(qtbot, named(sheet, "Weight decay"), "0.1")
    enter(qtbot, named(sheet, "Weight decay"), "0.2")
    assert session.document.project.training.optimizer == AdamW(weight_decay=0.2)
    session.document.undo_stack.undo()
    assert session.document.project.training.optimizer == AdamW()
    assert named(sheet, "Weight decay").value() == 0.01
    session.document.undo_stack.undo()
    assert session.document.project.training.optimizer == Adam()
    choose(sheet, "Optimizer", "sgd")
    assert session.document.project.training.optimizer == SGD()
    assert own_names(sheet, "optimizer") == []


def test_choosing_the_same_one_again_keeps_its_settings(sheet, session):
    session.document.edit_training("Tune", schedule=Cosine(warm_up=0.1))
    choose(sheet, "Schedule", "cosine")
    assert session.document.project.training.schedule == Cosine(warm_up=0.1)


def test_what_a_run_keeps_is_locked_and_says_so(sheet, session):
    """The locked ones are exactly those that a running training does not take over."""
    begun, now = TrainingConfig(), TrainingConfig(
        SGD(), Exponential(), "mse", 9, 9, 0.9, 0.5, 0.5, 0.5, 0.5, "balanced", 0.5, 0.5, 0.5, 9, 9, 9, "numpy"
    )  # fmt: skip
    kept = now.within(begun)
    for field in dataclass_fields(TrainingConfig):
        assert getattr(now, field.name) != getattr(begun, field.name), field.name
        fixed = getattr(kept, field.name) == getattr(begun, field.name)
        assert fixed == (field.name in training_words.FIXED_IN_RUN), field.name
    session.engine.set_state("running")
    for row in sheet._rows:
        fixed = row.name in training_words.FIXED_IN_RUN
        assert row.field.isEnabled() != fixed
        assert row.lock.isHidden() != fixed
        assert ("keeps what it began with" in " ".join(row.field.toolTip().split())) == fixed
    session.engine.set_state("idle")
    assert all(row.field.isEnabled() and row.lock.isHidden() for row in sheet._rows)


def test_a_setting_that_the_loss_does_not_use_says_so(sheet, session):
    assert named(sheet, "Label smoothing").isEnabled()
    choose(sheet, "Loss", "hinge")
    assert not named(sheet, "Label smoothing").isEnabled()
    assert "hinge, has no use for it" in " ".join(named(sheet, "Label smoothing").toolTip().split())
    choose(sheet, "Loss", "auto")
    prepared = session.document.prepared
    session.document.set_prepared(replace(prepared, task="regression", classes=()))
    assert not named(sheet, "Class weights").isEnabled()


def test_a_setting_that_is_true_or_false_gets_a_box(qtbot, sheet, session, monkeypatch):
    flag = values.Hyper("Fast", "Whether to hurry.", "bool")
    monkeypatch.setattr(TrainingFields, "_hyper", lambda self, name, own: flag)
    monkeypatch.setattr(TrainingFields, "_value", lambda self, name, own: True)
    made = sheet._fields._made(flag, "fast", "", 100)
    qtbot.addWidget(made)
    assert made.isChecked()
    sheet._fields.forget(made)


# --- where it lies


def test_it_covers_the_inspector_and_follows_the_window(sheet, host):
    sheet.toggle(host)
    assert sheet.geometry().getRect() == (560, 0, 340, 600)
    host.resize(1000, 700)
    assert (sheet.x() + sheet.width(), sheet.height()) == (1000, 700)
    host.inspector.hide()
    assert sheet.geometry().getRect() == (712, 0, 288, 700)


def test_escape_and_a_selected_layer_close_it(qtbot, sheet, host, session):
    opener = QComboBox(host)
    opener.show()
    sheet.toggle(opener)
    assert sheet.isVisible()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert sheet.isHidden()
    sheet.toggle(opener)
    session.document.select(session.document.project.network.layers[1].id)
    assert sheet.isHidden()


def test_tab_goes_down_the_sheet_through_fields_made_late(qtbot, sheet, host, session):
    sheet.toggle(host)
    choose(sheet, "Schedule", "step")
    wanted = [named(sheet, name) for name in ("Schedule", "Drops", "Factor", "Optimizer", "β₁")]
    visited, widget = [], wanted[0]
    for _ in range(40):
        if widget in wanted:
            visited.append(widget)
        widget = widget.nextInFocusChain()
    assert visited == wanted


def test_nothing_is_cut_off(qtbot, sheet, host, session):
    sheet.toggle(host)
    host.inspector.hide()
    session.engine.set_state("running")  # the locks need room too
    area = sheet.findChild(QScrollArea)
    assert area.widget().minimumSizeHint().width() <= area.viewport().width()
    choose(sheet, "Schedule", "plateau")
    qtbot.wait(1)
    for text in sheet.findChildren(QLabel):
        if text.isVisible():
            assert text.width() >= text.sizeHint().width(), text.text()
    for combo in sheet.findChildren(QComboBox):
        corner = combo.mapTo(sheet, combo.rect().bottomRight())
        assert corner.x() <= sheet.width() - 12
        if isinstance(combo, NumberCombo):
            assert combo.fontMetrics().horizontalAdvance(combo.currentText()) < combo.lineEdit().width()


# --- the picture of the rate


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Constant(), "0.01 throughout"),
        (Cosine(), "0.01 → 0"),
        (Cosine(warm_up=0.1), "0 → 0.01 → 0"),
        (OneCycle(), "4e-4 → 0.01 → 0"),
        (Exponential(final=0.1), "0.01 → 0.001"),
        (Plateau(factor=0.5), "0.01, times 0.5 at each stall"),
    ],
)
def test_the_picture_says_what_the_rate_does(schedule, text):
    config = TrainingConfig(schedule=schedule, epochs=2000)
    plan = Plan.of(config, 20)
    assert plan.text(config) == text
    at = 0.37 * (2000 * 20 - 1)
    assert np.interp(0.37, plan.at, plan.rates) == pytest.approx(schedule.rate(at, 40_000, 0.01), rel=0.01)


def test_the_picture_follows_settings_and_the_run(qtbot, sheet, host, session):
    picture = sheet.findChild(SchedulePicture)
    sheet.toggle(host)
    choose(sheet, "Schedule", "cosine")
    assert picture.text() == "0.01 → 0"
    assert picture.accessibleDescription() == "0.01 → 0"
    steps = np.arange(1, 401)
    rates = np.linspace(0.01, 0.005, 400).astype(np.float32)
    history = History({"learning_rate": Curve(steps, rates, rates, rates)})
    assert not len(picture.run_so_far()[0])
    session.engine.set_state("running")
    session.engine.play(snapshot(epoch=50, epochs=200, per_epoch=8, history=history))
    at, rate = picture.run_so_far()
    assert (at[-1], rate[-1]) == (pytest.approx(0.25), pytest.approx(0.005))
    assert not picture.grab().toImage().isNull()


def test_steps_of_an_epoch_count_batches_that_are_gathered_into_one_step():
    assert training_words.steps_per_epoch(TrainingConfig(batch_size=32), 240) == 8
    assert training_words.steps_per_epoch(TrainingConfig(batch_size=32, accumulate=4), 240) == 2
    assert training_words.steps_per_epoch(TrainingConfig(batch_size=0, accumulate=4), 240) == 1
    assert training_words.steps_per_epoch(TrainingConfig(batch_size=1000), 240) == 1
    assert training_words.steps_per_epoch(TrainingConfig(), 0) == 0


def test_only_losses_that_fit_the_target_are_offered(sheet, session):
    prepared = session.document.prepared

    def offered(task, classes):
        session.document.set_prepared(replace(prepared, task=task, classes=classes))
        combo = named(sheet, "Loss")
        return [combo.itemData(row) for row in range(combo.count())], combo.currentData()

    assert offered("labels", ("a", "b", "c")) == (["auto"], "auto")
    assert offered("classification", ("a", "b", "c")) == (["auto", "softmax_cross_entropy", "hinge"], "auto")
    assert "binary_cross_entropy" in offered("classification", ("a", "b"))[0]
    numbers = offered("regression", ())[0]
    assert {"mse", "poisson"} <= set(numbers)
    assert "hinge" not in numbers
    choose(sheet, "Loss", "mse")
    assert offered("labels", ("a", "b")) == (["auto", "mse"], "mse")
