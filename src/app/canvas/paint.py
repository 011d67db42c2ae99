"""Colours of layer groups, fonts and small signs that canvas, palette and list draw alike."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app import theme

# Places in the theme's series; groups that come later take the next free one by their name.
_GROUPS = {
    "core": 0,
    "normalization": 1,
    "merge": 2,
    "regularization": 3,
    "sequence": 4,
    "convolution": 5,
    "pooling": 5,
}
_GREY = {"input", "shape"}


def group_color(group: str) -> QColor:
    """The colour of a layer's group; its meaning also stands in words on the card."""
    tokens = theme.current()
    if group in _GREY:
        return tokens.faint
    return tokens.series[_GROUPS.get(group, sum(map(ord, group))) % len(tokens.series)]


FAR = 0.62  # scale below which small print is left out and names are written larger


@cache
def font(kind: str) -> QFont:
    """A font of the theme; or "name", "name_far": semi-bold, for what a card is called, the latter seen from afar;
    "number" for what stands in a port, "smaller" for words that would not fit.
    """
    if kind in ("number", "smaller"):
        small = theme.font("mono_small" if kind == "number" else "small")
        small.setPixelSize(9 if kind == "number" else 11)
        return small
    if not kind.startswith("name"):
        return theme.font(kind)
    made = theme.font("body")
    made.setWeight(QFont.Weight.DemiBold)
    if kind == "name_far":
        made.setPixelSize(18)
    return made


@cache
def metrics(kind: str) -> QFontMetricsF:
    return QFontMetricsF(font(kind))


def text(painter: QPainter, rect: QRectF, kind: str, color: QColor, words: str, align: Qt.AlignmentFlag) -> None:
    """One line of text, with "…" where it does not fit."""
    painter.setFont(font(kind))
    painter.setPen(color)
    shown = metrics(kind).elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def severity_color(severity: str) -> QColor:
    tokens = theme.current()
    return tokens.bad if severity == "error" else tokens.warn


def badge(painter: QPainter, centre: QPointF, severity: str, radius: float = 9.0) -> None:
    """The round "!" of a finding."""
    tokens = theme.current()
    painter.setPen(QPen(tokens.canvas, 2))
    painter.setBrush(severity_color(severity))
    painter.drawEllipse(centre, radius + 1, radius + 1)
    painter.setFont(font("name"))
    painter.setPen(tokens.on_accent if tokens.dark else QColor(Qt.GlobalColor.white))
    box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "!")
