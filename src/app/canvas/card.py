"""A layer as a card. It shows a `CardState` and knows nothing of the document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app import theme
from app.canvas import paint
from app.canvas.routing import in_port, port_pitch
from core.layout import CARD_HEIGHT, CARD_WIDTH

PORT_RADIUS = 4.5
PORT_REACH = 11.0  # how near to a port the pointer counts as on it
LEAST_NUMBER = 5.5  # radius of a port from which a number fits into it
OUTLINE = 10.0


@dataclass(frozen=True)
class CardState:
    """All that a card shows. inputs: how many arrive; numbered: whether their order counts. highlight: "" or why it
    stands out: "hover", "accepts", "refuses"; port: the one under the pointer, "in" or "out"."""

    name: str
    describe: str
    group: str
    parameters: str = ""
    severity: str = ""
    takes_input: bool = True
    inputs: int = 1
    numbered: bool = False
    selected: bool = False
    highlight: str = ""
    port: str = ""


class CardItem(QGraphicsItem):
    """Centre at its position."""

    def __init__(self, id: str, state: CardState) -> None:
        super().__init__()
        self.id, self.state = id, state
        self.setZValue(1)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def show_state(self, **changes: Any) -> None:
        """Repaint only where something differs."""
        self.set_state(replace(self.state, **changes))

    def set_state(self, state: CardState) -> None:
        if state != self.state:
            self.state = state
            self.setZValue(2 if state.selected else 1)
            self.update()

    def rect(self) -> QRectF:
        return QRectF(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH, CARD_HEIGHT)

    def boundingRect(self) -> QRectF:
        return self.rect().adjusted(-10, -14, 14, 6)

    def badge_centre(self) -> QPointF:
        return self.rect().topRight() + QPointF(-3, 3)

    def part_at(self, at: QPointF) -> str:
        """ "badge", "in", "out", "card" or "" for a point in the card's own coordinates."""
        if self.state.severity and _near(at, self.badge_centre(), 12):
            return "badge"
        if _near(at, QPointF(CARD_WIDTH / 2, 0), PORT_REACH):
            return "out"
        if self.state.takes_input and any(_near(at, port, PORT_REACH) for port in self._in_ports()):
            return "in"
        return "card" if self.rect().contains(at) else ""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_body(painter)
        if option.levelOfDetailFromTransform(painter.worldTransform()) < paint.FAR:
            self._paint_name_far(painter)
        else:
            self._paint_words(painter)
        for side in ("in", "out") if self.state.takes_input else ("out",):
            self._paint_port(painter, side)
        if self.state.severity:
            paint.badge(painter, self.badge_centre(), self.state.severity)

    def _paint_body(self, painter: QPainter) -> None:
        tokens, state = theme.current(), self.state
        if state.selected:
            glow = theme.mix(tokens.canvas, tokens.accent, 0.22)
            painter.setPen(QPen(glow, 4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(-2, -2, 2, 2), OUTLINE + 2, OUTLINE + 2)
        edge, width = tokens.line, 1.0
        if state.highlight == "hover":
            edge = tokens.faint
        if state.severity:
            edge, width = paint.severity_color(state.severity), 2.0
        if state.selected or state.highlight == "accepts":
            edge, width = tokens.accent, 2.0
        if state.highlight == "refuses":
            edge, width = tokens.bad, 2.0
        inset = width / 2
        painter.setPen(QPen(edge, width))
        painter.setBrush(tokens.raised)
        painter.drawRoundedRect(self.rect().adjusted(inset, inset, -inset, -inset), OUTLINE, OUTLINE)

    def _paint_name_far(self, painter: QPainter) -> None:
        box = self.rect()
        self._paint_bar(painter)
        words = QRectF(box.left() + 23, box.top(), CARD_WIDTH - 33, CARD_HEIGHT)
        paint.text(painter, words, "name_far", theme.current().text, self.state.name, Qt.AlignmentFlag.AlignLeft)

    def _paint_bar(self, painter: QPainter) -> None:
        box = self.rect()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(paint.group_color(self.state.group))
        painter.drawRoundedRect(QRectF(box.left() + 10, box.top() + 13, 4, CARD_HEIGHT - 26), 2, 2)

    def _paint_words(self, painter: QPainter) -> None:
        tokens, state, box = theme.current(), self.state, self.rect()
        self._paint_bar(painter)
        left, right = box.left() + 22, box.right() - 12
        count = paint.metrics("mono_small").horizontalAdvance(state.parameters) + 2 if state.parameters else 0
        left_align, right_align = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        name_box = QRectF(left, box.top() + 12, right - left - (count + 4 if count else 0), 20)
        paint.text(painter, name_box, "name", tokens.text, state.name, left_align)
        count_box = QRectF(right - count, box.top() + 12, count, 20)
        paint.text(painter, count_box, "mono_small", tokens.muted, state.parameters, right_align)
        about = QRectF(left, box.top() + 33, right + 4 - left, 18)
        words, kind = state.describe, "small"
        if paint.metrics(kind).horizontalAdvance(words) > about.width():
            words = words.replace(" · ", "·")
            kind = "small" if paint.metrics("small").horizontalAdvance(words) <= about.width() else "smaller"
        paint.text(painter, about, kind, tokens.muted, words, left_align)

    def _paint_port(self, painter: QPainter, side: str) -> None:
        tokens = theme.current()
        active = self.state.port == side
        radius = PORT_RADIUS + (1.5 if active else 0)
        painter.setPen(QPen(tokens.accent if active else tokens.faint, 1.5))
        painter.setBrush(tokens.accent if active else tokens.canvas)
        if side == "out":
            painter.drawEllipse(QPointF(CARD_WIDTH / 2, 0), radius, radius)
            return
        room = port_pitch(self.state.inputs) / 2 - 0.4
        numbered = self.state.numbered and room >= LEAST_NUMBER
        wide = min(radius + 2.5 if numbered else radius, room)
        for place, port in enumerate(self._in_ports()):
            painter.drawEllipse(port, wide, wide)
            if numbered:
                self._paint_number(painter, port, place + 1, active=active)

    def _in_ports(self) -> list[QPointF]:
        count = max(1, self.state.inputs)
        return [in_port(QPointF(), place, count) for place in range(count)]

    def _paint_number(self, painter: QPainter, port: QPointF, number: int, *, active: bool) -> None:
        """Which input it is: their order counts."""
        tokens = theme.current()
        before = painter.pen()
        painter.setPen(tokens.on_accent if active else tokens.text)
        painter.setFont(paint.font("number"))
        box = QRectF(port.x() - 8, port.y() - 8, 16, 16)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{number}")
        painter.setPen(before)


def _near(a: QPointF, b: QPointF, reach: float) -> bool:
    away = a - b
    return away.x() ** 2 + away.y() ** 2 <= reach**2
