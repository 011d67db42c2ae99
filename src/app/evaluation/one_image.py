"""The predict page's card for one image: the picture that was chosen in the table, and its answer."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.pictures import scaled, to_image
from app.widgets import label

SIDE = 180


class OneImage(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self._picture, self._name = _Picture(), label("", "caption", wrap=True)
        column.addWidget(self._picture)
        column.addWidget(self._name)
        self.clear()

    def clear(self) -> None:
        self._picture.show_pixels(None)
        self._name.setText("Choose images: the one you click in the table stands here.")

    def show_image(self, pixels: np.ndarray | None, name: str) -> None:
        self._picture.show_pixels(pixels)
        self._name.setText(" ".join(name.split()))


class _Picture(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The chosen image")
        theme.signals.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def show_pixels(self, pixels: np.ndarray | None) -> None:
        self._pixmap = None if pixels is None else scaled(to_image(pixels), SIDE, self.devicePixelRatioF())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF((self.width() - SIDE) / 2, 0, SIDE, SIDE)
        painter.setPen(colours.line)
        painter.setBrush(colours.bg)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self._pixmap is not None:
            size = self._pixmap.deviceIndependentSize()
            at = QRectF(0, 0, size.width(), size.height())
            at.moveCenter(box.center())
            painter.drawPixmap(at, self._pixmap, QRectF(self._pixmap.rect()))
