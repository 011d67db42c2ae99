"""Small pieces that several panels share; their `role` in the style sheet decides what they look like."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.number_combo import NumberCombo, NumberField, NumberRules
from app.style import restyle, set_role

__all__ = [
    "Card",
    "Chip",
    "Dot",
    "ElidedLabel",
    "EmptyState",
    "FlowLayout",
    "HLine",
    "NumberCombo",
    "NumberField",
    "NumberRules",
    "SectionHead",
    "Segmented",
    "VLine",
    "button",
    "explain",
    "icon_button",
    "label",
    "repaint_on_theme",
    "restyle",
    "set_role",
    "wrapped",
]


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label of plain text: what comes from files is never read as HTML."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        set_role(made, role)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def button(
    text: str = "",
    *,
    icon: str = "",
    role: str = "",
    tip: str = "",
    on_click: Callable[[], object] | None = None,
) -> QPushButton:
    made = QPushButton(text)
    if icon:
        theme.set_icon(made, icon, "on_accent" if role == "primary" else "accent" if role == "link" else None)
    if role:
        set_role(made, role)
    if tip:
        made.setToolTip(wrapped(tip))
    made.setAccessibleName(text or tip)
    made.setCursor(Qt.CursorShape.PointingHandCursor if role == "link" else Qt.CursorShape.ArrowCursor)
    if on_click is not None:
        made.clicked.connect(lambda _checked=False: on_click())
    return made


def icon_button(
    icon: str, tip: str, *, role: str = "ghost", size: int = 16, on_click: Callable[[], object] | None = None
) -> QToolButton:
    """A square button of an icon alone; the tooltip is also its name for a screen reader."""
    made = QToolButton()
    theme.set_icon(made, icon, None, size)
    set_role(made, role)
    made.setToolTip(wrapped(tip))
    made.setAccessibleName(tip.split(".")[0])
    if on_click is not None:
        made.clicked.connect(lambda _checked=False: on_click())
    return made


def wrapped(text: str, width: int = 64) -> str:
    """A tooltip in lines of readable length; a name that looks like HTML stays as it is written."""
    lines = [textwrap.wrap(line, width, break_long_words=False) or [""] for line in text.split("\n")]
    whole = "\n".join(part for each in lines for part in each)
    return f"<qt>{html.escape(whole).replace(chr(10), '<br>')}</qt>" if GuiQt.mightBeRichText(whole) else whole


def explain(widget: QWidget, *, enabled: bool, tip: str, why_not: str = "") -> None:
    """Enable or disable a control; while disabled its tooltip says why."""
    widget.setEnabled(enabled)
    reason = "" if enabled or not why_not else f"Not now: {why_not}" if tip else why_not
    widget.setToolTip(wrapped("\n\n".join(part for part in (tip, reason) if part)))


class SectionHead(QWidget):
    """Capitals over a group, with room for small controls at the right."""

    def __init__(self, text: str, *trailing: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.label = label(text, "section")
        row.addWidget(self.label)
        row.addStretch(1)
        for widget in trailing:
            row.addWidget(widget)

    def set_text(self, text: str) -> None:
        self.label.setText(text)


class Card(QFrame):
    """A raised surface with a hairline; `body` is its column."""

    def __init__(self, parent: QWidget | None = None, *, margin: int = 12, spacing: int = 8) -> None:
        super().__init__(parent)
        set_role(self, "card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margin, margin, margin, margin)
        self.body.setSpacing(spacing)


class Chip(QLabel):
    """A word in a pill: kind "info", "plain", "success", "warning" or "error"."""

    def __init__(self, text: str, kind: str = "info", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        set_role(self, "chip", kind)


class HLine(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "hline")


class VLine(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "vline")


class EmptyState(QWidget):
    """What an empty panel shows: what goes there, and how."""

    def __init__(
        self,
        icon: str,
        title: str,
        text: str,
        *buttons: QPushButton,
        parent: QWidget | None = None,
        width: int = 380,
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addStretch(1)
        self.icon = QLabel()
        self.icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.set_icon(self.icon, icon, "faint", 32)
        self.title, self.text = label(title, "title", wrap=True), label(text, "muted", wrap=True)
        for part in (self.icon, self.title, self.text):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            part.setMaximumWidth(width)
            middle = QHBoxLayout()
            middle.addWidget(part)
            column.addLayout(middle)
        if buttons:
            row = QHBoxLayout()
            row.setContentsMargins(0, 8, 0, 0)
            row.addStretch(1)
            for each in buttons:
                row.addWidget(each)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(1)

    def set_text(self, title: str, text: str) -> None:
        self.title.setText(title)
        self.text.setText(text)


class ElidedLabel(QLabel):
    """One line that ends in "…" where it does not fit; the whole text is then its tooltip."""

    def __init__(
        self,
        text: str = "",
        role: str = "",
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._full, self._mode, self._tip = text, mode, ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if role:
            set_role(self, role)
        self._fit()

    def set_text(self, text: str) -> None:
        self._full = text
        self.updateGeometry()
        self._fit()

    def setText(self, text: str) -> None:
        self.set_text(text)

    def full_text(self) -> str:
        return self._full

    def set_tip(self, tip: str) -> None:
        """A tooltip of its own; the whole text stands above it where it is cut."""
        self._tip = tip
        self._fit()

    def sizeHint(self) -> QSize:
        self.ensurePolished()
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        self.ensurePolished()
        metrics = QFontMetrics(self.font())
        return QSize(min(metrics.horizontalAdvance("…") * 2, self.sizeHint().width()), metrics.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(self._full, self._mode, max(0, self.width()))
        if shown != QLabel.text(self):
            QLabel.setText(self, shown)
        cut = shown != self._full
        self.setToolTip(wrapped("\n".join(part for part in (self._full if cut else "", self._tip) if part)))


class FlowLayout(QLayout):
    """Left to right, then on the next line."""

    def __init__(self, parent: QWidget | None = None, *, spacing: int = 8) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _place(self, rect: QRect, *, move: bool) -> int:
        margins = self.contentsMargins()
        area = rect.marginsRemoved(margins)
        x, y, tallest = area.x(), area.y(), 0
        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            size = item.sizeHint()
            if x > area.x() and x + size.width() > area.right() + 1:
                x, y, tallest = area.x(), y + tallest + self.spacing(), 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), size))
            x += size.width() + self.spacing()
            tallest = max(tallest, size.height())
        return y + tallest - rect.y() + margins.bottom()


class Segmented(QFrame):
    """One choice of several, all in view."""

    chosen = Signal(str)

    def __init__(
        self, items: tuple[tuple[str, str, str], ...], *, role: str = "choice", parent: QWidget | None = None
    ) -> None:
        """`items`: (value, label, tooltip)."""
        super().__init__(parent)
        set_role(self, "segmented")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._buttons: dict[str, QPushButton] = {}
        for value, text, tip in items:
            made = button(text, role=role, tip=tip)
            made.setCheckable(True)
            made.clicked.connect(lambda _checked=False, v=value: self.chosen.emit(v))
            self._group.addButton(made)
            self._buttons[value] = made
            row.addWidget(made)
        self._buttons[items[0][0]].setChecked(True)

    def value(self) -> str:
        return next(value for value, made in self._buttons.items() if made.isChecked())

    def set_value(self, value: str) -> None:
        self._buttons[value].setChecked(True)

    def part(self, value: str) -> QPushButton:
        return self._buttons[value]


class Dot(QWidget):
    """A small filled circle in the colour of a token; its meaning always stands in words beside it."""

    def __init__(self, token: str = "faint", size: int = 8, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._token = token
        self.setFixedSize(size, size)
        theme.signals.changed.connect(self.update)

    def set_token(self, token: str) -> None:
        self._token = token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(self._token))
        painter.drawEllipse(self.rect())


def repaint_on_theme(widget: QWidget) -> None:
    """Paint anew when the theme changes, for widgets that draw themselves."""
    theme.signals.changed.connect(widget.update)
