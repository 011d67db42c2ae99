"""Small pictures of columns: the glyph of a kind, the target's chip, a histogram of few pixels."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from app import theme
from app.data import facts
from core.data.schema import ColumnProfile, TableProfile

GLYPH = 18.0
BAR_GAP = 1.5
MOST_BARS = 24


def light_caption() -> QFont:
    """Caption size in normal weight: figures under a heading."""
    font = theme.font("caption")
    font.setWeight(QFont.Weight.Normal)
    return font


def draw_text(painter: QPainter, box: QRectF, text: str, *, right: bool = False) -> None:
    """One line of plain text, cut with an ellipsis where it does not fit."""
    metrics = QFontMetricsF(painter.font())
    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, cut)


def draw_glyph(painter: QPainter, at: QPointF, kind: str) -> None:
    colours = theme.current()
    box = QRectF(at.x(), at.y(), GLYPH, GLYPH)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.bg)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(colours.muted)
    painter.setFont(theme.font("mono_small"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, facts.GLYPHS.get(kind, "?"))


def chip_width(text: str) -> float:
    return QFontMetricsF(theme.font("caption")).horizontalAdvance(text) + 14


def draw_chip(painter: QPainter, at: QPointF, text: str) -> float:
    """A pill, 17 px high; returns its width."""
    colours = theme.current()
    box = QRectF(at.x(), at.y(), chip_width(text), 17)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.accent_bg)
    painter.drawRoundedRect(box, 8.5, 8.5)
    painter.setPen(colours.accent)
    painter.setFont(theme.font("caption"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    return box.width()


def bars(column: ColumnProfile) -> tuple[int, ...]:
    """The heights to draw: the histogram, its neighbours added up where there are more bars than can be told apart."""
    found = column.histogram or tuple(n for _, n in column.categories)
    if len(found) <= MOST_BARS or column.kind not in ("number", "date"):
        return found[:MOST_BARS]
    step = -(-len(found) // MOST_BARS)
    return tuple(sum(found[i : i + step]) for i in range(0, len(found), step))


def bar_colours(profile: TableProfile, column: ColumnProfile, *, muted: bool) -> list[QColor]:
    """The target's classes each in their own colour, everything else in grey."""
    colours = theme.current()
    n = len(bars(column))
    coloured = profile.task == "classification" or bool(profile.separator)
    if column.name == profile.target and coloured and n <= len(classes(column)):
        order = classes(column)
        names = [name for name, _ in column.categories[:n]]
        if len(names) == n:
            return [theme.class_color(order.index(name)) for name in names]
    return [theme.mix(colours.faint, colours.panel, 0.6 if muted else 0.0)] * n


def classes(column: ColumnProfile) -> list[str]:
    """Class labels in the order of their indices: numbers by size, else by the alphabet."""
    names = [name for name, _ in column.categories]
    try:
        return sorted(names, key=float)
    except ValueError:
        return sorted(names)


def draw_histogram(painter: QPainter, box: QRectF, heights: Sequence[int], colours: Sequence[QColor]) -> None:
    """Bars from the bottom of `box`, the highest as high as the box; what counts anything is at least 1 px high."""
    top = max(heights, default=0)
    if top <= 0:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    gap = BAR_GAP if box.width() / len(heights) >= 4 else 0.5
    width = (box.width() + gap) / len(heights) - gap
    radius = min(1.5, width / 3)
    for i, (n, colour) in enumerate(zip(heights, colours, strict=True)):
        height = max(1.0, box.height() * n / top) if n else 0.0
        bar = QRectF(box.left() + i * (width + gap), box.bottom() - height, width, height)
        painter.setBrush(colour)
        painter.drawRoundedRect(bar, radius, radius)
