"""The kernels of a convolution as small pictures: one a filter, or a grid of filters across and channels down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets import repaint_on_theme

MOST_FILTERS, MOST_CHANNELS = 32, 6  # pictured of each; the others are told in numbers
LARGEST, SMALLEST, GAP = 44.0, 12.0, 4.0


@dataclass(frozen=True)
class Kernels:
    """tiles: (n, h, w); filters, channels: (n,) what each one is of; columns: how many stand side by side, 0: any."""

    tiles: np.ndarray
    filters: tuple[int, ...]
    channels: tuple[int, ...]
    columns: int


def kernels(W: np.ndarray) -> Kernels:
    """Of W (kh, kw, C, filters): a picture for every filter and channel; of W (k, C, filters): channels down.

    Of many filters and channels as many as can be seen, evenly spread.
    """
    filters = spread(W.shape[-1], MOST_FILTERS)
    if W.ndim == 3:
        return Kernels(np.transpose(W[..., list(filters)], (2, 1, 0)), filters, (-1,) * len(filters), 0)
    channels = spread(W.shape[2], MOST_CHANNELS)
    if len(channels) == 1:
        return Kernels(np.moveaxis(W[:, :, 0, list(filters)], -1, 0), filters, (0,) * len(filters), 0)
    filters = spread(W.shape[-1], MOST_FILTERS // 2)
    pairs = [(f, c) for c in channels for f in filters]
    tiles = np.stack([W[:, :, c, f] for f, c in pairs])
    return Kernels(tiles, tuple(f for f, _ in pairs), tuple(c for _, c in pairs), len(filters))


def spread(count: int, most: int) -> tuple[int, ...]:
    """All of so many, or `most` of them evenly spread with the first and the last."""
    if count <= most:
        return tuple(range(count))
    return tuple(round(i * (count - 1) / (most - 1)) for i in range(most))


class KernelMap(QWidget):
    """`read` tells the place of the tile under the pointer, -1 when it leaves."""

    read = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = Kernels(np.zeros((1, 1, 1), np.float32), (0,), (0,), 0)
        self.scale = 1.0
        self._at = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        repaint_on_theme(self)

    def show_array(self, W: np.ndarray) -> None:
        found = kernels(np.nan_to_num(W, nan=0.0, posinf=0.0, neginf=0.0))
        resized = found.tiles.shape != self.shown.tiles.shape
        self.shown = found
        self.scale = float(np.abs(found.tiles).max(initial=0.0)) or 1.0
        if resized:
            self._at = -1
            self.updateGeometry()
        self.setAccessibleDescription(f"{len(found.tiles)} kernels of {found.tiles.shape[1]} by {found.tiles.shape[2]}")
        self.update()

    @property
    def at(self) -> int:
        """The tile under the pointer, -1 where there is none."""
        return self._at

    # --- places

    def _arrangement(self, width: int) -> tuple[int, float, float]:
        """(tiles side by side, width and height of one) that fill a width."""
        count, rows, columns = self.shown.tiles.shape
        across = self.shown.columns or min(count, max(1, int((width + GAP) // (26.0 + GAP))))
        side = min(LARGEST, max(SMALLEST, (width + GAP) / across - GAP))
        shape = rows / columns
        high = min(2.2, max(0.3, shape)) * side
        return across, side, high

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        across, _, high = self._arrangement(width)
        rows = -(-len(self.shown.tiles) // across)
        return round(rows * (high + GAP) - GAP)

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(200, self.width())))

    def tile_rect(self, place: int) -> QRectF:
        across, side, high = self._arrangement(self.width())
        return QRectF(place % across * (side + GAP), place // across * (high + GAP), side, high)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lut, tokens = theme.signed_lut(), theme.current()
        for place, tile in enumerate(self.shown.tiles):
            index = np.clip(np.rint((tile / self.scale + 1.0) * 127.5), 0, 255).astype(np.uint8)
            pixels = np.ascontiguousarray(lut[index])
            high, wide = tile.shape
            image = QImage(pixels.data, wide, high, 3 * wide, QImage.Format.Format_RGB888)
            box = self.tile_rect(place)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.drawImage(box, image)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(tokens.text if place == self._at else tokens.line, 1.5 if place == self._at else 1))
            painter.drawRect(box)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(QPointF(-9, -9))

    def _point_at(self, at: QPointF) -> None:
        places = (i for i in range(len(self.shown.tiles)) if self.tile_rect(i).contains(at))
        now = next(places, -1)
        if now != self._at:
            self._at = now
            self.read.emit(now)
            self.update()
