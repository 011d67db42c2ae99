"""One row typed in by hand: a field for every input, made from what the network was trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QSlider, QVBoxLayout, QWidget

from app import theme
from app.style import restyle, set_role
from app.widgets import ElidedLabel
from core.data.preprocess import CategoryFeature, Feature, NumberFeature, Preparation

if TYPE_CHECKING:
    from core.data.schema import TableProfile

DELAY_MS = 120
REACH, STEPS = 3.0, 120  # the slider spans ±3 standard deviations of the training rows
FIELD = 84
Span = tuple[float, float]


class NumberCell(QWidget):
    """A number typed or slid to; an empty field is a missing cell. `changed`: it holds another legal cell."""

    changed = Signal()

    def __init__(self, feature: NumberFeature, span: Span, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feature, self._span = feature, span
        self.line, self.slider = _Line(), _Slider(Qt.Orientation.Horizontal)
        set_role(self.line, "mono").setFixedWidth(FIELD)
        self.line.setPlaceholderText(theme.number(feature.fill))
        self.slider.setRange(0, STEPS)
        name = " ".join(feature.name.split())
        for widget in (self.line, self.slider):
            widget.setAccessibleName(name)
            widget.setToolTip(f"{_told(feature)} in the training rows. Empty: missing.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.slider, 1)
        row.addWidget(self.line)
        self.setFocusProxy(self.line)
        self.line.textEdited.connect(self._typed)
        self.line.stepped.connect(lambda n: self.set_value(_stepped(feature, self.value() or 0.0, n)))
        self.slider.valueChanged.connect(self._slid)
        self.reset()

    def reset(self) -> None:
        self._write(self._feature.typical)
        self._show_slider()

    def value(self) -> float | None:
        """None where it is empty or no number."""
        try:
            value = float(self.line.text().replace(",", "").replace("−", "-"))
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def cell(self) -> str | None:
        """What stands in it, "" for missing; None while it is no number."""
        if not self.line.text().strip():
            return ""
        value = self.value()
        return None if value is None else repr(value)

    def set_value(self, value: float) -> None:
        self._write(value)
        self._show_slider()
        self.changed.emit()

    def _write(self, value: float) -> None:
        self.line.setText(theme.number(value).replace(",", ""))
        self._mark(valid=True)

    def _typed(self, _text: str) -> None:
        self._mark(valid=self.cell() is not None)
        self._show_slider()
        if self.cell() is not None:
            self.changed.emit()

    def _slid(self, position: int) -> None:
        low, high = self._span
        self._write(low + (high - low) * position / STEPS)
        self.changed.emit()

    def _show_slider(self) -> None:
        value, (low, high) = self.value(), self._span
        with QSignalBlocker(self.slider):
            at = self._feature.fill if value is None else value
            self.slider.setValue(round(min(1.0, max(0.0, (at - low) / (high - low))) * STEPS))

    def _mark(self, *, valid: bool) -> None:
        if (self.line.property("invalid") == "true") == valid:
            self.line.setProperty("invalid", "false" if valid else "true")
            restyle(self.line)


class _Line(QLineEdit):
    """Up and down step by a tenth of a standard deviation."""

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(step)


class _Slider(QSlider):
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling the form must not change a cell that happens to lie under the pointer."""
        event.ignore()


class CategoryCell(QComboBox):
    changed = Signal()

    def __init__(self, feature: CategoryFeature, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feature = feature
        for name in feature.categories:
            self.addItem(" ".join(name.split()) or "(blank)", name)
        self.addItem("missing", "")
        self.setAccessibleName(" ".join(feature.name.split()))
        self.setToolTip("One of the values that occur in the training rows.")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(lambda _index: self.changed.emit())
        self.reset()

    def reset(self) -> None:
        self.setCurrentIndex(max(0, self.findData(self._feature.fill)))

    def cell(self) -> str | None:
        return str(self.currentData())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class RowForm(QWidget):
    """`changed`: the row as {column: text}, when the hand rests for a moment."""

    changed = Signal(dict)

    def __init__(
        self, preparation: Preparation, profile: TableProfile | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.fields: dict[str, NumberCell | CategoryCell] = {}
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for feature in preparation.features:
            column.addWidget(self._field(feature, profile))
        column.addStretch(1)

    def _field(self, feature: Feature, profile: TableProfile | None) -> QWidget:
        number = isinstance(feature, NumberFeature)
        made = (
            NumberCell(feature, _span(feature, profile))
            if isinstance(feature, NumberFeature)
            else CategoryCell(feature)
        )
        self.fields[feature.name] = made
        made.changed.connect(self._timer.start)
        name = ElidedLabel(" ".join(feature.name.split()), "muted")
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0 if number else 3)
        column.addWidget(name)
        column.addWidget(made)
        return body

    def cells(self) -> dict[str, str] | None:
        """None while a field holds what cannot be read."""
        found = {name: field.cell() for name, field in self.fields.items()}
        legal = {name: cell for name, cell in found.items() if cell is not None}
        return legal if len(legal) == len(found) else None

    def send(self) -> None:
        cells = self.cells()
        if cells is not None:
            self.changed.emit(cells)

    def reset(self) -> None:
        for field in self.fields.values():
            field.reset()
        self.send()


def _told(feature: NumberFeature) -> str:
    if not feature.log:
        return f"Mean {theme.number(feature.mean)}, standard deviation {theme.number(feature.scale)}"
    low, high = (theme.number(feature.unscaled(side)) for side in (-1.0, 1.0))
    return f"By its logarithm: about {theme.number(feature.typical)}, mostly {low} to {high}"


def _stepped(feature: NumberFeature, value: float, steps: float) -> float:
    """Further by tenths of a standard deviation, of the logarithm where that is what enters."""
    if not feature.log:
        return value + steps * feature.scale / 10
    return float(feature.unscaled(feature.scaled(np.array(value)) + steps / 10))


def _span(feature: NumberFeature, profile: TableProfile | None) -> Span:
    """From the least to the greatest value in the data where they are known, else around the mean."""
    known = {} if profile is None else {column.name: column for column in profile.columns}
    column = known.get(feature.name)
    low = feature.unscaled(-REACH) if column is None or column.minimum is None else column.minimum
    high = feature.unscaled(REACH) if column is None or column.maximum is None else column.maximum
    return (low, high) if high > low else (low - 1.0, low + 1.0)
