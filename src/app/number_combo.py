"""A field for a number that is typed freely or picked from the usual ones."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QToolTip, QWidget

from app import theme
from app.style import restyle, set_role
from core.errors import UserInputError


class NumberCombo(QComboBox):
    """A number typed freely or picked from the usual ones.

    What is typed is checked when Enter is pressed or the field is left. A refused text stays marked until it
    is mended, or Escape brings the last good value back. `words` names special values, e.g. {0: "full"}.
    """

    value_changed = Signal(float)
    refused = Signal(str)

    def __init__(
        self,
        value: float,
        *,
        suggestions: tuple[float, ...] = (),
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = False,
        words: dict[float, str] | None = None,
        check: Callable[[float], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._value, self._whole, self._words = value, whole, words or {}
        self._minimum, self._maximum, self._check = minimum, maximum, check
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        set_role(self, "mono")
        for suggestion in suggestions:
            self.addItem(self.text_of(suggestion), suggestion)
        line = self.lineEdit()
        assert line is not None
        line.editingFinished.connect(self._finished)
        line.textEdited.connect(lambda _text: self._mark(""))
        self.activated.connect(lambda index: self._accept(float(self.itemData(index))))
        self._show()

    def value(self) -> float:
        return self._value

    def set_value(self, value: float) -> None:
        """Show a value that was set elsewhere; emits nothing."""
        self._value = value
        self._mark("")
        self._show()

    def text_of(self, value: float) -> str:
        if value in self._words:
            return self._words[value]
        return theme.number(int(value)) if self._whole or value == int(value) else theme.number(value)

    def value_of(self, text: str) -> float:
        """The number that a text says; raises UserInputError."""
        plain = text.strip().lower().replace("−", "-")
        for value, word in self._words.items():
            if plain == word.lower():
                return value
        try:
            value = float(plain.replace(",", "").replace("_", "").replace(" ", ""))
        except ValueError:
            raise UserInputError(f"“{text.strip()}” is not a number.") from None
        if value != value or value in (float("inf"), float("-inf")):
            raise UserInputError("A finite number is needed.")
        if self._whole and value != int(value):
            raise UserInputError("A whole number is needed.")
        if self._minimum is not None and value < self._minimum:
            raise UserInputError(f"At least {self.text_of(self._minimum)} is needed.")
        if self._maximum is not None and value > self._maximum:
            raise UserInputError(f"At most {self.text_of(self._maximum)} is possible.")
        if self._check is not None:
            self._check(value)
        return int(value) if self._whole else value

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.set_value(self._value)
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.set_value(self._value)  # a refused text was explained; what counts is shown again

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling a panel must not turn a setting that happens to lie under the pointer."""
        event.ignore()

    def _finished(self) -> None:
        try:
            value = self.value_of(self.currentText())
        except UserInputError as err:
            self._mark(str(err))
            return
        self._accept(value)

    def _accept(self, value: float) -> None:
        self._mark("")
        changed = value != self._value
        self._value = value
        self._show()
        if changed:
            self.value_changed.emit(value)

    def _show(self) -> None:
        self.setEditText(self.text_of(self._value))

    def _mark(self, why: str) -> None:
        was = self.property("invalid") == "true"
        if was != bool(why):
            self.setProperty("invalid", "true" if why else "false")
            restyle(self)
        if why:
            QToolTip.showText(self.mapToGlobal(QPoint(0, self.height())), why, self)
            self.refused.emit(why)
