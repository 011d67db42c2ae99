"""What a generator can be asked for, right where its picture is: fields made from their descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QSlider, QWidget

from app import theme
from app.number_combo import NumberCombo, NumberRules
from app.widgets import icon_button, label, wrapped
from core.data.generators import COMMON, MOST_ROWS, Generator, generator, usual
from core.errors import UserInputError
from core.spec import DataSource
from core.values import Hyper, hypers

if TYPE_CHECKING:
    from app.session import Session

DELAY_MS = 150
NOISE_STEPS, MOST_NOISE = 50, 1.0
FEWEST_ROWS = 20


class GeneratorForm(QWidget):
    """Changes are sent on when the hand rests for a moment, all of them as one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: dict[str, Any] = {}
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._send)
        common = hypers(Generator)
        self.rows = NumberCombo(
            400, NumberRules(FEWEST_ROWS, MOST_ROWS, whole=True), suggestions=common["rows"].suggestions
        )
        self.seed = NumberCombo(7, NumberRules.of(common["seed"]), suggestions=common["seed"].suggestions)
        self.noise = QSlider(Qt.Orientation.Horizontal)
        self.noise.setRange(0, NOISE_STEPS)
        self.choices: dict[str, NumberCombo | QComboBox] = {}
        self._amount = label("0.1", "mono")
        self._name = ""
        self._own: list[QWidget] = []
        self._lay_out(common)
        self.rows.value_changed.connect(lambda n: self._change(rows=int(n)))
        self.seed.value_changed.connect(lambda n: self._change(seed=int(n)))
        self.noise.valueChanged.connect(self._noise_moved)

    def _lay_out(self, common: Mapping[str, Hyper]) -> None:
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for row, (name, field) in enumerate((("rows", self.rows), ("noise", self.noise), ("seed", self.seed))):
            self._place(row, field, common[name])
        self._amount.setFixedWidth(36)
        self._amount.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self._amount, 1, 2)
        again = QHBoxLayout()
        again.addStretch(1)
        again.addWidget(icon_button("refresh", "Draw other points. Takes the next seed.", on_click=self._next_seed))
        grid.addLayout(again, 2, 2)
        grid.setColumnStretch(1, 1)

    def _place(self, row: int, field: QWidget, told: Hyper) -> QWidget:
        """A field beside its name; returns the name."""
        caption = label(told.label, "muted")
        caption.setBuddy(field)
        for widget in (caption, field):
            widget.setToolTip(wrapped(told.help))
        field.setAccessibleName(told.label)
        field.setAccessibleDescription(told.help)
        self._grid.addWidget(caption, row, 0)
        self._grid.addWidget(field, row, 1)
        return caption

    def _build_choices(self, name: str) -> None:
        """The fields of that generator alone, below the common ones."""
        for old in self._own:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._name, self._own, self.choices = name, [], {}
        for row, (field, told) in enumerate(generator(name).fields, start=len(COMMON)):
            editor = self._editor(field, told)
            self.choices[field] = editor
            self._own += [self._place(row, editor, told), editor]

    def _editor(self, field: str, told: Hyper) -> NumberCombo | QComboBox:
        if told.kind == "choice":
            combo = QComboBox()
            for value, text in told.choices:
                combo.addItem(text, value)
            combo.activated.connect(lambda _row: self._choose(field, combo.currentData()))
            return combo
        number = NumberCombo(0.0, NumberRules.of(told), suggestions=told.suggestions)
        number.value_changed.connect(lambda value: self._choose(field, int(value) if told.kind == "int" else value))
        return number

    def show_source(self, source: DataSource) -> None:
        if self._waiting and source.name == self._name:
            return  # what the person is turning counts more than what it was
        try:
            plain = usual(source.name)
        except UserInputError:
            return  # of a newer program; the notice says so
        if source.name != self._name:
            self._waiting.clear()
            self._build_choices(source.name)
        self.rows.set_value(source.rows)
        self.seed.set_value(source.seed)
        with QSignalBlocker(self.noise):
            self.noise.setValue(round(source.noise / MOST_NOISE * NOISE_STEPS))
        self._amount.setText(theme.number(source.noise))
        for field, editor in self.choices.items():
            value = source.choices.get(field, getattr(plain, field))
            if isinstance(editor, NumberCombo):
                editor.set_value(float(value))
            else:
                editor.setCurrentIndex(editor.findData(value))

    def _noise_moved(self, position: int) -> None:
        noise = round(position * MOST_NOISE / NOISE_STEPS, 3)
        self._amount.setText(theme.number(noise))
        self._change(noise=noise)

    def _next_seed(self) -> None:
        seed = int(self.seed.value()) + 1
        self.seed.set_value(seed)
        self._change(seed=seed)

    def _choose(self, field: str, value: object) -> None:
        data = self._session.document.project.data
        kept = self._waiting.get("choices", data.source.choices if data is not None else {})
        self._change(choices={**kept, field: value})

    def _change(self, **changes: Any) -> None:
        self._waiting |= changes
        self._timer.start()

    def _send(self) -> None:
        changes, self._waiting = self._waiting, {}
        if changes:
            self._session.change_source(**changes)
