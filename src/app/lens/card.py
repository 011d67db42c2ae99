"""The decision surface: what the network answers everywhere on the plane, with the rows of the data over it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPixmap

from app import theme
from app.lens.decision import answers, class_rgb, upsample
from app.lens.pictures import Palette, fill_rounded, rgb_image, signed_image
from app.lens.view import View

SIZE = 112  # points a side that the surface is computed at
RADIUS = 9.0
DOT = 2.7
MOST_CLASSES = 6  # named under the surface


class Dots:
    """The rows as dots, drawn once for a size and theme: hundreds of circles cost more than all the rest."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._pixmap = QPixmap()

    def paint(self, painter: QPainter, view: View, box: QRectF, pixel: float) -> None:
        span = extent(view)
        if span is None:
            return
        key = (id(view.points), view.task, tuple(span.tolist()), box.width(), pixel, theme.current().dark)
        if key != self._key:
            size = round(box.width() / pixel)
            self._pixmap = QPixmap(size, size)
            self._pixmap.fill(Qt.GlobalColor.transparent)
            on_pixmap = QPainter(self._pixmap)
            on_pixmap.setRenderHint(QPainter.RenderHint.Antialiasing)
            on_pixmap.scale(1 / pixel, 1 / pixel)
            _points(on_pixmap, view, QRectF(0, 0, box.width(), box.height()), span)
            on_pixmap.end()
            self._key = key
        painter.drawPixmap(box, self._pixmap, QRectF(self._pixmap.rect()))


def paint(painter: QPainter, view: View, palette: Palette, dots: Dots, *, pixel: float) -> None:
    if view.layout.card is None:
        return
    box = QRectF(*view.layout.card)
    tokens = theme.current()
    painter.setFont(theme.font("body_medium"))
    painter.setPen(tokens.text)
    painter.drawText(QPointF(box.left(), box.top() - 11), _title(painter, view, box.width()))
    image = surface_image(view, palette)
    painter.setPen(QPen(tokens.line, 1))
    if image is None:
        painter.setBrush(tokens.raised)
        painter.drawRoundedRect(box, RADIUS, RADIUS)
    else:
        fill_rounded(painter, box, image, RADIUS)
    dots.paint(painter, view, box, pixel)
    _captions(painter, view, box)


def _title(painter: QPainter, view: View, width: float) -> str:
    """Of several labels the card shows the first; the pictures of the output's units show all of them."""
    if view.task == "labels" and view.prepared is not None:
        name = f"Probability of {' '.join(view.prepared.classes[0].split())}"
        return QFontMetricsF(painter.font()).elidedText(name, Qt.TextElideMode.ElideRight, width)
    return "Decision surface" if view.task == "classification" else "Predicted value"


def surface_image(view: View, palette: Palette) -> QImage | None:
    column = view.output_column()
    raw = view.tensors.get(f"surface/{view.structure.columns[column].shown}") if column is not None else None
    if raw is None or raw.ndim != 3:
        return None
    fine = answers(upsample(raw, SIZE), view.task)
    if view.task == "labels":
        return signed_image(2 * fine[0] - 1, 1.0, palette)
    if view.task != "classification":
        return signed_image(fine[0], value_scale(view), palette)
    if len(fine) == 2:
        return signed_image(fine[0] - fine[1], 1.0, palette)  # the first class is blue, as everywhere
    return rgb_image(class_rgb(fine, palette.classes(len(fine)), palette.ground))


def value_scale(view: View) -> float:
    """The value, in scaled units, at full colour: of the rows where there are any, so that colours rest."""
    known = [np.abs(y) for _, y in view.points.values() if len(y)]
    column = view.output_column()
    surface = view.tensors.get(f"surface/{view.structure.columns[column].shown}") if column is not None else None
    found = np.concatenate(known) if known else np.abs(surface).ravel() if surface is not None else np.ones(1)
    return max(float(np.percentile(found, 98)), 1e-9)


