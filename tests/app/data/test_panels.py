"""The data panels: what they show of a table, and what a click or a key does to it."""

from dataclasses import replace
from typing import Any

import pytest
from fakes import FakeBusy
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from tables import TABLES, DataSession, digits, penguins, spirals, table, ugly, wide

from app import theme
from app.data.column_list import MOST_ROWS, ROW
from app.data.column_menu import column_menu
from app.data.generator_form import GeneratorForm
from app.data.page import DataPage
from app.data.points import from_preview
from app.data.sources import SourceCard
from app.data.split_bar import SplitBar
from app.data.start import StartPage
from app.data.summary import DataSummary
from app.data.table_model import PreviewModel
from core.data.schema import Finding
from core.spec import DataSource

GENERATED = DataSource("generator", "spirals")


@pytest.fixture
def session(qtbot: QtBot) -> DataSession:
    return DataSession()


def settle() -> None:
    """Let the panels hear of a change, then lay themselves out."""
    for _ in range(3):
        QApplication.processEvents()


def shown(qtbot: QtBot, widget: QWidget, width: int = 1016, height: int = 684) -> Any:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    settle()
    return widget


def texts(widget: QWidget) -> list[str]:
    return [each.text() for each in widget.findChildren(QLabel) if each.isVisible()]


def press(widget: QWidget, words: str) -> None:
    match = [b for b in widget.findChildren(QPushButton) if b.isVisible() and words in b.text()]
    assert match, f"no button {words!r}"
    match[0].click()
    settle()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_drawn(qtbot: QtBot, session: DataSession, name: str) -> None:
    page, summary = shown(qtbot, DataPage(session)), shown(qtbot, DataSummary(session), 264)
    session.load(TABLES[name](), GENERATED if name == "spirals" else None)
    settle()
    assert not page.grab().isNull()
    assert not summary.grab().isNull()
    assert page.minimumSizeHint().width() <= 1016
    assert summary.minimumSizeHint().width() <= 264


def test_names_are_shown_as_they_are_written_never_as_html(qtbot: QtBot, session: DataSession) -> None:
    page, summary = shown(qtbot, DataPage(session)), shown(qtbot, DataSummary(session), 264)
    session.load(ugly())
    settle()
    for panel in (page, summary):
        assert "<h1>ugly</h1>.csv" in texts(panel)
        labels = [each for each in panel.findChildren(QLabel) if each.text()]
        assert all(each.textFormat() == Qt.TextFormat.PlainText for each in labels)
    cell = page.table.model().index(0, 0)
    assert cell.data() == "<i>1</i>"


def test_a_missing_cell_is_a_dash_and_said_to_be_missing(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(penguins())
    settle()
    cell = page.table.model().index(3, 6)
    assert cell.data() == "–"
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole) == "sex: missing"


