"""Numbers predicted: predicted against true, and how the errors spread."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme

MOST_POINTS = 4000
POINT = 6
BINS = 31


class StillPlot(pg.PlotWidget):
    """A still plot in the colours of the theme."""

    def __init__(self, name: str, across: str, up: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axes = {"bottom": across, "left": up}
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 140)
        theme.signals.changed.connect(self.redraw)

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def redraw(self, *_: object) -> None:
        colours = theme.current()
        self.clear()
        self.setBackground(colours.raised)
        for side, text in self._axes.items():
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(colours.line))
            axis.setTextPen(pg.mkPen(colours.muted))
            axis.setStyle(tickLength=0, tickFont=theme.font("mono_small"))
            axis.setTickDensity(0.7)
            axis.setZValue(-1)  # the grid lies behind the bars
            axis.label.setFont(theme.font("small"))
            axis.setLabel(_escaped(text), color=colours.muted.name())
            axis.setSIPrefixEnableRanges(())  # without it switching off would count small numbers in thousandths
            axis.enableAutoSIPrefix(False)
        self.showGrid(x=True, y=True, alpha=0.25 if colours.dark else 0.35)
        self.draw()
        self.autoRange(padding=0.04)

    def draw(self) -> None:
        raise NotImplementedError


class PredictedPlot(StillPlot):
    """Every row a point; on the diagonal it would be answered exactly."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Predicted against true", "true", "predicted", parent)
        self._truth = self._predicted = np.zeros(0)

    def show_rows(self, truth: np.ndarray, predicted: np.ndarray, target: str) -> None:
        every = max(1, -(-len(truth) // MOST_POINTS))
        self._truth, self._predicted = truth[::every], predicted[::every]
        self._axes = {"bottom": f"true {target}", "left": f"predicted {target}"}
        self.redraw()

    def draw(self) -> None:
        if not len(self._truth):
            return
        colours = theme.current()
        both = np.concatenate([self._truth, self._predicted])
        ends = [float(both.min()), float(both.max())]
        self.addItem(pg.PlotDataItem(ends, ends, pen=pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DashLine)))
        fill = theme.mix(colours.raised, colours.positive, 1.0)
        fill.setAlpha(190)
        self.addItem(
            pg.ScatterPlotItem(
                self._truth, self._predicted, size=POINT, pen=pg.mkPen(colours.raised, width=0.5), brush=fill
            )
        )


class ResidualPlot(StillPlot):
    """How many rows are off by how much."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Histogram of the errors", "predicted − true", "rows", parent)
        self._errors = np.zeros(0)

    def show_rows(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        self._errors = predicted - truth
        self.redraw()

    def draw(self) -> None:
        if not len(self._errors):
            return
        colours = theme.current()
        reach = float(np.abs(self._errors).max()) or 1.0
        bins = max(5, min(BINS, int(np.sqrt(len(self._errors))) | 1))
        counts, edges = np.histogram(self._errors, bins=bins, range=(-reach, reach))
        middle, width = (edges[:-1] + edges[1:]) / 2, (edges[1] - edges[0]) * 0.9
        self.addItem(pg.BarGraphItem(x=middle, height=counts, width=width, pen=None, brush=colours.positive))
        self.addItem(pg.InfiniteLine(0.0, pen=pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DashLine)))


def _escaped(text: str) -> str:
    """Axis labels are read as HTML; a column's name must not be."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
