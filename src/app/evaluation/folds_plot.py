"""The validation loss of every fold over the epochs: pale lines, and their mean once all are there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.evaluation.plots import StillPlot
from core.evaluation.cross_validation import CrossValidation
from core.training.snapshot import Curve

Line = tuple[np.ndarray, np.ndarray]
GOING_ON = "Validation loss, a line a fold. Strong: the fold that trains."
DONE = "Validation loss, a line a fold. Strong: their mean."


def line_of(curve: Curve | None, steps_per_epoch: int) -> Line:
    """x: epochs, y: values."""
    if curve is None:
        return np.zeros(0), np.zeros(0)
    return curve.step / steps_per_epoch, curve.mean.astype(float)


def mean_line(found: CrossValidation) -> Line:
    """The mean over the folds that have one, up to the last epoch of the shortest."""
    able = [fold for fold in found.folds if fold.losses is not None and fold.ended != "diverged"]
    if not able:
        return np.zeros(0), np.zeros(0)
    shortest = min(fold.epochs for fold in able)
    losses = [fold.at_epochs(fold.losses)[:shortest] for fold in able if fold.losses is not None]
    return np.arange(1.0, shortest + 1), np.mean(losses, axis=0)


class FoldsPlot(StillPlot):
    """`lines`: drawn in pale; strong: drawn over them; epoch: marked, 0 = none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Validation loss of the folds", "epoch", "validation loss", parent)
        self.lines: tuple[Line, ...] = ()
        self.strong: Line = (np.zeros(0), np.zeros(0))
        self.epoch = 0
        self._strong_item: pg.PlotDataItem | None = None

    def show_lines(self, lines: Sequence[Line], strong: Line, *, epoch: int = 0) -> None:
        """While one fold trains only its own line is drawn anew."""
        same = len(lines) == len(self.lines) and epoch == self.epoch
        self.lines, self.strong, self.epoch = tuple(lines), strong, epoch
        if same and self._strong_item is not None:
            self._strong_item.setData(*strong)
            self.autoRange(padding=0.04)
        else:
            self.redraw()

    def draw(self) -> None:
        colours = theme.current()
        pale = theme.mix(colours.raised, colours.accent, 0.38)
        for x, y in self.lines:
            self.addItem(pg.PlotDataItem(x, y, pen=pg.mkPen(pale, width=1)))
        if self.epoch:
            dashed = pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DashLine)
            self.addItem(pg.InfiniteLine(float(self.epoch), pen=dashed))
        wide = 2 if self.epoch else 1
        if not self.epoch:  # drawn again and again: a wide line and a grid would take ten times as long
            self.showGrid(x=False, y=False)
        self._strong_item = pg.PlotDataItem(*self.strong, pen=pg.mkPen(colours.accent, width=wide))
        self.addItem(self._strong_item)
