"""The menu of a plot: how all plots are drawn, and how this one is taken away."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSlider, QWidget, QWidgetAction

from app.plots.figure import Look
from app.plots.save import FORMATS
from app.widgets import label, wrapped

MOST_SMOOTHING = 0.2
SMOOTHING_TIP = (
    "Exponential smoothing of all plots. The line is an average over the steps before it; the raw values stay visible "
    "behind it, and hovering always reads the raw ones."
)


class PlotMenu(QMenu):
    """look_changed: the shared look was changed. asked: "copy", or the suffix of a file to save."""

    look_changed = Signal()
    asked = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setToolTipsVisible(True)
        self._add_smoothing()
        self.addSeparator()
        group = QActionGroup(self)
        self.in_epochs = self.addAction("Epochs along the bottom", partial(self._set_epochs, True))
        self.in_steps = self.addAction("Steps along the bottom", partial(self._set_epochs, False))
        self.in_epochs.setToolTip("An epoch uses every training row once.")
        self.in_steps.setToolTip("A step is one update of the weights, from one mini-batch.")
        for action in (self.in_epochs, self.in_steps):
            action.setCheckable(True)
            group.addAction(action)
        self.addSeparator()
        for suffix, name in FORMATS:
            self.addAction(f"Save {name}…", partial(self.asked.emit, suffix))
        self.addAction("Copy picture", partial(self.asked.emit, "copy"))
        self.aboutToShow.connect(self._read)

    def _add_smoothing(self) -> None:
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setMinimumWidth(110)
        self.slider.setAccessibleName("Smoothing")
        self.slider.valueChanged.connect(self._set_smoothing)
        holder = QWidget()
        holder.setToolTip(wrapped(SMOOTHING_TIP))
        row = QHBoxLayout(holder)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(label("Smoothing", "small"))
        row.addWidget(self.slider, 1)
        action = QWidgetAction(self)
        action.setDefaultWidget(holder)
        self.addAction(action)

    def _read(self) -> None:
        """The look may have been changed in the menu of another plot."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(100 * (self._look.smoothing / MOST_SMOOTHING) ** 0.5))
        self.slider.blockSignals(False)
        (self.in_epochs if self._look.in_epochs else self.in_steps).setChecked(True)

    def _set_smoothing(self, value: int) -> None:
        self._look.smoothing = MOST_SMOOTHING * (value / 100) ** 2
        self.look_changed.emit()

    def _set_epochs(self, epochs: bool) -> None:
        self._look.in_epochs = epochs
        self.look_changed.emit()
