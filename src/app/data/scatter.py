"""Two columns against each other, coloured by the target."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from app import dates, theme
from app.data import facts
from app.data.header import as_tooltip
from app.data.points import Points, date_columns, from_arrays, from_preview, number_columns
from app.widgets import Card, FlowLayout, label
from core.data.preprocess import DateFeature

if TYPE_CHECKING:
    from app.session import Session
    from core.data.schema import Prepared

SYMBOLS = ("o", "s", "t", "d", "star", "t1", "p", "+")
POINT = 7
MOST_NAMED = 12
EXPONENT = re.compile(r"e\+?(-?)0*(\d)")


class Mark(QWidget):
    """The colour of a class, beside its name."""

    def __init__(self, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index = index
        self.setFixedSize(QSize(9, 9))
        theme.signals.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.class_color(self._index))
        symbol = pg.graphicsItems.ScatterPlotItem.Symbols[SYMBOLS[self._index % len(SYMBOLS)]]
        painter.translate(QPointF(4.5, 4.5))
        painter.scale(8, 8)
        painter.drawPath(symbol)


class ScatterCard(Card):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=12, spacing=8)
        self._session = session
        self._across, self._up = QComboBox(), QComboBox()
        for combo, name in ((self._across, "Column across"), (self._up, "Column upwards")):
            combo.setAccessibleName(name)
            combo.setToolTip(f"{name}: a column of numbers or dates.")
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(6)
            combo.activated.connect(self.redraw)
        row = QHBoxLayout()
        row.setSpacing(6)
        for widget, stretch in ((self._up, 1), (label("against", "muted"), 0), (self._across, 1)):
            row.addWidget(widget, stretch)
        self.body.addLayout(row)
        self._plot = _plot_widget()
        self.body.addWidget(self._plot, 1)
        self._names = QWidget()
        self._flow = FlowLayout(self._names, spacing=10)
        self.body.addWidget(self._names)
        theme.signals.changed.connect(self.redraw)

    def offers(self) -> bool:
        """Whether there are two columns to draw, one of them of numbers."""
        profile = self._session.document.profile
        if profile is None:
            return False
        numbers = number_columns(profile)
        return bool(numbers) and len(numbers) + len(date_columns(profile)) >= 2

    def show_table(self) -> None:
        profile = self._session.document.profile
        if profile is None or not self.offers():
            return
        names = sorted([*number_columns(profile), *date_columns(profile)], key=profile.target.__eq__)
        for combo, usual in ((self._across, 0), (self._up, 1)):
            kept = combo.currentData()
            with QSignalBlocker(combo):
                combo.clear()
                for name in names:
                    combo.addItem(facts.shown(name), name)
                combo.setCurrentIndex(names.index(kept) if kept in names else usual)
        self.redraw()

    def redraw(self, *_: object) -> None:
        profile = self._session.document.profile
        if profile is None or not self.offers():
            return
        across, up = self._across.currentData(), self._up.currentData()
        if not {across, up} <= {column.name for column in profile.columns}:
            return  # the choices are still those of the table before; they are filled anew in a moment
        prepared = self._session.document.prepared
        points = from_arrays(prepared, across, up) if prepared is not None else None
        if points is None:
            points = from_preview(profile, across, up, _forms(prepared))
        if profile.target in (across, up):
            points = replace(points, value=None)  # its place tells its value
        moments = date_columns(profile)
        self._place_axes(across in moments, up in moments)
        self._plot.clear()
        told = Told(*(Ends(facts.shown(name), name in moments) for name in (across, up)))
        for item in _items(points, told):
            self._plot.addItem(item)
        # A pattern drawn in the plane keeps its shape; columns of unlike units each fill their axis.
        self._plot.setAspectLocked(_alike(points))
        self._plot.autoRange(padding=0.04)
        self._name_classes(points.classes)

    def _place_axes(self, across: bool, up: bool) -> None:
        """Dates along an axis that has some, else numbers."""
        axes = {
            side: MomentAxis(side) if moments else NumberAxis(side)
            for side, moments in (("bottom", across), ("left", up))
            if isinstance(self._plot.getAxis(side), MomentAxis) != moments
        }
        if axes:
            self._plot.setAxisItems(axes)
        _style(self._plot)

    def _name_classes(self, classes: tuple[str, ...]) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for index, name in enumerate(classes[:MOST_NAMED]):
            entry = QWidget()
            row = QHBoxLayout(entry)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(5)
            row.addWidget(Mark(index))
            row.addWidget(label(facts.shown(name), "muted"))
            self._flow.addWidget(entry)
        self._names.setVisible(bool(classes))


def _forms(prepared: Prepared | None) -> dict[str, tuple[str, ...]]:
    features = prepared.preparation.features if prepared is not None else ()
    return {feature.name: feature.forms for feature in features if isinstance(feature, DateFeature)}


class NumberAxis(pg.AxisItem):
    """Numbers as everywhere else: 1e6, not 1e+06."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [EXPONENT.sub(r"e\1\2", text) for text in super().tickStrings(values, scale, spacing)]


