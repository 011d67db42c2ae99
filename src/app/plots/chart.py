"""A chart: a pyqtgraph view for panning and zooming, with lines, bands and a frame painted in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from app import theme
from app.plots import ticks
from app.plots.items import Band, EndName, Ends, Frame, Scene, Stroke
from app.plots.series import Points

LEFT, TOP, RIGHT, BOTTOM = 46, 8, 14, 22
NAMES_WIDTH = 64


@dataclass(frozen=True)
class Drawn:
    """A line as it is drawn: values and smoothed values in the units of the axes (logarithms on a log axis)."""

    name: str
    colour: QColor
    points: Points
    smooth: np.ndarray
    band: Points | None


class _View(pg.ViewBox):
    """The wheel zooms along x, with Ctrl or over the left axis along y; dragging pans."""

    def wheelEvent(self, event: pg.QtWidgets.QGraphicsSceneWheelEvent, axis: int | None = None) -> None:
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        super().wheelEvent(event, axis=1 if control else 0)

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:
        if event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            super().mouseDragEvent(event, axis)


class _Parts:
    """The graphics items of one line."""

    def __init__(self, view: pg.ViewBox) -> None:
        self.band, self.raw, self.line = Band(), Stroke(strong=False), Stroke(strong=True)
        items: tuple[pg.GraphicsItem, ...] = (self.band, self.raw, self.line)
        for z, item in enumerate(items):
            item.setZValue(z)
            view.addItem(item, ignoreBounds=True)

    def draw(self, drawn: Drawn) -> None:
        points = drawn.points
        smoothed = drawn.smooth is not points.mean
        self.band.setVisible(drawn.band is not None)
        if drawn.band is not None:
            self.band.colour = _faded(drawn.colour, 0.16)
            self.band.set_data(drawn.band.x, drawn.band.low, drawn.band.high)
        self.raw.setVisible(smoothed)
        if smoothed:
            self.raw.setData(points.x, points.mean, pen=pg.mkPen(_faded(drawn.colour, 0.4), width=1))
        self.line.setVisible(True)
        self.line.setData(points.x, drawn.smooth, pen=pg.mkPen(drawn.colour, width=1))

    def hide(self) -> None:
        for item in (self.band, self.raw, self.line):
            item.setVisible(False)


def _faded(colour: QColor, alpha: float) -> QColor:
    made = QColor(colour)
    made.setAlphaF(alpha)
    return made


class Chart(pg.GraphicsView):
    """moved_by_hand: the person panned or zoomed. asked_to_follow: a double click. ground: token of what it lies on."""

    moved_by_hand = Signal()
    asked_to_follow = Signal()
    resized = Signal()

    def __init__(self, parent: QWidget | None = None, *, ground: str = "panel") -> None:
        super().__init__(parent, useOpenGL=False, background=None)
        self._ground = ground
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(60, 40)
        self.content = Scene()
        self.view = _View(enableMenu=False, defaultPadding=0.0)
        self.view.disableAutoRange()
        self.view.sigRangeChangedManually.connect(lambda _axes: self.moved_by_hand.emit())
        self.view.sigRangeChanged.connect(lambda *_: self._view_changed())
        self.addItem(self.view)
        self._frame, self._ends = Frame(self.content), Ends(self.content)
        self._frame.setZValue(-200)  # below the view, which pyqtgraph puts at -100
        self._ends.setZValue(10)
        for item in (self._frame, self._ends):
            self.scene().addItem(item)
        self._parts: list[_Parts] = []
        self._take_theme()
        theme.signals.changed.connect(self._take_theme)
        self._margin = RIGHT
        self.log = self.log_x = False
        self.percent = False

    def _take_theme(self) -> None:
        """An opaque ground: painting the chart then never repaints what lies under it."""
        self.setBackground(theme.colour(self._ground))

    # --- what is shown

    def draw(self, lines: Sequence[Drawn], *, names_at_ends: bool, marks: Sequence[float]) -> None:
        while len(self._parts) < len(lines):
            self._parts.append(_Parts(self.view))
        for parts, drawn in zip(self._parts, lines, strict=False):
            parts.draw(drawn)
        for parts in self._parts[len(lines) :]:
            parts.hide()
        self.content.marks = tuple(marks)
        self.content.ends = tuple(
            EndName(d.name, d.colour, float(d.points.x[-1]), float(d.smooth[-1]), names_at_ends) for d in lines
        )
        self._set_margin(NAMES_WIDTH if names_at_ends else RIGHT)
        self._repaint_frame()

    def set_x_name(self, name: str) -> None:
        self.content.x_name = name

    def set_view(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """The ranges in view, as the program chooses them."""
        self.view.setRange(xRange=x, yRange=y, padding=0, disableAutoRange=False)
        self._view_changed()

    def set_band(self, band: tuple[float, float] | None) -> None:
        self.content.band = band

    @property
    def plot_width(self) -> int:
        return max(1, round(self.content.area.width()))

    @property
    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        (x0, x1), (y0, y1) = self.view.viewRange()
        return (x0, x1), (y0, y1)

    # --- geometry

    def _set_margin(self, margin: int) -> None:
        if margin != self._margin:
            self._margin = margin
            self._place()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "view"):  # the base class calls this while it is being made
            self._place()
            self.resized.emit()

    def _place(self) -> None:
        bounds = QRectF(0, 0, self.width(), self.height())
        area = bounds.adjusted(LEFT, TOP, -self._margin, -BOTTOM)
        self.content.area = area
        self.view.setGeometry(area)
        for item in (self._frame, self._ends):
            item.set_bounds(bounds)
        self._view_changed()

    def _view_changed(self) -> None:
        (x0, x1), (y0, y1) = self.ranges
        shown = self.content
        if not all(map(math.isfinite, (x0, x1, y0, y1))) or x1 <= x0 or y1 <= y0:
            return
        shown.view = (x0, x1, y0, y1)
        across, down = int(shown.area.width() // 54), int(shown.area.height() // 34)
        if self.log_x:
            shown.x_ticks = ticks.logarithmic(x0, x1, most=max(2, across))
        else:
            shown.x_ticks = ticks.linear(x0, x1, most=max(1, across), whole=x1 - x0 > 4)
        shown.y_ticks = self._y_ticks(y0, y1, most=max(2, down))
        self._repaint_frame()

    def _y_ticks(self, low: float, high: float, *, most: int) -> list[ticks.Tick]:
        if self.log:
            return ticks.logarithmic(low, high, most=most)
        if self.percent:
            return [(v / 100, f"{text}%") for v, text in ticks.linear(100 * low, 100 * high, most=most)]
        return ticks.linear(low, high, most=most)

    def _repaint_frame(self) -> None:
        self._frame.update()
        self._ends.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.asked_to_follow.emit()

    def paint_on(self, painter: QPainter, target: QRectF) -> None:
        """The chart on any device, sharp at any size: for pictures that are saved."""
        strokes = [stroke for parts in self._parts for stroke in (parts.raw, parts.line)]
        for stroke in strokes:
            stroke.exact = True
        self.render(painter, target, self.viewport().rect())
        for stroke in strokes:
            stroke.exact = False
