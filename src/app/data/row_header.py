"""The numbers of the rows at the left of the table, each with the colour of its part."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from app import theme
from app.data.table_model import PARTS, PreviewModel

PAD = 8.0
STRIPE = 3.0


class RowHeader(QHeaderView):
    def __init__(self, model: PreviewModel, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._model = model
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setAccessibleName("Row numbers")

    def sizeHint(self) -> QSize:
        widest = f"{max(self._model.pages.rows, 10):,}"
        metrics = QFontMetricsF(theme.font("mono_small"))
        return QSize(int(metrics.horizontalAdvance("0" * len(widest)) + 2 * PAD + STRIPE + 2), 0)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        colours = theme.current()
        box = QRectF(rect)
        part = self._model.part(section)
        if part is not None:
            colour = part_colours()[PARTS.index(part)]
            painter.fillRect(QRectF(box.left(), box.top() + 5, STRIPE, box.height() - 10), colour)
        painter.setFont(theme.font("mono_small"))
        painter.setPen(colours.muted)
        text = str(self._model.headerData(section, Qt.Orientation.Vertical))
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box.adjusted(STRIPE + 2, 0, -PAD, 0), side, text)
        painter.setPen(colours.line)
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.drawLine(rect.topRight(), rect.bottomRight())


def part_colours() -> tuple[QColor, QColor, QColor]:
    """Of training, validation and test rows, as in the bar that splits them."""
    now = theme.current()
    return now.accent, now.negative, now.faint
