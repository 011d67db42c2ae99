"""WHOLE NETWORK: what it costs, before it is trained."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.widgets import SectionHead, label, repaint_on_theme
from core import forecast
from core.forecast import bytes_text, count_text


class Figure(QWidget):
    """A number over what it is."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        self.value, self.name = label("—", "mono_large"), label(name, "muted")
        column.addWidget(self.value)
        column.addWidget(self.name)
        self.setToolTip(tip)

    def set(self, value: str, name: str | None = None) -> None:
        self.value.setText(value)
        if name is not None:
            self.name.setText(name)
        self.setAccessibleName(f"{self.name.text()}: {value}")


class NetworkStrip(QWidget):
    """Parameters, memory and work of the whole network; "≥" where shapes are missing. `controls` stand at the right."""

    def __init__(self, session: Any, *controls: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.parameters = Figure("Parameters", "Numbers that training adjusts: all weights and biases.")
        self.memory = Figure("Memory", "")
        self.work = Figure(
            "Multiply-adds a row",
            "Work of the forward pass for one row. Backward takes about twice as much again.",
        )
        self.epoch = Figure("One epoch", "")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 2, 14, 14)
        column.setSpacing(2)
        column.addWidget(SectionHead("Whole network", *controls))
        row = QHBoxLayout()
        row.setSpacing(16)
        for figure in (self.parameters, self.memory, self.work, self.epoch):
            row.addWidget(figure, 1)
        column.addLayout(row)
        document = session.document
        for signal in (document.network_changed, document.prepared_changed, document.training_changed):
            signal.connect(self.refresh)
        session.engine.state_changed.connect(self.refresh)
        repaint_on_theme(self)
        self.refresh()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.current().canvas)

    def refresh(self, _signal: object = None) -> None:
        document = self._session.document
        network, report, training = document.project.network, document.report, document.project.training
        rows = document.prepared.rows.get("train", 0) if document.prepared else None
        batch = forecast.batch_rows(training, rows)
        cost = forecast.network_cost(network, report, optimizer=training.optimizer, batch=batch)
        least = "" if forecast.is_complete(network, report) else "≥ "
        self.parameters.set(least + f"{cost.parameters:,}" if cost.parameters < 10**9 else count_text(cost.parameters))
        self.memory.set(least + bytes_text(cost.memory), f"Memory at batch {batch:,}")
        self.memory.setToolTip(
            f"A training step holds:\n{bytes_text(cost.parameter_bytes)} of parameters\n"
            f"{bytes_text(cost.gradient_bytes)} of gradients\n"
            f"{bytes_text(cost.optimizer_bytes)} that {training.optimizer.label} remembers\n"
            f"{bytes_text(cost.activation_bytes)} of layer outputs and their gradients for {batch:,} rows\n"
            "For moments it needs about half as much again."
        )
        self.work.set(least + count_text(cost.multiply_adds))
        self._show_epoch(network, batch, rows)

    def _show_epoch(self, network: object, batch: int, rows: int | None) -> None:
        """Steps of an epoch, or its time where this very network was seen training."""
        steps = -(-rows // batch) if rows else 0
        shot = self._session.engine.snapshot
        if shot and shot.steps_per_second > 0 and self._session.running_network == network and steps:
            self.epoch.set(seconds_text(steps / shot.steps_per_second), "One epoch, measured")
            self.epoch.setToolTip(f"{steps:,} steps at the {shot.steps_per_second:,.0f} steps/s of the last run.")
        else:
            self.epoch.set(f"{steps:,}" if steps else "—", "Steps an epoch")
            self.epoch.setToolTip("Batches until every training row was used once." if steps else "Choose data first.")


def seconds_text(seconds: float) -> str:
    """ "3.2 ms", "1.6 s", "4 min": two digits."""
    if seconds < 1:
        return f"{seconds * 1000:.2g} ms" if seconds >= 0.001 else f"{seconds * 1000:.1g} ms"
    return f"{seconds:.2g} s" if seconds < 99.5 else f"{seconds / 60:.0f} min"
