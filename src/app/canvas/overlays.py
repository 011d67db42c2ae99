"""What lies over the canvas and does not zoom with it: explanations, the name being edited, zoom, the empty state."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.canvas import paint
from app.widgets import EmptyState, button, icon_button, label, restyle, set_role
from core.repairs import MOST
from core.validation import Badge

GAP = 10
TOLD_MILLISECONDS = 6000


def place_near(card: QRect, size: QSize, area: QRect, obstacles: Iterable[QRect]) -> tuple[QPoint, int]:
    """Where a box of `size` covers least of `obstacles` close to `card`, and how many square pixels it covers."""
    left, right = card.left(), card.right() - size.width() + 1
    above, below = card.top() - GAP - size.height(), card.bottom() + GAP
    wished = [
        QPoint(right, above), QPoint(left, above), QPoint(right, below), QPoint(left, below),
        QPoint(card.right() + GAP, card.top()), QPoint(card.left() - GAP - size.width(), card.top()),
    ]  # fmt: skip
    others = list(obstacles)

    def clamped(at: QPoint) -> QPoint:
        x = max(area.left(), min(at.x(), area.right() - size.width()))
        y = max(area.top(), min(at.y(), area.bottom() - size.height()))
        return QPoint(x, y)

    def covered(at: QPoint) -> int:
        boxes = (QRect(at, size).intersected(other) for other in others)
        return sum(box.width() * box.height() for box in boxes if not box.isEmpty())

    spots = [clamped(at) for at in wished]
    best = min(spots, key=covered)
    return best, covered(best)


def set_size(box: QFrame, width: int) -> None:
    """`width`, and as high as its wrapped words need."""
    column = box.layout()
    assert column is not None
    box.setFixedWidth(width)
    column.activate()
    box.setFixedHeight(column.totalHeightForWidth(width))


class Explanation(QFrame):
    """A finding in words beside its card, with the repairs of one click."""

    repair_wanted = Signal(object, object)  # Badge, and the Fix that was chosen, or None

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "popover")
        self._badge: Badge | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 9, 12, 10)
        column.setSpacing(2)
        self.title, self.text = label("", "bad", wrap=True), label("", "muted", wrap=True)
        self.title.setTextFormat(Qt.TextFormat.RichText)  # escaped below: only the weight is ours
        self.links = [button("", role="link", on_click=partial(self._choose, i)) for i in range(MOST)]
        self.fix = self.links[0]
        self.more = label("", "faint")
        for part in (self.title, self.text, *self.links, self.more):
            column.addWidget(part)
        self.hide()

    def show_badge(self, found: Badge, *, action: str = "", more: int = 0) -> None:
        """`action`: what one click does where the badge itself brings no repair; `more`: further findings of the same
        layer."""
        self._badge = found
        set_role(self.title, "bad" if found.severity == "error" else "warn")
        self.title.setText(f'<span style="font-weight:600">{html.escape(found.title)}</span>')
        self.text.setText(found.text)
        self.text.setVisible(bool(found.text))
        actions = [fix.label for fix in found.fixes] or [action] * bool(action)
        for i, link in enumerate(self.links):
            link.setVisible(i < len(actions))
            link.setText(actions[i] if i < len(actions) else "")
            link.setAccessibleName(link.text())
        self.more.setText(f"and {more} more in the inspector")
        self.more.setVisible(more > 0)
        longest = max(paint.metrics("name").horizontalAdvance(line) for line in (found.title, found.text, *actions))
        set_size(self, min(240, max(150, round(longest) + 26)))

    def _choose(self, place: int) -> None:
        if self._badge is not None:
            self.repair_wanted.emit(self._badge, self._badge.fixes[place] if self._badge.fixes else None)


class Bubble(QFrame):
    """Why something was refused, beside where it was tried; goes away by itself."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "popover")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 7, 12, 7)
        self.text = label("", "bad", wrap=True)
        row.addWidget(self.text)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(self, words: str, at: QPoint, area: QRect, *, lasting: bool) -> None:
        self.text.setText(words)
        set_size(self, min(260, round(paint.metrics("small").horizontalAdvance(words)) + 30))
        x = max(area.left() + 8, min(at.x() - self.width() // 2, area.right() - self.width() - 8))
        y = at.y() - self.height()
        self.move(x, y if y >= area.top() + 4 else at.y() + 80)
        self.show()
        self.raise_()
        self._timer.start(TOLD_MILLISECONDS) if lasting else self._timer.stop()


class NameField(QLineEdit):
    """A name edited on its card: Enter keeps it, Escape and leaving with a refused name do not."""

    def __init__(self, parent: QWidget, accept: Callable[[str], str]) -> None:
        """`accept(text)` takes the name and returns "" or why it was refused."""
        super().__init__(parent)
        self._accept, self._done = accept, True
        set_role(self, "plain")
        self.setAccessibleName("Name of the layer")
        self.textEdited.connect(lambda _text: self._mark(""))
        self.hide()

    def edit(self, name: str, where: QRect) -> None:
        self._done = False
        self.setGeometry(where)
        self.setText(name)
        self._mark("")
        self.show()
        self.raise_()
        self.selectAll()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_editor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            why = self._accept(self.text())
            self._mark(why)
            if not why:
                self.close_editor()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if not self._done and event.reason() != Qt.FocusReason.PopupFocusReason:
            self._accept(self.text())
            self.close_editor()

    def close_editor(self) -> None:
        if not self._done:
            self._done = True
            self.hide()
            parent = self.parentWidget()
            board = parent.parentWidget() if parent else None
            if board is not None and board.isVisible():
                board.setFocus(Qt.FocusReason.OtherFocusReason)

    def _mark(self, why: str) -> None:
        self.setProperty("invalid", "true" if why else "false")
        self.setToolTip(why)
        restyle(self)


class ZoomBar(QWidget):
    """Small controls: smaller, how large (click: 100 %), larger, fit, arrange."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.smaller = icon_button("minus", "Zoom out. Ctrl+− or Ctrl and the wheel.", size=14)
        self.scale = button("100 %", role="ghost", tip="Show at 100 %.")
        self.larger = icon_button("plus", "Zoom in. Ctrl++ or Ctrl and the wheel.", size=14)
        self.fit = icon_button("fit-view", "Fit: show the whole network. Ctrl+0.", size=14)
        self.arrange = icon_button("network", "Arrange", size=14)
        self.scale.setFixedWidth(72)
        for part in (self.smaller, self.scale, self.larger, self.fit, self.arrange):
            part.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(part)

    def show_scale(self, zoom: float) -> None:
        self.scale.setText(f"{round(zoom * 100)} %")


class EmptyCanvas(EmptyState):
    """What the canvas shows before there is a network."""

    def __init__(self, parent: QWidget, on_start: Callable[[], object], on_add: Callable[[], object]) -> None:
        self.start = button("Lay out a network", icon="sparkles", role="primary", on_click=on_start)
        super().__init__(
            "network",
            "No network yet",
            "Drag a layer here from the left, or start with one that fits your data.",
            self.start,
            button("Add an input layer", icon="plus", on_click=on_add),
            parent=parent,
        )
        self.hide()
