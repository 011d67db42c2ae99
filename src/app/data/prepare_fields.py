"""Fields for the choices of a column: one of several in a list, and parts of a date to tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QSizePolicy, QWidget

from app.data.preparing import Option
from app.widgets import wrapped


class OptionBox(QComboBox):
    """One of some options, or none shown where several columns differ. `chosen` carries the value."""

    chosen = Signal(str)

    def __init__(self, name: str, help: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._help = help
        self._options: tuple[Option, ...] = ()
        self.setAccessibleName(name)
        self.setAccessibleDescription(help)
        self.setPlaceholderText("different")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.activated.connect(lambda _row: self.chosen.emit(str(self.currentData())))

    def set_options(self, options: tuple[Option, ...]) -> None:
        if options == self._options:
            return
        self._options = options
        self.clear()
        for row, option in enumerate(options):
            self.addItem(option.label, option.value)
            self.setItemData(row, wrapped(option.help), Qt.ItemDataRole.ToolTipRole)

    def forbid(self, why: Mapping[str, str]) -> None:
        """Options that cannot be chosen now, with the reason; none where it is ""."""
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        for row, option in enumerate(self._options):
            reason = why.get(option.value, "")
            model.item(row).setEnabled(not reason)
            self.setItemData(row, wrapped(reason or option.help), Qt.ItemDataRole.ToolTipRole)

    def show_value(self, values: set[str]) -> None:
        """The one value, or those of several columns."""
        value = next(iter(values)) if len(values) == 1 else None
        self.setCurrentIndex(-1 if value is None else max(0, self.findData(value)))
        told = next((option.help for option in self._options if option.value == value), "")
        self.setToolTip(wrapped("\n\n".join(part for part in (self._help, told) if part)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling the card must not change a choice that happens to lie under the pointer."""
        event.ignore()


class Tick(QCheckBox):
    """Yes or no; partly ticked where several columns differ. `chosen`: by a person."""

    chosen = Signal(bool)

    def __init__(self, text: str, help: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setToolTip(wrapped(help))
        self.setAccessibleDescription(help)
        self.clicked.connect(lambda: self.chosen.emit(self.checkState() != Qt.CheckState.Unchecked))

    def show_value(self, values: set[bool]) -> None:
        mixed = len(values) > 1
        self.setTristate(mixed)
        yes = Qt.CheckState.PartiallyChecked if mixed else Qt.CheckState.Checked
        self.setCheckState(yes if True in values else Qt.CheckState.Unchecked)


class PartTicks(QWidget):
    """Some of several parts, at least one. `chosen` carries those that are ticked, in their order."""

    chosen = Signal(tuple)

    def __init__(self, options: Sequence[Option], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        self.ticks: dict[str, Tick] = {}
        for place, option in enumerate(options):
            tick = self.ticks[option.value] = Tick(option.label, option.help)
            tick.chosen.connect(lambda on, part=option.value: self._take(part, on))
            grid.addWidget(tick, place // 2, place % 2)

    def show_parts(self, parts: set[tuple[str, ...]]) -> None:
        for name, tick in self.ticks.items():
            tick.show_value({name in some for some in parts})

    def _take(self, part: str, on: bool) -> None:
        # What only some of the columns have stays: one choice for all must not take an input away unseen.
        ticked = [name for name, tick in self.ticks.items() if tick.checkState() != Qt.CheckState.Unchecked]
        if not ticked:  # a column without any part would be left out: that is another choice
            self.ticks[part].setChecked(True)
            return
        self.chosen.emit(tuple(ticked))
