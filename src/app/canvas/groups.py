"""Groups of layers as the palette shows them: their order, headings and signs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from app.canvas import paint
from core.layers import Layer, Shape

SIDE = 16.0  # of a sign, in its own units


@dataclass(frozen=True)
class Group:
    """name: as layers name it; help: what its layers are for."""

    name: str
    label: str
    help: str


GROUPS = (
    Group("input", "Input", "Where rows enter the network."),
    Group("core", "Core", "Weighted sums and the functions that bend them."),
    Group("convolution", "Convolution", "Small filters that slide over an image or a sequence."),
    Group("pooling", "Pooling", "Make images and sequences smaller, without weights."),
    Group("normalization", "Normalization", "Keep values in a range that trains well."),
    Group("regularization", "Regularization", "Disturb training so that nothing is learned by heart."),
    Group("sequence", "Sequence", "Read text, signals and time series step by step."),
    Group("merge", "Merge", "Bring several branches together."),
    Group("shape", "Shape", "The same values in another arrangement."),
)
_BY_NAME = {group.name: group for group in GROUPS}


def group_of(cls: type[Layer]) -> str:
    """The heading that a layer stands under: pooling has one of its own."""
    return "pooling" if cls.group == "convolution" and cls.kind.endswith("pool") else cls.group


def group(name: str) -> Group:
    """A group that is not known here still gets a heading, its own name."""
    return _BY_NAME.get(name, Group(name, name.capitalize(), ""))


def rank(name: str) -> tuple[int, str]:
    """Sorts groups as the palette shows them, unknown ones last."""
    names = [g.name for g in GROUPS]
    return (names.index(name) if name in names else len(names), name)


def opened_for(shape: Shape) -> frozenset[str]:
    """The groups that rows of this shape most likely ask for: those that stand open at first."""
    more = {2: ("sequence", "pooling"), 3: ("convolution", "pooling")}
    return frozenset(("input", "core", *more.get(len(shape), ())))


def icon(name: str, size: int = 16) -> QIcon:
    """The sign of a group in its colour."""
    return _icon(name, size, paint.group_color(name).name())


@cache
def _icon(name: str, size: int, colour: str) -> QIcon:
    picture = QPixmap(size * 2, size * 2)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / SIDE, size / SIDE)
    _SIGNS.get(name, _dot)(painter, QColor(colour))
    painter.end()
    return QIcon(picture)


def _stroke(painter: QPainter, colour: QColor, width: float = 1.5) -> None:
    painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _fill(painter: QPainter, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)


def _dot(painter: QPainter, colour: QColor) -> None:
    _fill(painter, colour)
    painter.drawRoundedRect(QRectF(3.6, 3.6, 8.8, 8.8), 2.5, 2.5)


def _neurons(painter: QPainter, colour: QColor) -> None:
    _stroke(painter, colour, 1.2)
    for y in (4.0, 12.0):
        painter.drawLine(QPointF(4, y), QPointF(12, 8))
    _fill(painter, colour)
    for x, y in ((4.0, 4.0), (4.0, 12.0), (12.0, 8.0)):
        painter.drawEllipse(QPointF(x, y), 2.3, 2.3)


def _kernel(painter: QPainter, colour: QColor) -> None:
    """A 3 × 3 kernel, its middle strongest."""
    for row in range(3):
        for column in range(3):
            shade = QColor(colour)
            shade.setAlphaF((1.0, 0.7, 0.4)[(row != 1) + (column != 1)])
            _fill(painter, shade)
            painter.drawRoundedRect(QRectF(2.2 + 4 * column, 2.2 + 4 * row, 3.4, 3.4), 0.8, 0.8)


def _funnel(painter: QPainter, colour: QColor) -> None:
    """Four values become one."""
    _stroke(painter, colour, 1.3)
    painter.drawRoundedRect(QRectF(2.2, 2.2, 11.6, 11.6), 2, 2)
    _fill(painter, colour)
    painter.drawRoundedRect(QRectF(8, 8, 4, 4), 0.8, 0.8)


def _bell(painter: QPainter, colour: QColor) -> None:
    _stroke(painter, colour)
    path = QPainterPath(QPointF(1.8, 12.5))
    path.cubicTo(QPointF(6.2, 12.5), QPointF(5.2, 3.2), QPointF(8, 3.2))
    path.cubicTo(QPointF(10.8, 3.2), QPointF(9.8, 12.5), QPointF(14.2, 12.5))
    painter.drawPath(path)


def _sparse(painter: QPainter, colour: QColor) -> None:
    """Some values are silent."""
    for i in range(9):
        at = QPointF(3.6 + 4.4 * (i % 3), 3.6 + 4.4 * (i // 3))
        silent = i in (1, 3, 8)
        if silent:
            _stroke(painter, colour, 0.9)
        else:
            _fill(painter, colour)
        painter.drawEllipse(at, 1.3 if silent else 1.7, 1.3 if silent else 1.7)


def _steps(painter: QPainter, colour: QColor) -> None:
    _stroke(painter, colour, 1.3)
    painter.drawLine(QPointF(2.5, 11), QPointF(13.5, 11))
    _fill(painter, colour)
    for x, height in ((2.0, 4.0), (6.4, 7.0), (10.8, 5.0)):
        painter.drawRoundedRect(QRectF(x, 9.4 - height, 3.2, height), 0.8, 0.8)


def _join(painter: QPainter, colour: QColor) -> None:
    _stroke(painter, colour)
    for y in (3.5, 12.5):
        path = QPainterPath(QPointF(2.2, y))
        path.cubicTo(QPointF(6, y), QPointF(5, 8), QPointF(9, 8))
        painter.drawPath(path)
    painter.drawLine(QPointF(9, 8), QPointF(13.8, 8))


def _corners(painter: QPainter, colour: QColor) -> None:
    _stroke(painter, colour)
    painter.drawRoundedRect(QRectF(2.2, 5.2, 6.6, 6.6), 1.2, 1.2)
    painter.drawLine(QPointF(11.4, 3), QPointF(11.4, 14))
    painter.drawLine(QPointF(14.2, 3), QPointF(14.2, 14))


def _entrance(painter: QPainter, colour: QColor) -> None:
    _stroke(painter, colour)
    painter.drawLine(QPointF(2, 8), QPointF(9.5, 8))
    painter.drawPolyline([QPointF(6.6, 5), QPointF(9.6, 8), QPointF(6.6, 11)])
    painter.drawLine(QPointF(13, 3), QPointF(13, 13))


_SIGNS = {
    "core": _neurons, "convolution": _kernel, "pooling": _funnel, "normalization": _bell, "regularization": _sparse,
    "sequence": _steps, "merge": _join, "shape": _corners, "input": _entrance,
}  # fmt: skip
