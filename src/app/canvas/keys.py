"""The canvas by keyboard. Keys are taken before shortcuts of the window, but only while the canvas has the focus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from app.canvas import operations
from app.canvas.board import Board
from core.layout import SNAP, Point

Mod, Key = Qt.KeyboardModifier, Qt.Key
NONE, CTRL, SHIFT, ALT = Mod.NoModifier, Mod.ControlModifier, Mod.ShiftModifier, Mod.AltModifier
ARROWS = {Key.Key_Left: (-1, 0), Key.Key_Right: (1, 0), Key.Key_Up: (0, -1), Key.Key_Down: (0, 1)}


class Keys:
    """Finds and runs what a key means on the canvas."""

    def __init__(self, board: Board) -> None:
        self.board, self.document = board, board.document
        self._table: dict[tuple[Qt.KeyboardModifier, int], Callable[[], object]] = {
            (NONE, Key.Key_Delete): self.delete,
            (NONE, Key.Key_Backspace): self.delete,
            (CTRL, Key.Key_D): self.duplicate,
            (NONE, Key.Key_F2): self.rename,
            (NONE, Key.Key_Return): self.rename,
            (CTRL, Key.Key_A): self.select_all,
            (NONE, Key.Key_Escape): self.escape,
            (NONE, Key.Key_Insert): self.insert,
            (NONE, Key.Key_Plus): self.insert,
            (CTRL, Key.Key_0): board.fit,
            (CTRL, Key.Key_Plus): lambda: board.zoom_by(1.25),
            (CTRL, Key.Key_Equal): lambda: board.zoom_by(1.25),
            (CTRL, Key.Key_Minus): lambda: board.zoom_by(0.8),
            (ALT, Key.Key_Left): lambda: self.reorder(-1),
            (ALT, Key.Key_Right): lambda: self.reorder(1),
        }
        for key, (dx, dy) in ARROWS.items():
            self._table[(NONE, key)] = partial(self.walk, dx, dy)
            self._table[(SHIFT, key)] = partial(self.walk, dx, dy, adding=True)
            self._table[(CTRL, key)] = partial(self.nudge, dx, dy)

    def meaning(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What the key does here, or None."""
        modifiers = event.modifiers() & ~Mod.KeypadModifier
        if event.key() == Key.Key_Escape and not self._something_to_leave():
            return None  # the window may close a notice with it
        if event.key() == Key.Key_Plus or (event.key() == Key.Key_Equal and modifiers & CTRL):
            modifiers = modifiers & ~SHIFT  # on many keyboards "+" needs Shift
        return self._table.get((modifiers, event.key()))

    def _something_to_leave(self) -> bool:
        edge = self.board.network.chosen_edge
        return self.board.gesture is not None or bool(self.document.selected) or edge is not None

    # --- what the keys do

    def delete(self) -> None:
        edge = self.board.network.chosen_edge
        if edge is not None:
            operations.remove_edge(self.document, edge)
        else:
            operations.remove(self.document, self.document.selected)

    def duplicate(self) -> None:
        if self.document.selected:
            operations.duplicate(self.document)

    def rename(self) -> None:
        if self.document.selection:
            self.board.rename_wanted.emit(self.document.selection)

    def select_all(self) -> None:
        self.document.select(*operations.in_order(self.document))

    def escape(self) -> None:
        if not self.board.cancel():
            self.document.select()
            self.board.network.choose_edge(None)
        self.board.hush()

    def insert(self) -> None:
        """Offers layers where the selected card, connection or the network's end is."""
        network = self.board.network
        card = network.cards.get(self.document.selection)
        if network.chosen_edge is not None:
            edge = network.edges[network.chosen_edge]
            self.board.layers_wanted.emit(edge.route.middle, {"edge": edge.edge})
        else:
            at = card.pos() if card else network.content_rect().center()
            self.board.layers_wanted.emit(at, {"after": self.document.selection})

    def reorder(self, by: int) -> None:
        if self.document.selection:
            operations.move_in_order(self.document, self.document.selection, by)

    def walk(self, dx: int, dy: int, *, adding: bool = False) -> None:
        """Left and right follow the connections, up and down go to the nearest card that way."""
        places, now = self.board.network.places, self.document.selection
        if now not in places:
            self.document.select(*operations.in_order(self.document)[:1])
            return
        network = self.document.project.network
        linked = network.targets(now) if dx > 0 else network.sources(now) if dx < 0 else ()
        to = linked[0] if linked else nearest(places, now, dx, dy)
        if to:
            self.document.select(*(self.document.selected if adding else ()), to)
            self.board.ensureVisible(self.board.network.cards[to].sceneBoundingRect(), 4, 4)

    def nudge(self, dx: int, dy: int) -> None:
        """The selected cards a step on the grid; steps in a row undo together."""
        chosen, places = self.document.selected, self.board.network.places
        if chosen:
            self.board.keep_view()
            moved = {i: (x + dx * SNAP, y + dy * SNAP) if i in chosen else (x, y) for i, (x, y) in places.items()}
            operations.place_cards(self.document, moved, "Move", merge_key="nudge:" + ",".join(sorted(chosen)))


def nearest(places: dict[str, Point], start: str, dx: int, dy: int) -> str:
    """The card that lies most in the direction (dx, dy) of `start`; "" where there is none."""
    x, y = places[start]
    found: list[tuple[float, str]] = []
    for id, (px, py) in places.items():
        along, aside = (px - x) * dx + (py - y) * dy, abs((px - x) * dy) + abs((py - y) * dx)
        if id != start and along > 0:
            found.append((along + 2 * aside, id))
    return min(found, default=(0.0, ""))[1]
