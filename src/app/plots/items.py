"""What a chart is painted from: lines and bands in the view, and the frame around them with its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app import theme
from app.plots.ticks import Tick

# Where a line is drawn again to look wider, in device pixels, by sharpness of the screen.
_TWICE = ((0.0, 0.0), (0.0, 0.7))
_PLUS = ((0.0, 0.0), (0.9, 0.0), (-0.9, 0.0), (0.0, 0.9), (0.0, -0.9))
WIDTHS = {True: 1.6, False: 1.0}  # of a strong and of a pale line


class Stroke(pg.PlotCurveItem):
    """A line. Where it should be wide it is drawn several times, one pixel wide and slightly shifted: Qt's wide
    antialiased pen takes three times as long. exact: with one wide pen after all, for pictures that are saved.
    """

    def __init__(self, *, strong: bool) -> None:
        super().__init__(antialias=True, skipFiniteCheck=True)
        self._strong = strong
        self.exact = False

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None) -> None:
        ratio = painter.device().devicePixelRatio()
        if self.exact:
            pen = self.opts["pen"]
            self.opts["pen"] = pg.mkPen(pen.color(), width=WIDTHS[self._strong] * ratio)
            super().paint(painter, option, widget)
            self.opts["pen"] = pen
            return
        sharp = ratio >= 1.5
        shifts = (_PLUS if sharp else _TWICE) if self._strong else _TWICE if sharp else _TWICE[:1]
        base = painter.worldTransform()
        for dx, dy in shifts:
            painter.setWorldTransform(base * QTransform.fromTranslate(dx / ratio, dy / ratio))
            super().paint(painter, option, widget)


class Band(pg.GraphicsObject):
    """The area between a low and a high curve."""

    def __init__(self) -> None:
        super().__init__()
        self._path = pg.QtGui.QPainterPath()
        self._bounds = QRectF()
        self.colour = QColor()

    def set_data(self, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        self.prepareGeometryChange()
        there = np.concatenate([x, x[::-1]])
        self._path = pg.arrayToQPath(there, np.concatenate([high, low[::-1]]), connect="all", finiteCheck=False)
        self._bounds = self._path.controlPointRect()
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillPath(self._path, self.colour)


@dataclass(frozen=True)
class EndName:
    """A name at the end of its line: where the line ends, in the units of the view."""

    text: str
    colour: QColor
    x: float
    y: float
    label: bool = True


@dataclass
class Scene:
    """What the frame shows. view: x0, x1, y0, y1; area: the pixels that they span; marks: x of changed settings."""

    area: QRectF = field(default_factory=QRectF)
    view: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0)
    x_ticks: list[Tick] = field(default_factory=list)
    y_ticks: list[Tick] = field(default_factory=list)
    band: tuple[float, float] | None = None
    marks: tuple[float, ...] = ()
    ends: tuple[EndName, ...] = ()
    x_name: str = ""

    def x_pixel(self, x: float) -> float:
        x0, x1 = self.view[:2]
        return self.area.left() + (x - x0) / (x1 - x0) * self.area.width()

    def y_pixel(self, y: float) -> float:
        y0, y1 = self.view[2:]
        return self.area.bottom() - (y - y0) / (y1 - y0) * self.area.height()


class _Layer(QGraphicsItem):
    """Paints in the pixels of the widget, over the whole of it."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.content = scene
        self.bounds = QRectF()

    def boundingRect(self) -> QRectF:
        return self.bounds

    def set_bounds(self, bounds: QRectF) -> None:
        if bounds != self.bounds:
            self.prepareGeometryChange()
            self.bounds = QRectF(bounds)


class Frame(_Layer):
    """Under the lines: hairlines at the ticks, the numbers, the healthy band, where settings were changed."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        tokens, shown = theme.current(), self.content
        area = shown.area
        if shown.band is not None:
            low, high = (min(max(shown.y_pixel(v), area.top()), area.bottom()) for v in shown.band)
            tint = QColor(tokens.good)
            tint.setAlpha(34 if tokens.dark else 26)
            painter.fillRect(QRectF(area.left(), high, area.width(), low - high), tint)
            if low - high > 18:
                painter.setFont(theme.font("small"))
                painter.setPen(tokens.good)
                painter.drawText(QPointF(area.left() + 5, low - 5), "healthy")
        painter.setPen(QPen(tokens.line, 1))
        rows = [round(shown.y_pixel(v)) + 0.5 for v, _ in shown.y_ticks]
        painter.drawLines([QLineF(area.left(), y, area.right(), y) for y in rows])
        if shown.marks:
            painter.setPen(QPen(tokens.faint, 1, Qt.PenStyle.DotLine))
            xs = [round(shown.x_pixel(x)) + 0.5 for x in shown.marks]
            painter.drawLines([QLineF(x, area.top(), x, area.bottom()) for x in xs if area.left() <= x <= area.right()])
        self._numbers(painter)

    def _numbers(self, painter: QPainter) -> None:
        shown = self.content
        area = shown.area
        painter.setFont(theme.font("mono_small"))
        painter.setPen(theme.current().muted)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, text in shown.y_ticks:
            painter.drawText(QRectF(0, shown.y_pixel(value) - 8, area.left() - 6, 16), right, text)
        metrics = QFontMetricsF(painter.font())
        for value, text in shown.x_ticks:
            half = metrics.horizontalAdvance(text) / 2
            middle = min(max(shown.x_pixel(value), area.left() + half - 2), self.bounds.right() - half - 2)
            painter.drawText(QPointF(middle - half, area.bottom() + 15), text)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.current().faint)
        painter.drawText(QRectF(0, area.bottom() + 3, area.left() - 8, 16), right, shown.x_name)


class Ends(_Layer):
    """Over the lines: a dot where each stands now and, where there is no legend, its name."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        shown = self.content
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        inside = shown.area.adjusted(-1, -1, 1, 1)
        for end in shown.ends:
            at = QPointF(shown.x_pixel(end.x), shown.y_pixel(end.y))
            if inside.contains(at):
                painter.setBrush(end.colour)
                painter.drawEllipse(at, 2.5, 2.5)
        self._names(painter)

    def _names(self, painter: QPainter) -> None:
        shown = self.content
        named = [end for end in shown.ends if end.label]
        if not named:
            return
        painter.setFont(theme.font("small"))
        metrics = QFontMetricsF(painter.font())
        room = self.bounds.right() - shown.area.right() - 8
        places = spread([shown.y_pixel(end.y) for end in named], 13.0, shown.area.top(), shown.area.bottom())
        for end, y in zip(named, places, strict=True):
            if y is None:
                continue
            painter.setPen(end.colour)
            text = metrics.elidedText(end.text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(shown.area.right() + 7, y + 4), text)


def spread(wanted: list[float], gap: float, top: float, bottom: float) -> list[float | None]:
    """Places as near to the wanted ones as keeps them `gap` apart between top and bottom; None for those left over."""
    room = int((bottom - top) // gap) + 1
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])[:room]
    places: list[float | None] = [None] * len(wanted)
    at = top - gap
    for i in order:
        at = max(min(max(wanted[i], top), bottom), at + gap)
        places[i] = at
    limit = bottom
    for i in reversed(order):
        place = min(places[i] or top, limit)
        places[i], limit = place, place - gap
    return places
