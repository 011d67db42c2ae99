"""The menu of splits: it offers the columns that can serve, says what was chosen, and is undone as one step."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from tables import DataSession, column, table

from app.data import facts
from app.data.split_bar import SplitBar
from app.data.split_choice import CROSS, WORDS, SplitChoice, fitting, said
from app.data.split_facts import SplitShown, shares_of, shown_split
from core.data.schema import ImageFacts, TableProfile
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
    counts = {"train": 50, "validation": 25, "test": 25}
    split = shown_split(DataSpec(SOURCE, split="column", split_by="use"), visits(), counts)
    bar.hold(split.first, split.second)
    bar.show_split(100, split.validation, split.test, counts)
    assert bar._borders() == (100.0, 150.0)
    assert "names the part of each row" in bar.toolTip()
    with qtbot.assertNotEmitted(bar.chosen):
        qtbot.keyClick(bar, Qt.Key.Key_Left)


def test_numbers_have_no_classes_to_be_even_by(session: DataSession, qtbot: QtBot) -> None:
    session.load(replace(visits(), task="regression"), SOURCE)
    choice = SplitChoice(session)
    qtbot.addWidget(choice)
    choice.refresh()
    assert choice.text() == "At random"


def test_numbers_can_be_even_by_value(session: DataSession, qtbot: QtBot) -> None:
    session.load(replace(visits(), task="regression"), SOURCE)
    choice = SplitChoice(session)
    qtbot.addWidget(choice)
    offered = entries(choice.menu())
    assert WORDS["stratified"][0] not in offered
    assert offered[WORDS["random"][0]].isChecked()
    offered[WORDS["quantile"][0]].trigger()
    choice.refresh()
    assert choice.text() == "Even by value"
    session.load(visits(), SOURCE)
    assert WORDS["quantile"][0] not in entries(choice.menu())


def test_folds_are_chosen_beside_the_way_to_split(session: DataSession, qtbot: QtBot) -> None:
    session.load(visits(), SOURCE)
    choice = SplitChoice(session)
    qtbot.addWidget(choice)
    folds = entries(choice.menu())[CROSS]
    assert folds["Off: one part validates"].isChecked()
    folds["5 folds"].trigger()
    choice.refresh()
    spec = session.document.project.data
    assert spec is not None
    assert (spec.folds, spec.fold, spec.split) == (5, 0, "stratified")
    assert choice.text() == "5 folds, even by class"
    assert "each validate once" in " ".join(choice.toolTip().split())
    assert said(replace(spec, split="group", split_by="patient")) == "5 folds, groups of “patient”"
    session.document.undo_stack.undo()
    assert session.document.project.data == replace(spec, folds=0)


def images_of(*parts: int) -> TableProfile:
    n = len(parts)
    facts_ = ImageFacts(
        "folders", 8, 8, 1, (8, 8, 1), tuple(map(str, range(n))), ("a", "b"), np.arange(n) % 2,
        np.array(parts, np.int8), np.ones(n, bool),
    )  # fmt: skip
    return replace(visits(), images=facts_)


def test_a_test_part_that_comes_with_the_images_cannot_be_moved() -> None:
    spec = DataSpec(SOURCE, validation=0.2, test=0.2)
    assert shown_split(spec, images_of(-1, -1, -1, -1), None) == SplitShown(0.2, 0.2)
    both = shown_split(spec, images_of(0, 0, 0, 0, 0, 0, 2, 2, 2, 2), None)
    assert (both.validation, both.test) == (pytest.approx(0.25 * 0.6), pytest.approx(0.4))
    assert both.first == ""
    assert "come with the data" in both.second
    # Half of what is not tested: so says the bar, and so it becomes of the whole that the specification speaks of.
    assert shares_of(spec, both, 0.3, 0.4) == {"validation": pytest.approx(0.4)}
    all_three = shown_split(spec, images_of(0, 0, 1, 2), {"train": 2, "validation": 1, "test": 1})
    assert (all_three.validation, all_three.test) == (0.25, 0.25)
    assert all_three.first == all_three.second != ""


def test_with_folds_only_the_test_share_can_be_moved(qtbot: QtBot) -> None:
    spec = DataSpec(SOURCE, folds=4, validation=0.5)
    split = shown_split(spec, visits(), None)
    assert (split.validation, split.test) == (pytest.approx(0.2), 0.2)
    assert split.first
    assert not split.second
    assert shares_of(spec, split, 0.2, 0.4) == {"test": 0.4}
    assert shares_of(spec, split, 0.1, 0.6) == {"test": 0.6, "validation": 0.2}
    bar = SplitBar()
    qtbot.addWidget(bar)
    bar.hold(split.first, split.second)
    bar.show_split(100, split.validation, split.test, None)
    with qtbot.assertNotEmitted(bar.chosen):
        qtbot.keyClick(bar, Qt.Key.Key_Left)
    with qtbot.waitSignal(bar.chosen) as moved:
        qtbot.keyClick(bar, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert moved.args[1] == 0.25
    assert "One fold validates" in bar.toolTip()
    by_time = shown_split(replace(spec, split="time", split_by="visit"), visits(), None)
    assert by_time.first
    assert by_time.second


def test_large_counts_are_shortened_where_they_would_overlap(qtbot: QtBot) -> None:
    bar = SplitBar()
    qtbot.addWidget(bar)
    bar.show_split(2_000_000, 0.2, 0.2, {"train": 1_200_000, "validation": 400_000, "test": 400_000})
    metrics = QFontMetricsF(bar.font())
    bar.resize(2000, 32)
    assert bar._words(metrics)[0] == ["train 1,200,000", "validation 400,000", "test 400,000"]
    bar.resize(240, 32)
    assert bar._words(metrics)[0] == ["train 1.2 M", "validation 400 k", "test 400 k"]
    assert "train 1,200,000, validation 400,000, test 400,000" in bar.toolTip()
