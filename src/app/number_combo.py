"""Fields for a number that is typed freely or picked from the usual ones, checked where it is typed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QToolTip, QWidget

from app import theme
from app.style import restyle, set_role
from core.errors import UserInputError
from core.values import Hyper


@dataclass(frozen=True)
class NumberRules:
    """What is a legal number and how it is written. `words` names special values, e.g. {0: "full"}.

    `adjust` may turn a legal number into the one that will count and say why, "" where it stays.
    """

    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    words: dict[float, str] = field(default_factory=dict)
    adjust: Callable[[float], tuple[float, str]] | None = None

    @classmethod
    def of(cls, hyper: Hyper, words: dict[float, str] | None = None) -> NumberRules:
        return cls(hyper.minimum, hyper.maximum, hyper.kind == "int", words or {})

    def text_of(self, value: float) -> str:
        if value in self.words:
            return self.words[value]
        return theme.number(int(value)) if value == int(value) else theme.number(value)

    def value_of(self, text: str) -> float:
        """The number that a text says; raises UserInputError."""
        plain = text.strip().lower().replace("−", "-")
        for value, word in self.words.items():
            if plain == word.lower():
                return value
        try:
            value = float(plain.replace(",", "").replace("_", "").replace(" ", ""))
        except ValueError:
            raise UserInputError(f"“{text.strip()}” is not a number." if plain else "A number is needed.") from None
        if not math.isfinite(value):
            raise UserInputError("A finite number is needed.")
        if self.whole and value != int(value):
            raise UserInputError("A whole number is needed.")
        if self.minimum is not None and value < self.minimum:
            raise UserInputError(f"At least {self.text_of(self.minimum)} is needed.")
        if self.maximum is not None and value > self.maximum:
            raise UserInputError(f"At most {self.text_of(self.maximum)} is possible.")
        return int(value) if self.whole else value

    def settle(self, text: str) -> tuple[float, str]:
        """The number that will count, and why it is another than was typed."""
        value = self.value_of(text)
        return self.adjust(value) if self.adjust is not None else (value, "")


class _Line(QLineEdit):
    """Clicked for the first time it offers its whole text, so that typing replaces it."""

    _entered = False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if not self._entered and not self.hasSelectedText():
            self.selectAll()
        self._entered = True

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._entered = False
        super().focusOutEvent(event)


class NumberField(_Line):
    """A number typed in; Enter or leaving the field takes it, a refused text stays marked until it is mended or left.

    frame: the widget that carries the mark and the explanation, where this is only the text of another one.
    """

    value_changed = Signal(float)
    refused = Signal(str)

    def __init__(
        self,
        value: float,
        rules: NumberRules | None = None,
        *,
        frame: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.rules, self._value = rules or NumberRules(), value
        self._frame = frame or self
        if frame is None:
            set_role(self, "mono")
        self.editingFinished.connect(self.finish)
        self.textEdited.connect(lambda _text: self._mark(""))
        self.set_value(value)

    def value(self) -> float:
        return self._value

    def set_value(self, value: float) -> None:
        """Show a value that was set elsewhere; emits nothing."""
        self._value = value
        self._mark("")
        self.setText(self.rules.text_of(value))
        if not self.hasFocus():
            self.setCursorPosition(0)  # a text that is too long shows its beginning

    def finish(self) -> None:
        """Take what was typed, or say why not."""
        try:
            value, note = self.rules.settle(self.text())
        except UserInputError as err:
            self._mark(str(err))
            return
        changed = value != self._value
        self.set_value(value)
        if changed:
            self.value_changed.emit(value)
        if note:
            self._say(note)

    def _say(self, text: str) -> None:
        QToolTip.showText(self._frame.mapToGlobal(QPoint(0, self._frame.height())), text, self._frame)

    def _mark(self, why: str) -> None:
        frame = self._frame
        if (frame.property("invalid") == "true") != bool(why):
            frame.setProperty("invalid", "true" if why else "false")
            restyle(frame)
        if why:
            self._say(why)
            self.refused.emit(why)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape takes back what was typed; with nothing to take back it is left to others."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.text() != self.rules.text_of(self._value):
            self.set_value(self._value)
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.set_value(self._value)  # a refused text was explained; what counts is shown again


class NumberCombo(QComboBox):
    """A `NumberField` with a list of the usual values.

    The limits are those of `rules`, or `minimum`, `maximum` and `whole` where no more is needed.
    """

    value_changed = Signal(float)
    refused = Signal(str)

    def __init__(
        self,
        value: float,
        rules: NumberRules | None = None,
        *,
        suggestions: tuple[float, ...] = (),
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.rules = rules or NumberRules(minimum, maximum, whole)
        self.field = NumberField(value, self.rules, frame=self)
        self.setEditable(True)
        self.setLineEdit(self.field)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        set_role(self, "mono")
        for suggestion in suggestions:
            self.addItem(self.rules.text_of(suggestion), suggestion)
        self.field.value_changed.connect(self._took)
        self.field.refused.connect(self.refused)
        self.activated.connect(lambda _index: self._picked())
        self.set_value(value)

    def value(self) -> float:
        return self.field.value()

    def set_value(self, value: float) -> None:
        """Show a value that was set elsewhere; emits nothing."""
        self.setCurrentIndex(self.findData(value))  # the list opens at the present value, if it is there
        self.field.set_value(value)

    def _took(self, value: float) -> None:
        self.set_value(value)
        self.value_changed.emit(value)

    def _picked(self) -> None:
        self.field.finish()
        self.set_value(self.value())  # where the picked one was adjusted to what stood there already

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling a panel must not turn a setting that happens to lie under the pointer."""
        event.ignore()
