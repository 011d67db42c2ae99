"""A matrix of signed numbers in colour, symmetric about zero; the pointer reads its values."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets import repaint_on_theme

TALLEST, LARGEST_CELL, SMALLEST_CELL = 128, 16, 3
CELLS_ONE_BY_ONE = 1200  # beyond that an image is drawn instead of rectangles


def as_matrix(array: np.ndarray) -> np.ndarray:
    """(rows, columns): inputs down and units across; a vector is one row."""
    return array.reshape(1, -1) if array.ndim < 2 else array.reshape(-1, array.shape[-1])


def strongest(matrix: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """At most `rows` × `columns` numbers, each the one of largest magnitude in its block, so that none hides."""
    for axis, most in ((0, rows), (1, columns)):
        n = matrix.shape[axis]
        if n > most:
            starts = np.linspace(0, n, most, endpoint=False).astype(int)
            high = np.maximum.reduceat(matrix, starts, axis=axis)
            low = np.minimum.reduceat(matrix, starts, axis=axis)
            matrix = np.where(high >= -low, high, low)
    return matrix


class HeatMap(QWidget):
    """`read` tells row and column under the pointer, (-1, -1) when it leaves.

    gates: a letter for each part of the columns that stand side by side, "" where they are one.
    """

    read = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.matrix = np.zeros((1, 1), np.float32)
        self.scale = 1.0
        self.gates = ""
        self._at = (-1, -1)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        repaint_on_theme(self)

    def show_array(self, array: np.ndarray) -> None:
        matrix = np.nan_to_num(as_matrix(array), nan=0.0, posinf=0.0, neginf=0.0)
        resized = matrix.shape != self.matrix.shape
        self.matrix = matrix
        self.scale = float(np.abs(matrix).max(initial=0.0)) or 1.0
        if resized:
            self._at = (-1, -1)
            self.updateGeometry()
        self.setAccessibleDescription(
            f"{matrix.shape[0]} by {matrix.shape[1]} numbers from {theme.number(float(matrix.min(initial=0.0)))} "
            f"to {theme.number(float(matrix.max(initial=0.0)))}"
        )
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows, columns = self.matrix.shape
        cell = min(LARGEST_CELL, max(SMALLEST_CELL, width / columns))
        return round(min(TALLEST, max(10, rows * cell)))

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(200, self.width())))

    def cell_rect(self, row: int, column: int) -> QRectF:
        rows, columns = self.matrix.shape
        w, h = self.width() / columns, self.height() / rows
        return QRectF(column * w, row * h, w, h)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.matrix.size <= CELLS_ONE_BY_ONE:
            self._paint_cells(painter)
        else:
            self._paint_image(painter)
        self._paint_gates(painter)
        if self._at != (-1, -1):
            painter.setPen(QPen(theme.current().text, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.cell_rect(*self._at).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)

    def _paint_cells(self, painter: QPainter) -> None:
        size = self.cell_rect(0, 0)
        painter.fillRect(self.rect(), theme.current().bg)  # so that a weight of zero is seen as a cell
        gap = 1.0 if min(size.width(), size.height()) >= 8 else 0.5 if min(size.width(), size.height()) >= 4 else 0.0
        radius = 2.5 if gap == 1.0 else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        for (row, column), value in np.ndenumerate(self.matrix):
            painter.setBrush(theme.signed_color(float(value) / self.scale))
            painter.drawRoundedRect(self.cell_rect(row, column).adjusted(gap, gap, -gap, -gap), radius, radius)

    def gate_of(self, column: int) -> str:
        """ "f 3": the gate and its unit that a column belongs to; "" where there are no gates."""
        units = self.matrix.shape[1] // max(1, len(self.gates))
        if not self.gates or units * len(self.gates) != self.matrix.shape[1]:
            return ""
        return f"{self.gates[column // units]} {column % units + 1}"

    def _paint_gates(self, painter: QPainter) -> None:
        if self.gates and self.matrix.shape[1] % len(self.gates) == 0:
            painter.setPen(QPen(theme.current().text, 1))
            for i in range(1, len(self.gates)):
                x = round(i * self.width() / len(self.gates)) + 0.5
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))

    def _paint_image(self, painter: QPainter) -> None:
        shown = strongest(self.matrix, self.height(), self.width())
        index = np.clip(np.rint((shown / self.scale + 1.0) * 127.5), 0, 255).astype(np.uint8)
        pixels = np.ascontiguousarray(theme.signed_lut()[index])
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], 3 * pixels.shape[1], QImage.Format.Format_RGB888)
        painter.drawImage(QRectF(self.rect()), image)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(QPointF(-1, -1))

    def _point_at(self, at: QPointF) -> None:
        rows, columns = self.matrix.shape
        row, column = int(at.y() * rows / max(1, self.height())), int(at.x() * columns / max(1, self.width()))
        inside = at.x() >= 0 and at.y() >= 0 and row < rows and column < columns
        now = (row, column) if inside else (-1, -1)
        if now != self._at:
            self._at = now
            self.read.emit(*now)
            self.update()


class SignedScale(QWidget):
    """The colours of a heat map from most negative to most positive."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(56, 8)
        self.setToolTip("Orange is negative, blue is positive, the paler the nearer to zero.")
        repaint_on_theme(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        pixels = np.ascontiguousarray(theme.signed_lut()[None])
        image = QImage(pixels.data, 256, 1, 768, QImage.Format.Format_RGB888)
        painter = QPainter(self)
        painter.drawImage(QRectF(self.rect()), image)
