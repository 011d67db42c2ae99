"""Learned points of labels as a picture: the rows of an embedding on a plane, each with its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from app import theme
from core.data.preprocess import CategoryFeature
from core.data.schema import Prepared
from core.layers import Layer

OTHER = "other"  # token 0: rare, unknown or other labels
KIND = "embed_columns"
MOST_POINTS, MOST_TRIED = 2000, 200  # rows drawn, and labels that are looked for room for
AIR = 12.0
DOT = 2.6
RECEDED = 0.65  # how far the others step back from what is pointed at


@dataclass(frozen=True)
class Tokens:
    """What an array of an embedding stands for. array: its name. column: of the data. labels: of its rows, () where
    the data do not fit them.
    """

    array: str
    column: str
    labels: tuple[str, ...] = ()


def tokens_of(layer: Layer, prepared: Prepared | None) -> tuple[Tokens, ...]:
    """The embedded columns of a layer, in its order; () for any other kind of layer."""
    if layer.kind != KIND:
        return ()
    places = _places(prepared)
    found = []
    for k, (place, size) in enumerate(zip(getattr(layer, "columns", ()), getattr(layer, "tokens", ()), strict=False)):
        feature = places.get(place)
        fits = feature is not None and feature.codes == size
        name = feature.name if feature is not None else f"input {place + 1}"
        found.append(Tokens(f"W{k}", name, (OTHER, *feature.categories) if fits and feature is not None else ()))
    return tuple(found)


def _places(prepared: Prepared | None) -> dict[int, CategoryFeature]:
    """Embedded columns by the place of their code among the inputs."""
    found, at = {}, 0
    for feature in prepared.preparation.features if prepared is not None else ():
        if isinstance(feature, CategoryFeature) and feature.embedded:
            found[at] = feature
        at += feature.width
    return found


def plane(W: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """(rows, 2) the rows of W (rows, width) along their two directions of greatest spread (Pearson 1901).

    before: the same rows a moment ago; the picture is turned and mirrored so that it moves as little as can be
    (orthogonal Procrustes, Schönemann 1966).
    """
    x = np.nan_to_num(np.asarray(W, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    x = x - x.mean(axis=0)
    if x.shape[1] > 2:
        _, _, directions = np.linalg.svd(x, full_matrices=False)
        x = x @ directions[:2].T
    points = np.zeros((len(x), 2))
    points[:, : x.shape[1]] = x
    if before is None or before.shape != points.shape:
        return points
    u, _, v = np.linalg.svd(points.T @ before)
    turned: np.ndarray = points @ (u @ v)
    return turned


class Planes:
    """The planes of several embeddings by name, each going on from where it was."""

    def __init__(self) -> None:
        self._before: dict[str, np.ndarray] = {}

    def of(self, name: str, W: np.ndarray) -> np.ndarray:
        self._before[name] = plane(W[:MOST_POINTS], self._before.get(name))
        return self._before[name]


PLANES = Planes()  # one for all panels, so that they show the same picture


def spread_told(W: np.ndarray) -> float:
    """The share of the spread that the plane shows, from 0 to 1."""
    x = np.nan_to_num(np.asarray(W, np.float64))
    sizes = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
    total = float(sizes.sum())
    return float(sizes[:2].sum()) / total if total > 0 else 1.0


def nearest(W: np.ndarray, row: int, count: int = 3) -> list[int]:
    """The rows that lie closest to one, by Euclidean distance in all directions; row 0, of other labels, is none."""
    apart = np.linalg.norm(np.asarray(W, np.float64) - W[row], axis=1)
    apart[[0, row]] = np.inf
    order = np.argsort(apart, kind="stable")[:count]
    return [int(i) for i in order if np.isfinite(apart[i])]


def places(points: np.ndarray, box: QRectF) -> np.ndarray:
    """(rows, 2) pixels within the box, at one scale in both directions, so that distances can be compared."""
    reach = max(float(np.abs(points).max(initial=0.0)), 1e-9)
    half = max(1.0, min(box.width(), box.height()) / 2 - AIR)
    stretch = max(1.0, (box.width() / 2 - AIR) / half)
    x = box.center().x() + points[:, 0] / reach * half * min(stretch, 1.6)
    y = box.center().y() - points[:, 1] / reach * half
    return np.stack([x, y], axis=1)


def paint(
    painter: QPainter,
    box: QRectF,
    at: np.ndarray,
    labels: Sequence[str],
    *,
    chosen: Sequence[int] = (),
    font: str = "small",
) -> None:
    """at: pixels of the rows. chosen: rows to point out, the first above all. Labels stand where they have room."""
    tokens = theme.current()
    painter.setPen(Qt.PenStyle.NoPen)
    back = theme.mix(tokens.accent, tokens.bg, RECEDED) if chosen else tokens.accent
    for row in range(min(len(at), MOST_POINTS)):
        painter.setBrush(tokens.faint if row == 0 else tokens.accent if row in chosen else back)
        painter.drawEllipse(QPointF(*at[row]), DOT, DOT)
    painter.setFont(theme.font(font))
    _label(painter, box, at, labels, chosen)
    painter.setPen(Qt.PenStyle.NoPen)
    for row in chosen[:1]:
        painter.setBrush(tokens.negative)
        painter.drawEllipse(QPointF(*at[row]), DOT + 1.5, DOT + 1.5)


def _label(painter: QPainter, box: QRectF, at: np.ndarray, labels: Sequence[str], chosen: Sequence[int]) -> None:
    """Labels from the chosen ones on, each where it covers no other."""
    tokens = theme.current()
    metrics = QFontMetricsF(painter.font())
    taken: list[QRectF] = []
    order = [*chosen, *(row for row in range(1, min(len(at), len(labels), MOST_TRIED)) if row not in chosen), 0]
    for row in order:
        text = metrics.elidedText(" ".join(labels[row].split()) or "missing", Qt.TextElideMode.ElideRight, 110)
        size = QRectF(0, 0, metrics.horizontalAdvance(text) + 2, metrics.height())
        dots = at[:0] if row in chosen else at[:MOST_POINTS]  # a label that is asked for may lie over others' dots
        spot = next((b for b in _spots(at[row], size) if _free(b, box, taken, dots)), None)
        if spot is None:
            continue
        taken.append(spot)
        strong = row in chosen
        if strong:  # it may lie over dots
            painter.fillRect(spot, tokens.bg)
        painter.setPen(tokens.text if strong or not chosen else tokens.faint)
        if row == 0 and not strong:
            painter.setPen(tokens.faint)
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, text)


def _spots(at: np.ndarray, size: QRectF) -> list[QRectF]:
    """Right, left, above and below a point."""
    x, y, w, h = float(at[0]), float(at[1]), size.width(), size.height()
    return [
        QRectF(x + DOT + 2, y - h / 2, w, h), QRectF(x - DOT - 2 - w, y - h / 2, w, h),
        QRectF(x - w / 2, y - DOT - h, w, h), QRectF(x - w / 2, y + DOT, w, h),
    ]  # fmt: skip


def _free(spot: QRectF, box: QRectF, taken: list[QRectF], dots: np.ndarray) -> bool:
    if not box.contains(spot) or any(spot.intersects(other) for other in taken):
        return False
    x, y = dots[:, 0], dots[:, 1]
    air = DOT + 0.5
    across = (x > spot.left() - air) & (x < spot.right() + air)
    inside = across & (y > spot.top() + 2) & (y < spot.bottom() - 2)
    return not inside.any()
