"""Rows, noise and seed of generated data, right where its picture is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSlider, QWidget

from app import theme
from app.number_combo import NumberCombo, NumberRules
from app.widgets import icon_button, label
from core.spec import DataSource

if TYPE_CHECKING:
    from app.session import Session

DELAY_MS = 150
NOISE_STEPS, MOST_NOISE = 50, 1.0
ROWS = (100, 200, 400, 1000, 2000, 5000)
FEWEST_ROWS, MOST_ROWS = 20, 100_000
MOST_SEED = 2**31 - 1
HELP = {
    "rows": "How many points are drawn. More points show the pattern better and take longer.",
    "noise": "How far points stray from the pattern. With much noise no network can be right everywhere.",
    "seed": "Every random choice follows from it: the same seed draws the same points.",
}


class GeneratorForm(QWidget):
    """Changes are sent on when the hand rests for a moment, all of them as one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: dict[str, Any] = {}
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._send)
        self.rows = NumberCombo(400, NumberRules(FEWEST_ROWS, MOST_ROWS, whole=True), suggestions=ROWS)
        self.seed = NumberCombo(7, NumberRules(0, MOST_SEED, whole=True), suggestions=(1, 2, 3, 7, 42))
        self.noise = QSlider(Qt.Orientation.Horizontal)
        self.noise.setRange(0, NOISE_STEPS)
        self._amount = label("0.1", "mono")
        self._lay_out()
        self.rows.value_changed.connect(lambda n: self._change(rows=int(n)))
        self.seed.value_changed.connect(lambda n: self._change(seed=int(n)))
        self.noise.valueChanged.connect(self._noise_moved)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for row, (name, field) in enumerate((("rows", self.rows), ("noise", self.noise), ("seed", self.seed))):
            caption = label(name.capitalize(), "muted")
            caption.setBuddy(field)
            for widget in (caption, field):
                widget.setToolTip(HELP[name])
            field.setAccessibleName(name.capitalize())
            field.setAccessibleDescription(HELP[name])
            grid.addWidget(caption, row, 0)
            grid.addWidget(field, row, 1)
        self._amount.setFixedWidth(36)
        self._amount.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self._amount, 1, 2)
        again = QHBoxLayout()
        again.addStretch(1)
        again.addWidget(icon_button("refresh", "Draw other points. Takes the next seed.", on_click=self._next_seed))
        grid.addLayout(again, 2, 2)
        grid.setColumnStretch(1, 1)

    def show_source(self, source: DataSource) -> None:
        if self._waiting:
            return  # what the person is turning counts more than what it was
        self.rows.set_value(source.rows)
        self.seed.set_value(source.seed)
        with QSignalBlocker(self.noise):
            self.noise.setValue(round(source.noise / MOST_NOISE * NOISE_STEPS))
        self._amount.setText(theme.number(source.noise))

    def _noise_moved(self, position: int) -> None:
        noise = round(position * MOST_NOISE / NOISE_STEPS, 3)
        self._amount.setText(theme.number(noise))
        self._change(noise=noise)

    def _next_seed(self) -> None:
        seed = int(self.seed.value()) + 1
        self.seed.set_value(seed)
        self._change(seed=seed)

    def _change(self, **changes: Any) -> None:
        self._waiting |= changes
        self._timer.start()

    def _send(self) -> None:
        changes, self._waiting = self._waiting, {}
        self._session.change_source(**changes)
