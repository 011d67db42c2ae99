"""One line from column to column where no single weight stands between units: convolutions, steps, forks and merges."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app import theme
from app.lens.layout import Placed
from app.lens.structure import Link
from app.lens.view import View

WIDTH, ALPHA = 2.2, 0.55
CLEAR = 48.0  # over the tiles of a column that a line passes: its heading stands there
LANE = 7.0  # between two lines that pass the same column


def links(view: View) -> list[tuple[int, Link]]:
    """Those that are one line, with their places among all links."""
    drawn = set(np.unique(view.edges.link).tolist())
    return [(n, link) for n, link in enumerate(view.structure.links) if n not in drawn]


def path(view: View, link: Link, lane: int) -> QPainterPath:
    """From right edge to left edge, over the headings of the columns between."""
    source, target = view.layout.columns[link.source], view.layout.columns[link.target]
    start, end = QPointF(source.right + 2, _middle(source)), QPointF(target.left - 2, _middle(target))
    made = QPainterPath(start)
    passed = _passed(view, link, start.y(), end.y())
    if not passed:
        half = (end.x() - start.x()) / 2
        made.cubicTo(start + QPointF(half, 0), end - QPointF(half, 0), end)
        return made
    step = view.layout.step
    top = max(4.0, min(p.top for p in passed) - CLEAR - LANE * lane)
    first, last = min(p.left for p in passed) - 6, max(p.right for p in passed) + 6
    bend = max(8.0, min(step / 3, (first - start.x()), (end.x() - last)))
    up, down = QPointF(start.x() + bend, top), QPointF(end.x() - bend, top)
    made.cubicTo(QPointF(start.x() + bend * 0.7, start.y()), QPointF(start.x() + bend * 0.3, top), up)
    made.lineTo(down)
    made.cubicTo(QPointF(end.x() - bend * 0.3, top), QPointF(end.x() - bend * 0.7, end.y()), end)
    return made


def _middle(placed: Placed) -> float:
    return (placed.top + placed.bottom) / 2


def _passed(view: View, link: Link, y0: float, y1: float) -> list[Placed]:
    """Columns between the ranks of both ends that a direct line would meet."""
    columns = view.structure.columns
    low, high = columns[link.source].rank, columns[link.target].rank
    between = [p for c, p in zip(columns, view.layout.columns, strict=True) if low < c.rank < high]
    return [p for p in between if p.top - CLEAR < max(y0, y1) and p.bottom + 4 > min(y0, y1)]


def paint(
    painter: QPainter,
    view: View,
    *,
    touching: int | None = None,
    strong: bool = False,
    tint: QColor | None = None,
) -> None:
    """touching: only lines that begin or end at that column; strong: as when pointed at."""
    tokens, lanes = theme.current(), 0
    colour = QColor(tint or (tokens.accent if strong else tokens.faint))
    colour.setAlphaF(0.95 if strong else ALPHA)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, WIDTH, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    for _, link in links(view):
        skips = view.structure.columns[link.target].rank - view.structure.columns[link.source].rank > 1
        if touching is None or touching in (link.source, link.target):
            painter.drawPath(path(view, link, lanes if skips else 0))
        lanes += skips
