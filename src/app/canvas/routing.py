"""The way of a connection between two cards: a curve ahead, or round corners through the lanes between rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainterPath

from core.layout import CARD_HEIGHT, CARD_WIDTH

STUB = 20.0  # how far a line leaves a port before it turns
RADIUS = 10.0
LANE = 24.0  # from a card to the line that passes it: the middle between two rows of the automatic layout
ARROW = 9.0
PORT_PITCH = 15.0  # between two inputs of one card
LANE_PITCH, MOST_LANES = 9.0, 12  # between two lines side by side, and how many there may be


@dataclass(frozen=True)
class Route:
    """path ends at the tip of the arrow, which always points right; middle: where "+" appears and the shape stands."""

    path: QPainterPath
    middle: QPointF
    tip: QPointF


def card_rect(centre: QPointF) -> QRectF:
    size = QSizeF(CARD_WIDTH, CARD_HEIGHT)
    return QRectF(centre - QPointF(size.width() / 2, size.height() / 2), size)


def out_port(centre: QPointF) -> QPointF:
    return centre + QPointF(CARD_WIDTH / 2, 0)


def in_port(centre: QPointF, place: int = 0, count: int = 1) -> QPointF:
    """Where the input of that place arrives, of `count`: several stand below each other."""
    return centre + QPointF(-CARD_WIDTH / 2, (place - (count - 1) / 2) * port_pitch(count))


def port_pitch(count: int) -> float:
    return min(PORT_PITCH, (CARD_HEIGHT - 18.0) / max(1, count - 1))


class Lanes:
    """Level parts of lines that are drawn already, so that no two lie on each other."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float, float, QPointF]] = []

    def free(self, y: float, left: float, right: float, start: QPointF, *, away: float) -> float:
        """`y`, or the next height in the direction `away` where no line from another place runs between the two."""
        left, right = min(left, right), max(left, right)
        for i in range(MOST_LANES):
            found = y + i * away
            if not any(
                abs(found - at) < abs(away) - 0.5 and left < high and low < right and begin != start
                for at, low, high, begin in self._taken
            ):
                break
        self._taken.append((found, left, right, start))
        return found


def route(start: QPointF, end: QPointF, others: Iterable[QRectF] = (), lanes: Lanes | None = None) -> Route:
    """From an output port at `start` to an input port at `end`, around the cards `others` that stand between."""
    ahead = end.x() - start.x()
    corridor = QRectF(start, end).normalized().adjusted(2, -4, -2, 4)
    others = list(others)
    blocking = [rect for rect in others if rect.intersects(corridor)] if ahead > 0 else []
    if ahead >= STUB and not blocking:
        return curve(start, end)
    lane = _lane(start, end, blocking)
    lane = _clear(lane, start, end, others)
    if lanes is not None:
        away = -LANE_PITCH if lane < start.y() else LANE_PITCH
        lane = lanes.free(lane, start.x() + STUB, end.x() - STUB - ARROW, start, away=away)
    return _corners(start, end, lane)


def _clear(lane: float, start: QPointF, end: QPointF, others: Iterable[QRectF]) -> float:
    """`lane`, moved on in its own direction past every card that it would cross."""
    up = lane < min(start.y(), end.y()) if start.x() < end.x() else end.y() < start.y() - CARD_HEIGHT
    left, right = sorted((start.x() + STUB, end.x() - STUB))
    for rect in sorted(others, key=lambda rect: -rect.bottom() if up else rect.top()):
        beside = rect.right() < left or rect.left() > right
        if not beside and rect.top() - 6 < lane < rect.bottom() + 6:
            lane = rect.top() - LANE if up else rect.bottom() + LANE
    return lane


def curve(start: QPointF, end: QPointF) -> Route:
    """Straight ahead, whatever stands between; also while one end follows the pointer."""
    path = QPainterPath(start)
    reach = max(STUB, abs(end.x() - start.x()) / 2)
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
    return Route(path, path.pointAtPercent(0.5), end)


def _lane(start: QPointF, end: QPointF, blocking: list[QRectF]) -> float:
    """Height of the level part: between the two rows, or past what blocks on the side that is nearer."""
    half = CARD_HEIGHT / 2
    if blocking:
        above = min(rect.top() for rect in blocking) - LANE
        below = max(rect.bottom() for rect in blocking) + LANE
        middle = (start.y() + end.y()) / 2
        return above if middle - above <= below - middle else below
    if abs(end.y() - start.y()) >= CARD_HEIGHT + 16:
        return start.y() + (half + LANE if end.y() >= start.y() else -half - LANE)
    return max(start.y(), end.y()) + half + LANE


def _corners(start: QPointF, end: QPointF, lane: float) -> Route:
    points = [
        start,
        QPointF(start.x() + STUB, start.y()),
        QPointF(start.x() + STUB, lane),
        QPointF(end.x() - STUB - ARROW, lane),
        QPointF(end.x() - STUB - ARROW, end.y()),
        end,
    ]
    path = QPainterPath(start)
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        path.lineTo(_towards(corner, before))
        path.quadTo(corner, _towards(corner, after))
    path.lineTo(end)
    middle = (points[2].x() + points[3].x()) / 2
    if end.x() < start.x():  # back to the next row: over its first card, where no line turns
        middle = min(middle, end.x() + CARD_WIDTH / 2)
    return Route(path, QPointF(middle, lane), end)


def _towards(corner: QPointF, other: QPointF) -> QPointF:
    """The point where rounding begins: at most RADIUS from the corner, at most half way."""
    along = other - corner
    length = (along.x() ** 2 + along.y() ** 2) ** 0.5
    return corner + along * (min(RADIUS, length / 2) / length) if length else corner