class MomentAxis(pg.DateAxisItem):
    """Dates as the table writes them, which knows no time zones."""

    def __init__(self, side: str) -> None:
        super().__init__(side, utcOffset=0)


@dataclass(frozen=True)
class Ends:
    """An axis: its column as it is shown, and whether it holds moments."""

    name: str
    moments: bool

    def said(self, value: float) -> str:
        day = dates.shown(round(value)) if self.moments else theme.number(value)
        return f"{self.name}: {day}"


@dataclass(frozen=True)
class Told:
    """What a point under the mouse says."""

    across: Ends
    up: Ends

    def point(self, x: float, y: float, data: str | None) -> str:
        return as_tooltip("\n".join([*([data] if data else []), self.across.said(x), self.up.said(y)]))


def _plot_widget() -> pg.PlotWidget:
    plot = pg.PlotWidget(axisItems={side: NumberAxis(side) for side in ("left", "bottom")})
    plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setMouseEnabled(x=False, y=False)
    plot.setAccessibleName("Scatter plot")
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return plot


def _style(plot: pg.PlotWidget) -> None:
    colours = theme.current()
    plot.setBackground(colours.raised)
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(pg.mkPen(colours.line))
        axis.setTextPen(pg.mkPen(colours.muted))
        axis.setStyle(tickLength=0, tickFont=theme.font("mono_small"))
        axis.setTickDensity(0.7)
    plot.showGrid(x=True, y=True, alpha=0.25 if colours.dark else 0.35)


def _items(points: Points, told: Told) -> list[pg.ScatterPlotItem]:
    looks = {"size": POINT, "pen": pg.mkPen(QColor(theme.current().raised), width=0.5), "hoverable": True}
    if points.group is None:
        brushes = _value_brushes(points)
        return [pg.ScatterPlotItem(points.x, points.y, brush=brushes, tip=told.point, **looks)]
    made = []
    for index, name in enumerate(points.classes):
        mine = points.group == index
        made.append(
            pg.ScatterPlotItem(
                points.x[mine], points.y[mine], symbol=SYMBOLS[index % len(SYMBOLS)],
                data=[facts.shown(name)] * int(mine.sum()), tip=told.point,
                brush=pg.mkBrush(theme.class_color(index)), **looks,
            )
        )  # fmt: skip
    return made


def _alike(points: Points) -> bool:
    spans = sorted(float(np.ptp(values)) if len(values) else 0.0 for values in (points.x, points.y))
    return 0 < spans[1] <= 1.5 * spans[0]


def _value_brushes(points: Points) -> list[QColor] | QColor:
    """Low values orange, middle ones the colour of the panel, high ones blue."""
    if points.value is None or not len(points.value):
        return theme.current().accent
    middle, spread = np.nanmean(points.value), np.nanstd(points.value) or 1.0
    return [theme.signed_color(float(v)) for v in np.clip((points.value - middle) / (1.5 * spread), -1, 1)]
