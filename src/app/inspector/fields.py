"""Fields for hyper-parameters, made from their description: one kind of field for each kind of value.

A field shows a value, or MIXED where several layers differ, and tells of each edit by `edited`. None stands for a
value that is inherited from the training settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSpinBox, QToolTip, QWidget

from app.widgets import NumberCombo, NumberRules, restyle, set_role
from core.values import Hyper

MIXED = object()
INHERIT, DIFFERENT = -1.0, -2.0  # stand for None and MIXED in number fields, whose own values are never below 0
HEIGHT = 26


class Field(QWidget):
    """One value. `edited` carries the new one; `entered` tells that a new gesture of editing begins."""

    edited = Signal(object)
    entered = Signal()

    def __init__(self, hyper: Hyper) -> None:
        super().__init__()
        self.hyper = hyper
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.editor = self._make()
        row.addWidget(self.editor)
        self.setFocusProxy(self.editor)
        self.editor.setAccessibleName(hyper.label)
        self.editor.setAccessibleDescription(hyper.help)

    def _make(self) -> QWidget:
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Show a value that was set elsewhere; tells nothing."""
        raise NotImplementedError

    def set_inherited(self, text: str) -> None:
        """What stands in while the value is inherited, in words."""

    def set_tip(self, tip: str) -> None:
        self.editor.setToolTip(tip)


class _Spin(QSpinBox):
    """Turned by the wheel only while it has the focus: scrolling the panel must not change a network."""

    entered = Signal()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()


class IntField(Field):
    def _make(self) -> QWidget:
        spin = _Spin()
        set_role(spin, "mono")
        spin.setFixedHeight(HEIGHT)
        spin.setKeyboardTracking(False)
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        spin.setGroupSeparatorShown(True)
        line = spin.lineEdit()
        assert line is not None
        line.setTextMargins(5, 0, 0, 0)  # digits under those of the other fields
        self._least = int(self.hyper.minimum or 0)
        spin.setRange(self._least, int(self.hyper.maximum or 2**31 - 1))
        spin.valueChanged.connect(self._changed)
        spin.entered.connect(self.entered)
        self.spin = spin
        return spin

    def show_value(self, value: Any) -> None:
        self.spin.blockSignals(True)
        mixed = value is MIXED
        self.spin.setMinimum(self._least - mixed)
        self.spin.setSpecialValueText("mixed" if mixed else "")
        self.spin.setValue(self._least - 1 if mixed else value)
        self.spin.blockSignals(False)

    def _changed(self, value: int) -> None:
        if value >= self._least:
            self.edited.emit(value)


@dataclass(frozen=True)
class _Rules(NumberRules):
    """Numbers, or nothing at all where a value can be inherited."""

    inherits: bool = False

    def value_of(self, text: str) -> float:
        return INHERIT if self.inherits and not text.strip() else super().value_of(text)


class FloatField(Field):
    def _make(self) -> QWidget:
        rules = _Rules(self.hyper.minimum, self.hyper.maximum, inherits=self.hyper.inherits is not None)
        rules.words[DIFFERENT] = "mixed"
        if rules.inherits:
            rules.words[INHERIT] = "inherit"
        usual = self.hyper.suggestions or _usual(self.hyper)
        self.combo = NumberCombo(0.0, rules, suggestions=((INHERIT,) if rules.inherits else ()) + usual)
        self.combo.setFixedHeight(HEIGHT)
        self.combo.setMinimumContentsLength(6)
        self.combo.value_changed.connect(self._changed)
        return self.combo

    def set_inherited(self, text: str) -> None:
        if self.hyper.inherits is not None and self.combo.rules.words[INHERIT] != f"inherit {text}":
            self.combo.rules.words[INHERIT] = f"inherit {text}"
            self.combo.setItemText(0, f"inherit {text}")
            self.combo.set_value(self.combo.value())

    def show_value(self, value: Any) -> None:
        shown = DIFFERENT if value is MIXED else INHERIT if value is None else value
        if shown != self.combo.value() or not self.combo.hasFocus():
            self.combo.set_value(shown)

    def _changed(self, value: float) -> None:
        if value != DIFFERENT:
            self.edited.emit(None if value == INHERIT else value)


def _usual(hyper: Hyper) -> tuple[float, ...]:
    """Values worth a try where none are named: shares in tenths, penalties in powers of ten."""
    shares = hyper.maximum is not None and hyper.maximum <= 1
    return (0.0, 0.1, 0.2, 0.3, 0.5) if shares else (0.0, 1e-5, 1e-4, 1e-3, 1e-2)


