"""The confusion matrix: which class was taken for which."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme

GAP, LARGEST, LEAST_WITH_TEXT = 3.0, 120.0, 20.0
SIDE, HEAD = 18.0, 18.0  # room for the words "true" and "predicted"
LONGEST_NAME = 96.0
Cell = tuple[int, int]


class ConfusionMatrix(QWidget):
    """Rows are true classes, columns the answers. Shade: share of the row's class; right answers have a ring.

    `read`: a sentence about the cell under the pointer or the keyboard, "" for none. Arrow keys walk the cells.
    """

    read = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts = np.zeros((0, 0), np.int64)
        self._names: tuple[str, ...] = ()
        self._at: Cell | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 200)
        self.setAccessibleName("Confusion matrix")
        theme.signals.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(400, 280)

    def show_counts(self, counts: np.ndarray, names: tuple[str, ...]) -> None:
        self._counts, self._names, self._at = counts, tuple(" ".join(n.split()) for n in names), None
        self._tell()

    def sentence(self, cell: Cell) -> str:
        """ "3 versicolor taken for virginica"."""
        true, answer = cell
        n, of_class = int(self._counts[cell]), int(self._counts[true].sum())
        share = f" ({100 * n / of_class:.1f} % of {of_class:,})" if of_class else ""
        if true == answer:
            return f"{n:,} {self._names[true]} answered right{share}"
        return f"{n:,} {self._names[true]} taken for {self._names[answer]}{share}"

    def _tell(self) -> None:
        text = self.sentence(self._at) if self._at is not None else ""
        self.setAccessibleDescription(text or "Use the arrow keys to walk the cells.")
        self.read.emit(text)
        self.update()

    def _go(self, cell: Cell | None) -> None:
        if cell != self._at:
            self._at = cell
            self._tell()

    # --- geometry

    def _margins(self) -> tuple[float, float]:
        """Room for the names at the left and above the cells."""
        metrics = QFontMetricsF(theme.font("small"))
        longest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        return SIDE + min(LONGEST_NAME, longest) + 8, HEAD + 20

    def _cell(self) -> float:
        left, top = self._margins()
        n = max(1, len(self._names))
        return max(3.0, min(LARGEST, (self.width() - left) / n, (self.height() - top) / n))

    def _origin(self) -> tuple[float, float]:
        """The corner of the first cell; what the cells do not fill is left on both sides."""
        left, top = self._margins()
        spare = self.width() - left - self._cell() * len(self._names)
        return left + max(0.0, spare) / 2, top

    def _box(self, cell: Cell) -> QRectF:
        left, top = self._origin()
        size = self._cell()
        gap = GAP if size >= 10 else 0.5
        return QRectF(left + cell[1] * size, top + cell[0] * size, size - gap, size - gap)

    def cell_at(self, at: QPointF) -> Cell | None:
        left, top = self._origin()
        row, column = int((at.y() - top) // self._cell()), int((at.x() - left) // self._cell())
        n = len(self._names)
        return (row, column) if 0 <= row < n and 0 <= column < n else None

    # --- events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._go(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1)}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self._names:
            super().keyPressEvent(event)
            return
        row, column = self._at or (0, 0)
        last = len(self._names) - 1
        moved = (min(last, max(0, row + step[0])), min(last, max(0, column + step[1])))
        self._go(moved if self._at is not None else (0, 0))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._go(None)

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        of_class = np.maximum(1, self._counts.sum(axis=1, keepdims=True))
        shares = self._counts / of_class
        for row in range(len(self._names)):
            for column in range(len(self._names)):
                self._paint_cell(painter, (row, column), float(shares[row, column]))
        self._paint_names(painter)
        if self.hasFocus() and self._at is None:
            painter.setPen(theme.current().accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _paint_cell(self, painter: QPainter, cell: Cell, share: float) -> None:
        colours, box = theme.current(), self._box(cell)
        shade = theme.mix(colours.bg, colours.positive, 0.1 + 0.8 * share**0.7 if share else 0.0)
        radius = min(5.0, box.width() / 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawRoundedRect(box, radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if cell[0] == cell[1] and box.width() >= 7:
            ring, inset = _ink(shade), 3.0 if box.width() >= LEAST_WITH_TEXT else 1.0
            ring.setAlpha(150)
            painter.setPen(QPen(ring, 1.2))
            painter.drawRoundedRect(box.adjusted(inset, inset, -inset, -inset), radius * 0.7, radius * 0.7)
        if cell == self._at:
            painter.setPen(QPen(colours.text, 1.5))
            painter.drawRoundedRect(box.adjusted(-0.5, -0.5, 0.5, 0.5), radius, radius)
        if box.width() >= LEAST_WITH_TEXT:
            self._paint_count(painter, cell, box, shade)

    def _paint_count(self, painter: QPainter, cell: Cell, box: QRectF, shade: QColor) -> None:
        colours, n = theme.current(), int(self._counts[cell])
        font = theme.font("mono")
        font.setBold(cell[0] == cell[1])
        font.setPixelSize(round(max(9.0, min(17.0, box.width() * 0.3))))
        painter.setFont(font)
        if QFontMetricsF(font).horizontalAdvance(f"{n:,}") > box.width() - 2:
            return
        painter.setPen(_ink(shade) if n else colours.faint)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{n:,}" if n else "·")

    def _paint_names(self, painter: QPainter) -> None:
        colours = theme.current()
        left, top = self._origin()
        edge = left - self._margins()[0]
        size, n = self._cell(), len(self._names)
        font = theme.font("small")
        font.setPixelSize(round(max(7.0, min(12.0, size * 0.8))))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        every = max(1, int(-(-metrics.height() * 0.85 // size)))
        for i, name in enumerate(self._names):
            if i % every:
                continue
            marked = self._at is not None and i in self._at
            painter.setPen(colours.text if marked else colours.muted)
            room = QRectF(edge + SIDE, top + i * size - 4, left - edge - SIDE - 8, size - GAP + 8)
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            above = QRectF(left + i * size, HEAD, size - GAP, 18)
            if size >= 14:
                text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, above.width())
                painter.drawText(above, Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(theme.font("caption"))
        painter.setPen(colours.muted)
        painter.drawText(QRectF(left, 0, n * size, HEAD), Qt.AlignmentFlag.AlignCenter, "predicted")
        painter.translate(edge, top + n * size)
        painter.rotate(-90)
        painter.drawText(QRectF(0, 0, n * size, SIDE - 2), Qt.AlignmentFlag.AlignCenter, "true")
        painter.resetTransform()


def _ink(shade: QColor) -> QColor:
    """Dark or light, whichever reads better on `shade`."""
    light = 0.2126 * shade.redF() ** 2.2 + 0.7152 * shade.greenF() ** 2.2 + 0.0722 * shade.blueF() ** 2.2
    return QColor("#FFFFFF") if light < 0.3 else QColor("#1A1D23")
