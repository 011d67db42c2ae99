"""A field for one number or one moment of a row: typed, or slid to over the span of the data."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSlider, QWidget

from app import theme
from app.style import restyle, set_role
from app.widgets import wrapped
from core.data.preprocess import NumberFeature
from core.data.schema import ColumnProfile

REACH, STEPS = 3.0, 120  # without the data, the slider spans ±3 standard deviations of the training rows
FIELD = 84
Span = tuple[float, float]


class Line(QLineEdit):
    """Up and down step."""

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(step)


class Slider(QSlider):
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling the form must not change a cell that happens to lie under the pointer."""
        event.ignore()


class ValueCell(QWidget):
    """A value that is typed or slid to; an empty field is a missing cell. `changed`: it holds another legal cell."""

    changed = Signal()

    def __init__(self, name: str, span: Span, *, field: int, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._span = span
        self.line, self.slider = Line(), Slider(Qt.Orientation.Horizontal)
        set_role(self.line, "mono").setFixedWidth(field)
        self.line.setPlaceholderText("missing")
        self.slider.setRange(0, STEPS)
        for widget in (self.line, self.slider):
            widget.setAccessibleName(" ".join(name.split()))
            widget.setToolTip(wrapped(tip))
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.row.addWidget(self.slider, 1)
        self.row.addWidget(self.line)
        self.setFocusProxy(self.line)
        self.line.textEdited.connect(self._typed)
        self.line.stepped.connect(self._step)
        self.slider.valueChanged.connect(self._slid)

    def typical(self) -> float:
        raise NotImplementedError

    def value(self) -> float | None:
        """None where it is empty or no value."""
        raise NotImplementedError

    def written(self, value: float) -> str:
        raise NotImplementedError

    def further(self, value: float, steps: int) -> float:
        raise NotImplementedError

    def bend(self, value: float) -> float:
        """What goes evenly along the slider; `unbend` is the inverse."""
        return value

    def unbend(self, value: float) -> float:
        return value

    def cell(self) -> str | None:
        """What stands in it, "" for missing; None while it is no value."""
        raise NotImplementedError

    def reset(self) -> None:
        self._write(self.typical())
        self._show_slider()

    def set_missing(self) -> None:
        self.line.clear()
        self._typed("")

    def set_value(self, value: float) -> None:
        self._write(value)
        self._show_slider()
        self.changed.emit()

    def _step(self, steps: int) -> None:
        value = self.value()
        self.set_value(self.further(self.typical() if value is None else value, steps))

    def _write(self, value: float) -> None:
        self.line.setText(self.written(value))
        self.line.setCursorPosition(0)
        self._mark(valid=True)

    def _typed(self, _text: str) -> None:
        self._mark(valid=self.cell() is not None)
        self._show_slider()
        if self.cell() is not None:
            self.changed.emit()

    def _slid(self, position: int) -> None:
        low, high = (self.bend(end) for end in self._span)
        self._write(self.unbend(low + (high - low) * position / STEPS))
        self.changed.emit()

    def _show_slider(self) -> None:
        value = self.value()
        low, high, at = (self.bend(x) for x in (*self._span, self.typical() if value is None else value))
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(min(1.0, max(0.0, (at - low) / (high - low))) * STEPS))

    def _mark(self, *, valid: bool) -> None:
        if (self.line.property("invalid") == "true") == valid:
            self.line.setProperty("invalid", "false" if valid else "true")
            restyle(self.line)


class NumberCell(ValueCell):
    """The slider goes by the logarithm where that is what enters."""

    def __init__(self, feature: NumberFeature, column: ColumnProfile | None, parent: QWidget | None = None) -> None:
        self._feature, self._column = feature, column
        tip = f"{_told(feature, column)} Empty: missing; {theme.number(feature.fill)} stands in."
        super().__init__(feature.name, _span(feature, column), field=FIELD, tip=tip, parent=parent)
        self.reset()

    def typical(self) -> float:
        if self._column is None or self._column.mean is None:
            return self._feature.typical
        return self._feature.fill if self._feature.log else self._column.mean

    def value(self) -> float | None:
        try:
            value = float(self.line.text().replace(",", "").replace("−", "-"))
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def cell(self) -> str | None:
        if not self.line.text().strip():
            return ""
        value = self.value()
        return None if value is None else repr(value)

    def written(self, value: float) -> str:
        return theme.number(value).replace(",", "")

    def further(self, value: float, steps: int) -> float:
        """By tenths of a standard deviation, of the logarithm where that is what enters."""
        if self._feature.log:
            return float(self._feature.unscaled(self._feature.scaled(np.array(value)) + steps / 10))
        known = self._column.standard_deviation if self._column is not None else None
        return value + steps * (known or self._feature.scale) / 10

    def bend(self, value: float) -> float:
        return float(np.log1p(max(value, 0.0))) if self._feature.log else value

    def unbend(self, value: float) -> float:
        return float(np.expm1(value)) if self._feature.log else value


def _told(feature: NumberFeature, column: ColumnProfile | None) -> str:
    if feature.log:
        if column is None or column.minimum is None or column.maximum is None:
            return "Enters by its logarithm."
        low, high = theme.number(column.minimum), theme.number(column.maximum)
        return f"Enters by its logarithm: from {low} to {high} in the data."
    if column is None or column.mean is None or column.standard_deviation is None:
        return f"Enters as (x − {theme.number(feature.mean)}) / {theme.number(feature.scale)}."
    return (
        f"Mean {theme.number(column.mean)}, standard deviation {theme.number(column.standard_deviation)} in the data."
    )


def _span(feature: NumberFeature, column: ColumnProfile | None) -> Span:
    """From the least to the greatest value in the data where they are known, else around the mean."""
    low = feature.unscaled(-REACH) if column is None or column.minimum is None else column.minimum
    high = feature.unscaled(REACH) if column is None or column.maximum is None else column.maximum
    return (low, high) if high > low else (low - 1.0, low + 1.0)