def test_a_click_on_a_finding_repairs_it_and_undo_brings_it_back(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(penguins())
    settle()
    press(page.findings, "Leave it out")
    assert session.document.project.data.excluded == ("year",)  # type: ignore[union-attr]
    assert session.document.undo_stack.undoText() == "Leave out year"
    session.document.undo_stack.undo()
    assert session.document.project.data.excluded == ()  # type: ignore[union-attr]


def test_the_summary_counts_what_needs_a_decision_and_leads_there(qtbot: QtBot, session: DataSession) -> None:
    summary = shown(qtbot, DataSummary(session), 264)
    session.load(replace(penguins(), findings=(*penguins().findings, Finding("warning", "4 rows are skipped."))))
    settle()
    with qtbot.waitSignal(session.stage_requested) as asked:
        press(summary, "1 thing to decide")
    assert asked.args == ["Data"]


def test_many_findings_fold_and_unfold(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(ugly())
    settle()
    assert not any("Latin-1, not" in text for text in texts(page.findings))
    press(page.findings, "2 more")
    assert any("Latin-1, not" in text for text in texts(page.findings))


def test_rejected_rows_are_listed_with_line_and_reason(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(ugly())
    settle()
    assert "12 rows could not be read and were left out." in texts(page.findings)
    press(page.findings, "Show them")
    found = texts(page.findings)
    assert {"line 17", "expected 7 cells, found 9", "1,2,3,<b>4</b>,5,6,7,8,9", "and 10 more"} <= set(found)


def test_rejected_rows_that_a_finding_counts_are_told_of_once(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    told = Finding("warning", "12 rows do not fit the others and will be skipped.")
    session.load(replace(ugly(), findings=(told,)))
    settle()
    assert [text for text in texts(page.findings) if text.startswith("12 rows")] == [told.text]
    press(page.findings, "Show them")
    assert "line 17" in texts(page.findings)


def test_what_is_no_number_stands_out_in_a_column_of_numbers(qtbot: QtBot) -> None:
    model = PreviewModel()
    cells: dict[str, list[str | None]] = {"x": ["1.5", "2"], "y": ["1", "2"]}
    made = table("t.csv", cells, "y", "regression")
    model.show(replace(made, preview=(("NA", "1"), ("1,5", "2"))), None)
    bad = theme.current().bad
    assert model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole) == bad
    assert model.index(1, 0).data(Qt.ItemDataRole.ForegroundRole) != bad


def test_the_menu_of_a_column_makes_it_the_target(qtbot: QtBot, session: DataSession) -> None:
    session.load(penguins())
    parent = QWidget()
    qtbot.addWidget(parent)
    menu = column_menu(session, "sex", parent)
    assert menu is not None
    actions = {a.text(): a for a in menu.actions()}
    actions["Predict this column"].trigger()
    assert session.calls[-1] == ("change_data", "Predict sex", {"target": "sex", "task": "auto", "excluded": ()})


def test_the_target_cannot_be_left_out(qtbot: QtBot, session: DataSession) -> None:
    session.load(penguins())
    parent = QWidget()
    qtbot.addWidget(parent)
    menu = column_menu(session, "species", parent)
    assert menu is not None
    assert not {a.text(): a for a in menu.actions()}["Leave out"].isEnabled()
    assert column_menu(session, "no such column", parent) is None


def test_return_opens_the_menu_of_the_current_column(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(penguins())
    settle()
    page.table.setCurrentIndex(page.table.model().index(0, 2))
    asked = []
    page.table.horizontalHeader().asked.connect(lambda section, _at: asked.append(section))
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert asked == [2]
    popup = QApplication.activePopupWidget()
    assert popup is not None
    popup.close()


def test_the_target_and_the_task_are_chosen_over_the_table(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(penguins())
    settle()
    combo = page._target
    combo.setCurrentIndex(combo.findData("body_mass_g"))
    combo.activated.emit(combo.currentIndex())
    assert session.calls[-1][2]["target"] == "body_mass_g"
    settle()
    page._task.part("regression").click()
    assert session.calls[-1] == ("change_data", "Predict a number", {"task": "regression"})


def test_words_cannot_be_predicted_as_a_number(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(penguins())
    settle()
    part = page._task.part("regression")
    assert not part.isEnabled()
    assert "words" in part.toolTip()


def test_without_data_there_is_a_way_to_begin(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, StartPage(session))
    cards = {card.text(): card for card in page.findChildren(SourceCard)}
    cards["Two spirals"].click()
    source = session.calls[-1][1]
    assert (source.kind, source.name, source.rows) == ("generator", "spirals", 400)
    cards["Iris"].click()
    assert session.calls[-1][1] == DataSource("sample", "iris")


def test_the_knobs_of_a_generator_are_sent_on_once_as_one(qtbot: QtBot, session: DataSession) -> None:
    session.load(spirals(), GENERATED)
    form: GeneratorForm = shown(qtbot, GeneratorForm(session), 236, 100)
    form.show_source(GENERATED)
    for position in (6, 9, 12):
        form.noise.setValue(position)
    form._next_seed()
    qtbot.waitUntil(lambda: bool(session.calls), timeout=2000)
    assert session.calls == [("change_source", {"noise": 0.24, "seed": 8})]


def test_the_form_has_the_fields_of_its_generator(qtbot: QtBot, session: DataSession) -> None:
    form: GeneratorForm = shown(qtbot, GeneratorForm(session), 236, 220)
    session.load(spirals(), DataSource("generator", "gaussians", choices={"classes": 5}))
    form.show_source(session.document.project.data.source)  # type: ignore[union-attr]
    assert list(form.choices) == ["classes", "imbalance"]
    assert form.choices["classes"].value() == 5  # type: ignore[union-attr]
    session.calls.clear()
    form.choices["classes"].value_changed.emit(4.0)  # type: ignore[union-attr]
    form.choices["imbalance"].value_changed.emit(2.0)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: bool(session.calls), timeout=2000)
    assert session.calls == [("change_source", {"choices": {"classes": 4, "imbalance": 2.0}})]
    form.show_source(DataSource("generator", "surface"))
    assert list(form.choices) == ["shape"]
    assert form.choices["shape"].currentData() == "hills"  # type: ignore[union-attr]
    form.show_source(DataSource("generator", "xor"))
    assert not form.choices


def test_what_was_turned_does_not_reach_the_next_generator(qtbot: QtBot, session: DataSession) -> None:
    form: GeneratorForm = shown(qtbot, GeneratorForm(session), 236, 220)
    form.show_source(DataSource("generator", "spirals"))
    form.noise.setValue(20)
    form.show_source(DataSource("generator", "surface"))
    qtbot.wait(250)
    assert not session.calls


def test_many_columns_scroll_in_their_list(qtbot: QtBot, session: DataSession) -> None:
    summary = shown(qtbot, DataSummary(session), 264)
    session.load(wide())
    settle()
    assert summary.columns.model().rowCount() == 300
    summary.resize(264, 340)
    settle()
    assert summary.columns.height() < MOST_ROWS * ROW
    summary.resize(264, 900)
    settle()
    assert MOST_ROWS * ROW < summary.columns.height() < 900
    assert summary.split.geometry().bottom() < 900
    names = [summary.columns.model().index(row, 0).data() for row in range(3)]
    assert names == ["tissue", "gene_000", "gene_001"]


def test_the_table_stays_where_it_was_when_a_column_changes(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    session.load(digits())
    settle()
    page.table.setCurrentIndex(page.table.model().index(0, 0))
    page.table.horizontalScrollBar().setValue(400)
    session.change_data("Leave out pixel_0_0", excluded=("pixel_0_0",))
    settle()
    assert page.table.horizontalScrollBar().value() == 400


def drag(bar: SplitBar, start: float, end: float) -> None:
    left = Qt.MouseButton.LeftButton
    for kind, x in (
        (QEvent.Type.MouseButtonPress, start),
        (QEvent.Type.MouseMove, end),
        (QEvent.Type.MouseButtonRelease, end),
    ):
        at = QPointF(bar.width() * x, 3)
        none = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(bar, QMouseEvent(kind, at, QPointF(bar.mapToGlobal(at.toPoint())), left, left, none))


def test_dragging_a_border_moves_rows_between_two_parts_only(qtbot: QtBot) -> None:
    bar = shown(qtbot, SplitBar(), 400, 32)
    bar.show_split(100, 0.2, 0.2, {"train": 60, "validation": 20, "test": 20})
    chosen = []
    bar.chosen.connect(lambda v, t: chosen.append((v, t)))
    drag(bar, 0.6, 0.7)
    assert chosen == [(0.1, 0.2)]
    assert bar.counts() == (70, 10, 20)
    drag(bar, 0.8, 0.9)
    assert chosen[-1] == (0.2, 0.1)


def test_a_border_never_leaves_too_few_training_rows(qtbot: QtBot) -> None:
    bar = shown(qtbot, SplitBar(), 400, 32)
    bar.show_split(100, 0.2, 0.5, None)
    drag(bar, 0.3, 0.0)
    assert bar.counts()[0] >= 10


def test_arrow_keys_move_the_borders(qtbot: QtBot) -> None:
    bar = shown(qtbot, SplitBar(), 400, 32)
    bar.show_split(100, 0.2, 0.2, None)
    with qtbot.waitSignal(bar.chosen) as moved:
        qtbot.keyClick(bar, Qt.Key.Key_Left)
    assert moved.args == [0.25, 0.2]
    with qtbot.waitSignal(bar.chosen) as moved:
        qtbot.keyClick(bar, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert moved.args == [0.3, 0.15]
    assert bar.accessibleDescription() == "train 55, validation 30, test 15"


def test_reading_can_be_watched_and_cancelled(qtbot: QtBot, session: DataSession) -> None:
    page = shown(qtbot, DataPage(session))
    stopped = []
    session.busy_changed.emit(FakeBusy("Reading big.csv", 0.5, 65, lambda: stopped.append(True)))
    assert {"Reading big.csv", "1:05 left"} <= set(texts(page))
    press(page, "Cancel")
    assert stopped == [True]
    session.busy_changed.emit(None)
    assert "Reading big.csv" not in texts(page)


def test_a_row_without_an_answer_makes_no_class_of_its_own() -> None:
    cells: dict[str, list[str | None]] = {"x": ["1", "2", "3"], "y": ["1", "2", "3"], "z": ["a", None, "b"]}
    points = from_preview(table("t.csv", cells, "z", "classification"), "x", "y")
    assert points.classes == ("a", "b")
    assert list(points.x) == [1, 3]


def test_points_leave_out_rows_with_gaps() -> None:
    points = from_preview(penguins(), "bill_length_mm", "bill_depth_mm")
    assert len(points.x) == len(points.y) == 99
    assert points.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert points.group is not None
    assert len(points.group) == 99
