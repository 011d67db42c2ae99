"""The plane that points are drawn on: the mouse, the keyboard, and what they leave behind."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from app import theme
from app.data.scatter import SYMBOLS
from app.data.stroke import ERASER, Stroke
from core.data.drawing import LABELS, Points

DOT = 9.0
MARGINS = (34.0, 12.0, 14.0, 26.0)  # room for the numbers at the axes: left, top, right, bottom
WIDEST = 1.7  # a curve's plane may be wider than high
KEY_STEP = 0.05


class Board(QWidget):
    """`drawn`: the points after a stroke, and what undo calls it. `full`: no more points fit.

    index: the class to draw, None for a curve. spread: how far points stray while dragging. erasing: the left button
    removes; the right one always does.
    """

    drawn = Signal(object, str)
    full = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: Points = ()
        self.index: int | None = 0
        self.spread = 0.08
        self.erasing = False
        self._stroke: Stroke | None = None
        self._cursor: tuple[float, float] | None = None
        self._by_key = False
        self._dots: dict[tuple[int, bool, float], QPixmap] = {}
        self._marks: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(240, 220)
        self.setAccessibleName("Plane to draw on")
        self.setAccessibleDescription("Arrow keys move the cursor, Return draws a point, Delete removes what is near.")
        theme.signals.changed.connect(self._take_theme)

    def sizeHint(self) -> QSize:
        return QSize(560, 560)

    def _take_theme(self) -> None:
        self._marks = None  # drawn in the colours of before
        self.update()

    def show_points(self, points: Points) -> None:
        """The drawing as the project has it; a stroke that goes on is given up where that is another."""
        if points != self._points:
            self._points, self._stroke = points, None
            self._marks = None
            self.update()

    @property
    def points(self) -> Points:
        """As drawn so far, the stroke that goes on included."""
        return self._stroke.points if self._stroke is not None else self._points

    # --- place

    def plane(self) -> QRectF:
        """The square [-1, 1]² on the widget."""
        left, top, right, bottom = MARGINS
        room = QRectF(self.rect()).adjusted(left, top, -right, -bottom)
        height = min(room.width(), room.height())
        width = height if self.index is not None else min(room.width(), WIDEST * height)
        return QRectF(round(room.center().x() - width / 2), round(room.center().y() - height / 2), width, height)

    def to_plane(self, at: QPointF) -> tuple[float, float]:
        box = self.plane()
        return (
            2 * (at.x() - box.left()) / box.width() - 1,
            1 - 2 * (at.y() - box.top()) / box.height(),
        )

    def to_widget(self, x: float, y: float) -> QPointF:
        box = self.plane()
        return QPointF(box.left() + (x + 1) / 2 * box.width(), box.top() + (1 - y) / 2 * box.height())

    # --- hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
        if event.button() not in buttons or self._stroke is not None:
            return
        if not self.plane().adjusted(-6, -6, 6, 6).contains(event.position()):
            return
        erasing = self.erasing or event.button() == Qt.MouseButton.RightButton
        self._stroke = self._new_stroke(erasing=erasing)
        self._stroke.begin(*self.to_plane(event.position()))
        self._by_key = False
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._cursor, self._by_key = self.to_plane(event.position()), False
        if self._stroke is not None:
            self._stroke.move(*self._cursor)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._finish()

    def leaveEvent(self, event: QEvent) -> None:
        if not self._by_key:
            self._cursor = None
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1),
        }  # fmt: skip
        key = Qt.Key(event.key())
        x, y = self._cursor or (0.0, 0.0)
        if key in moves:
            across, up = moves[key]
            fine = 0.2 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            x, y = x + across * KEY_STEP * fine, y + up * KEY_STEP * fine
            self._cursor, self._by_key = (min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)), True
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            erasing = self.erasing or key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
            self._stroke = self._new_stroke(erasing=erasing)
            self._stroke.place(x, y)
            self._finish()
        elif key == Qt.Key.Key_Escape and self._stroke is not None:
            self._stroke = None
            self.update()
        else:
            super().keyPressEvent(event)

    def _new_stroke(self, *, erasing: bool) -> Stroke:
        return Stroke(self._points, self.index, self.spread, erasing)

    def _finish(self) -> None:
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            return
        full = stroke.full and not stroke.erasing
        if stroke.points != self._points:
            self._points, self._marks = stroke.points, None
            self.drawn.emit(stroke.points, stroke.text)
        if full:
            self.full.emit()
        self.update()

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.plane()
        self._paint_plane(painter, box)
        if self._stroke is not None and self._stroke.erasing:
            self._paint_marks(painter, self._stroke.points)
        else:
            painter.drawPixmap(0, 0, self._all_marks())
            self._paint_marks(painter, self.points[len(self._points) :])  # what the stroke has added so far
        if not self.points:
            self._paint_hint(painter, box)
        if self._cursor is not None:
            self._paint_cursor(painter, box)
        if self.hasFocus() and self._by_key:
            painter.setPen(QPen(theme.current().accent, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(-3, -3, 3, 3), 8, 8)

    def _paint_plane(self, painter: QPainter, box: QRectF) -> None:
        colours = theme.current()
        painter.setPen(QPen(colours.line, 1))
        painter.setBrush(colours.raised)
        painter.drawRoundedRect(box, 6, 6)
        painter.setFont(theme.font("mono_small"))
        for value in (-1.0, -0.5, 0.0, 0.5, 1.0):
            at = self.to_widget(value, value)
            if abs(value) < 1:
                painter.setPen(QPen(colours.faint if not value else colours.line, 1))
                x, y = int(at.x()) + 0.5, int(at.y()) + 0.5  # sharp: one row of pixels
                painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
                painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(colours.muted)
            text = theme.number(value)
            painter.drawText(QRectF(at.x() - 20, box.bottom() + 4, 40, 16), Qt.AlignmentFlag.AlignCenter, text)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(box.left() - 36, at.y() - 8, 30, 16), side, text)

    def _all_marks(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        if self._marks is None or self._marks.size() != self.size() * ratio:
            self._marks = QPixmap(self.size() * ratio)
            self._marks.setDevicePixelRatio(ratio)
            self._marks.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._marks)
            self._paint_marks(painter, self._points)
            painter.end()
        return self._marks

    def _paint_marks(self, painter: QPainter, points: Points) -> None:
        box, half = self.plane(), DOT / 2 + 1
        for p in points:
            mark = self._dot(int(p[2]) if len(p) > 2 else 0)
            x, y = box.left() + (p[0] + 1) / 2 * box.width(), box.top() + (1 - p[1]) / 2 * box.height()
            painter.drawPixmap(QPointF(x - half, y - half), mark)

    def _dot(self, index: int) -> QPixmap:
        """The mark of a class, drawn once: thousands of outlines cost too much."""
        key = (index, theme.current().dark, self.devicePixelRatioF())
        if key not in self._dots:
            side = round((DOT + 2) * key[2])
            made = QPixmap(side, side)
            made.setDevicePixelRatio(key[2])
            made.fill(Qt.GlobalColor.transparent)
            painter = QPainter(made)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(DOT / 2 + 1, DOT / 2 + 1)
            painter.scale(DOT, DOT)
            painter.setPen(QPen(theme.current().raised, 0.7 / DOT))
            painter.setBrush(theme.class_color(index))
            painter.drawPath(pg.graphicsItems.ScatterPlotItem.Symbols[SYMBOLS[index % len(SYMBOLS)]])
            painter.end()
            self._dots[key] = made
        return self._dots[key]

    def _paint_hint(self, painter: QPainter, box: QRectF) -> None:
        first, second = "Click for a point, drag to spray many", "Right-click removes. Draw at least two classes."
        if self.index is None:
            first, second = (
                "Drag from left to right to draw a curve",
                "One input across, one number up. Right-click removes.",
            )
        lines = ((first, "title", theme.current().muted), (second, "body", theme.current().muted))
        area = QRectF(box.left() + 12, box.center().y() - 60, box.width() - 24, 24)
        for text, font, colour in lines:
            painter.setFont(theme.font(font))
            width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 16
            ground = QRectF(area.center().x() - width / 2, area.top(), width, area.height())
            painter.fillRect(ground, theme.current().raised)  # the lines of the grid would cross the words
            painter.setPen(colour)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
            area.translate(0, 24)

    def _paint_cursor(self, painter: QPainter, box: QRectF) -> None:
        """How far the spray or the eraser reaches; by keyboard, where the cursor is."""
        assert self._cursor is not None
        colours, at = theme.current(), self.to_widget(*self._cursor)
        if not box.adjusted(-1, -1, 1, 1).contains(at):
            return
        erasing = self._stroke.erasing if self._stroke is not None else self.erasing
        across, up = box.width() / 2, box.height() / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._by_key:
            painter.setPen(QPen(colours.accent, 1.5))
            painter.drawLine(at - QPointF(9, 0), at + QPointF(9, 0))
            painter.drawLine(at - QPointF(0, 9), at + QPointF(0, 9))
        if erasing:
            painter.setPen(QPen(colours.bad, 1.2, Qt.PenStyle.DashLine))
            painter.drawEllipse(at, ERASER * across, ERASER * up)
        elif self.index is None:
            painter.setPen(QPen(colours.muted, 1, Qt.PenStyle.DashLine))
            painter.drawLine(at - QPointF(0, 2 * self.spread * up), at + QPointF(0, 2 * self.spread * up))
        else:
            painter.setPen(QPen(theme.class_color(self.index), 1.2, Qt.PenStyle.DashLine))
            painter.drawEllipse(at, self.spread * across, self.spread * up)


def class_name(index: int) -> str:
    return f"Class {LABELS[index]}"
