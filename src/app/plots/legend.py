"""The names of a plot's curves, each beside its colour; a click hides or shows one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import theme
from app.plots.kinds import Line
from app.plots.palette import colour
from app.widgets import wrapped

SWATCH, SPACE = 14, 9
Entry = tuple[QRectF, Line, str]


class Legend(QWidget):
    toggled = Signal(str)  # curve

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(20)
        self._lines: tuple[Line, ...] = ()
        self._hidden: frozenset[str] = frozenset()

    def show_lines(self, lines: Sequence[Line], hidden: frozenset[str]) -> None:
        if (tuple(lines), hidden) != (self._lines, self._hidden):
            self._lines, self._hidden = tuple(lines), hidden
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self._width(self._entries(1e9))), 20)

    def short_width(self) -> float:
        """Room that the short names need."""
        return self._width(self._laid_out([line.short or line.name for line in self._lines]))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 20)

    def _entries(self, room: float) -> list[Entry]:
        """Boxes from left to right; where the names do not fit, their short forms, then swatches alone."""
        for texts in ([line.name for line in self._lines], [line.short or line.name for line in self._lines]):
            found = self._laid_out(texts)
            if self._width(found) <= room:
                return found
        return self._laid_out(["" for _ in self._lines])

    def _laid_out(self, texts: list[str]) -> list[Entry]:
        metrics = QFontMetricsF(theme.font("small"))
        found, x = [], 0.0
        for line, text in zip(self._lines, texts, strict=True):
            width = SWATCH + metrics.horizontalAdvance(text)
            found.append((QRectF(x, 0, width, 20), line, text))
            x += width + SPACE
        return found

    @staticmethod
    def _width(entries: list[Entry]) -> float:
        return entries[-1][0].right() if entries else 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.font("small"))
        tokens = theme.current()
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for box, line, text in self._entries(self.width()):
            off = line.curve in self._hidden
            painter.fillRect(QRectF(box.left(), 9, 10, 2), tokens.line if off else colour(line.colour))
            painter.setPen(tokens.faint if off else tokens.muted)
            painter.drawText(box.adjusted(SWATCH, 0, 0, 0), middle, text)

    def _line_at(self, x: float) -> Line | None:
        near = (line for box, line, _ in self._entries(self.width()) if box.left() - 4 <= x <= box.right() + 4)
        return next(near, None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        line = self._line_at(event.position().x())
        if line is not None and event.button() == Qt.MouseButton.LeftButton:
            self.toggled.emit(line.curve)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            line = self._line_at(event.pos().x())
            word = "show" if line is not None and line.curve in self._hidden else "hide"
            text = f"{line.help or line.name}\n\nClick to {word} it." if line is not None else ""
            QToolTip.showText(event.globalPos(), wrapped(text), self)
            return True
        return super().event(event)
