"""Networks with one input: every neuron as a curve over it, and the prediction as a line through the rows."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from app import theme
from app.lens.view import View
from core.data.preprocess import NumberFeature, NumberTarget

RADIUS, DOT = 9.0, 5.0
AIR = 0.12  # of the height, above and below the rows


def paint_tile(painter: QPainter, box: QRectF, values: np.ndarray, scale: float, radius: float) -> None:
    """A neuron's output over the input, blue above zero and orange below; `scale` reaches the border."""
    tokens = theme.current()
    painter.setPen(QPen(tokens.line, 1))
    painter.setBrush(tokens.raised)
    painter.drawRoundedRect(box, radius, radius)
    inner = box.adjusted(1, 2, -1, -2)
    middle = inner.center().y()
    across = np.linspace(inner.left(), inner.right(), len(values))
    up = middle - np.clip(np.nan_to_num(values) / max(scale, 1e-12), -1.0, 1.0) * inner.height() / 2
    curve = _polygon(across, up)
    area = QPainterPath()
    area.addPolygon(curve)
    area.lineTo(inner.right(), middle)
    area.lineTo(inner.left(), middle)
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, half in (
        (tokens.positive, QRectF(inner.left(), inner.top(), inner.width(), inner.height() / 2)),
        (tokens.negative, QRectF(inner.left(), middle, inner.width(), inner.height() / 2)),
    ):
        painter.setClipRect(half)
        painter.fillPath(area, colour)
    painter.restore()


def paint(painter: QPainter, view: View) -> None:
    """The card beside the network: the rows, and what the network answers between and beyond them."""
    if view.layout.card is None:
        return
    box, tokens = QRectF(*view.layout.card), theme.current()
    painter.setFont(theme.font("body_medium"))
    painter.setPen(tokens.text)
    painter.drawText(QPointF(box.left(), box.top() - 11), "Prediction")
    painter.setPen(QPen(tokens.line, 1))
    painter.setBrush(tokens.raised)
    painter.drawRoundedRect(box, RADIUS, RADIUS)
    span = extent(view)
    if span is None:
        return
    painter.save()
    shape = QPainterPath()
    shape.addRoundedRect(box, RADIUS, RADIUS)
    painter.setClipPath(shape)
    _grid(painter, box)
    _rows(painter, view, box, span)
    _prediction(painter, view, box, span)
    painter.restore()
    _scales(painter, view, box, span)
    _captions(painter, view, box)


def answer(view: View) -> np.ndarray | None:
    """(n,) the prediction along the input, in scaled units."""
    column = view.output_column()
    found = view.curve(column) if column is not None else None
    return (
        found[0] if found is not None and f"curve/{view.structure.columns[column or 0].shown}" in view.tensors else None
    )


def extent(view: View) -> tuple[float, float, float, float] | None:
    """x0, x1, y0, y1 of the card in scaled units: of the rows, so that it rests while the line moves."""
    known = [(x[:, 0], y) for x, y in view.points.values() if len(x)]
    line, drawn = view.tensors.get("curve/extent"), answer(view)
    if not known and (line is None or drawn is None):
        return None
    ys = np.concatenate([y for _, y in known]) if known else drawn
    assert ys is not None
    xs = line if line is not None else np.concatenate([x for x, _ in known])
    air = AIR * max(float(np.ptp(ys)), 1e-6)
    wide = 0.0 if line is not None else 0.05 * max(float(np.ptp(xs)), 1e-6)
    return float(xs.min()) - wide, float(xs.max()) + wide, float(ys.min()) - air, float(ys.max()) + air


def at(view: View, x: float) -> tuple[float, float | None] | None:
    """The input under a place from 0 to 1 across the card, and the prediction there, both in the units of the data."""
    span, drawn, prepared = extent(view), answer(view), view.prepared
    if span is None or prepared is None:
        return None
    where = span[0] + x * (span[1] - span[0])
    value = float(np.interp(x, np.linspace(0.0, 1.0, len(drawn)), drawn)) if drawn is not None else None
    return _input(view, where), None if value is None else _output(view, value)


def _input(view: View, value: float) -> float:
    feature = view.prepared.preparation.features[0] if view.prepared else None
    return float(feature.unscaled(value)) if isinstance(feature, NumberFeature) else value


def _output(view: View, value: float) -> float:
    target = view.prepared.preparation.target if view.prepared else None
    return value * target.scale + target.mean if isinstance(target, NumberTarget) else value


def _polygon(xs: np.ndarray, ys: np.ndarray) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)])


