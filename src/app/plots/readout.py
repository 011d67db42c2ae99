"""What hovering reads from a chart: a line across it and the values of every curve there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app import theme

PADDING, ROW, SWATCH, GAP = 8, 17, 12, 10


@dataclass(frozen=True)
class Row:
    """A curve's value at the cursor, written; at: where its dot goes, in pixels."""

    name: str
    value: str
    colour: QColor
    at: QPointF


class Readout(QWidget):
    """Lies over the chart and lets every click through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._x, self._area = 0.0, QRectF()
        self._title, self._note = "", ""
        self._rows: tuple[Row, ...] = ()
        self._card = True
        self.hide()

    def point(self, x: float, *, area: QRectF, title: str, note: str, rows: Sequence[Row], card: bool) -> None:
        """Show the line at pixel `x`, with the card of values or, in the other plots, the dots alone."""
        self._x, self._area, self._title, self._note = x, area, title, note
        self._rows, self._card = tuple(rows), card
        self.show()
        self.update()

    def text(self) -> str:
        """All that is read out, in one line, for those who listen instead of looking."""
        values = ", ".join(f"{row.name} {row.value}" for row in self._rows)
        return "; ".join(part for part in (self._title, values, self._note) if part)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = theme.current()
        painter.setPen(tokens.faint)
        x = round(self._x) + 0.5
        painter.drawLine(QLineF(x, self._area.top(), x, self._area.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in self._rows:
            if self._area.adjusted(-1, -1, 1, 1).contains(row.at):
                painter.setPen(tokens.panel)
                painter.setBrush(row.colour)
                painter.drawEllipse(row.at, 3.5, 3.5)
        if self._card:
            self._paint_card(painter)

    def _paint_card(self, painter: QPainter) -> None:
        tokens = theme.current()
        words, numbers = QFontMetricsF(theme.font("small")), QFontMetricsF(theme.font("mono_small"))
        name_width = max((words.horizontalAdvance(r.name) for r in self._rows), default=0.0)
        value_width = max((numbers.horizontalAdvance(r.value) for r in self._rows), default=0.0)
        inner = max(
            SWATCH + name_width + GAP + value_width,
            numbers.horizontalAdvance(self._title),
            words.horizontalAdvance(self._note),
        )
        count = 1 + len(self._rows) + bool(self._note)
        box = self._place(inner + 2 * PADDING, count * ROW + 2 * PADDING - 4)
        painter.setPen(tokens.line)
        painter.setBrush(tokens.raised)
        painter.drawRoundedRect(box, 6, 6)
        line = QRectF(box.left() + PADDING, box.top() + PADDING - 2, inner, ROW)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        _write(painter, line, left, self._title, font="mono_small", colour=tokens.muted)
        for row in self._rows:
            line.translate(0, ROW)
            painter.fillRect(QRectF(line.left(), line.center().y() - 1, 8, 2), row.colour)
            _write(painter, line.adjusted(SWATCH, 0, 0, 0), left, row.name, font="small", colour=tokens.text)
            _write(painter, line, right, row.value, font="mono_small", colour=tokens.text)
        if self._note:
            line.translate(0, ROW)
            _write(painter, line, left, self._note, font="small", colour=tokens.muted)

    def _place(self, width: float, height: float) -> QRectF:
        """Beside the line, on the side with more room, inside the widget."""
        left_side = self._x > self._area.center().x()
        x = self._x - 10 - width if left_side else self._x + 10
        x = min(max(x, 2.0), self.width() - width - 2)
        y = min(self._area.top() + 4, max(0.0, self.height() - height - 1))
        return QRectF(round(x) + 0.5, round(y) + 0.5, round(width), round(height))


def _write(painter: QPainter, box: QRectF, align: Qt.AlignmentFlag, text: str, *, font: str, colour: QColor) -> None:
    painter.setFont(theme.font(font))
    painter.setPen(colour)
    painter.drawText(box, align, text)
