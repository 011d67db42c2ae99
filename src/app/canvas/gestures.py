"""What the pointer does, each as an object with start, move, finish and cancel. Escape cancels and changes nothing.

A gesture shows itself on the scene while it lasts and makes at most one undoable step when it finishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsRectItem

from app import theme
from app.canvas import operations
from app.canvas.edge import EdgeItem
from app.canvas.routing import card_rect, curve, in_port, out_port
from core import edits, layout
from core.errors import UserInputError
from core.spec import Edge

if TYPE_CHECKING:
    from app.canvas.board import Board

DRAG_DISTANCE = 4  # pixels before a press becomes a drag


class Gesture:
    """Positions are in scene coordinates. `moved` tells a drag from a click."""

    def __init__(self, board: Board, start: QPointF) -> None:
        self.board, self.origin, self.moved = board, start, False
        self.scene, self.document = board.network, board.document

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        away = (at - self.origin) * self.board.zoom
        if self.moved or away.manhattanLength() >= DRAG_DISTANCE:
            self.moved = True
            self.drag(at, modifiers)

    def drag(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The pointer is at `at`, far enough from the start."""

    def finish(self, at: QPointF) -> None:
        """The button was released."""

    def cancel(self) -> None:
        """Leave everything as it was."""


class MoveCards(Gesture):
    """Drags the selected cards on the grid. Only the layout changes, in one step when the button is released."""

    def __init__(self, board: Board, start: QPointF, id: str) -> None:
        super().__init__(board, start)
        self.grabbed = id
        self.before = dict(self.scene.places)

    def drag(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        x, y = self.before[self.grabbed]
        to = layout.snapped((x + at.x() - self.origin.x(), y + at.y() - self.origin.y()))
        dx, dy = to[0] - x, to[1] - y
        chosen = self.document.selected
        self.scene.show_places(
            {id: (px + dx, py + dy) if id in chosen else (px, py) for id, (px, py) in self.before.items()}
        )
        self.board.setCursor(Qt.CursorShape.ClosedHandCursor)

    def finish(self, at: QPointF) -> None:
        if self.scene.places != self.before:
            chosen = self.document.selected
            what = self.document.project.network.layer(chosen[0]).name if len(chosen) == 1 else f"{len(chosen)} layers"
            self.board.keep_view()
            operations.place_cards(self.document, self.scene.places, f"Move {what}")

    def cancel(self) -> None:
        self.scene.show_places(self.before)


class RubberBand(Gesture):
    """Selects the cards that a rectangle touches; with Shift or Ctrl they join those selected before."""

    def __init__(self, board: Board, start: QPointF, *, adding: bool) -> None:
        super().__init__(board, start)
        self.before = self.document.selected
        self.kept = self.before if adding else ()
        self.item = QGraphicsRectItem()
        self.item.setZValue(9)
        fill = theme.current().accent
        fill = fill.toRgb()
        fill.setAlphaF(0.10)
        self.item.setBrush(fill)
        pen = QPen(theme.current().accent, 1)
        pen.setCosmetic(True)
        self.item.setPen(pen)
        self.scene.addItem(self.item)

    def drag(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        area = QRectF(self.origin, at).normalized()
        self.item.setRect(area)
        touched = [id for id, card in self.scene.cards.items() if card_rect(card.pos()).intersects(area)]
        self.document.select(*self.kept, *touched)

    def finish(self, at: QPointF) -> None:
        self.scene.removeItem(self.item)
        if not self.moved:
            self.document.select(*self.kept)
            self.scene.choose_edge(None)

    def cancel(self) -> None:
        self.scene.removeItem(self.item)
        self.document.select(*self.before)


class Pan(Gesture):
    """Moves the view. `start` is in pixels of the view, because the scene moves under the pointer."""

    def __init__(self, board: Board, start: QPointF, pixel: QPoint) -> None:
        super().__init__(board, start)
        self.last = pixel
        board.setCursor(Qt.CursorShape.ClosedHandCursor)

    def pan_to(self, pixel: QPoint) -> None:
        self.board.pan(self.last - pixel)
        self.last = pixel


class Insert(Gesture):
    """A click on the "+" of a connection: offers layers when the button is released on it."""

    def __init__(self, board: Board, start: QPointF, edge: Edge) -> None:
        super().__init__(board, start)
        self.edge = edge

    def finish(self, at: QPointF) -> None:
        if self.scene.edges[self.edge].plus_at(at):
            self.board.layers_wanted.emit(at, {"edge": self.edge})


class Connect(Gesture):
    """Draws a connection from a port. Released on a card it connects, on the empty canvas it offers a new layer."""

    def __init__(self, board: Board, start: QPointF, id: str, side: str) -> None:
        super().__init__(board, start)
        self.id, self.side = id, side
        self.item: EdgeItem | None = None
        self.accepting = frozenset(o for o in self.scene.cards if o != id and not self.refusal(o))

    def _ends(self, other: str) -> tuple[str, str]:
        return (self.id, other) if self.side == "out" else (other, self.id)

    def refusal(self, other: str) -> str:
        """Why the two cannot be connected, in words, or ""."""
        try:
            edits.connect(self.document.project.network, *self._ends(other))
        except UserInputError as err:
            return f"{err.what} {err.remedy}".strip()
        return ""

    def drag(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        under = self.scene.hit(at).id
        under = "" if under == self.id else under
        why = self.refusal(under) if under else ""
        self.scene.show_partners(self.accepting, "in" if self.side == "out" else "out", under=under, refuses=bool(why))
        self._draw(at, under if not why else "", refused=bool(why))
        if why:
            self.board.tell(why, self.scene.cards[under].pos(), lasting=False)
        else:
            self.board.hush()

    def _draw(self, at: QPointF, target: str, *, refused: bool) -> None:
        card = self.scene.cards[self.id].pos()
        other = self.scene.cards[target].pos() if target else None
        if self.side == "out":
            way = curve(out_port(card), in_port(other) if other else at)
        else:
            way = curve(out_port(other) if other else at, in_port(card))
        if self.item is None:
            self.item = EdgeItem(None, way)
            self.item.setZValue(8)
            self.scene.addItem(self.item)
        self.item.show_state(route=way, refused=refused)

    def finish(self, at: QPointF) -> None:
        self._clear()
        under = self.scene.hit(at).id
        if not self.moved:
            self.document.select(self.id)
        elif under and under != self.id:
            self._connect(under)
        elif not under:
            self.board.offer_layers(at, source=self.id if self.side == "out" else "",
                                    target=self.id if self.side == "in" else "")  # fmt: skip

    def _connect(self, other: str) -> None:
        try:
            operations.connect(self.document, *self._ends(other))
        except UserInputError as err:
            self.board.tell(f"{err.what} {err.remedy}".strip(), self.scene.cards[other].pos())

    def cancel(self) -> None:
        self._clear()
        self.board.hush()

    def _clear(self) -> None:
        if self.item is not None:
            self.scene.removeItem(self.item)
            self.item = None
        self.scene.show_plain()
