"""What the colours in the table mean."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.data import paint
from app.data.row_header import part_colours
from app.data.table_model import MISSING, PARTS

SWATCH = 10.0
HEIGHT = 18


class Legend(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = self._gaps = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "The stripe at the left of a row says which part of the split it is in. Missing cells, and cells that are "
            "no number in a column of numbers, are tinted; both are filled in as learned from the training rows."
        )
        theme.signals.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def show_kinds(self, *, parts: bool, gaps: bool) -> None:
        self._parts, self._gaps = parts, gaps
        self.setAccessibleName("Legend: " + ", ".join(text for text, _, _ in self._entries()))
        self.setVisible(parts or gaps)
        self.update()

    def _entries(self) -> list[tuple[str, QColor, str]]:
        """Text, colour, and the sign within the swatch, or "" for a stripe."""
        colours = theme.current()
        found = [(part, colour, "") for part, colour in zip(PARTS, part_colours(), strict=True)] if self._parts else []
        if self._gaps:
            found += [("missing", colours.bad, MISSING), ("not a number", colours.warn, "x")]
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, x = theme.current(), 2.0
        metrics = QFontMetricsF(paint.light_caption())
        for text, colour, sign in self._entries():
            if sign:
                box = QRectF(x, 2, 14, HEIGHT - 4)
                painter.fillRect(box, theme.mix(colours.panel, colour, 0.12))
                painter.setFont(theme.font("mono_small"))
                painter.setPen(colour)
                paint.draw_text(painter, box.adjusted(3, 0, 0, 0), sign)
                x += 20
            else:
                painter.fillRect(QRectF(x, 3, 3, HEIGHT - 6), colour)
                x += 9
            painter.setFont(paint.light_caption())
            painter.setPen(colours.muted)
            width = metrics.horizontalAdvance(text) + 4
            paint.draw_text(painter, QRectF(x, 0, width, HEIGHT), text)
            x += width + 14