def extent(view: View) -> np.ndarray | None:
    """x0, x1, y0, y1 of the plane: of the surface, or of the rows before there is one."""
    found = view.tensors.get("surface/extent")
    if found is not None:
        return found
    xs = [x for x, _ in view.points.values() if len(x)]
    if not xs:
        return None
    low, high = np.concatenate(xs).min(axis=0), np.concatenate(xs).max(axis=0)
    air = 0.1 * np.maximum(high - low, 1e-6)
    return np.array([low[0] - air[0], high[0] + air[0], low[1] - air[1], high[1] + air[1]])


def _points(painter: QPainter, view: View, box: QRectF, span: np.ndarray) -> None:
    x0, x1, y0, y1 = (float(v) for v in span)
    tokens = theme.current()
    ring = QPen(QColor("#ffffff") if not tokens.dark else tokens.canvas, 1)
    for part, (x, y) in view.points.items():
        left = box.left() + (x[:, 0] - x0) / (x1 - x0) * box.width()
        top = box.bottom() - (x[:, 1] - y0) / (y1 - y0) * box.height()
        for colour, chosen in _coloured(view, y):
            filled = part == "train"
            painter.setPen(ring if filled else QPen(tokens.text, 1))
            painter.setBrush(colour)
            radius = DOT if filled else DOT + 0.3
            for a, b in zip(left[chosen].tolist(), top[chosen].tolist(), strict=True):
                painter.drawEllipse(QPointF(a, b), radius, radius)


def _coloured(view: View, y: np.ndarray) -> list[tuple[QColor, np.ndarray]]:
    """Colours and which rows have them: by class, or by value in nine steps."""
    if view.task == "classification" and view.prepared is not None:
        count = len(view.prepared.classes)
        return [(theme.class_color(i), y == i) for i in range(count)]
    if view.task == "labels":
        return [(theme.signed_color(1.0 if has else -1.0), (y > 0.5) == has) for has in (False, True)]
    step = np.rint(np.clip(y / value_scale(view), -1, 1) * 4).astype(int)
    return [(theme.signed_color(i / 4), step == i) for i in range(-4, 5)]


def _captions(painter: QPainter, view: View, box: QRectF) -> None:
    """Below: what the colours mean, and which dots were trained on."""
    tokens = theme.current()
    painter.setFont(theme.font("small"))
    metrics = QFontMetricsF(painter.font())
    y, half = box.bottom() + 18, box.width() / 2
    if view.prepared is not None and view.task == "classification":
        classes = view.prepared.classes
        for i, name in enumerate(classes[:MOST_CLASSES]):
            x, y = box.left() + i % 2 * half, box.bottom() + 18 + i // 2 * 17
            _dot(painter, QPointF(x + 4, y - 4), theme.class_color(i), None)
            painter.setPen(tokens.muted)
            painter.drawText(QPointF(x + 13, y), metrics.elidedText(name, Qt.TextElideMode.ElideRight, half - 17))
    else:
        words = ("without", "with") if view.task == "labels" else ("low", "high")
        for x, colour, text in ((0.0, tokens.negative, words[0]), (half, tokens.positive, words[1])):
            _dot(painter, QPointF(box.left() + x + 4, y - 4), colour, None)
            painter.setPen(tokens.muted)
            painter.drawText(QPointF(box.left() + x + 13, y), text)
    if view.points:
        second = max(half, 13 + metrics.horizontalAdvance("trained on") + 12)
        _dot(painter, QPointF(box.left() + 4, y + 13), tokens.faint, None)
        _dot(painter, QPointF(box.left() + second + 4, y + 13), tokens.panel, tokens.text)
        painter.setPen(tokens.muted)
        painter.drawText(QPointF(box.left() + 13, y + 17), "trained on")
        painter.drawText(QPointF(box.left() + second + 13, y + 17), "test")


def _dot(painter: QPainter, at: QPointF, fill: QColor, ring: QColor | None) -> None:
    painter.setPen(QPen(ring, 1) if ring is not None else Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawEllipse(at, 3.5, 3.5)
