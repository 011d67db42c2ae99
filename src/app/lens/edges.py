"""The lines between neurons: coloured by sign, as wide as their weight is large; and which one is under the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pyqtgraph import arrayToQPath
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app import theme
from app.lens.layout import Layout, Placed
from app.lens.structure import Link, Structure

MOST_EDGES = 110  # of one link: beyond it the weakest are left out, they would only be a haze
MOST_SUMMED = 128  # rows or columns that stand for a whole column's
LEVELS = 6
PLAIN_LEVEL = 2  # of lines that carry no weight
SPACING = 0.7  # device pixels between the strokes of a wide line: a slanted stroke is so much thinner than a level one
WIDTHS = np.array([0.6, 0.9, 1.3, 1.9, 2.7, 3.8])
ALPHAS = np.array([0.16, 0.26, 0.40, 0.56, 0.74, 0.92])
T = np.linspace(0.0, 1.0, 17)
# A cubic Bézier curve with its control points half way along x, in shares of its width and height; and its slopes.
CURVE_X, CURVE_Y = 1.5 * T * (1 - T) + T**3, 3 * T**2 - 2 * T**3
SLOPE_X, SLOPE_Y = 1.5 * (1 - 2 * T) + 3 * T**2, np.maximum(6 * T * (1 - T), 0.0)


@dataclass(frozen=True)
class Edges:
    """All lines drawn. link, source, target: (n,) index of the link and units at its ends (-1: the whole column).

    value: (n,) the weight or gradient, NaN where unknown; level: (n,) 0 weakest .. LEVELS - 1; start, end: (n, 2) in
    pixels.
    """

    link: np.ndarray
    source: np.ndarray
    target: np.ndarray
    value: np.ndarray
    level: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.link)

    def touching(self, structure: Structure, column: int, unit: int) -> np.ndarray:
        """(n,) whether an edge begins or ends at that neuron."""
        sources = np.array([link.source for link in structure.links], int)[self.link] == column
        targets = np.array([link.target for link in structure.links], int)[self.link] == column
        return (sources & (self.source == unit)) | (targets & (self.target == unit))

    def nearest(self, x: float, y: float, *, reach: float) -> int | None:
        """The edge within `reach` pixels of a point; of several, a strong one before a weak one."""
        near = (np.minimum(self.start[:, 0], self.end[:, 0]) <= x) & (x <= np.maximum(self.start[:, 0], self.end[:, 0]))
        found = np.flatnonzero(near)
        if not len(found):
            return None
        share = (x - self.start[found, 0]) / np.maximum(1e-6, self.end[found, 0] - self.start[found, 0])
        along = np.interp(share, CURVE_X, CURVE_Y)
        height = self.start[found, 1] + along * (self.end[found, 1] - self.start[found, 1])
        distance = np.abs(height - y)
        score = distance - 0.5 * self.level[found]
        best = int(np.argmin(np.where(distance <= reach, score, np.inf)))
        return int(found[best]) if distance[best] <= reach else None


def build(structure: Structure, layout: Layout, tensors: Mapping[str, np.ndarray], kind: str) -> Edges:
    """kind: "weights" or "gradient", the tensors that colour the edges."""
    placed = layout.columns
    parts = []
    for n, link in enumerate(structure.links):
        source, target = placed[link.source], placed[link.target]
        if link.kind == "dense" and source.flat and target.flat:
            parts.append(_of_link(n, source, target, tensors.get(f"{kind}/{link.weights}/W")))
        elif link.kind == "each" and source.units and target.units and _adjacent(structure, link):
            parts.append(_one_to_one(n, source, target))
    if not parts:
        none, points = np.zeros(0, int), np.zeros((0, 2))
        return Edges(none, none, none, np.zeros(0), none, points, points)
    return Edges(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _of_link(number: int, source: Placed, target: Placed, matrix: np.ndarray | None) -> tuple[np.ndarray, ...]:
    rows, columns = list(source.units) or [-1], list(target.units) or [-1]
    values = _values(rows, columns, matrix)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(len(rows)), np.arange(len(columns)), indexing="ij"))
    value = values[i, j]
    size = np.abs(value)
    scale = float(np.nanmax(size, initial=0.0)) if matrix is not None else 0.0
    strength = np.nan_to_num(size / scale) if scale > 0 else np.zeros(len(size))
    if scale > 0 and len(value) > MOST_EDGES:
        kept = np.sort(np.argpartition(strength, -MOST_EDGES)[-MOST_EDGES:])
        i, j, value, strength = i[kept], j[kept], value[kept], strength[kept]
    most = LEVELS - 1 if source.units and target.units else 2  # what stands for many edges must not outweigh the others
    level = np.minimum((strength * LEVELS).astype(int), most)
    start, end = source.anchors("right")[i], target.anchors("left")[j]
    units = np.array(rows)[i], np.array(columns)[j]
    return np.full(len(i), number), *units, value, level, start, end


def _adjacent(structure: Structure, link: Link) -> bool:
    """Whether no column stands between: what skips others is one line around them."""
    return structure.columns[link.target].rank - structure.columns[link.source].rank == 1


def _one_to_one(number: int, source: Placed, target: Placed) -> tuple[np.ndarray, ...]:
    """A plain line from every unit to the one in its place, where both are drawn."""
    both = [unit for unit in source.units if unit in target.units]
    i, j = (np.array([of.units.index(unit) for unit in both], int) for of in (source, target))
    units = np.array(both, int)
    start, end = source.anchors("right")[i], target.anchors("left")[j]
    value, level = np.full(len(both), np.nan), np.full(len(both), PLAIN_LEVEL)
    return np.full(len(both), number), units, units, value, level, start, end


def _values(rows: list[int], columns: list[int], matrix: np.ndarray | None) -> np.ndarray:
    """(rows, columns) of the matrix; where a column is drawn as a whole (-1), the root mean square over its units."""
    if matrix is None or matrix.ndim != 2:
        return np.full((len(rows), len(columns)), np.nan)
    if max(rows) >= matrix.shape[0] or max(columns) >= matrix.shape[1]:
        return np.full((len(rows), len(columns)), np.nan)
    found = matrix[:: max(1, len(matrix) // MOST_SUMMED)] if rows == [-1] else matrix[rows]
    found = found[:, :: max(1, found.shape[1] // MOST_SUMMED)] if columns == [-1] else found[:, columns]
    found = found.astype(float)
    if rows == [-1]:
        found = np.sqrt(np.mean(found**2, axis=0, keepdims=True))
    if columns == [-1]:
        found = np.sqrt(np.mean(found**2, axis=1, keepdims=True))
    return found


def paint(
    painter: QPainter,
    edges: Edges,
    *,
    pixel: float = 1.0,
    chosen: np.ndarray | None = None,
    strong: bool = False,
    tint: QColor | None = None,
) -> None:
    """Weak lines first. pixel: size of a device pixel in the painter's units; chosen: (n,) which ones, all by default;
    strong: at full colour, as when pointed at; tint: one colour for all.
    """
    tokens = theme.current()
    whole = (edges.source < 0) | (edges.target < 0)
    known = np.isfinite(edges.value)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for level in range(LEVELS):
        for colour, of_sign in (
            (tokens.negative, known & (edges.value < 0) & ~whole),
            (tokens.positive, known & (edges.value >= 0) & ~whole),
            (tokens.faint, ~known | whole),
        ):
            mask = of_sign & (edges.level == level)
            mask = mask if chosen is None else mask & chosen
            if mask.any():
                alpha, width = float(ALPHAS[level]), float(WIDTHS[level])
                painter.setPen(_pen(tint or colour, max(0.8, alpha) if strong else alpha))
                strokes = max(1, round((max(1.6, width) if strong else width) / (SPACING * pixel)))
                painter.drawPath(_path(edges.start[mask], edges.end[mask], strokes, SPACING * pixel))


def _pen(colour: QColor, alpha: float) -> QPen:
    """One device pixel wide: the only width that Qt draws antialiased at speed."""
    made = QColor(colour)
    made.setAlphaF(alpha)
    pen = QPen(made, 1)
    pen.setCosmetic(True)
    return pen


def _path(start: np.ndarray, end: np.ndarray, strokes: int, apart: float) -> QPainterPath:
    """Curves as polylines, side by side in as many strokes as make their width: 20 times faster than a wide pen."""
    width, height = (end - start).T[:, :, None]
    x = start[:, :1] + width * CURVE_X
    y = start[:, 1:] + height * CURVE_Y
    if strokes > 1:
        dx, dy = width * SLOPE_X, height * SLOPE_Y
        length = np.hypot(dx, dy)
        shifts = apart * (np.arange(strokes) - (strokes - 1) / 2)[:, None, None]
        x, y = x - shifts * (dy / length), y + shifts * (dx / length)
    connect = np.ones(x.shape, np.int32)
    connect[..., -1] = 0
    return arrayToQPath(x.ravel(), y.ravel(), connect=connect.ravel(), finiteCheck=False)
