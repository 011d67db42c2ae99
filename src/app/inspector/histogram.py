"""How numbers spread: the sizes of a gradient's entries, log10 |dW|, and the values of weights."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets import repaint_on_theme

BINS_PER_DECADE = 6
SMALLEST, LARGEST = -12, 6  # decades shown at most
AXIS = 16


class LogHistogram(QWidget):
    """The range grows with what it has seen, so that the axis does not jump while training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.low, self.high = 0, 0
        self.counts = np.zeros(0, int)
        self.zeros = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Entries of dW by size, in powers of ten. Bars far to the left hardly move their weights.")
        repaint_on_theme(self)

    def sizeHint(self) -> QSize:
        return QSize(200, 76)

    def clear(self) -> None:
        self.low = self.high = 0
        self.counts = np.zeros(0, int)

    def show_array(self, array: np.ndarray) -> None:
        size = np.abs(array[np.isfinite(array)]).ravel()
        nonzero = size[size > 0]
        self.zeros = 1.0 - nonzero.size / max(1, array.size)
        logs = np.clip(np.log10(nonzero), SMALLEST, LARGEST - 1e-6)
        if logs.size:
            low, high = math.floor(np.quantile(logs, 0.005)), math.floor(float(logs.max())) + 1
            fresh = self.low == self.high
            self.low, self.high = (low, high) if fresh else (min(self.low, low), max(self.high, high))
        bins = max(1, self.high - self.low) * BINS_PER_DECADE
        self.counts = np.histogram(np.clip(logs, self.low, None), bins=bins, range=(self.low, self.high or 1))[0]
        self.setAccessibleDescription(f"Sizes between 1e{self.low} and 1e{self.high}, {self.zeros:.0%} exactly zero")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self.height() - AXIS
        painter.setPen(QPen(tokens.line, 1))
        painter.drawLine(0, ground, self.width(), ground)
        if not self.counts.size or self.high == self.low:
            return
        wide, tallest = self.width() / len(self.counts), max(1, int(self.counts.max()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.accent)
        for i, count in enumerate(self.counts):
            if count:
                high = max(2.0, (ground - 4) * count / tallest)
                gap = 1.0 if wide >= 4 else 0.25
                painter.drawRoundedRect(QRectF(i * wide + gap, ground - high, wide - 2 * gap, high), 1.5, 1.5)
        self._paint_axis(painter)

    def _paint_axis(self, painter: QPainter) -> None:
        painter.setFont(theme.font("mono_small"))
        painter.setPen(theme.current().muted)
        metrics = QFontMetricsF(painter.font())
        decades = self.high - self.low
        per = self.width() / decades
        step = max(1, math.ceil(44 / per))
        for decade in range(self.low, self.high + 1, step):
            words = f"1e{decade}"
            wide = metrics.horizontalAdvance(words)
            x = min(max(0.0, (decade - self.low) * per - wide / 2), self.width() - wide)
            painter.drawText(QRectF(x, self.height() - AXIS + 2, wide + 1, AXIS - 2), words)


class CountHistogram(QWidget):
    """Counts between edges, as the engine tells them: negative values orange, positive ones blue."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts, self.edges = np.zeros(0, int), np.zeros(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("How the values spread, from the least to the largest.")
        repaint_on_theme(self)

    def sizeHint(self) -> QSize:
        return QSize(200, 58)

    def show_counts(self, counts: np.ndarray, edges: np.ndarray) -> None:
        self.counts, self.edges = counts, edges
        self.setAccessibleDescription(
            f"{int(counts.sum()):,} values between {theme.number(float(edges[0]))} and {theme.number(float(edges[-1]))}"
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.counts.size:
            return
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, wide = self.height() - AXIS, self.width() / len(self.counts)
        painter.setPen(Qt.PenStyle.NoPen)
        middles, tallest = 0.5 * (self.edges[1:] + self.edges[:-1]), max(1, int(self.counts.max()))
        for i, (count, middle) in enumerate(zip(self.counts.tolist(), middles.tolist(), strict=True)):
            if count:
                painter.setBrush(tokens.positive if middle >= 0 else tokens.negative)
                high = max(1.5, (ground - 4) * count / tallest)
                painter.drawRect(QRectF(i * wide + 0.4, ground - high, wide - 0.8, high))
        painter.setPen(QPen(tokens.line, 1))
        painter.drawLine(0, ground, self.width(), ground)
        painter.setFont(theme.font("mono_small"))
        painter.setPen(tokens.muted)
        box = QRectF(0, ground + 2, self.width(), AXIS - 2)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        for align, edge in ((left, self.edges[0]), (right, self.edges[-1])):
            painter.drawText(box, align, theme.number(float(f"{float(edge):.2g}")))
