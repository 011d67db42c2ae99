"""The input values that a column gives, each with the spread of its training values: what the network really gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.data import facts, paint
from core.data import store
from core.data.preprocess import Feature, TextFeature
from core.data.schema import Prepared
from core.errors import UserInputError

MOST_INPUTS = 8
SAMPLED_ROWS = 2000
BINS = 16
ROW, PICTURE, NUMBERS = 20, 62.0, 82.0


@dataclass(frozen=True)
class Input:
    """One input value. heights: a histogram, or () where it is a `share` of rows that counts. told: in words."""

    name: str
    heights: tuple[int, ...] = ()
    share: float = 0.0
    told: str = ""


def sampled(prepared: Prepared | None) -> np.ndarray | None:
    """(rows, values) of some training rows; None where the arrays are gone or rows are no lists of values."""
    if prepared is None or not prepared.folder or len(prepared.row_shape) != 1:
        return None
    try:
        x = store.load(prepared).train.x
    except (OSError, ValueError, UserInputError):
        return None  # swept away with its folder
    return x[:: max(1, len(x) // SAMPLED_ROWS)]


def described(feature: Feature, x: np.ndarray | None, start: int) -> tuple[Input, ...]:
    """The first input values of a column, which begin at `start`; of words, those that occur most."""
    names = feature.input_names()
    if x is None or start + feature.width > x.shape[1]:
        return tuple(Input(name) for name in names[:MOST_INPUTS])
    if isinstance(feature, TextFeature):
        shares = np.count_nonzero(x[:, start : start + feature.width], axis=0) / max(1, len(x))
        order = np.argsort(-shares, kind="stable")[:MOST_INPUTS]
        return tuple(Input(names[i], share=float(shares[i]), told=f"{_percent(shares[i])} of rows") for i in order)
    few = enumerate(names[:MOST_INPUTS])
    return tuple(_described(name, np.asarray(x[:, start + i], np.float64)) for i, name in few)


def _described(name: str, values: np.ndarray) -> Input:
    known = values[np.isfinite(values)]
    if not len(known):
        return Input(name)
    low, high = float(known.min()), float(known.max())
    if np.isin(known, (0.0, 1.0)).all():
        return Input(name, share=float(known.mean()), told=f"{_percent(known.mean())} are 1")
    counts = np.histogram(known, BINS, (low, high))[0] if high > low else np.array([len(known)])
    return Input(name, tuple(int(n) for n in counts), told=_span(known, low, high))


def _percent(share: float) -> str:
    return "< 1%" if 0 < share < 0.005 else f"{share:.0%}"


def _span(values: np.ndarray, low: float, high: float) -> str:
    """Codes are whole numbers; of others, one digit behind the point: nearly all lie between -10 and 10."""
    whole = bool((values == np.rint(values)).all()) or max(abs(low), abs(high)) >= 100
    first, last = (facts.compact(end) if whole else f"{end:.1f}" for end in (low, high))
    return f"{first} … {last}".replace("-", "−")


class InputList(QWidget):
    """A line for each input: name, histogram and span; of many, the first ones."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.inputs: tuple[Input, ...] = ()
        self.total = 0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Inputs of the network from this column")
        self.setToolTip("Each input with the spread of its values over the training rows.")
        theme.signals.changed.connect(self.update)

    def show_inputs(self, inputs: tuple[Input, ...], total: int) -> None:
        self.inputs, self.total = inputs, total
        words = (f"{each.name}: {each.told}" for each in inputs)
        self.setAccessibleDescription("; ".join(words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        more = self.total > len(self.inputs)
        return QSize(200, ROW * (len(self.inputs) + more))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = float(self.width())
        for i, each in enumerate(self.inputs):
            top = float(i * ROW)
            name = QRectF(0, top, width - PICTURE - NUMBERS - 12, ROW)
            picture = QRectF(name.right() + 6, top + 4, PICTURE, ROW - 8)
            painter.setFont(theme.font("small"))
            painter.setPen(colours.text)
            paint.draw_text(painter, name, facts.shown(each.name))
            self._picture(painter, picture, each)
            painter.setFont(theme.font("mono_small"))
            painter.setPen(colours.muted)
            paint.draw_text(painter, QRectF(width - NUMBERS, top, NUMBERS, ROW), each.told, right=True)
        if self.total > len(self.inputs):
            painter.setFont(theme.font("small"))
            painter.setPen(colours.muted)
            rest = f"and {self.total - len(self.inputs):,} more"
            paint.draw_text(painter, QRectF(0, ROW * len(self.inputs), width, ROW), rest)

    def _picture(self, painter: QPainter, box: QRectF, each: Input) -> None:
        colours = theme.current()
        if each.heights:
            paint.draw_histogram(painter, box, each.heights, [colours.accent] * len(each.heights))
            return
        bar = QRectF(box.left(), box.center().y() - 2, box.width(), 4)
        painter.setPen(colours.line)
        painter.setBrush(colours.bg)
        painter.drawRoundedRect(bar, 2, 2)
        if each.share > 0:
            painter.setPen(colours.accent)
            painter.setBrush(colours.accent)
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(2.0, bar.width() * each.share), 4), 2, 2)
