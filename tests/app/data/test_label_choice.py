"""Choosing several labels a row on the data page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tables import DataSession, table

from app.data import facts
from app.data.page import DataPage
from app.data.points import label_sets
from core.data.preprocess import LabelsTarget
from core.data.schema import TableProfile
from core.spec import DataSpec

CELLS = {
    "x": [f"{k}.5" for k in range(30)],
    "wet": ["yes", "no", "no"] * 10,
    "cold": ["no", "yes"] * 15,
    "windy": ["1", "0", "0"] * 10,
    "genres": ["a|b", "a", "b"] * 10,
}


def joined() -> TableProfile:
    return table("films.csv", CELLS, "genres", "labels", separator="|")


def apart() -> TableProfile:
    return table("weather.csv", CELLS, "wet", "labels", targets=("wet", "cold"))


@pytest.fixture
def session(qtbot: QtBot) -> DataSession:
    return DataSession()


def page_of(qtbot: QtBot, session: DataSession, profile: TableProfile, **settings: Any) -> DataPage:
    page = DataPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(page)
    page.resize(1016, 684)
    page.show()
    session.load(profile)
    if settings:
        session.document.apply(lambda p: replace(p, data=replace(p.data, **settings)), "x")
    settle()
    return page


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()


def ticks(page: DataPage) -> dict[str, bool]:
    items = [page.labels.list.item(row) for row in range(page.labels.list.count())]
    return {item.text(): item.checkState() == Qt.CheckState.Checked for item in items}


def test_one_class_needs_neither_columns_nor_a_separator(qtbot, session) -> None:
    page = page_of(qtbot, session, replace(joined(), task="classification", separator=""))
    assert not page.labels.columns.isVisible()
    assert not page.labels.joined.isVisible()
    page._task.chosen.emit("labels")
    assert session.calls[-1][2] == {"task": "labels"}


def test_what_joins_labels_is_shown_and_changed(qtbot, session) -> None:
    page = page_of(qtbot, session, joined())
    choice = page.labels
    assert choice.joined.isVisible()
    assert choice.separator.currentText() == "|"
    choice.separator.setCurrentText("space")
    choice.separator.activated.emit(3)
    assert session.calls[-1][2] == {"separator": " ", "targets": (), "task": "labels"}
    page._task.chosen.emit("classification")
    assert session.calls[-1][2] == {"task": "classification", "targets": (), "separator": ""}


def test_columns_of_yes_and_no_are_ticked_in_a_list(qtbot, session) -> None:
    page = page_of(qtbot, session, apart(), target="wet", targets=("cold",), task="labels")
    assert not page.labels.joined.isVisible()
    assert "wet, cold" in page.labels.columns.text()
    page.labels._fill()
    assert ticks(page) == {"wet": True, "cold": True, "windy": False}  # neither x nor the joined cells say yes or no
    before = len(session.calls)
    page.labels._take()
    assert len(session.calls) == before  # nothing was changed
    page.labels.list.item(2).setCheckState(Qt.CheckState.Checked)
    page.labels._take()
    changes = session.calls[-1][2]
    assert (changes["target"], changes["targets"], changes["task"]) == ("wet", ("cold", "windy"), "labels")


def test_one_ticked_column_is_a_class(qtbot, session) -> None:
    page = page_of(qtbot, session, apart(), target="wet", targets=("cold",), task="labels")
    page.labels._fill()
    page.labels.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    page.labels._take()
    changes = session.calls[-1][2]
    assert (changes["target"], changes["targets"], changes["task"]) == ("cold", (), "auto")


def test_every_predicted_column_is_a_target() -> None:
    profile = apart()
    roles = {c.name: facts.role(None, profile, c) for c in profile.columns}
    assert [name for name, role in roles.items() if role == "target"] == ["wet", "cold"]
    assert facts.column_range(joined(), joined().column("genres")) == "3 labels"


def test_a_column_that_splits_the_rows_and_becomes_a_label_splits_no_more() -> None:
    spec = DataSpec(DataSession().document.project.data, split="group", split_by="cold", excluded=("wet",))  # type: ignore[arg-type]
    changes = facts.make_targets(spec, ("wet", "cold")).changes
    assert (changes["split_by"], changes["excluded"]) == ("", ())


def test_the_scatter_plot_tells_sets_of_labels_apart() -> None:
    target = LabelsTarget("t", ("a", "b"), "|")
    y = np.array([[1, 1], [0, 0], [1, 1], [0, 1], [1, 1], [0, 1]], float)
    names, group = label_sets(target, y)
    assert names == ("a + b", "b", "none of them")
    assert group.tolist() == [0, 2, 0, 1, 0, 1]
    rng = np.random.default_rng(0)
    many = LabelsTarget("t", tuple("abcde"), "|")
    names, group = label_sets(many, (rng.random((200, 5)) < 0.5).astype(float))
    assert len(names) == 8
    assert names[-1] == "other"
    assert group.max() == 7
