"""One input, one number: the rows and the curve that the network draws through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from app import theme
from app.document import Trained
from app.evaluation.plots import POINT, StillPlot
from core.data import store
from core.data.preprocess import NumberFeature, NumberTarget
from core.data.schema import Part
from core.errors import UserInputError
from core.model import TrainedModel

PLACES = 400  # where the curve is computed
MOST_POINTS = 2000
AIR = 0.05  # of the span, beyond the rows on both sides
HELP = "Filled: trained on. Rings: test rows, which the network never saw."


@dataclass(frozen=True)
class Curve:
    """All in the units of the data. x, y: (n,) along the input; train, test: (rows, 2) of the points."""

    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    test: np.ndarray
    names: tuple[str, str]


def curve_of(trained: Trained) -> Curve | None:
    """None where there is another number of inputs, no number to predict, or the arrays are gone."""
    prepared = trained.prepared
    features, target = prepared.preparation.features, prepared.preparation.target
    if prepared.row_shape != (1,) or not isinstance(target, NumberTarget) or not isinstance(features[0], NumberFeature):
        return None
    try:
        arrays = store.load(prepared)
    except (OSError, ValueError, UserInputError):
        return None  # swept away with its folder: the scores still stand
    feature = features[0]
    low, high = float(arrays.train.x.min()), float(arrays.train.x.max())
    air = AIR * max(high - low, 1e-6)
    x = np.linspace(low - air, high + air, PLACES, dtype=np.float32)[:, None]
    model = TrainedModel("", trained.network, trained.weights, prepared.preparation, trained.loss)
    y = model.answers(x)

    def points(part: Part) -> np.ndarray:
        every = max(1, -(-len(part.x) // MOST_POINTS))
        rows, truth = np.asarray(part.x[::every], float), np.asarray(part.y[::every], float)
        return np.stack([feature.unscaled(rows[:, 0]), truth[:, 0] * target.scale + target.mean], axis=1)

    return Curve(
        feature.unscaled(x[:, 0].astype(float)), y[:, 0].astype(float),
        points(arrays.train), points(arrays.test), (feature.name, target.name),
    )  # fmt: skip


class CurvePlot(StillPlot):
    """The prediction as a line over the points."""

    def __init__(self, curve: Curve, parent: QWidget | None = None) -> None:
        super().__init__("Prediction over the input", *curve.names, parent)
        self._curve = curve
        self.redraw()

    def draw(self) -> None:
        colours, found = theme.current(), self._curve
        self.addItem(
            pg.ScatterPlotItem(
                found.train[:, 0], found.train[:, 1], size=POINT, pen=pg.mkPen(colours.raised, width=0.5),
                brush=colours.positive,
            )
        )  # fmt: skip
        self.addItem(
            pg.ScatterPlotItem(
                found.test[:, 0], found.test[:, 1], size=POINT + 1, pen=pg.mkPen(colours.text, width=1),
                brush=colours.raised,
            )
        )  # fmt: skip
        self.addItem(pg.PlotDataItem(found.x, found.y, pen=pg.mkPen(colours.negative, width=2.5)))
