"""The table over all rows: what is asked for while a person scrolls, sorts and changes the data."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes import FakeBusy
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from tables import DataSession, numbers, table, ugly, wide

from app.data.page import DataPage
from app.data.pages import KEPT_CELLS, WAITING, Pages
from app.data.preview import ROW
from app.data.table_model import GAP, INVALID, PRESENT
from core.data.schema import NO_PART, Page, RejectedRow, TableProfile, View
from core.engine.pages import BLOCK_COLUMNS, BLOCK_ROWS, Ask, Block, Counted, Unreadable, Working
from core.spec import DataSource, DataSpec

ROWS = 2_000_000
SPEC = DataSpec(DataSource("file", "long.csv", "/data/long.csv"))


class Link(QObject):
    """Stands for the pages process: remembers what was asked for, answers when told to."""

    counted, block, working, failed = Signal(object), Signal(object), Signal(object), Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Ask] = []

    def ask(self, wanted: Ask) -> None:
        self.asked.append(wanted)

    def answer(self, ask: Ask | None = None, *, rows: int = ROWS, mark: str = "") -> None:
        """Cells say where they are: "12:3" is row 12, column 3."""
        ask = ask or self.asked[-1]
        self.counted.emit(Counted(ask.stamp, rows))
        for k, m in ask.blocks:
            at = range(k * BLOCK_ROWS, min(rows, (k + 1) * BLOCK_ROWS))
            columns = range(m * BLOCK_COLUMNS, (m + 1) * BLOCK_COLUMNS)
            cells = tuple(tuple(f"{mark}{row}:{column}" for column in columns) for row in at)
            self.block.emit(Block(ask.stamp, (k, m), Page(tuple(at), cells, bytes(row % 3 for row in at))))


@pytest.fixture
def link(session: DataSession) -> Link:
    made = Link()
    session.pages = made  # type: ignore[attr-defined]
    return made


def long_table(rows: int = ROWS) -> TableProfile:
    rng = np.random.default_rng(0)
    cells = {"x": numbers(rng, 100, 0, 1), "y": numbers(rng, 100, 5, 1), "z": ["a", "b"] * 50}
    return replace(table("long.csv", cells, "z", "classification"), rows=rows, sha256="1")


def shown(qtbot: QtBot, session: DataSession, profile: TableProfile) -> Any:
    page = DataPage(session)
    page._scatter_wanted = False
    qtbot.addWidget(page)
    page.resize(1016, 684)
    page.show()
    session.load(profile)
    for _ in range(3):
        QApplication.processEvents()
    return page


def settle(qtbot: QtBot) -> None:
    qtbot.wait(30)


def text(page: Any, row: int, column: int = 0) -> Any:
    """What the table shows of a row of all."""
    model = page.table.model()
    return model.index(row - model.first, column).data()


def test_the_first_rows_stand_there_before_anything_arrives(qtbot: QtBot, session: DataSession, link: Link) -> None:
    profile = long_table()
    page = shown(qtbot, session, profile)
    assert text(page, 0) == profile.preview[0][0]
    assert page.table.bar.isVisible()
    assert "of 2,000,000 rows" in page.rows.where.full_text()


def test_scrolling_far_shows_places_at_once_and_cells_when_they_arrive(
    qtbot: QtBot, session: DataSession, link: Link
) -> None:
    page = shown(qtbot, session, long_table())
    page.table.scroll_to(1_500_000)
    assert text(page, 1_500_000) == ""
    assert page.table.pages.cell(1_500_000, 0) is WAITING
    settle(qtbot)
    assert 1_500_000 // BLOCK_ROWS in {k for k, _ in link.asked[-1].blocks}
    link.answer()
    assert text(page, 1_500_000, 1) == "1500000:1"
    assert page.table.model().headerData(1_500_000 - page.table.model().first, Qt.Orientation.Vertical) == "1,500,001"


def test_a_bar_that_is_dragged_asks_for_where_it_rests(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, long_table())
    settle(qtbot)
    before = len(link.asked)
    for value in range(0, page.table.bar.maximum(), page.table.bar.maximum() // 50):
        page.table.bar.setValue(value)
    settle(qtbot)
    assert len(link.asked) <= before + 2
    inside = page.table.rows_in_sight()
    assert {k for k, _ in link.asked[-1].blocks} == {row // BLOCK_ROWS for row in inside}


@pytest.mark.parametrize("rows", [30, 1000, ROWS, 200_000_000])
def test_the_bar_and_the_keys_reach_both_ends(qtbot: QtBot, session: DataSession, link: Link, rows: int) -> None:
    page = shown(qtbot, session, long_table(rows))
    page.table.setFocus()
    page.table.bar.setValue(page.table.bar.maximum())
    assert page.table.rows_in_sight().stop == rows
    qtbot.keyClick(page.table, Qt.Key.Key_Home)
    assert page.table.rows_in_sight().start == 0
    qtbot.keyClick(page.table, Qt.Key.Key_End)
    assert page.table.rows_in_sight().stop == rows
    assert page.table.model().first + page.table.currentIndex().row() == rows - 1
    qtbot.keyClick(page.table, Qt.Key.Key_PageUp)
    qtbot.keyClick(page.table, Qt.Key.Key_Up)
    current = page.table.model().first + page.table.currentIndex().row()
    assert current == max(0, rows - 2 - (page.table.viewport().height() // ROW - 1))
    assert current in page.table.rows_in_sight()


def test_the_wheel_moves_by_rows_and_a_touch_pad_by_pixels(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, long_table())

    def turn(fine: int, coarse: int) -> None:
        at = QPointF(50, 50)
        event = QWheelEvent(
            at, at, QPoint(0, fine), QPoint(0, coarse), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        page.table.wheelEvent(event)

    turn(0, -120)
    assert page.table.rows_in_sight().start == 3
    turn(-10, -10)
    assert page.table.verticalScrollBar().value() == 10
    turn(0, 1200)
    assert page.table.rows_in_sight().start == 0


def test_sorting_drops_what_was_there_and_what_was_under_way(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, long_table())
    page.table.scroll_to(40_000)
    settle(qtbot)
    old = link.asked[-1]
    page.table.sort(1, descending=True)
    assert link.asked[-1].view == View(1, descending=True)
    assert page.table.rows_in_sight().start == 0
    page.table.scroll_to(40_000)
    link.answer(old, mark="old ")
    assert text(page, 40_000) == ""
    settle(qtbot)
    link.answer(mark="new ")
    assert text(page, 40_000) == "new 40000:0"
    assert "y descending" in page.rows.where.full_text()


def test_other_data_while_a_page_is_under_way(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, long_table())
    page.table.scroll_to(ROWS)
    settle(qtbot)
    old = link.asked[-1]
    session.load(replace(long_table(500), sha256="2"))
    QApplication.processEvents()
    link.answer(old, mark="old ")
    settle(qtbot)
    assert page.table.pages.rows == 500
    assert page.table.rows_in_sight().stop == 500
    link.answer(rows=500)
    assert text(page, 499) == "499:0"


def test_a_filter_shortens_the_table_and_its_end_lengthens_it(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, long_table())
    page.table.scroll_to(ROWS)
    page.rows.filter.setText("oak")
    qtbot.waitUntil(lambda: bool(link.asked) and link.asked[-1].view.containing == "oak", timeout=2000)
    link.counted.emit(Counted(link.asked[-1].stamp, 3))
    assert page.table.model().rowCount() == 3
    assert page.rows.where.full_text() == "1 – 3 of 3 rows that hold “oak”"
    page.rows.filter.clear()
    qtbot.waitUntil(lambda: bool(link.asked) and link.asked[-1].view.containing == "", timeout=2000)
    assert page.table.pages.rows == ROWS


def test_a_new_split_asks_for_the_parts_and_keeps_the_cells(qtbot: QtBot, session: DataSession, link: Link) -> None:
    pages = Pages(link)  # type: ignore[arg-type]
    profile = long_table()
    pages.show(profile, SPEC)
    pages.want(range(1000, 1020), range(3))
    settle(qtbot)
    link.answer()
    pages.show(profile, SPEC, "folder")
    assert pages.cell(1000, 0) == "1000:0"
    pages.want(range(1000, 1020), range(3))
    settle(qtbot)
    assert link.asked[-1].prepared == "folder"
    link.answer()
    assert [pages.part(row) for row in (1000, 1001, 1002)] == [1, 2, 0]
    assert pages.part(50_000) == NO_PART


def test_what_is_kept_is_bounded(qtbot: QtBot, link: Link) -> None:
    pages = Pages(link)  # type: ignore[arg-type]
    pages.show(replace(wide(), rows=ROWS, sha256="1"), SPEC)
    for k in range(200):
        pages._wanted = ((k, 0),)
        pages._ask()
        link.answer()
    assert len(pages._blocks) * BLOCK_ROWS * BLOCK_COLUMNS <= KEPT_CELLS
    assert pages.cell(199 * BLOCK_ROWS, 0) == f"{199 * BLOCK_ROWS}:0"
    assert pages.cell(60 * BLOCK_ROWS, 0) is WAITING


def test_of_a_wide_table_the_columns_in_sight_are_asked_for(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, replace(wide(), rows=ROWS, sha256="1"))
    page.table.scroll_to(5000)
    page.table.horizontalScrollBar().setValue(page.table.horizontalScrollBar().maximum())
    settle(qtbot)
    assert {m for _, m in link.asked[-1].blocks} <= {299 // BLOCK_COLUMNS, 299 // BLOCK_COLUMNS - 1}


def test_what_takes_long_and_what_fails_is_said(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, long_table())
    page.table.sort(0)
    stamp = link.asked[-1].stamp
    link.working.emit(Working(stamp, "Sorting by x", None))
    assert page.rows.where.full_text() == "Sorting by x…"
    link.failed.emit(Unreadable(stamp, None, "traceback"))
    assert "cannot be shown" in page.rows.where.full_text()
    before = len(link.asked)
    page.table.scroll_to(9000)
    settle(qtbot)
    assert len(link.asked) == before


def test_missing_cells_and_no_numbers_are_told_apart(qtbot: QtBot, session: DataSession, link: Link) -> None:
    profile = long_table(4)
    cells = ((None, "x?", "NA"), ("NA", "1", "a"), ("1e5", "2,5", "b"), ("?", "-", "a"))
    page = shown(qtbot, session, replace(profile, preview=cells))
    model = page.table.model()
    assert [model.state(0, k) for k in range(3)] == [GAP, INVALID, GAP]
    assert [model.state(1, k) for k in range(3)] == [GAP, PRESENT, PRESENT]
    assert model.state(2, 1) == PRESENT
    assert [model.state(3, k) for k in range(2)] == [GAP, GAP]
    assert "no finite number" in model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)


def test_a_missing_mark_that_is_a_label_is_no_gap(qtbot: QtBot, session: DataSession, link: Link) -> None:
    profile = long_table(4)
    columns = (*profile.columns[:2], replace(profile.columns[2], categories=(("NA", 2), ("EU", 1))))
    page = shown(qtbot, session, replace(profile, columns=columns, preview=(("1", "2", "NA"),) * 4))
    assert page.table.model().state(0, 2) == PRESENT


def test_an_empty_cell_of_joined_labels_is_an_answer(qtbot: QtBot, session: DataSession, link: Link) -> None:
    profile = long_table(4)
    rows = (("1", "2", None), ("1", None, "a|b"), ("1", "2", "a"), ("1", "2", "NA"))
    target = profile.columns[2].name
    page = shown(qtbot, session, replace(profile, preview=rows, target=target, task="labels", separator="|"))
    model = page.table.model()
    assert [model.state(row, 2) for row in range(4)] == [PRESENT, PRESENT, PRESENT, GAP]
    assert model.state(1, 1) == GAP
    assert model.index(0, 2).data(Qt.ItemDataRole.ToolTipRole) == "None of the labels."


def test_rows_left_out_have_a_tab_of_their_own(qtbot: QtBot, session: DataSession, link: Link) -> None:
    rejected = tuple(RejectedRow(7 * k, "2 cells instead of 3", f"<b>{k}</b>,x") for k in range(1, 41))
    page = shown(qtbot, session, replace(ugly(), rejected=rejected, rejected_count=45))
    assert page.rows.tabs.isVisible()
    page.rows.tabs.part("rejected").click()
    found = page.rows.rejected.table.model()
    assert found.rowCount() == 40
    assert [found.index(39, k).data() for k in range(3)] == ["280", "2 cells instead of 3", "<b>40</b>,x"]
    assert not page.rows.filter.isVisible()
    session.load(long_table())
    QApplication.processEvents()
    assert not page.rows.tabs.isVisible()
    assert page.table.isVisible()


def test_the_arrow_in_a_head_goes_through_the_orders(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, long_table())
    views = []
    for _ in range(3):
        page.table.horizontalHeader().turn(1)
        views.append(page.table.pages.view)
    assert views == [View(1), View(1, descending=True), View()]


def test_the_first_rows_are_seen_while_the_others_are_read(qtbot: QtBot, session: DataSession, link: Link) -> None:
    page = shown(qtbot, session, ugly())
    session.busy_changed.emit(FakeBusy("Reading long.csv", 0.1, 9, lambda: None))
    session.first_look.emit(long_table(100))
    assert page.look.isVisible()
    assert page.look.table.model().index(0, 2).data() == "a"
    assert "long.csv" in [each.text() for each in page.look.findChildren(QLabel)]
    session.document.profile_changed.emit()
    QApplication.processEvents()
    assert page.look.isVisible()
    session.busy_changed.emit(None)
    QApplication.processEvents()
    assert not page.look.isVisible()
    assert page.table.isVisible()
    assert not link.asked or all(ask.digest != "1" for ask in link.asked)


def test_rows_that_are_there_already_are_asked_for_only_to_know_their_parts(qtbot: QtBot, link: Link) -> None:
    pages = Pages(link)  # type: ignore[arg-type]
    pages.show(long_table(), SPEC)
    pages.want(range(20), range(3))
    settle(qtbot)
    assert not link.asked
    pages.show(long_table(), SPEC, "folder")
    pages.want(range(20), range(3))
    settle(qtbot)
    assert [ask.prepared for ask in link.asked] == ["folder"]
