"""The canvas panel: the board, what lies over it, and the whole network's figures below."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.canvas import operations
from app.canvas.board import Board
from app.canvas.keys import Keys
from app.canvas.menus import context_menu, layer_menu
from app.canvas.overlays import Bubble, EmptyCanvas, Explanation, NameField, ZoomBar, place_near
from app.canvas.routing import card_rect
from app.canvas.scene import Hit
from app.canvas.strip import NetworkStrip
from app.widgets import explain
from core.errors import UserInputError
from core.validation import Badge, Fix


class CanvasView(QWidget):
    """Centre of the Design stage."""

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self.document = session, session.document
        self.board = Board(self.document)
        self.keys = Keys(self.board)
        self.zoom_bar = ZoomBar()
        self.strip = NetworkStrip(session, self.zoom_bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.board, 1)
        column.addWidget(self.strip)
        over = self.board.viewport()
        self.explanation, self.bubble = Explanation(over), Bubble(over)
        self.name_field = NameField(over, self._rename)
        self.empty = EmptyCanvas(over, self._start, lambda: operations.insert(self.document, "input"))
        self._renaming = self._hovered_badge = ""
        self.setFocusProxy(self.board)
        self._connect()
        self.refresh()

    def _connect(self) -> None:
        document, board, bar = self.document, self.board, self.zoom_bar
        for signal in (document.network_changed, document.layout_changed, document.prepared_changed):
            signal.connect(self.refresh)
        document.training_changed.connect(self.refresh)  # the loss decides how many outputs fit
        document.selection_changed.connect(self._selection_changed)
        theme.signals.changed.connect(self._place_overlays)
        board.moved.connect(self._place_overlays)
        board.told.connect(self._tell)
        board.hushed.connect(self.bubble.hide)
        board.rename_wanted.connect(self.begin_rename)
        board.layers_wanted.connect(self._offer_layers)
        board.menu_wanted.connect(self._show_menu)
        board.badge_hovered.connect(self._badge_hovered)
        board.space_tapped.connect(lambda: self._session.toggle_train())
        board.installEventFilter(self)
        self.explanation.repair_wanted.connect(self._repair)
        bar.smaller.clicked.connect(lambda: board.zoom_by(0.8))
        bar.larger.clicked.connect(lambda: board.zoom_by(1.25))
        bar.scale.clicked.connect(lambda: board.zoom_by(1.0 / board.zoom))
        bar.fit.clicked.connect(board.fit)
        bar.arrange.clicked.connect(self._arrange)

    # --- keeping up

    def refresh(self, _signal: object = None) -> None:
        """Show the document as it is."""
        if self.board.gesture is not None:
            self.board.cancel()  # what it holds may be gone
        self.board.refresh()
        count = len(self.document.project.network.layers)
        self.board.setAccessibleName("Network canvas")
        self.board.setAccessibleDescription(
            f"{count} layers. Arrow keys walk along the connections, F2 renames, Delete removes, plus adds. "
            "The list of layers holds the same."
        )
        explain(
            self.zoom_bar.arrange,
            enabled=bool(self.document.project.layout),
            tip="Arrange: cards stand in reading order again.",
            why_not="no card was moved by hand." if count else "there is no card.",
        )
        explain(
            self.empty.start,
            enabled=self.document.prepared is not None,
            tip="A network that suits your data.",
            why_not="choose data first.",
        )
        self.empty.setVisible(count == 0)
        self._place_overlays()

    def _selection_changed(self) -> None:
        if self.document.selected:
            self.board.network.chosen_edge = None
        self.board.network.show_selection()
        self._place_overlays()

    def _badge_hovered(self, id: str) -> None:
        # The explanation stays until another card is pointed at, so that its repair can be reached.
        if id and id != self._hovered_badge:
            self._hovered_badge = id
            self._place_overlays()

    def _place_overlays(self, _signal: object = None) -> None:
        over = self.board.viewport()
        self.empty.setGeometry(over.rect())
        self.zoom_bar.show_scale(self.board.zoom)
        if self.name_field.isVisible():
            self.name_field.close_editor()
        self._place_explanation()

    # --- findings, in place

    def _place_explanation(self) -> None:
        """Explain what is pointed at or selected; else the first fault that can be explained covering no card."""
        self.explanation.hide()
        cards = {id: self._in_view(id) for id in self.board.network.cards}
        chosen = [id for id in (self._hovered_badge, self.document.selection) if id in cards]
        must = [found[0] for id in chosen if (found := self.document.report.of(id))][:1]
        faults = [] if must or not cards else self._faults()
        if any(self._explained(badge, cards, must=bool(must)) for badge in must or faults):
            self.explanation.show()
            self.explanation.raise_()

    def _faults(self) -> list[Badge]:
        found = (self.document.report.of(id) for id in ("", *operations.in_order(self.document)))
        return [badge for badges in found for badge in badges[:1] if badge.severity == "error"]

    def _explained(self, badge: Badge, cards: dict[str, QRect], *, must: bool) -> bool:
        """The explanation filled and put in its place; False where it would cover a card and need not be shown."""
        more = len(self.document.report.of(badge.layer_id)) - 1
        self.explanation.show_badge(badge, action=self._action(badge), more=more)
        over, size = self.board.viewport().rect(), self.explanation.size()
        area = over.adjusted(8, 8, -8, -8)
        if badge.layer_id not in cards:
            self.explanation.move(area.center().x() - size.width() // 2, area.top())
            return True
        at, covered = place_near(cards[badge.layer_id], size, area, cards.values())
        self.explanation.move(at)
        return must or (not covered and over.intersects(cards[badge.layer_id]))

    def _action(self, badge: Badge) -> str:
        has_input = any(s.layer.arity[1] == 0 for s in self.document.project.network.layers)
        return "" if badge.fixes or has_input else "Add an input layer"

    def _repair(self, badge: Badge, fix: Fix | None) -> None:
        if fix is not None:
            operations.repair(self.document, fix)
        else:
            operations.insert(self.document, "input")

    def _in_view(self, id: str) -> QRect:
        centre = QPointF(*self.board.network.places[id])
        return self.board.mapFromScene(card_rect(centre)).boundingRect()

    def _tell(self, words: str, at: QPointF, lasting: bool) -> None:
        spot = self.board.mapFromScene(at - QPointF(0, 42))
        self.bubble.say(words, spot, self.board.viewport().rect(), lasting=lasting)

    # --- actions

    def begin_rename(self, id: str) -> None:
        card = self._in_view(id)
        where = QRect(card.left() + 16, card.top() + 6, max(110, card.width() - 24), 28)
        self._renaming = id
        self.name_field.edit(self.document.project.network.layer(id).name, where)

    def _rename(self, name: str) -> str:
        try:
            operations.rename(self.document, self._renaming, name)
        except UserInputError as err:
            spot = self.board.mapToScene(self.name_field.geometry().center())
            self._tell(f"{err.what} {err.remedy}".strip(), spot, True)
            return str(err)
        return ""

    def _start(self) -> None:
        operations.start_network(self.document)

    def _arrange(self) -> None:
        self.board.fitted = True
        operations.arrange(self.document)
        self.board.fit()

    def _offer_layers(self, at: QPointF, place: dict[str, Any]) -> None:
        menu = layer_menu(self.document, self, lambda kind: self._insert(kind, at, place))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.board.viewport().mapToGlobal(self.board.mapFromScene(at)))
        if menu.actions():
            menu.setActiveAction(menu.actions()[0])

    def _insert(self, kind: str, at: QPointF, place: dict[str, Any]) -> None:
        """A layer from a menu: on a connection, behind a layer, or at the point, connected to what was dragged."""
        if "edge" in place:
            operations.insert_on_edge(self.document, kind, place["edge"])
        elif "after" in place:
            operations.insert(self.document, kind, after=place["after"])
        elif not self.board.network.cards:
            operations.insert(self.document, kind)
        else:
            try:
                self.board.keep_view()
                operations.insert_at(self.document, kind, (at.x(), at.y()), self.board.network.places, **place)
            except UserInputError as err:
                self._tell(err.what, at, True)

    def _show_menu(self, hit: Hit, where: QPoint, at: QPointF) -> None:
        place: dict[str, Any] = {"edge": hit.edge} if hit.edge else {"after": hit.id} if hit.id else {}
        menu = context_menu(self.keys, hit, self, lambda kind: self._insert(kind, at, place))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    # --- keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and watched is self.board:
            act = self.keys.meaning(event)
            if event.type() == QEvent.Type.ShortcutOverride and (act or event.key() == Qt.Key.Key_Space):
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and act is not None:
                act()
                return True
        return super().eventFilter(watched, event)
