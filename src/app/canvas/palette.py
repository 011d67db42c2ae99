"""The palette: every layer there is, to drag onto the canvas or to insert with a click or Enter.

It reads the registry, so a new layer appears by itself.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QIcon, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.canvas import groups, operations
from app.canvas.board import LAYER_MIME
from app.widgets import SectionHead, label, set_role, wrapped
from core.layers import Layer

COLUMNS, HEIGHT, HEAD_HEIGHT = 2, 28, 24
ROOM = 78  # pixels for a name in one column


class LayerButton(QPushButton):
    """One kind of layer. A click inserts it; dragging carries it to the canvas."""

    def __init__(self, cls: type[Layer]) -> None:
        super().__init__(cls.label)
        self.kind, self._group = cls.kind, groups.group_of(cls)
        self._pressed_at = QPoint()
        tip = f"{cls.label}. {cls.summary}\n\n{cls.formula}\n\nDrag it onto the canvas, or click to insert it."
        self.setToolTip(wrapped(tip))
        self.setAccessibleName(f"Add {cls.label}")
        self.setAccessibleDescription(cls.summary)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._show_colour()
        theme.signals.changed.connect(self._show_colour)

    @property
    def is_wide(self) -> bool:
        """Whether its name needs both columns."""
        return self.fontMetrics().horizontalAdvance(self.text()) > ROOM

    def minimumSizeHint(self) -> QSize:
        return QSize(48, HEIGHT)  # the name is cut rather than the column widened

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def _show_colour(self, _theme: object = None) -> None:
        self.setIcon(groups.icon(self._group))

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
        self.icon().paint(painter, 7, 0, 16, self.height())
        box = self.rect().adjusted(27, 0, -4, 0)
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, box.width())
        painter.setPen(theme.current().text if self.isEnabled() else theme.current().faint)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def layer_mime(kind: str) -> QMimeData:
    """What a drag from the palette carries."""
    data = QMimeData()
    data.setData(LAYER_MIME, QByteArray(kind.encode()))
    return data


def _in_rows(buttons: list[LayerButton]) -> list[list[LayerButton]]:
    """Two side by side, those with long names last and alone."""
    short = [made for made in buttons if not made.is_wide]
    pairs = [short[i : i + COLUMNS] for i in range(0, len(short), COLUMNS)]
    return pairs + [[made] for made in buttons if made.is_wide]


class GroupHead(QPushButton):
    """The heading of a group: a click, or Left and Right, closes and opens what stands below."""

    def __init__(self, name: str) -> None:
        group = groups.group(name)
        super().__init__(group.label)
        self.name, self.count, self._tip = name, 0, group.help
        set_role(self, "ghost")
        self.setCheckable(True)
        self.setFixedHeight(HEAD_HEIGHT)
        theme.signals.changed.connect(self.update)

    def show_state(self, *, is_open: bool, count: int) -> None:
        self.count = count
        self.setChecked(is_open)
        self.setToolTip(wrapped(f"{self._tip}\n\nClick to {'close' if is_open else 'open'} it."))
        self.setAccessibleName(f"{self.text()}, {count} layers, {'open' if is_open else 'closed'}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus() or self.underMouse():
            painter.setPen(tokens.accent if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.mix(tokens.panel, tokens.text, 0.05))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 5, 5)
        chevron = theme.icon("chevron-down" if self.isChecked() else "chevron-right", "muted", 12)
        chevron.paint(painter, 2, 0, 12, self.height())
        groups.icon(self.name).paint(painter, 18, 0, 16, self.height())
        box = self.rect().adjusted(40, 0, -8, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font("small"))
        painter.setPen(tokens.text if self.isChecked() else tokens.muted)
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, self.text())
        painter.setFont(theme.font("mono_small"))
        painter.setPen(tokens.muted)
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, f"{self.count}")


class Palette(QWidget):
    """A search field over the groups of layers."""

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
        self.heads: dict[str, GroupHead] = {}
        self._turned: dict[str, bool] = {}  # groups that a person opened or closed
        self._rows: list[list[QPushButton]] = []
        self.nothing = label("No layer matches.", "muted")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        for place in range(COLUMNS):
            self._grid.setColumnStretch(place, 1)
            self._grid.setColumnMinimumWidth(place, 40)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(SectionHead("Layers"))
        column.addWidget(self.search)
        column.addLayout(self._grid)
        column.addWidget(self.nothing)
        self.document.network_changed.connect(self.refresh)
        self.document.prepared_changed.connect(self.refresh)
        self.refresh()

    # --- what is shown

    @property
    def _words(self) -> str:
        return self.search.text().strip().lower()

    def matching(self) -> tuple[type[Layer], ...]:
        """What can be added and fits the search: by name first, then by group or purpose."""
        words = self._words
        offered = operations.offered_kinds(self.document)
        named = [cls for cls in offered if words in cls.label.lower() or words in cls.kind]
        grouped = [cls for cls in offered if cls not in named and words in groups.group_of(cls)]
        if words:  # of two that are called alike, first the one that fits where it would go
            named.sort(key=lambda cls: not operations.would_fit(self.document, cls))
        about = [cls for cls in offered if cls not in (*named, *grouped) and words in cls.summary.lower()]
        return (*named, *grouped, *about)

    def is_open(self, group: str) -> bool:
        """As a person turned it, else whether the data most likely ask for it."""
        shape = self.document.prepared.row_shape if self.document.prepared else ()
        return self._turned.get(group, group in groups.opened_for(shape))

    def refresh(self, _signal: object = None) -> None:
        while self._grid.takeAt(0) is not None:
            pass
        for row in range(self._grid.rowCount()):
            self._grid.setRowMinimumHeight(row, 0)
        for made in (*self.buttons.values(), *self.heads.values()):
            made.hide()
        shown, self._rows = self.matching(), []
        if self._words:
            self._add_buttons(shown)  # the best match first, whatever its group
        else:
            for name, kinds in groupby(shown, groups.group_of):
                self._add_group(name, tuple(kinds))
        self.nothing.setVisible(not shown)

    def _add_group(self, name: str, kinds: tuple[type[Layer], ...]) -> None:
        head, is_open = self._head(name), self.is_open(name)
        head.show_state(is_open=is_open, count=len(kinds))
        self._grid.addWidget(head, len(self._rows), 0, 1, COLUMNS)
        head.show()
        self._grid.setRowMinimumHeight(len(self._rows), HEAD_HEIGHT)
        self._rows.append([head])
        if is_open:
            self._add_buttons(kinds)

    def _add_buttons(self, kinds: tuple[type[Layer], ...]) -> None:
        for row in _in_rows([self._button(cls) for cls in kinds]):
            for place, made in enumerate(row):
                self._grid.addWidget(made, len(self._rows), place, 1, COLUMNS if made.is_wide else 1)
                made.show()
            self._grid.setRowMinimumHeight(len(self._rows), HEIGHT)
            self._rows.append([*row])

    def _head(self, name: str) -> GroupHead:
        made = self.heads.get(name)
        if made is None:
            made = self.heads[name] = GroupHead(name)
            made.setParent(self)
            made.clicked.connect(lambda on: self._turn(name, on))
            made.installEventFilter(self)
        return made

    def _button(self, cls: type[Layer]) -> LayerButton:
        made = self.buttons.get(cls.kind)
        if made is None:
            made = self.buttons[cls.kind] = LayerButton(cls)
            made.setParent(self)
            made.clicked.connect(lambda _checked=False, kind=cls.kind: self.insert(kind))
            made.installEventFilter(self)
        return made

    def _turn(self, group: str, on: bool) -> None:
        self._turned[group] = on
        self.refresh()

    # --- what is done

    def insert(self, kind: str) -> None:
        """Behind the selected layer, or before the output layer."""
        self.inserted.emit(operations.insert(self.document, kind))

    def _insert_first(self) -> None:
        found = self.matching()
        if found and self._words:
            self.insert(found[0].kind)
            self.search.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys walk over headings and layers; from the search field Down goes to the first layer in view."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress or not self._rows:
            return super().eventFilter(watched, event)
        key, keys = event.key(), Qt.Key
        if watched is self.search:
            if key != keys.Key_Down:
                return False
            layers = [row[0] for row in self._rows if isinstance(row[0], LayerButton)]
            (layers or self._rows[0])[0].setFocus(Qt.FocusReason.TabFocusReason)
            return True
        if isinstance(watched, GroupHead) and key in (keys.Key_Left, keys.Key_Right, keys.Key_Return, keys.Key_Enter):
            closed = not self.is_open(watched.name)
            self._turn(watched.name, {keys.Key_Right: True, keys.Key_Left: False}.get(keys(key), closed))
            return True
        if isinstance(watched, QPushButton) and key in (keys.Key_Left, keys.Key_Right, keys.Key_Up, keys.Key_Down):
            self._walk(watched, key)
            return True
        return super().eventFilter(watched, event)

    def _walk(self, start: QPushButton, key: int) -> None:
        places = [(y, x) for y, row in enumerate(self._rows) for x, made in enumerate(row) if made is start]
        if not places:
            return
        y, x = places[0]
        flat = [made for row in self._rows for made in row]
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            place = flat.index(start) + (1 if key == Qt.Key.Key_Right else -1)
            aim = flat[place] if 0 <= place < len(flat) else None
        else:
            y += 1 if key == Qt.Key.Key_Down else -1
            aim = self._rows[y][min(x, len(self._rows[y]) - 1)] if 0 <= y < len(self._rows) else None
        if aim is not None:
            aim.setFocus(Qt.FocusReason.TabFocusReason)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Left):
            self.search.setFocus(Qt.FocusReason.BacktabFocusReason)
