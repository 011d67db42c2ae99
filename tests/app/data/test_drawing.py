"""Points drawn by hand: what the mouse and the keys leave on the plane, and what undo takes back."""

import csv
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from tables import DataSession, spirals

from app import theme
from app.data.board import Board
from app.data.draw_page import READY, DrawPage
from app.data.page import DataPage
from app.data.sources import SourceCard, can_draw_on, draw_on
from app.data.start import StartPage
from app.data.stroke import Stroke
from app.data.summary import DataSummary
from core.data.drawing import MOST_POINTS, point
from core.spec import DataSource, DataSpec, Project

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


def start(session: DataSession, name: str = "classes") -> None:
    task = ("class", "classification") if name == "classes" else ("y", "regression")
    session.document.open(Project("Drawn", DataSpec(DataSource("drawn", name), *task)), None)


@pytest.fixture
def page(qtbot: QtBot, session: DataSession) -> DrawPage:
    start(session)
    made = DrawPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1000, 680)
    made.show()
    settle()
    return made


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()


def points(session: DataSession) -> tuple[tuple[float, ...], ...]:
    return session.document.project.data.source.points  # type: ignore[union-attr]


def place(board: Board, x: float, y: float) -> QPoint:
    return board.to_widget(x, y).toPoint()


def click(board: Board, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    QTest.mouseClick(board, button, Qt.KeyboardModifier.NoModifier, place(board, x, y))
    settle()


def drag(board: Board, *way: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(board, button, Qt.KeyboardModifier.NoModifier, place(board, *way[0]))
    for x, y in way[1:]:
        QTest.mouseMove(board, place(board, x, y))
        board.mouseMoveEvent(_move(board, x, y))
    QTest.mouseRelease(board, button, Qt.KeyboardModifier.NoModifier, place(board, *way[-1]))
    settle()


def _move(board: Board, x: float, y: float) -> Any:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    at = QPointF(place(board, x, y))
    return QMouseEvent(QEvent.Type.MouseMove, at, at, Qt.MouseButton.NoButton, LEFT, Qt.KeyboardModifier.NoModifier)


def texts(widget: Any) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_a_click_is_a_point_of_the_chosen_class(page: DrawPage, session: DataSession) -> None:
    click(page.board, 0.5, -0.5)
    page.tools.rows[1].click()
    click(page.board, -0.5, 0.25)
    found = points(session)
    assert [p[2] for p in found] == [0, 1]
    np.testing.assert_allclose([p[:2] for p in found], [(0.5, -0.5), (-0.5, 0.25)], atol=0.01)
    assert session.document.undo_stack.undoText() == "Draw 1 point"


def test_dragging_sprays_around_the_way_and_is_one_step(page: DrawPage, session: DataSession) -> None:
    drag(page.board, (-0.5, 0.0), (0.5, 0.0))
    found = np.array([p[:2] for p in points(session)])
    assert 20 < len(found) < 80
    assert np.abs(found[:, 1]).max() <= page.board.spread + 0.01
    assert found[:, 1].std() > 0.01
    assert session.document.undo_stack.count() == 1
    session.document.undo_stack.undo()
    settle()
    assert points(session) == ()
    assert page.board.points == ()


def test_the_right_button_and_the_eraser_remove_what_is_near(page: DrawPage, session: DataSession) -> None:
    for x in (-0.6, 0.0, 0.6):
        click(page.board, x, 0.0)
    click(page.board, 0.01, 0.01, RIGHT)
    assert [round(p[0], 1) for p in points(session)] == [-0.6, 0.6]
    assert session.document.undo_stack.undoText() == "Erase 1 point"
    page.tools.eraser.click()
    drag(page.board, (-0.7, 0.0), (0.7, 0.0))
    assert points(session) == ()
    steps = session.document.undo_stack.count()
    click(page.board, 0.0, 0.9)
    assert session.document.undo_stack.count() == steps  # nothing was there


def test_a_press_beside_the_plane_draws_nothing(page: DrawPage, session: DataSession) -> None:
    QTest.mouseClick(page.board, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(2, 2))
    assert points(session) == ()


def test_the_keyboard_draws_too(page: DrawPage, session: DataSession) -> None:
    page.board.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Return):
        QTest.keyClick(page.board, key)
    assert points(session) == ((0.1, 0.05, 0),)
    QTest.keyClick(page.board, Qt.Key.Key_Delete)
    assert points(session) == ()


def test_more_classes_can_be_added_up_to_six(page: DrawPage, session: DataSession) -> None:
    for _ in range(4):
        assert page.tools.add.isVisible()
        page.tools.add.click()
    assert not page.tools.add.isVisible()
    click(page.board, 0.0, 0.0)
    assert points(session)[0][2] == 5
    page.tools.eraser.click()
    assert page.tools.index == 5  # the class comes back when the eraser is put away


def test_a_reopened_drawing_shows_all_its_classes(page: DrawPage, session: DataSession) -> None:
    session.draw("Draw", (point(0, 0, 0), point(0.1, 0, 3)))
    settle()
    assert [row.isVisible() for row in page.tools.rows] == [True] * 4 + [False] * 2


def test_what_lacks_is_said_until_it_can_be_learned(page: DrawPage, session: DataSession) -> None:
    assert "Draw some points first" in texts(page)
    session.draw("Draw", tuple(point(i / 10, 0.2, 0) for i in range(9)))
    settle()
    assert "second class" in texts(page)
    session.draw("Draw", tuple(point(i / 10, 0.2, i % 2) for i in range(9)))
    settle()
    assert READY["classes"] in texts(page)


def test_a_curve_follows_the_hand(qtbot: QtBot, session: DataSession) -> None:
    start(session, "curve")
    page = DrawPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(page)
    page.resize(1000, 680)
    page.show()
    settle()
    assert page.board.index is None
    assert not any(row.isVisible() for row in page.tools.rows)
    assert page.board.plane().width() > page.board.plane().height()
    drag(page.board, (-0.8, -0.8), (0.8, 0.8))
    found = np.array(points(session))
    assert found.shape[1] == 2
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=0.02)
    assert np.diff(found[:, 0]).max() < 0.04
    page.tools.spread.setValue(20)
    drag(page.board, (-0.8, 0.0), (0.8, 0.0))
    assert np.array(points(session))[len(found) :, 1].std() > 0.1


