"""The lens painted: what is still from one pixmap, and over it what follows the cursor or moves."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPixmap

from app import theme
from app.lens import card, curve, edges, ribbons, tiles
from app.lens.hover import Target
from app.lens.pictures import Palette
from app.lens.view import View

DOT_PITCH = 16


class Canvas:
    """zoom, offset: from the units of the layout to the pixels of the widget."""

    def __init__(self) -> None:
        self.view = View()
        self.palette = Palette()
        self.zoom = 1.0
        self.offset = QPointF()
        self._pixmap: QPixmap | None = None
        self._ratio = 1.0
        self.cost = 0.0  # seconds that the last picture took
        self._dots_of_data = card.Dots()

    def set_view(self, view: View) -> None:
        self.view = view
        self._pixmap = None

    def take_theme(self) -> None:
        self.palette = Palette()
        self._pixmap = None

    def set_place(self, zoom: float, offset: QPointF) -> None:
        self.zoom, self.offset = zoom, offset
        self._pixmap = None

    @property
    def pixel(self) -> float:
        return 1.0 / (self._ratio * self.zoom)

    def to_layout(self, at: QPointF) -> QPointF:
        return (at - self.offset) / self.zoom

    def enter(self, painter: QPainter) -> None:
        """Let the painter of the widget draw in the units of the layout."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self.offset)
        painter.scale(self.zoom, self.zoom)

    def paint(self, painter: QPainter, size: QSize, ratio: float) -> None:
        if self._pixmap is None or self._pixmap.size() != size * ratio:
            began = time.perf_counter()
            self._ratio = ratio
            self._pixmap = self._render(size, ratio)
            self.cost = time.perf_counter() - began
        painter.drawPixmap(0, 0, self._pixmap)

    def _render(self, size: QSize, ratio: float) -> QPixmap:
        pixmap = QPixmap(size * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.current().canvas)
        painter = QPainter(pixmap)
        self._dots(painter, size)
        self.enter(painter)
        view = self.view
        ribbons.paint(painter, view)
        edges.paint(painter, view.edges, pixel=self.pixel)
        tiles.paint(painter, view, self.palette)
        if view.line:
            curve.paint(painter, view)
        else:
            card.paint(painter, view, self.palette, self._dots_of_data, pixel=self.pixel)
        painter.end()
        return pixmap

    def _dots(self, painter: QPainter, size: QSize) -> None:
        dot = QPixmap(DOT_PITCH, DOT_PITCH)
        dot.fill(Qt.GlobalColor.transparent)
        on_dot = QPainter(dot)
        on_dot.fillRect(7, 7, 1, 1, theme.current().dot)
        on_dot.end()
        painter.setBrushOrigin(self.offset)
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), QBrush(dot))

    def point_out(self, painter: QPainter, target: Target) -> None:
        """Over the dimmed rest: the edges of a neuron, or one edge with its two ends."""
        view = self.view
        if target.kind == "surface":
            return
        if target.kind == "edge":
            chosen = np.arange(len(view.edges)) == target.edge
        else:
            chosen = view.edges.touching(view.structure, target.column, target.unit)
        painter.save()
        self.enter(painter)
        for box in self._lit(target):
            self._copy(painter, box)
        if target.kind == "neuron":
            ribbons.paint(painter, view, touching=target.column, strong=True)
        edges.paint(painter, view.edges, pixel=self.pixel, chosen=chosen, strong=True)
        for box in self._ringed(target):
            tiles.outline(painter, box, theme.current().accent)
        painter.restore()

    def _ringed(self, target: Target) -> list[QRectF]:
        view = self.view
        ends = [(target.column, target.unit)]
        if target.kind == "edge":
            link = view.structure.links[int(view.edges.link[target.edge])]
            ends = [
                (link.source, int(view.edges.source[target.edge])),
                (link.target, int(view.edges.target[target.edge])),
            ]
        return [box for column, unit in ends if (box := self.box(column, unit)) is not None]

    def _lit(self, target: Target) -> list[QRectF]:
        """Tiles that stay bright: the ends of the edge, or the neuron with the columns that it is connected to."""
        if target.kind == "edge":
            return self._ringed(target)
        links = [link for link in self.view.structure.links if target.column in (link.source, link.target)]
        near = {link.source if link.target == target.column else link.target for link in links}
        boxes = [QRectF(*box) for column in near for box in self.view.layout.columns[column].boxes.tolist()]
        return boxes + self._ringed(target)

    def _copy(self, painter: QPainter, box: QRectF) -> None:
        """That part of the picture again, over the veil."""
        if self._pixmap is not None:
            scale = self.zoom * self._ratio
            corner = (box.topLeft() * self.zoom + self.offset) * self._ratio
            painter.drawPixmap(
                box, self._pixmap, QRectF(corner.x(), corner.y(), box.width() * scale, box.height() * scale)
            )

    def box(self, column: int, unit: int) -> QRectF | None:
        """The tile of a neuron, in the units of the layout."""
        placed = self.view.layout.columns[column]
        if unit in placed.units:
            return QRectF(*placed.boxes[placed.units.index(unit)].tolist())
        return QRectF(*placed.boxes[0].tolist()) if not placed.units else None


def pill(painter: QPainter, area: QRectF, text: str) -> None:
    """A sentence at the lower edge: what to do next."""
    tokens = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(theme.font("body"))
    width = min(area.width() - 24, QFontMetricsF(painter.font()).horizontalAdvance(text) + 32)
    box = QRectF(area.center().x() - width / 2, area.bottom() - 46, width, 30)
    painter.setPen(tokens.line)
    painter.setBrush(tokens.raised)
    painter.drawRoundedRect(box, 15, 15)
    painter.setPen(tokens.muted)
    shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, width - 28)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


def legend(painter: QPainter, at: QPointF, kind: str, *, more: bool) -> None:
    """What colour and width of the edges mean, from a point on its baseline; more: layers lie outside the view."""
    tokens = theme.current()
    painter.setFont(theme.font("small"))
    metrics = QFontMetricsF(painter.font())
    x, y = at.x(), at.y()
    word = "weight" if kind == "weights" else "gradient"
    entries: tuple[tuple[QColor, str], ...] = ((tokens.positive, f"{word} > 0"), (tokens.negative, f"{word} < 0"))
    for colour, text in entries:
        painter.fillRect(QRectF(x, y - 5, 12, 2.5), colour)
        painter.setPen(tokens.muted)
        painter.drawText(QPointF(x + 16, y), text)
        x += 16 + metrics.horizontalAdvance(text) + 14
    painter.setPen(tokens.faint)
    painter.drawText(QPointF(x, y), "width: size" + ("   ·   drag to see the other layers" if more else ""))
