"""The canvas as a person uses it: pointer, keys, drops; what it shows follows the document."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragMoveEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from app.canvas import operations
from app.canvas.board import LAYER_MIME
from app.canvas.palette import layer_mime
from app.canvas.scene import Hit
from app.canvas.view import CanvasView
from core import edits
from core.layers.dropout import Dropout
from core.spec import Edge, NetworkSpec, mlp

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@pytest.fixture
def view(qtbot, session):
    made = CanvasView(session)
    qtbot.addWidget(made)
    made.resize(888, 560)
    made.show()
    return made


def pixel(view, at) -> QPoint:
    return view.board.mapFromScene(QPointF(*at) if isinstance(at, tuple) else at)


def card(view, id) -> QPointF:
    return view.board.network.cards[id].pos()


def port(view, id, side) -> QPointF:
    return card(view, id) + QPointF(72 if side == "out" else -72, 0)


def drag(view, start, *stops, modifier=NONE, release=True):
    over = view.board.viewport()
    QTest.mousePress(over, LEFT, modifier, pixel(view, start))
    for stop in stops:
        QTest.mouseMove(over, pixel(view, stop))
    if release:
        QTest.mouseRelease(over, LEFT, modifier, pixel(view, stops[-1]))


def click(view, at, modifier=NONE):
    QTest.mouseClick(view.board.viewport(), LEFT, modifier, pixel(view, at))


def key(view, which, modifier=NONE):
    QTest.keyClick(view.board, which, modifier)


class TestMirror:
    def test_cards_and_connections_are_the_network(self, view, document):
        assert set(view.board.network.cards) == {"l0", "l1", "l2", "l3"}
        assert set(view.board.network.edges) == set(document.project.network.edges)
        assert view.board.network.edges[Edge("l1", "l2")].label == "8"
        state = view.board.network.cards["l1"].state
        assert (state.name, state.describe, state.parameters) == ("hidden 1", "Dense 8 · Tanh", "24")

    def test_only_what_changed_is_touched(self, view, document):
        kept = {id: view.board.network.cards[id] for id in ("l0", "l1", "l3")}
        states = {id: item.state for id, item in kept.items()}
        document.edit_network(lambda n: edits.rename(n, "l2", "second"), "rename")
        for id, item in kept.items():
            assert view.board.network.cards[id] is item
            assert item.state is states[id]
        assert view.board.network.cards["l2"].state.name == "second"

    def test_it_follows_undo_and_redo(self, view, document):
        operations.insert(document, "dropout")
        assert len(view.board.network.cards) == 5
        document.undo_stack.undo()
        assert set(view.board.network.cards) == {"l0", "l1", "l2", "l3"}
        document.undo_stack.redo()
        assert len(view.board.network.edges) == 4

    def test_a_small_network_fits_without_scrolling(self, view):
        seen = view.board.mapToScene(view.board.viewport().rect()).boundingRect()
        assert seen.contains(view.board.network.content_rect())
        assert view.board.zoom == pytest.approx(1.0)

    def test_forty_layers_stay_readable(self, view, document):
        document.edit_network(lambda _: mlp(2, (8,) * 38, 2), "deep")
        seen = view.board.mapToScene(view.board.viewport().rect()).boundingRect()
        assert seen.contains(view.board.network.content_rect())
        assert view.board.zoom > 0.55


class TestSelect:
    def test_a_click_selects_one(self, view, document):
        click(view, card(view, "l1"))
        assert document.selected == ("l1",)
        assert view.board.network.cards["l1"].state.selected
        click(view, card(view, "l2"))
        assert document.selected == ("l2",)

    def test_ctrl_adds_and_takes_away(self, view, document):
        click(view, card(view, "l1"))
        click(view, card(view, "l2"), CTRL)
        assert document.selected == ("l1", "l2")
        click(view, card(view, "l1"), CTRL)
        assert document.selected == ("l2",)

    def test_a_rubber_band_selects_what_it_touches(self, view, document):
        first = card(view, "l1") - QPointF(90, 60)
        drag(view, first, first + QPointF(50, 50), card(view, "l2") + QPointF(0, 10))
        assert set(document.selected) == {"l1", "l2"}

    def test_a_click_on_nothing_selects_nothing(self, view, document):
        document.select("l1")
        click(view, card(view, "l1") + QPointF(0, 120))
        assert document.selected == ()

    def test_a_connection_can_be_selected_and_deleted(self, view, document):
        middle = view.board.network.edges[Edge("l1", "l2")].route.middle
        click(view, middle + QPointF(-14, 0))
        assert view.board.network.chosen_edge == Edge("l1", "l2")
        key(view, Qt.Key.Key_Delete)
        assert Edge("l1", "l2") not in document.project.network.edges


class TestMove:
    def test_dragging_changes_the_layout_only_on_the_grid_and_in_one_step(self, view, document):
        network, start = document.project.network, card(view, "l1")
        drag(view, start, start + QPointF(10, 5), start + QPointF(30, 51), start + QPointF(43, 77))
        x, y = document.project.layout["l1"]
        assert (x % 8, y % 8) == (0, 0)
        assert abs(x - start.x() - 43) <= 4
        assert abs(y - start.y() - 77) <= 4
        assert document.project.network is network
        assert document.undo_stack.count() == 1
        document.undo_stack.undo()
        assert card(view, "l1") == start

    def test_all_selected_cards_move_together(self, view, document):
        document.select("l1", "l2")
        before = {id: card(view, id) for id in ("l1", "l2", "l3")}
        drag(view, before["l1"], before["l1"] + QPointF(0, 30), before["l1"] + QPointF(0, 64))
        assert card(view, "l2") - before["l2"] == card(view, "l1") - before["l1"] == QPointF(0, 64)
        assert card(view, "l3") == before["l3"]

    def test_escape_leaves_everything_as_it_was(self, view, document):
        start = card(view, "l1")
        drag(view, start, start + QPointF(0, 40), start + QPointF(0, 80), release=False)
        assert card(view, "l1") != start
        key(view, Qt.Key.Key_Escape)
        assert card(view, "l1") == start
        QTest.mouseRelease(view.board.viewport(), LEFT, NONE, pixel(view, start))
        assert document.undo_stack.count() == 0

    def test_nudges_in_a_row_undo_together(self, view, document):
        document.select("l1")
        start = card(view, "l1")
        for _ in range(3):
            key(view, Qt.Key.Key_Down, CTRL)
        assert card(view, "l1") - start == QPointF(0, 24)
        assert document.undo_stack.count() == 1


def every_action(menu):
    """Those of a menu and of the menus in it."""
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from every_action(inner)
        else:
            yield action


class TestConnect:
    def test_from_port_to_port(self, view, document):
        drag(view, port(view, "l0", "out"), port(view, "l1", "out") + QPointF(20, 60), port(view, "l2", "in"))
        assert document.project.network.sources("l2") == ("l0",)

    def test_backwards_from_an_input_port(self, view, document):
        drag(view, port(view, "l3", "in"), port(view, "l2", "in") + QPointF(0, 70), card(view, "l1"))
        assert document.project.network.sources("l3") == ("l1",)

    def test_a_refusal_is_told_in_place_and_changes_nothing(self, view, document):
        drag(view, port(view, "l2", "out"), port(view, "l2", "out") + QPointF(0, 70), card(view, "l1"))
        assert document.undo_stack.count() == 0
        assert view.bubble.isVisible()
        assert "circle" in view.bubble.text.text()

    def test_escape_draws_nothing(self, view, document):
        items = len(view.board.network.items())
        drag(view, port(view, "l0", "out"), port(view, "l2", "in") + QPointF(0, 60), release=False)
        assert len(view.board.network.items()) == items + 1
        key(view, Qt.Key.Key_Escape)
        assert len(view.board.network.items()) == items
        assert document.undo_stack.count() == 0

    def test_dropped_on_nothing_it_offers_a_layer_that_is_then_connected(self, view, document, qtbot):
        at = card(view, "l1") + QPointF(60, 150)
        drag(view, port(view, "l1", "out"), port(view, "l1", "out") + QPointF(20, 40), at)
        menu = next(m for m in view.findChildren(QMenu) if m.isVisible())
        next(a for a in every_action(menu) if a.text() == "Dropout").trigger()
        menu.close()
        (id,) = document.selected
        assert document.project.network.sources(id) == ("l1",)
        assert isinstance(document.project.network.layer(id).layer, Dropout)


class TestKeys:
    def test_arrows_walk_along_the_connections(self, view, document):
        for _ in range(3):
            key(view, Qt.Key.Key_Right)
        assert document.selected == ("l2",)
        key(view, Qt.Key.Key_Left)
        assert document.selected == ("l1",)
        key(view, Qt.Key.Key_Right, SHIFT)
        assert document.selected == ("l1", "l2")

    def test_up_and_down_go_to_the_nearest_card_of_the_other_row(self, view, document):
        document.edit_network(lambda _: mlp(2, (8,) * 7, 2), "deeper")
        per_row = view.board.network.per_row
        document.select("l1")
        key(view, Qt.Key.Key_Down)
        assert document.selection == f"l{1 + per_row}"

    @pytest.mark.parametrize("which", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
    def test_delete_keeps_the_chain(self, view, document, which):
        document.select("l1", "l2")
        key(view, which)
        assert document.project.network.sources("l3") == ("l0",)

    def test_duplicate_and_reorder(self, view, document):
        document.select("l1")
        key(view, Qt.Key.Key_D, CTRL)
        (copy,) = document.selected
        assert document.project.network.sources(copy) == ("l1",)
        key(view, Qt.Key.Key_Left, ALT)
        assert document.project.network.targets(copy) == ("l1",)

    def test_rename_takes_enter_and_drops_escape(self, view, document, qtbot):
        document.select("l1")
        key(view, Qt.Key.Key_F2)
        assert view.name_field.isVisible()
        view.name_field.setText("first")
        QTest.keyClick(view.name_field, Qt.Key.Key_Return)
        assert document.project.network.layer("l1").name == "first"
        assert not view.name_field.isVisible()
        key(view, Qt.Key.Key_F2)
        view.name_field.setText("never")
        QTest.keyClick(view.name_field, Qt.Key.Key_Escape)
        assert document.project.network.layer("l1").name == "first"

    def test_a_taken_name_is_refused_in_place(self, view, document):
        document.select("l1")
        key(view, Qt.Key.Key_F2)
        view.name_field.setText("output")
        QTest.keyClick(view.name_field, Qt.Key.Key_Return)
        assert view.name_field.isVisible()
        assert "output" in view.bubble.text.text()
        assert document.undo_stack.count() == 0

    def test_select_all_and_escape(self, view, document):
        key(view, Qt.Key.Key_A, CTRL)
        assert len(document.selected) == 4
        key(view, Qt.Key.Key_Escape)
        assert document.selected == ()


class TestInsert:
    def test_plus_appears_on_a_connection_and_inserts_there(self, view, document):
        item = view.board.network.edges[Edge("l1", "l2")]
        QTest.mouseMove(view.board.viewport(), pixel(view, item.route.middle))
        assert item.hovered
        assert item.on_plus
        click(view, item.route.middle)
        menu = next(m for m in view.findChildren(QMenu) if m.isVisible())
        menu.actions()[0].trigger()
        menu.close()
        (id,) = document.selected
        assert document.project.network.sources(id) == ("l1",)
        assert document.project.network.targets(id) == ("l2",)

    def drop(self, view, kind, at):
        place, mime = QPointF(pixel(view, at)), layer_mime(kind)
        rest = (mime, LEFT, NONE)
        move = QDragMoveEvent(place.toPoint(), Qt.DropAction.CopyAction, *rest)
        view.board.dragMoveEvent(move)
        assert move.isAccepted()
        view.board.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, *rest))

    def test_dropped_near_a_connection_it_goes_into_it(self, view, document):
        self.drop(view, "dropout", view.board.network.edges[Edge("l1", "l2")].route.middle + QPointF(0, 25))
        (id,) = document.selected
        assert document.project.network.sources("l2") == (id,)

    def test_dropped_on_a_card_it_stands_behind_it(self, view, document):
        self.drop(view, "dropout", card(view, "l3"))
        (id,) = document.selected
        assert document.project.network.sources(id) == ("l3",)

    def test_dropped_on_the_empty_canvas_it_stands_there(self, view, document):
        at = card(view, "l1") + QPointF(20, 140)
        self.drop(view, "dense", at)
        (id,) = document.selected
        assert not document.project.network.sources(id)
        assert (card(view, id) - at).manhattanLength() <= 10
        assert document.report.of(id)

    def test_dropped_where_nothing_is_it_begins_the_network(self, view, document):
        document.edit_network(lambda _: NetworkSpec(), "empty")
        assert view.empty.isVisible()
        view.board.drop("dense", QPointF())
        assert [s.layer.kind for s in document.project.network.layers] == ["dense"]
        assert not view.empty.isVisible()

    def test_what_is_no_layer_is_left_to_the_window(self, view):
        files = QMimeData()
        files.setUrls([QUrl.fromLocalFile("/data.csv")])
        event = QDragMoveEvent(QPoint(10, 10), Qt.DropAction.CopyAction, files, LEFT, NONE)
        event.accept()
        view.board.dragMoveEvent(event)
        assert not event.isAccepted()
        assert not files.hasFormat(LAYER_MIME)


class TestView:
    def wheel(self, view, delta, modifier=NONE):
        at = QPointF(view.board.viewport().rect().center())
        event = QWheelEvent(
            at, at, QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, modifier, Qt.ScrollPhase.NoScrollPhase, False
        )
        view.board.wheelEvent(event)

    def test_ctrl_and_wheel_zoom_where_the_pointer_is(self, view):
        middle = view.board.viewport().rect().center()
        before, scale = view.board.mapToScene(middle), view.board.zoom
        self.wheel(view, 240, CTRL)
        assert view.board.zoom > scale
        assert (view.board.mapToScene(middle) - before).manhattanLength() < 4

    def test_the_wheel_pans(self, view):
        before = view.board.mapToScene(QPoint(0, 0))
        self.wheel(view, -120)
        assert view.board.mapToScene(QPoint(0, 0)).y() > before.y()
        assert view.board.zoom == pytest.approx(1.0)

    def test_space_and_drag_pan_but_space_alone_is_the_windows(self, view, session):
        before = view.board.mapToScene(QPoint(0, 0))
        QTest.keyPress(view.board, Qt.Key.Key_Space)
        drag(view, (0.0, 0.0), (60.0, 0.0))
        QTest.keyRelease(view.board, Qt.Key.Key_Space)
        assert view.board.mapToScene(QPoint(0, 0)).x() < before.x()
        assert session.calls == []
        QTest.keyClick(view.board, Qt.Key.Key_Space)
        assert session.calls == [("toggle_train",)]

    def test_fit_brings_everything_back(self, view):
        self.wheel(view, 900, CTRL)
        key(view, Qt.Key.Key_0, CTRL)
        assert view.board.fitted
        assert view.board.zoom == pytest.approx(1.0)

    def test_a_view_chosen_by_hand_is_kept_when_the_network_changes(self, view, document):
        self.wheel(view, 120, CTRL)
        scale = view.board.zoom
        document.edit_network(lambda n: edits.rename(n, "l1", "first"), "rename")
        assert view.board.zoom == scale

    def test_arrange_is_offered_only_when_something_was_moved(self, view, document):
        assert not view.zoom_bar.arrange.isEnabled()
        assert "moved" in view.zoom_bar.arrange.toolTip()
        operations.place_cards(document, dict.fromkeys(view.board.network.places, (0.0, 0.0)), "Pile")
        view.zoom_bar.arrange.click()
        assert document.project.layout == {}
        assert not view.zoom_bar.arrange.isEnabled()


class TestFindings:
    def test_a_fault_is_explained_beside_its_card_and_mended_by_one_click(self, view, document):
        document.edit_network(lambda n: edits.set_hypers(n, "l3", units=12), "wrong")
        assert view.board.network.cards["l3"].state.severity == "error"
        assert view.explanation.isVisible()
        assert view.explanation.fix.text() == "Set units to 2"
        view.explanation.fix.click()
        assert document.report.ok
        assert not view.explanation.isVisible()
        assert view.board.network.cards["l3"].state.severity == ""

    def test_it_covers_no_card_unless_it_was_asked_for(self, view, document):
        document.edit_network(lambda n: edits.set_hypers(n, "l3", units=12), "wrong")
        box = view.explanation.geometry()
        for id in view.board.network.cards:
            assert not box.intersects(view._in_view(id))
        view.resize(420, 290)
        assert not view.explanation.isVisible()
        document.select("l3")
        assert view.explanation.isVisible()

    def test_the_selected_fault_comes_first(self, view, document):
        document.edit_network(lambda n: edits.set_hypers(n, "l3", units=12), "wrong")
        document.edit_network(lambda n: edits.set_hypers(n, "l0", shape=(5,)), "wrong too")
        document.select("l3")
        assert view.explanation.fix.text() == "Set units to 2"
        document.select("l0")
        assert view.explanation.fix.text() == "Set shape to 2"

    def test_without_an_input_one_is_offered(self, view, document):
        operations.remove(document, ["l0"])
        document.select("l1")
        assert view.explanation.fix.text() == "Add an input layer"
        document.select()
        assert view.explanation.fix.text() == "Add an input layer"
        view.explanation.fix.click()
        assert document.report.ok


def test_the_strip_tells_the_cost_of_the_whole_network(view, document):
    strip = view.strip
    assert strip.parameters.value.text() == "114"
    assert strip.work.value.text() == "96"
    assert strip.memory.name.text() == "Memory at batch 32"
    assert strip.epoch.value.text() == "8"
    document.edit_training("batch", batch_size=240)
    assert strip.memory.name.text() == "Memory at batch 240"
    assert strip.epoch.value.text() == "1"
    document.edit_network(lambda n: edits.disconnect(n, Edge("l2", "l3")), "cut")
    assert strip.parameters.value.text() == "≥ 96"


def test_nothing_lies_where_nothing_is(view):
    assert view.board.network.hit(QPointF(-500, -500)) == Hit()