def test_clear_asks_nothing_because_undo_brings_all_back(page: DrawPage, session: DataSession) -> None:
    click(page.board, 0.0, 0.0)
    page.tools.clear.click()
    settle()
    assert points(session) == ()
    assert not page.tools.clear.isEnabled()
    session.document.undo_stack.undo()
    settle()
    assert len(points(session)) == 1
    assert page.tools.clear.isEnabled()


def test_a_full_drawing_takes_no_more_and_says_so(page: DrawPage, session: DataSession, qtbot: QtBot) -> None:
    session.draw("Draw", tuple(point(0.5, 0.5, 0) for _ in range(MOST_POINTS - 1)))
    settle()
    with qtbot.waitSignal(session.notice) as told:
        drag(page.board, (-0.5, 0.0), (0.5, 0.0))
    assert len(points(session)) == MOST_POINTS
    assert "full" in told.args[0].title


def test_the_points_are_saved_as_a_table(page: DrawPage, session: DataSession, tmp_path) -> None:
    session.draw("Draw", (point(0.25, -0.5, 0), point(0, 1, 1)))
    page.write(str(tmp_path / "points.csv"))
    with (tmp_path / "points.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["x", "y", "class"], ["0.2500", "-0.5000", "A"], ["0.0000", "1.0000", "B"]]


def test_the_data_page_and_the_summary_turn_to_the_drawing(qtbot: QtBot, session: DataSession) -> None:
    page, summary = DataPage(session), DataSummary(session)  # type: ignore[arg-type]
    for widget in (page, summary):
        qtbot.addWidget(widget)
        widget.show()
    start(session)
    settle()
    assert page.drawn.isVisible()
    assert "Drawn points" in texts(summary)
    assert "Draw some points first" in texts(summary)
    session.load(spirals(), DataSource("generator", "spirals"))
    settle()
    assert not page.drawn.isVisible()


def test_the_first_page_offers_both_kinds_of_drawing(qtbot: QtBot, session: DataSession) -> None:
    made = StartPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    next(card for card in made.findChildren(SourceCard) if card.text() == "Drawn curve").click()
    assert session.calls == [("use_source", DataSource("drawn", "curve"))]


def test_generated_points_become_a_drawing(session: DataSession) -> None:
    session.load(spirals(), DataSource("generator", "moons", rows=50))
    draw_on(session)  # type: ignore[arg-type]
    (verb, source), *_ = session.calls
    assert (verb, source.kind, len(source.points)) == ("use_source", "drawn", 50)
    assert not can_draw_on(DataSource("generator", "plane"))
    assert not can_draw_on(DataSource("generator", "moons", rows=MOST_POINTS + 1))
    assert not can_draw_on(DataSource("file", path="x.csv"))


def test_points_lie_as_dense_however_fast_the_hand_moves() -> None:
    counts = []
    for steps in (2, 200):
        stroke = Stroke((), None, 0.0, erasing=False)
        stroke.begin(-1.0, 0.0)
        for x in np.linspace(-1, 1, steps)[1:]:
            stroke.move(float(x), 0.0)
        counts.append(len(stroke.points))
    assert abs(counts[0] - counts[1]) <= 0.15 * counts[0]


def test_while_a_run_goes_on_with_older_points_it_can_be_begun_anew(page: DrawPage, session: DataSession) -> None:
    session.draw("Draw", tuple(point(i / 10, 0.2, i % 2) for i in range(9)))
    settle()
    assert not page.anew.isVisible()
    session.data_are_newer = True
    session.engine.set_state("running")
    settle()
    assert "goes on with the points that it began with" in texts(page)
    page.anew.click()
    assert session.calls[-1] == ("train_anew",)
    session.engine.set_state("idle")
    settle()
    assert not page.anew.isVisible()


def test_keys_pick_classes_and_the_eraser(page: DrawPage, session: DataSession) -> None:
    page.board.setFocus()
    QTest.keyClick(page.board, Qt.Key.Key_2)
    assert page.board.index == 1
    QTest.keyClick(page.board, Qt.Key.Key_6)  # there is no sixth yet
    assert page.board.index == 1
    QTest.keyClick(page.board, Qt.Key.Key_E)
    assert page.board.erasing
    QTest.keyClick(page.board, Qt.Key.Key_1)
    assert (page.board.index, page.board.erasing) == (0, False)


def test_the_points_take_the_colours_of_another_theme(page: DrawPage, session: DataSession) -> None:
    session.draw("Draw", (point(0, 0, 0),))
    settle()
    before = page.board._all_marks().toImage()
    mode = theme.current().dark
    try:
        theme.set_mode("light" if mode else "dark")
        settle()
        assert page.board._all_marks().toImage() != before
    finally:
        theme.set_mode("dark" if mode else "light")