class _Choice(QComboBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceField(Field):
    def _make(self) -> QWidget:
        self.combo = _Choice()
        set_role(self.combo, "mono")
        self.combo.setFixedHeight(HEIGHT)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(6)
        self.combo.setPlaceholderText("mixed")
        for value, text in self.hyper.choices:
            self.combo.addItem(text, value)
        self.combo.activated.connect(lambda _row: self.edited.emit(self.combo.currentData()))
        return self.combo

    def show_value(self, value: Any) -> None:
        self.combo.setCurrentIndex(-1 if value is MIXED else self.combo.findData(value))


class BoolField(Field):
    def _make(self) -> QWidget:
        self.box = QCheckBox()
        self.box.setFixedHeight(HEIGHT)
        self.box.clicked.connect(self._clicked)
        return self.box

    def show_value(self, value: Any) -> None:
        self.box.setTristate(value is MIXED)
        partly = Qt.CheckState.PartiallyChecked
        self.box.setCheckState(
            partly if value is MIXED else Qt.CheckState.Checked if value else Qt.CheckState.Unchecked
        )

    def _clicked(self) -> None:
        self.edited.emit(self.box.checkState() != Qt.CheckState.Unchecked)


class ShapeField(Field):
    """Sizes, e.g. "3 × 3". Where `axes` are counted a lone number stands for each of them: "3" is 3 × 3."""

    axes = 0  # how many sizes there must be; 0: as many as are written

    def _make(self) -> QWidget:
        self.line = _Sizes()
        set_role(self.line, "mono")
        self.line.setFixedHeight(HEIGHT)
        self.line.setTextMargins(-4, 0, 0, 0)  # digits under those of the other fields
        self.line.editingFinished.connect(self._take)
        self.line.textEdited.connect(lambda _text: self._mark(""))
        self.line.left.connect(lambda: self.show_value(self._shown))
        self._shown: Any = ()
        self._tip = ""
        return self.line

    def set_tip(self, tip: str) -> None:
        self._tip = tip
        super().set_tip(tip)

    def set_read_only(self, on: bool) -> None:
        self.line.setReadOnly(on)
        self.line.setFrame(not on)
        set_role(self.line, "plain" if on else "mono")

    def show_value(self, value: Any) -> None:
        self._shown = value
        self._mark("")
        self.line.setPlaceholderText("mixed" if value is MIXED else "")
        self.line.setText("" if value is MIXED else sizes_text(value))
        self.line.setCursorPosition(0)

    def _take(self) -> None:
        text = self.line.text()
        if self.line.isReadOnly() or text == ("" if self._shown is MIXED else sizes_text(self._shown)):
            return
        try:
            sizes = sizes_of(text, self.axes)
        except ValueError as err:
            self._mark(str(err))
            return
        self._mark("")
        self.line.setText(sizes_text(sizes))
        self.edited.emit(sizes)

    def _mark(self, why: str) -> None:
        self.line.setProperty("invalid", "true" if why else "false")
        self.line.setToolTip(why or self._tip)
        restyle(self.line)
        if why:
            QToolTip.showText(self.line.mapToGlobal(self.line.rect().bottomLeft()), why, self.line)


class CountsField(Field):
    """Whole numbers in a row, which the data decide."""

    def _make(self) -> QWidget:
        self.line = QLineEdit()
        self.line.setReadOnly(True)
        self.line.setFrame(False)
        set_role(self.line, "plain")
        self.line.setFixedHeight(HEIGHT)
        return self.line

    def show_value(self, value: Any) -> None:
        self.line.setPlaceholderText("mixed" if value is MIXED else "")
        self.show_words("" if value is MIXED else ", ".join(f"{n:,}" for n in value))

    def show_words(self, text: str) -> None:
        """What the numbers stand for, where that is known."""
        self.line.setText(text)
        self.line.setCursorPosition(0)


class _Sizes(QLineEdit):
    """Escape and leaving bring the old value back where the new one was refused."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.property("invalid") == "true":
            self.left.emit()


def sizes_text(sizes: tuple[int, ...]) -> str:
    return " × ".join(f"{n}" for n in sizes)


def sizes_of(text: str, axes: int) -> tuple[int, ...]:
    """The sizes that a person typed: "3", "3x3", "3 × 3", "3, 3"; raises ValueError with words for the person."""
    parts = [part for part in re.split(r"[\s×xX*,;]+", text.strip()) if part]
    if not parts or not all(part.isascii() and part.isdecimal() and 1 <= int(part) <= 2**31 for part in parts):
        raise ValueError("Write whole numbers of at least 1, such as 3 × 3.")
    sizes = tuple(int(part) for part in parts)
    if axes and len(sizes) == 1:
        return sizes * axes
    if axes and len(sizes) != axes:
        raise ValueError(f"Write {axes} numbers, such as {sizes_text((3,) * axes)}, or one for all.")
    if len(sizes) > 4:
        raise ValueError("Write at most four numbers.")
    return sizes


_FIELDS = {
    "int": IntField, "float": FloatField, "choice": ChoiceField, "bool": BoolField, "shape": ShapeField,
    "counts": CountsField,
}  # fmt: skip


def field_for(hyper: Hyper) -> Field:
    return _FIELDS[hyper.kind](hyper)
