"""What is under the cursor, and the card that tells about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme
from app.lens import curve
from app.lens.card import extent
from app.lens.decision import at_point
from app.lens.pictures import Palette, fill_rounded, signed_image
from app.lens.tiles import pictures as tile_pictures
from app.lens.tiles import strip_image
from app.lens.view import View
from core.data.preprocess import NumberFeature, NumberTarget

REACH = 5.0
PADDING, ROW, PICTURE, MOST_WIDTH = 10.0, 17.0, 116.0, 300.0
MOST_KERNELS = 36


@dataclass(frozen=True)
class Target:
    """kind: "neuron" (column, unit; unit -1: the column as a whole), "edge" (its index) or "surface" (x, y)."""

    kind: str
    column: int = -1
    unit: int = -1
    edge: int = -1
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Content:
    """rows: name, value, colour of a swatch or None; beside: a second picture, right of the first."""

    title: str
    rows: tuple[tuple[str, str, QColor | None], ...] = ()
    image: QImage | None = None
    note: str = ""
    beside: QImage | None = None


def find(view: View, at: QPointF) -> Target | None:
    """A tile before an edge; in the units of the layout."""
    x, y = at.x(), at.y()
    card = view.layout.card
    if card is not None and card[0] <= x <= card[0] + card[2] and card[1] <= y <= card[1] + card[3]:
        if view.line:
            return Target("surface", x=(x - card[0]) / card[2])
        span = extent(view)
        if span is None:
            return None
        u, v = (x - card[0]) / card[2], 1.0 - (y - card[1]) / card[3]
        return Target("surface", x=float(span[0] + u * (span[1] - span[0])), y=float(span[2] + v * (span[3] - span[2])))
    for i, placed in enumerate(view.layout.columns):
        left, top, width, height = placed.boxes.T
        inside = np.flatnonzero((left - 2 <= x) & (x <= left + width + 2) & (top - 2 <= y) & (y <= top + height + 2))
        if len(inside):
            return Target("neuron", column=i, unit=placed.units[int(inside[0])] if placed.units else -1)
    edge = view.edges.nearest(x, y, reach=REACH) if len(view.edges) and view.trained else None
    return None if edge is None else Target("edge", edge=edge)


def content(view: View, target: Target, palette: Palette) -> Content | None:
    if target.kind == "edge":
        return _edge(view, target.edge)
    if target.kind == "surface":
        return _curve(view, target.x) if view.line else _surface(view, target.x, target.y)
    if view.structure.columns[target.column].form == "maps":
        return _map(view, target.column, target.unit, palette)
    if view.structure.columns[target.column].form == "strip":
        return _strip(view, target.column, palette)
    return _neuron(view, target.column, target.unit, palette) if target.unit >= 0 else _column(view, target.column)


def unit_name(view: View, column: int, unit: int) -> str:
    shown = view.structure.columns[column]
    if unit < 0:
        return shown.name
    return f"{shown.name} · {shown.labels[unit]}" if shown.labels else f"{shown.name} · {unit + 1}"


def percent(probability: float) -> str:
    return f"{100 * probability:.1f} %"


def _neuron(view: View, column: int, unit: int, palette: Palette) -> Content:
    rows: list[tuple[str, str, QColor | None]] = []
    weights, bias, activation = view.weights(column), view.bias(column, unit), view.activation(column, unit)
    if bias is not None:
        rows.append(("bias b", theme.number(bias), None))
    if weights is not None and unit < weights.shape[1]:
        rows.append(
            (f"‖W‖ of {weights.shape[0]:,} inputs", theme.number(float(np.linalg.norm(weights[:, unit]))), None)
        )
    if activation is not None:
        rows.append(("output for the probe row", theme.number(activation), None))
    probability = view.probe(column) if view.is_output(column) and view.tells_probabilities else None
    if probability is not None and unit < len(probability):
        rows.append(("probability", percent(float(probability[unit])), None))
    curves = view.curve(column)
    if curves is not None and unit < len(curves):
        low, high = float(curves[unit].min()), float(curves[unit].max())
        rows.append(("over the input", f"{theme.number(low)} … {theme.number(high)}", None))
    pictured = tile_pictures(view, column)
    if pictured is None:
        return Content(unit_name(view, column, unit), tuple(rows))
    values, scale = pictured
    image = signed_image(values[unit], scale, palette)
    if view.plane:
        low, high = float(values[unit].min()), float(values[unit].max())
        rows.append(("over the plane", f"{theme.number(low)} … {theme.number(high)}", None))
    note = "" if np.any(np.abs(values[unit]) > 1e-6) else "Zero everywhere: this neuron is silent."
    return Content(unit_name(view, column, unit), tuple(rows), image, note)


def _map(view: View, column: int, unit: int, palette: Palette) -> Content:
    """A feature map and, of a convolution, the kernels that made it."""
    shown, values, taps = view.structure.columns[column], view.maps(column), view.kernels(column, unit)
    rows: list[tuple[str, str, QColor | None]] = [("size", " × ".join(f"{n:,}" for n in shown.shape[:2]), None)]
    bias = view.bias(column, unit)
    if taps is not None:
        of = "its kernel" if len(taps) == 1 else f"{len(taps):,} kernels"
        rows.append((f"‖W‖ of {of}", theme.number(float(np.linalg.norm(taps))), None))
    if bias is not None:
        rows.append(("bias b", theme.number(bias), None))
    title = f"{shown.name} · channel {unit + 1} of {shown.units:,}"
    beside = kernel_image(taps, palette) if taps is not None else None
    if values is None:
        return Content(title, tuple(rows), beside)
    low, high = float(values[unit].min()), float(values[unit].max())
    rows.append(("for the probe row", f"{theme.number(low)} … {theme.number(high)}", None))
    image = signed_image(values[unit], view.scale(shown, values), palette)
    note = "" if high > low or high else "Zero everywhere for this row."
    if beside is not None and taps is not None and not note:
        note = "Left: the map. Right: its kernel." if len(taps) == 1 else "Right: its kernels, one a channel."
    return Content(title, tuple(rows), image, note, beside)


def kernel_image(taps: np.ndarray, palette: Palette) -> QImage:
    """Kernels (channels, kh, kw) in a square grid, up to MOST_KERNELS of them, with lines of zeros between."""
    shown = np.nan_to_num(taps[:MOST_KERNELS])
    count, high, wide = shown.shape
    across = int(np.ceil(np.sqrt(count)))
    down = -(-count // across)
    gap = int(count > 1)
    board = np.zeros((down * (high + gap) - gap, across * (wide + gap) - gap))
    for k, tile in enumerate(shown):
        y, x = k // across * (high + gap), k % across * (wide + gap)
        board[y : y + high, x : x + wide] = tile
    return signed_image(board[::-1], max(float(np.abs(shown).max(initial=0.0)), 1e-9), palette)


def _strip(view: View, column: int, palette: Palette) -> Content:
    shown, values = view.structure.columns[column], view.output(column)
    steps, channels = shown.shape
    rows: list[tuple[str, str, QColor | None]] = [("steps × channels", f"{steps:,} × {channels:,}", None)]
    if values is None:
        return Content(shown.name, tuple(rows))
    low, high = float(values.min()), float(values.max())
    rows.append(("for the probe row", f"{theme.number(low)} … {theme.number(high)}", None))
    image = strip_image(view, column, values, palette)
    return Content(shown.name, tuple(rows), image, "Time from left to right, channels downwards.")


def _column(view: View, column: int) -> Content:
    shown = view.structure.columns[column]
    rows: tuple[tuple[str, str, QColor | None], ...] = (("units", f"{shown.units:,}", None),)
    weights = view.weights(column)
    if weights is not None:
        rows += (("weights", f"{weights.shape[0]:,} × {weights.shape[1]:,}", None),)
        rows += (("largest |w|", theme.number(float(np.abs(weights).max())), None),)
    rows += tuple(
        (tokens.column, f"{len(tokens.labels):,} labels → {len(W[0]):,}", None)
        for tokens in shown.tokens
        if (W := view.tensors.get(f"weights/{shown.id}/{tokens.array}")) is not None and len(W)
    )
    note = "Too many neurons to open: the weights as a heat map." if shown.form == "matrix" else ""
    note = "Alike labels come to lie close together. Click to see all." if shown.form == "points" else note
    return Content(shown.name, rows, note=note)


def _edge(view: View, edge: int) -> Content:
    edges = view.edges
    link = view.structure.links[int(edges.link[edge])]
    i, j = int(edges.source[edge]), int(edges.target[edge])
    rows: list[tuple[str, str, QColor | None]] = []
    tokens = theme.current()
    for name, kind in (("weight w", "weights"), ("gradient ∂L/∂w", "gradient")):
        matrix = view.tensors.get(f"{kind}/{link.weights}/W")
        if matrix is not None and i >= 0 and j >= 0:
            value = float(matrix[i, j])
            rows.append((name, theme.number(value), tokens.positive if value >= 0 else tokens.negative))
    if link.kind == "each":
        shape = view.structure.columns[link.source].shape
        size = "×".join(f"{n:,}" for n in shape[:-1])
        rows.append(("carries", f"a map of {size}" if size else "one value", None))
    elif i < 0 or j < 0:
        rows.append((f"root mean square {view.coloured_by}", theme.number(float(edges.value[edge])), None))
    return Content(f"{unit_name(view, link.source, i)} → {unit_name(view, link.target, j)}", tuple(rows))


def _surface(view: View, x: float, y: float) -> Content | None:
    column, span = view.output_column(), view.tensors.get("surface/extent")
    prepared = view.prepared
    if column is None or span is None or prepared is None:
        return None
    surface = view.surface(column)
    if surface is None:
        return None
    values = at_point(surface, span, x, y)
    where = " · ".join(
        f"{name} {theme.number(_unscaled(prepared.preparation.features, k, value))}"
        for k, (name, value) in enumerate(zip(prepared.feature_names, (x, y), strict=False))
    )
    if view.tells_probabilities:
        count, labels = len(values), view.task == "labels"
        order = np.argsort(-values)[:5]
        note = "Probability of each label here, each by itself." if labels else "Probability of each class here."
        colours = [None if labels else theme.class_color(int(k)) for k in order]
        shares = [percent(float(values[k])) for k in order]
        rows = tuple(zip((prepared.classes[k] for k in order), shares, colours, strict=True))
        return Content(where, rows if len(prepared.classes) == count else (), note=note)
    target = prepared.preparation.target
    value = float(values[0])
    unscaled = value * target.scale + target.mean if isinstance(target, NumberTarget) else value
    return Content(where, ((prepared.target, theme.number(unscaled), None),))


def _curve(view: View, across: float) -> Content | None:
    found, prepared = curve.at(view, across), view.prepared
    if found is None or prepared is None:
        return None
    x, value = found
    rows = ((prepared.target, theme.number(value), None),) if value is not None else ()
    return Content(f"{prepared.feature_names[0]} {theme.number(x)}", rows)


def _unscaled(features: Sequence[object], k: int, value: float) -> float:
    feature = features[k] if k < len(features) else None
    return float(feature.unscaled(value)) if isinstance(feature, NumberFeature) else value


class Card(QWidget):
    """Lies over the lens near the cursor and lets every click through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._over = parent
        self._content: Content | None = None
        self.hide()

    def point(self, content: Content | None, near: QPoint) -> None:
        """Show it beside a point of the parent, or put it away."""
        self._content = content
        if content is None:
            self.hide()
            return
        self.resize(self._wanted(content))
        room = self._over.rect().adjusted(4, 4, -4, -4)
        x = near.x() + 18 if near.x() + 18 + self.width() <= room.right() else near.x() - 18 - self.width()
        y = min(max(near.y() - self.height() // 2, room.top()), room.bottom() - self.height())
        self.move(max(room.left(), x), y)
        self.show()
        self.raise_()
        self.update()

    def text(self) -> str:
        found = self._content
        if found is None:
            return ""
        return "; ".join((found.title, *(f"{name} {value}" for name, value, _ in found.rows)))

    def _wanted(self, content: Content) -> QSize:
        title, words = QFontMetricsF(theme.font("body_medium")), QFontMetricsF(theme.font("small"))
        numbers = QFontMetricsF(theme.font("mono_small"))
        widths = [title.horizontalAdvance(content.title), words.horizontalAdvance(content.note)]
        widths += [words.horizontalAdvance(n) + numbers.horizontalAdvance(v) + 28 for n, v, _ in content.rows]
        pictures = (content.image is not None) + (content.beside is not None)
        width = min(MOST_WIDTH, max([*widths, pictures * (PICTURE + 8) - 8])) + 2 * PADDING
        lines = 1 + len(content.rows) + bool(content.note)
        height = lines * ROW + 2 * PADDING + (PICTURE + 8 if content.image is not None else 0)
        return QSize(round(width) + 1, round(height))

    def paintEvent(self, event: QPaintEvent) -> None:
        found = self._content
        if found is None:
            return
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(tokens.line)
        painter.setBrush(tokens.raised)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        line = QRectF(PADDING, PADDING - 1, self.width() - 2 * PADDING, ROW)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        _write(painter, line, left, found.title, font="body_medium", colour=tokens.text)
        if found.image is not None:
            painter.setPen(QPen(tokens.line, 1))
            box = QRectF(PADDING + 0.5, line.bottom() + 4.5, PICTURE, PICTURE)
            fill_rounded(painter, box, found.image, 6, smooth=found.image.width() > 20 and found.beside is None)
            if found.beside is not None:
                fill_rounded(painter, box.translated(PICTURE + 8, 0), found.beside, 6, smooth=False)
            line.translate(0, PICTURE + 8)
        for name, value, swatch in found.rows:
            line.translate(0, ROW)
            if swatch is not None:
                painter.fillRect(QRectF(line.left(), line.center().y() - 3, 7, 7), swatch)
            _write(painter, line.adjusted(13 if swatch else 0, 0, 0, 0), left, name, font="small", colour=tokens.muted)
            _write(painter, line, right, value, font="mono_small", colour=tokens.text)
        if found.note:
            line.translate(0, ROW)
            _write(painter, line, left, found.note, font="small", colour=tokens.faint)


def _write(painter: QPainter, box: QRectF, align: Qt.AlignmentFlag, text: str, *, font: str, colour: QColor) -> None:
    painter.setFont(theme.font(font))
    painter.setPen(colour)
    shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, box.width() + 1)
    painter.drawText(box, align, shown)
