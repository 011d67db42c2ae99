"""The menu of splits: it offers the columns that can serve, says what was chosen, and is undone as one step."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from tables import DataSession, column, table

from app.data import facts
from app.data.split_bar import SplitBar
from app.data.split_choice import WORDS, SplitChoice, fitting, said
from core.data.schema import TableProfile
from core.spec import DataSource, DataSpec

SOURCE = DataSource("file", path="visits.csv")


def visits() -> TableProfile:
    cells: dict[str, list[str | None]] = {
        "patient": [f"P{i % 9}" for i in range(60)],
        "visit": [f"{1 + i % 28}.{1 + i // 28}.2021" for i in range(60)],
        "use": [["train", "test", "val"][i % 3] for i in range(60)],
        "dose": [str(i * 0.5) for i in range(60)],
        "outcome": [["well", "ill"][i % 2] for i in range(60)],
    }
    return table("visits.csv", cells, "outcome", "classification", kinds={"visit": "category"})


def entries(menu: QMenu) -> dict[str, Any]:
    menu.aboutToShow.emit()
    found: dict[str, Any] = {}
    for action in menu.actions():
        below = action.menu()
        found[action.text()] = {a.text(): a for a in below.actions()} if isinstance(below, QMenu) else action
    return found


def test_columns_that_can_serve() -> None:
    names = {how: [c.name for c in fitting(visits(), how)] for how in DataSpec.COLUMN_SPLITS}
    assert names["time"] == ["visit", "dose"]
    assert names["column"] == ["use"]
    assert names["group"][0] == "patient"
    assert "outcome" not in names["group"]
    assert "dose" not in names["group"]  # another value in every row


def test_choosing_is_one_undoable_change(session: DataSession, qtbot: QtBot) -> None:
    session.load(visits(), SOURCE)
    choice = SplitChoice(session)
    qtbot.addWidget(choice)
    choice.refresh()
    assert choice.text() == "Even by class"
    entries(choice.menu())[WORDS["group"][0]]["patient"].trigger()
    choice.refresh()
    spec = session.document.project.data
    assert spec is not None
    assert (spec.split, spec.split_by) == ("group", "patient")
    assert choice.text() == "Groups of “patient”"
    assert entries(choice.menu())[WORDS["group"][0]]["patient"].isChecked()
    session.document.undo_stack.undo()
    spec = session.document.project.data
    assert spec is not None
    assert (spec.split, spec.split_by) == ("stratified", "")


def test_a_long_name_is_cut_and_an_ampersand_shown() -> None:
    assert (
        said(DataSpec(SOURCE, split="time", split_by="when & where it all began")) == "By time, “when && where it a…”"
    )


def test_the_column_of_the_split_has_a_part_of_its_own() -> None:
    profile, spec = visits(), DataSpec(SOURCE, split="group", split_by="patient")
    assert facts.role(spec, profile, column("patient", ["a"])) == "split"
    edit = facts.make_target(spec, "patient")
    assert (edit.changes["split"], edit.changes["split_by"]) == ("stratified", "")
    assert "split" not in facts.make_target(spec, "dose").changes


def test_the_bar_stays_where_a_column_names_the_parts(qtbot: QtBot) -> None:
    bar = SplitBar()
    qtbot.addWidget(bar)
    bar.resize(200, 32)
    bar.set_movable(False)
    bar.show_split(100, 0.2, 0.2, {"train": 50, "validation": 25, "test": 25})
    assert bar._borders() == (100.0, 150.0)
    with qtbot.assertNotEmitted(bar.chosen):
        qtbot.keyClick(bar, Qt.Key.Key_Left)


def test_numbers_have_no_classes_to_be_even_by(session: DataSession, qtbot: QtBot) -> None:
    session.load(replace(visits(), task="regression"), SOURCE)
    choice = SplitChoice(session)
    qtbot.addWidget(choice)
    choice.refresh()
    assert choice.text() == "At random"
