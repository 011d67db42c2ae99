"""The labels of an embedded column as points, live: what the network takes for alike lies close together."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import embedding, theme
from app.widgets import wrapped

HEIGHT = 220
REACH = 14.0  # pixels within which a point is pointed at
TIP = (
    "Each label is a point that the network learns; drawn along the two directions in which they differ most. "
    "Labels that mean the same for the target come to lie close together."
)


class EmbeddingMap(QWidget):
    """`read`: what is told of the point under the pointer."""

    read = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self._array: np.ndarray | None = None
        self._points = np.zeros((0, 2))
        self._hovered = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Labels as learned points")
        self.setToolTip(wrapped(TIP))
        theme.signals.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def clear(self) -> None:
        self._array, self._points, self._hovered = None, np.zeros((0, 2)), -1

    def show_array(self, W: np.ndarray, labels: tuple[str, ...], name: str) -> None:
        """W: (rows, width), a row for each label; name: of the array."""
        self._labels = labels[: embedding.MOST_POINTS]
        self._array = W[: len(self._labels)]
        self._points = embedding.PLANES.of(name, W)
        self._tell()
        self.update()

    @property
    def hovered(self) -> int:
        return self._hovered

    def told(self) -> str:
        """The label under the pointer with those closest to it, else how much of the spread is in view."""
        if self._array is None:
            return ""
        if 0 <= self._hovered < len(self._labels):
            close = embedding.nearest(self._array, self._hovered)
            near = ", ".join(self._shown(row) for row in close)
            return f"{self._shown(self._hovered)}: closest to {near}" if near else self._shown(self._hovered)
        share = embedding.spread_told(self._array)
        return f"{share:.0%} of the spread in view" if self._array.shape[1] > 2 else f"{len(self._labels):,} labels"

    def _shown(self, row: int) -> str:
        return " ".join(self._labels[row].split()) or "missing"

    def _tell(self) -> None:
        text = self.told()
        self.setAccessibleDescription(text)
        self.read.emit(text)

    def _places(self) -> np.ndarray:
        return embedding.places(self._points, QRectF(self.rect()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = np.array([event.position().x(), event.position().y()])
        apart = np.linalg.norm(self._places() - at, axis=1)
        found = int(apart.argmin()) if len(apart) and apart.min() <= REACH else -1
        if found != self._hovered:
            self._hovered = found
            self._tell()
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        if self._hovered >= 0:
            self._hovered = -1
            self._tell()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, tokens = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(tokens.line)
        painter.setBrush(tokens.bg)
        painter.drawRoundedRect(box, 6, 6)
        centre = box.center()
        for a, b in (
            (QPointF(box.left() + 6, centre.y()), QPointF(box.right() - 6, centre.y())),
            (QPointF(centre.x(), box.top() + 6), QPointF(centre.x(), box.bottom() - 6)),
        ):
            painter.setPen(tokens.line)
            painter.drawLine(a, b)
        if self._array is None or not self._labels:
            return
        chosen = [self._hovered, *embedding.nearest(self._array, self._hovered)] if self._hovered >= 0 else []
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        embedding.paint(painter, box.adjusted(3, 2, -3, -2), self._places(), self._labels, chosen=chosen)
