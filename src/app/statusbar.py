"""The status row: speed, size of the network, seed; what is being worked on; when the project was saved."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from app.jobs_link import Busy
from app.training_words import HYPERS, teach
from app.widgets import ElidedLabel, NumberField, NumberRules, button, explain, label, set_role, wrapped
from app.words import clock, size
from core import forecast, values
from core.spec import TrainingConfig

if TYPE_CHECKING:
    from app.session import Session

HEIGHT = 24
OLDER_DATA = (
    "The data were changed since the run began. Its curves, weights and scores are of the data as they were;"
    " Reset, then Train, to learn from the new."
)
OLDER_DESIGN = (
    "The network was edited since the run began. The run goes on with its own copy and harms nothing;"
    " Reset, then Train, to train the new design."
)


class BusyStrip(QWidget):
    """Work in the background: what it is, how far, time left, and a way to stop it; not where a page tells it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._busy: Busy | None = None
        self.told_elsewhere: Callable[[], bool] = lambda: False
        self.text = ElidedLabel("", "caption")
        self.bar = QProgressBar()
        self.bar.setFixedWidth(96)
        self.bar.setTextVisible(False)
        self.cancel = button("Cancel", role="link", tip="Stop this work; nothing is changed.", on_click=self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for part in (self.text, self.bar, self.cancel):
            row.addWidget(part)
        session.busy_changed.connect(self.show_busy)
        self.hide()

    def show_busy(self, busy: Busy | None) -> None:
        self._busy = busy
        self.refresh()
        if busy is None:
            return
        left = "" if busy.seconds_left is None else f" · {clock(busy.seconds_left)} left"
        self.text.set_text(f"{busy.label}{left}")
        # A range of nothing makes the bar move to and fro: it works, how long is unknown.
        self.bar.setRange(0, 0 if busy.fraction is None else 1000)
        if busy.fraction is not None:
            self.bar.setValue(round(1000 * busy.fraction))
        explain(self.cancel, enabled=busy.cancel is not None, tip="Stop this work; nothing is changed.")

    def refresh(self) -> None:
        self.setVisible(self._busy is not None and not self.told_elsewhere())

    def _cancel(self) -> None:
        if self._busy is not None and self._busy.cancel is not None:
            self._busy.cancel()


class StatusBar(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._saved_at: datetime | None = None
        set_role(self, "foot")
        self.setFixedHeight(HEIGHT)
        self.speed, self.network, self.saved = label("", "caption"), label("", "caption"), label("", "caption")
        self.seed = NumberField(session.document.project.training.seed, NumberRules.of(HYPERS["seed"]))
        set_role(self.seed, "inline")
        self.seed.setFixedHeight(18)
        self.seed.setAccessibleName("Seed")
        self.seed.value_changed.connect(self._set_seed)
        self.busy = BusyStrip(session)
        self.older = label("", "warn")
        self._lay_out()
        self._listen(session)
        self._show_speed()
        self._show_network()
        self._show_design()
        self._show_seed()
        self._show_file()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(20)
        seed = QHBoxLayout()
        seed.setSpacing(4)
        seed.addWidget(label("seed", "caption"))
        seed.addWidget(self.seed)
        for part in (self.speed, self.network):
            row.addWidget(part)
        row.addLayout(seed)
        row.addStretch(1)
        row.addWidget(self.busy)
        row.addWidget(self.saved)
        self._corner = QHBoxLayout()
        self._corner.setSpacing(2)
        row.addLayout(self._corner)
        row.insertWidget(2, self.older)

    def add_corner(self, widget: QWidget) -> None:
        """Room for the toggles of the panels at the right end."""
        self._corner.addWidget(widget)

    def _listen(self, session: Session) -> None:
        document, engine = session.document, session.engine
        engine.snapshot_changed.connect(self._show_speed)
        engine.state_changed.connect(self._show_speed)
        engine.state_changed.connect(self._show_seed)
        for signal in (document.network_changed, document.prepared_changed, document.training_changed):
            signal.connect(self._show_network)
        document.training_changed.connect(self._show_seed)
        for signal in (session.running_network_changed, document.prepared_changed, document.weights_changed):
            signal.connect(self._show_design)
        document.file_changed.connect(self._show_file)

    def _show_speed(self, _what: object = None) -> None:
        shot, state = self._session.engine.snapshot, self._session.engine.state
        known = shot is not None and shot.steps_per_second > 0 and state in ("running", "paused", "idle")
        self.speed.setVisible(known)
        if known and shot is not None:
            self.speed.setText(f"{shot.steps_per_second:,.0f} steps/s")
            self.speed.setToolTip(wrapped("Steps per second: mini-batches trained, each with a full backward pass."))

    def _show_network(self, _what: object = None) -> None:
        project, report = self._session.document.project, self._session.document.report
        prepared = self._session.document.prepared
        self.network.setVisible(bool(project.network.layers))
        rows = prepared.rows.get("train") if prepared else None
        batch = forecast.batch_rows(project.training, rows)
        cost = forecast.network_cost(project.network, report, optimizer=project.training.optimizer, batch=batch)
        self.network.setText(f"{cost.parameters:,} parameters · {size(cost.memory)}")
        self.network.setToolTip(
            wrapped(
                f"{cost.parameters:,} weights and biases. A step at batch {batch:,} needs about {size(cost.memory)}:"
                f" parameters {size(cost.parameter_bytes)}, gradients {size(cost.gradient_bytes)}, the optimizer's"
                f" memory {size(cost.optimizer_bytes)}, activations and work on them {size(cost.working_bytes)}."
            )
        )

    def _show_design(self) -> None:
        """Whether what is shown of the run still belongs to the project as it stands."""
        data, design = self._session.data_are_newer, self._session.design_is_newer
        self.older.setVisible(data or design)
        self.older.setText("run of older data" if data else "run of an older design")
        self.older.setToolTip(wrapped(OLDER_DATA if data else OLDER_DESIGN))

    def _show_seed(self, _what: object = None) -> None:
        seed = self._session.document.project.training.seed
        if self.seed.value() != seed:
            self.seed.set_value(seed)
        self.seed.setFixedWidth(max(24, self.seed.fontMetrics().horizontalAdvance(self.seed.text()) + 14))
        active = self._session.engine.state in ("running", "paused")
        explain(self.seed, enabled=not active, tip=teach("seed", HYPERS["seed"]), why_not="the run keeps its seed.")

    def _set_seed(self, value: float) -> None:
        legal = values.checked(TrainingConfig, "seed", value)
        self._session.document.edit_training("Set seed", seed=legal)

    def _show_file(self) -> None:
        document = self._session.document
        if document.path is None:
            self._saved_at = None
            self.saved.setText("")
            return
        if not document.edited:
            self._saved_at = _modified(str(document.path))
        when = f" {self._saved_at:%H:%M}" if self._saved_at else ""
        self.saved.setText(f"Edited since{when}" if document.edited else f"Saved{when}")
        self.saved.setToolTip(str(document.path))


def _modified(path: str) -> datetime | None:
    """When the file was written; None where it is gone by now."""
    try:
        return datetime.fromtimestamp(os.stat(path).st_mtime)
    except OSError:
        return None
