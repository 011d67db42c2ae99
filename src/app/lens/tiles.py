"""Columns painted: headings, a tile for every neuron, names, and heat maps of layers too wide to open."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen

from app import embedding, theme
from app.embedding import PLANES
from app.lens import curve
from app.lens.layout import MOST_PLANES, Placed
from app.lens.pictures import Palette, colour_image, fill_rounded, ink_image, readable_on, signed_image
from app.lens.structure import Column
from app.lens.view import View

RADIUS, MAP_RADIUS = 6.0, 3.0
NUMBERS_FROM = 34.0  # side of a tile from which a number fits into it
MATRIX_SIDE, STRIP_SIDE = 48, 128
PLANE_GAP = 6.0


def paint(painter: QPainter, view: View, palette: Palette) -> None:
    for i, (column, placed) in enumerate(zip(view.structure.columns, view.layout.columns, strict=True)):
        _heading(painter, column, placed, view.layout.step)
        if column.form == "neurons":
            _neurons(painter, view, i, palette)
            _names(painter, view, i)
        elif column.form == "maps":
            _maps(painter, view, i, palette)
        elif column.form == "strip":
            _strip(painter, view, i, palette)
        elif column.form == "points":
            _points(painter, view, i)
        else:
            _whole(painter, view, i, palette)
        if set(column.ids) & view.selected:
            _select(painter, placed)
        if placed.hidden:
            _count(painter, column, placed)


def _heading(painter: QPainter, column: Column, placed: Placed, step: float) -> None:
    tokens = theme.current()
    box = QRectF(placed.centre - step / 2 + 3, placed.top - 42, step - 6, 18)
    for text, font, colour in ((column.name, "body_medium", tokens.text), (column.detail, "small", tokens.muted)):
        painter.setFont(theme.font(font))
        painter.setPen(colour)
        shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
        box.translate(0, 16)


def _boxes(placed: Placed) -> list[QRectF]:
    return [QRectF(*box) for box in placed.boxes.tolist()]


def _neurons(painter: QPainter, view: View, index: int, palette: Palette) -> None:
    column, placed = view.structure.columns[index], view.layout.columns[index]
    images = pictures(view, index)
    probe, curves = view.probe(index), view.curve(index)
    painter.setPen(QPen(theme.current().line, 1))
    if curves is not None:
        scale = view.scale(column, np.nan_to_num(curves))  # a diverged run's are no numbers
        for unit, box in zip(placed.units, _boxes(placed), strict=True):
            curve.paint_tile(painter, box, curves[unit], scale, RADIUS)
    elif images is not None:
        values, scale = images
        for unit, box in zip(placed.units, _boxes(placed), strict=True):
            fill_rounded(painter, box, signed_image(values[unit], scale, palette), RADIUS, smooth=view.plane)
    elif probe is not None:
        scale = 1.0 if view.is_output(index) and view.tells_probabilities else view.scale(column, probe)
        for unit, box in zip(placed.units, _boxes(placed), strict=True):
            _value(painter, box, float(probe[unit]), scale)
    else:
        painter.setBrush(theme.current().raised)
        for box in _boxes(placed):
            painter.drawRoundedRect(box, RADIUS, RADIUS)


def pictures(view: View, index: int) -> tuple[np.ndarray, float] | None:
    """What the tiles of a column picture, (units, h, w), and the value at full colour."""
    surface = view.surface(index)
    if surface is not None:
        if view.is_output(index) and view.task == "labels":
            return 2 * surface - 1, 1.0
        classes = view.is_output(index) and view.task == "classification"
        if classes and len(surface) == view.structure.columns[index].units:
            return (2 * surface - 1 if len(surface) == 2 else surface), 1.0
        return surface, view.scale(view.structure.columns[index], surface)
    weights = view.weight_pictures(index)
    return None if weights is None else (weights, max(float(np.abs(weights).max()), 1e-9))


def _maps(painter: QPainter, view: View, index: int, palette: Palette) -> None:
    """A picture for every channel: what the layer makes of the probe row."""
    column, placed = view.structure.columns[index], view.layout.columns[index]
    values = view.maps(index)
    painter.setPen(QPen(theme.current().line, 1))
    painter.setBrush(theme.current().raised)
    scale = view.scale(column, values) if values is not None else 1.0
    for unit, box in zip(placed.units, _boxes(placed), strict=True):
        if values is None:
            painter.drawRoundedRect(box, MAP_RADIUS, MAP_RADIUS)
        else:
            fill_rounded(painter, box, signed_image(values[unit], scale, palette), MAP_RADIUS, smooth=False)


def _strip(painter: QPainter, view: View, index: int, palette: Palette) -> None:
    """A sequence: time from left to right, channels from top to bottom."""
    box = _boxes(view.layout.columns[index])[0]
    values = view.output(index)
    painter.setPen(QPen(theme.current().line, 1))
    painter.setBrush(theme.current().raised)
    if values is None:
        painter.drawRoundedRect(box, MAP_RADIUS, MAP_RADIUS)
        return
    image = strip_image(view, index, values, palette)
    fill_rounded(painter, box, image, MAP_RADIUS, smooth=False)


def _points(painter: QPainter, view: View, index: int) -> None:
    """The labels of embedded columns, each column on a plane of its own; of many columns, the first ones."""
    column, box = view.structure.columns[index], _boxes(view.layout.columns[index])[0]
    shown = column.tokens[:MOST_PLANES]
    height = (box.height() + PLANE_GAP) / len(shown) - PLANE_GAP
    for k, tokens in enumerate(shown):
        tile = QRectF(box.left(), box.top() + k * (height + PLANE_GAP), box.width(), height)
        painter.setPen(QPen(theme.current().line, 1))
        painter.setBrush(theme.current().raised)
        painter.drawRoundedRect(tile, RADIUS, RADIUS)
        W = view.tensors.get(f"weights/{column.id}/{tokens.array}")
        if W is not None and len(W) == len(tokens.labels):
            at = embedding.places(PLANES.of(f"{column.id}/{tokens.array}", W), tile.adjusted(0, 10, 0, 0))
            embedding.paint(painter, tile.adjusted(2, 16, -2, -2), at, tokens.labels, font="caption")
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.current().muted)
        name = QFontMetricsF(painter.font()).elidedText(tokens.column, Qt.TextElideMode.ElideRight, tile.width() - 12)
        painter.drawText(tile.adjusted(6, 3, -6, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)


def strip_image(view: View, index: int, values: np.ndarray, palette: Palette) -> QImage:
    """(steps, channels) with the first channel at the top."""
    return signed_image(thinned(values.T[::-1], STRIP_SIDE), view.scale(view.structure.columns[index], values), palette)


def _value(painter: QPainter, box: QRectF, value: float, scale: float) -> None:
    colour = theme.signed_color(value / scale)
    painter.setPen(QPen(theme.current().line, 1))
    painter.setBrush(colour)
    painter.drawRoundedRect(box, RADIUS, RADIUS)
    if box.width() >= NUMBERS_FROM:
        painter.setPen(readable_on(colour))
        painter.setFont(theme.font("mono_small"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, short(value))


def short(value: float) -> str:
    """A number in five signs."""
    if abs(value) >= 1000:
        return f"{value:.0e}".replace("e+0", "e")
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def _names(painter: QPainter, view: View, index: int) -> None:
    column, placed = view.structure.columns[index], view.layout.columns[index]
    room = placed.names_left or placed.names_right
    if not column.labels or not room:
        return
    painter.setFont(theme.font("small"))
    painter.setPen(theme.current().muted)
    metrics = QFontMetricsF(painter.font())
    for unit, box in zip(placed.units, _boxes(placed), strict=True):
        text = metrics.elidedText(column.labels[unit], Qt.TextElideMode.ElideRight, room - 10)
        y = box.center().y() + 4
        width = metrics.horizontalAdvance(text)
        painter.drawText(QPointF(box.left() - 8 - width if placed.names_left else box.right() + 8, y), text)


def _whole(painter: QPainter, view: View, index: int, palette: Palette) -> None:
    """A picture that comes in, or the weights of a wide layer as one heat map."""
    box = _boxes(view.layout.columns[index])[0]
    picture, weights = view.picture(index), view.weights(index)
    painter.setPen(QPen(theme.current().line, 1))
    if picture is not None:
        image = ink_image(picture, palette) if picture.ndim == 2 else colour_image(picture)
        fill_rounded(painter, box, image, RADIUS, smooth=False)
    elif weights is not None and view.structure.columns[index].form == "matrix":
        image = signed_image(thinned(weights), max(float(np.abs(weights).max()), 1e-9), palette)
        fill_rounded(painter, box, image, RADIUS, smooth=False)
    elif (given := view.probe(index)) is not None:
        image = signed_image(squared(given), view.scale(view.structure.columns[index], given), palette)
        fill_rounded(painter, box, image, RADIUS, smooth=False)
    else:
        painter.setBrush(theme.current().raised)
        painter.drawRoundedRect(box, RADIUS, RADIUS)


def squared(values: np.ndarray) -> np.ndarray:
    """Many values row by row in a rectangle about as high as a matrix is drawn, the first at the top."""
    across = max(1, math.isqrt(len(values) // 2))
    padded = np.zeros(-(-len(values) // across) * across)
    padded[: len(values)] = values
    return padded.reshape(-1, across)[::-1]


def thinned(weights: np.ndarray, most: int = MATRIX_SIDE) -> np.ndarray:
    """At most so many rows and columns of a matrix, evenly spread: means of random weights would all be pale."""
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int)) for n in weights.shape)
    return weights[np.ix_(rows, columns)]


def _select(painter: QPainter, placed: Placed) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.current().accent, 2))
    for box in _boxes(placed):
        painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), RADIUS + 1, RADIUS + 1)


def _count(painter: QPainter, column: Column, placed: Placed) -> None:
    painter.setFont(theme.font("small"))
    painter.setPen(theme.current().muted)
    text = f"… {len(placed.units)} of {column.units:,}"
    painter.drawText(QRectF(placed.centre - 60, placed.bottom + 4, 120, 16), Qt.AlignmentFlag.AlignCenter, text)


def outline(painter: QPainter, box: QRectF, colour: QColor) -> None:
    """The ring of a neuron that is pointed at."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 2))
    painter.drawRoundedRect(box.adjusted(-1.5, -1.5, 1.5, 1.5), RADIUS + 1.5, RADIUS + 1.5)
