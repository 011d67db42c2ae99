"""A connection: a line with an arrow, the shape that flows along it, and "+" while the pointer is on it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPainterPathStroker, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app import theme
from app.canvas import paint
from app.canvas.routing import ARROW, Route
from core.spec import Edge

REACH = 7.0  # how near to the line the pointer counts as on it
PLUS_RADIUS = 9.0


class EdgeItem(QGraphicsItem):
    """Drawn in scene coordinates; `edge` is None while it is only being dragged."""

    def __init__(self, edge: Edge | None, route: Route, label: str = "") -> None:
        super().__init__()
        self.edge, self.route, self.label = edge, route, label
        self.selected = self.hovered = self.on_plus = self.target = False
        self.refused = False

    def show_state(self, *, route: Route | None = None, **changes: bool | str) -> None:
        """Repaint only where something differs."""
        if route is not None and route.path != self.route.path:
            self.prepareGeometryChange()
            self.route = route
        if changes.get("label", self.label) != self.label:
            self.prepareGeometryChange()
        for name, value in changes.items():
            if getattr(self, name) != value:
                setattr(self, name, value)
                self.update()

    def plus_at(self, at: QPointF) -> bool:
        away = at - self.route.middle
        return self.edge is not None and away.x() ** 2 + away.y() ** 2 <= (PLUS_RADIUS + 2) ** 2

    def distance(self, at: QPointF) -> float:
        """How far the line is from a point, sampled."""
        steps = (self.route.path.pointAtPercent(i / 24) - at for i in range(25))
        return min((p.x() ** 2 + p.y() ** 2) ** 0.5 for p in steps)

    def label_rect(self) -> QRectF:
        width = paint.metrics("mono_small").horizontalAdvance(self.label) + 8
        up = 27 if self.hovered or self.target else 19  # room for "+"
        return QRectF(self.route.middle.x() - width / 2, self.route.middle.y() - up, width, 16)

    def boundingRect(self) -> QRectF:
        bounds = self.route.path.boundingRect().united(self.label_rect())
        return bounds.adjusted(-12, -20, 12, 12)

    def shape(self) -> QPainterPath:
        stroker = QPainterPathStroker()
        stroker.setWidth(2 * REACH)
        wide = stroker.createStroke(self.route.path)
        if self.hovered:
            wide.addEllipse(self.route.middle, PLUS_RADIUS + 3, PLUS_RADIUS + 3)
        return wide

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        tokens = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = self.selected or self.target or self.edge is None
        color = tokens.bad if self.refused else tokens.accent if strong else tokens.faint
        if self.hovered and not strong:
            color = tokens.muted
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 2.0 if strong else 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawPath(self.route.path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        tip = self.route.tip - QPointF(4, 0)
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(-ARROW, -4.5), tip + QPointF(-ARROW, 4.5)]))
        far = option.levelOfDetailFromTransform(painter.worldTransform()) < paint.FAR
        if self.label and not far:
            self._paint_label(painter)
        if self.edge is not None and (self.hovered or self.target):
            self._paint_plus(painter)

    def _paint_label(self, painter: QPainter) -> None:
        tokens = theme.current()
        box = self.label_rect()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.canvas)
        painter.drawRoundedRect(box.adjusted(2, 1, -2, -2), 3, 3)
        paint.text(painter, box, "mono_small", tokens.muted, self.label, Qt.AlignmentFlag.AlignHCenter)

    def _paint_plus(self, painter: QPainter) -> None:
        tokens, at = theme.current(), self.route.middle
        full = self.on_plus or self.target
        painter.setPen(QPen(tokens.accent, 1.5))
        painter.setBrush(tokens.accent if full else tokens.raised)
        painter.drawEllipse(at, PLUS_RADIUS, PLUS_RADIUS)
        painter.setPen(QPen(tokens.on_accent if full else tokens.accent, 1.5))
        painter.drawLine(at - QPointF(4, 0), at + QPointF(4, 0))
        painter.drawLine(at - QPointF(0, 4), at + QPointF(0, 4))
