"""The palette: every layer there is, to drag onto the canvas or to insert with a click or Enter.

It reads the registry, so a new layer appears by itself.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QDrag, QIcon, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.canvas import operations, paint
from app.canvas.board import LAYER_MIME
from app.widgets import SectionHead, label
from core.layers import Layer

COLUMNS = 2


class LayerButton(QPushButton):
    """One kind of layer. A click inserts it; dragging carries it to the canvas."""

    def __init__(self, cls: type[Layer]) -> None:
        super().__init__(cls.label)
        self.kind, self._group = cls.kind, cls.group
        self._pressed_at = QPoint()
        self.setToolTip(f"{cls.summary}\n{cls.formula}\n\nDrag it onto the canvas, or click to insert it.")
        self.setAccessibleName(f"Add {cls.label}")
        self.setAccessibleDescription(cls.summary)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._show_colour()
        theme.signals.changed.connect(self._show_colour)

    def _show_colour(self, _theme: object = None) -> None:
        self.setIcon(paint.group_icon(self._group))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        away = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if event.buttons() & Qt.MouseButton.LeftButton and away >= QApplication.startDragDistance():
            self.setDown(False)
            self._drag()
            return
        super().mouseMoveEvent(event)

    def _drag(self) -> None:
        drag = QDrag(self)
        drag.setMimeData(layer_mime(self.kind))
        drag.setPixmap(self.grab())
        drag.setHotSpot(self._pressed_at)
        drag.exec(Qt.DropAction.CopyAction)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """As the style draws it, but with the text at the left like a row of a list."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text, option.icon = "", QIcon()
        painter = QPainter(self)
        self.style().drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)
        self.icon().paint(painter, 8, 0, 16, self.height())
        box = self.rect().adjusted(28, 0, -6, 0)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, box.width())
        painter.setPen(theme.current().text if self.isEnabled() else theme.current().faint)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def layer_mime(kind: str) -> QMimeData:
    """What a drag from the palette carries."""
    data = QMimeData()
    data.setData(LAYER_MIME, QByteArray(kind.encode()))
    return data


class Palette(QWidget):
    """A search field over a grid of layers."""

    inserted = Signal(str)  # id of the new layer

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = session.document
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search or drag…")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search layers")
        self.search.setToolTip("Type part of a layer's name or purpose. Enter inserts the first match.")
        self.search.textChanged.connect(self.refresh)
        self.search.returnPressed.connect(self._insert_first)
        self.search.installEventFilter(self)
        self.buttons: dict[str, LayerButton] = {}
        self.nothing = label("No layer matches.", "muted")
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(SectionHead("Layers"))
        column.addWidget(self.search)
        column.addLayout(self._grid)
        column.addWidget(self.nothing)
        self.document.network_changed.connect(self.refresh)
        self.refresh()

    def matching(self) -> tuple[type[Layer], ...]:
        """What can be added and fits the search: by name first, then by group or purpose."""
        words = self.search.text().strip().lower()
        offered = operations.offered_kinds(self.document)
        named = [cls for cls in offered if words in cls.label.lower() or words in cls.kind]
        about = [cls for cls in offered if cls not in named and words in f"{cls.group} {cls.summary}".lower()]
        return (*named, *about)

    def refresh(self, _signal: object = None) -> None:
        shown = self.matching()
        for made in self.buttons.values():
            self._grid.removeWidget(made)
            made.hide()
        for i, cls in enumerate(shown):
            made = self._button(cls)
            self._grid.addWidget(made, i // COLUMNS, i % COLUMNS)
            made.show()
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self.nothing.setVisible(not shown)

    def _button(self, cls: type[Layer]) -> LayerButton:
        made = self.buttons.get(cls.kind)
        if made is None:
            made = self.buttons[cls.kind] = LayerButton(cls)
            made.setParent(self)
            made.clicked.connect(lambda _checked=False, kind=cls.kind: self.insert(kind))
            made.installEventFilter(self)
        return made

    def insert(self, kind: str) -> None:
        """Behind the selected layer, or before the output layer."""
        self.inserted.emit(operations.insert(self.document, kind))

    def _insert_first(self) -> None:
        found = self.matching()
        if found and self.search.text().strip():
            self.insert(found[0].kind)
            self.search.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys walk the grid; from the search field Down enters it."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        keys = Qt.Key
        steps: dict[int, int] = {keys.Key_Right: 1, keys.Key_Left: -1, keys.Key_Down: COLUMNS, keys.Key_Up: -COLUMNS}
        shown = [self.buttons[cls.kind] for cls in self.matching()]
        if event.key() not in steps or not shown:
            return super().eventFilter(watched, event)
        if watched is self.search:
            if event.key() != Qt.Key.Key_Down:
                return False
            shown[0].setFocus(Qt.FocusReason.TabFocusReason)
            return True
        if watched in shown:
            place = shown.index(watched) + steps[event.key()]
            if place < 0:
                self.search.setFocus(Qt.FocusReason.BacktabFocusReason)
            elif place < len(shown):
                shown[place].setFocus(Qt.FocusReason.TabFocusReason)
            return True
        return super().eventFilter(watched, event)