def _place(
    box: QRectF, span: tuple[float, float, float, float], x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    x0, x1, y0, y1 = span
    return box.left() + (x - x0) / (x1 - x0) * box.width(), box.bottom() - (y - y0) / (y1 - y0) * box.height()


def _grid(painter: QPainter, box: QRectF) -> None:
    painter.setPen(QPen(theme.current().line, 1))
    for k in (1, 2, 3):
        x, y = box.left() + box.width() * k / 4, box.top() + box.height() * k / 4
        painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))


def _rows(painter: QPainter, view: View, box: QRectF, span: tuple[float, float, float, float]) -> None:
    tokens = theme.current()
    for part, (x, y) in view.points.items():
        left, top = _place(box, span, x[:, 0], y)
        if part == "train":
            painter.setPen(QPen(tokens.positive, DOT, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPoints(_polygon(left, top))
            continue
        painter.setPen(QPen(tokens.text, 1))
        painter.setBrush(tokens.raised)
        for a, b in zip(left.tolist(), top.tolist(), strict=True):
            painter.drawEllipse(QPointF(a, b), DOT / 2, DOT / 2)


def _prediction(painter: QPainter, view: View, box: QRectF, span: tuple[float, float, float, float]) -> None:
    drawn, line = answer(view), view.tensors.get("curve/extent")
    if drawn is None or line is None:
        return
    x = np.linspace(float(line[0]), float(line[1]), len(drawn))
    xs, ys = _place(box, span, x, np.nan_to_num(drawn, nan=0.0, posinf=1e6, neginf=-1e6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    curve = _polygon(xs, np.clip(ys, box.top() - 1e4, box.bottom() + 1e4))
    painter.setPen(QPen(theme.current().negative, 2))  # narrower than the rows that it goes through
    painter.drawPolyline(curve)


def _scales(painter: QPainter, view: View, box: QRectF, span: tuple[float, float, float, float]) -> None:
    """Least and most on both axes, in the units of the data."""
    tokens = theme.current()
    painter.setFont(theme.font("mono_small"))
    painter.setPen(tokens.muted)
    y = box.bottom() + 15
    low, high = _short(_input(view, span[0])), _short(_input(view, span[1]))
    right = QFontMetricsF(painter.font()).horizontalAdvance(high)
    painter.drawText(QPointF(box.left(), y), low)
    painter.drawText(QPointF(box.right() - right, y), high)
    for text, top in (
        (_short(_output(view, span[3])), box.top() + 14),
        (_short(_output(view, span[2])), box.bottom() - 6),
    ):
        width = QFontMetricsF(painter.font()).horizontalAdvance(text)
        ground = theme.current().raised
        painter.fillRect(QRectF(box.left() + 4, top - 11, width + 4, 14), ground)
        painter.drawText(QPointF(box.left() + 6, top), text)
    name = view.prepared.feature_names[0] if view.prepared and view.prepared.feature_names else ""
    painter.setFont(theme.font("small"))
    middle = QRectF(box.left() + 48, y - 13, max(0.0, box.width() - 96), 18)
    shown = QFontMetricsF(painter.font()).elidedText(
        " ".join(name.split()), Qt.TextElideMode.ElideRight, middle.width()
    )
    painter.drawText(middle, Qt.AlignmentFlag.AlignCenter, shown)


def _short(value: float) -> str:
    return theme.number(float(f"{value:.3g}"))


def _captions(painter: QPainter, view: View, box: QRectF) -> None:
    """Below: what is the line, and which dots were trained on."""
    tokens = theme.current()
    painter.setFont(theme.font("small"))
    metrics = QFontMetricsF(painter.font())
    x, y = box.left(), box.bottom() + 36
    entries = [("answer", "line")] + ([("trained on", "dot"), ("test", "ring")] if view.points else [])
    for text, sign in entries:
        if x > box.left() and x + 16 + metrics.horizontalAdvance(text) > box.right() + 2:
            x, y = box.left(), y + 16
        if sign == "line":
            painter.fillRect(QRectF(x, y - 5, 12, 2.5), tokens.negative)
        else:
            painter.setPen(QPen(tokens.text, 1) if sign == "ring" else Qt.PenStyle.NoPen)
            painter.setBrush(tokens.raised if sign == "ring" else tokens.positive)
            painter.drawEllipse(QPointF(x + 8, y - 4), 3, 3)
        painter.setPen(tokens.muted)
        painter.drawText(QPointF(x + 16, y), text)
        x += 16 + metrics.horizontalAdvance(text) + 10
