"""With nothing selected the inspector speaks of the whole network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.inspector.advice import advice
from app.inspector.findings import Findings
from app.widgets import SectionHead, label
from core import forecast
from core.forecast import bytes_text, count_text
from core.layout import columns

if TYPE_CHECKING:
    from app.session import Session

HINT = "Select a layer to see its formula, its settings and, while it trains, its weights and gradient."
EMPTY = "There is no network yet. Drop data on the window and one is laid out, or add layers from the left."


class NetworkSummary(QWidget):
    """Layers, parameters, loss, findings and advice."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = session.document
        self.title, self.hint = label("", "mono", wrap=True), label("", "muted", wrap=True)
        self.findings = Findings(session.document)
        self._values = {name: label("", "mono") for name in ("Layers", "Parameters", "Memory", "Work", "Data")}
        facts = QGridLayout()
        facts.setHorizontalSpacing(12)
        facts.setVerticalSpacing(6)
        facts.setColumnMinimumWidth(0, 84)
        facts.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(self._values.items()):
            facts.addWidget(label(name, "muted"), row, 0)
            facts.addWidget(value, row, 1)
        self.facts = QWidget()
        self.facts.setLayout(facts)
        facts.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(12)
        for part in (SectionHead("Network"), self.title, self.facts, self.findings, self.hint):
            column.addWidget(part)
        column.addStretch(1)

    def refresh(self) -> None:
        project, report, prepared = self.document.project, self.document.report, self.document.prepared
        has = bool(project.network.layers)
        self.facts.setVisible(has)
        self.title.setVisible(has)
        self.title.setText(self._flow())
        self.hint.setText(HINT if has else EMPTY)
        rows = prepared.rows.get("train", 0) if prepared else None
        batch = forecast.batch_rows(project.training, rows)
        cost = forecast.network_cost(project.network, report, optimizer=project.training.optimizer, batch=batch)
        texts = {
            "Layers": f"{len(project.network.layers):,}",
            "Parameters": f"{cost.parameters:,}",
            "Memory": f"{bytes_text(cost.memory)} at batch {batch:,}",
            "Work": f"{count_text(cost.multiply_adds)} mult-adds a row",
            "Data": f"{rows:,} training rows" if rows else "none yet",
        }
        for name, value in texts.items():
            self._values[name].setText(value)
        self.findings.show_all(advice(project, report, prepared) if has else ())
        self.findings.setVisible(has and self.findings.isVisibleTo(self))

    def _flow(self) -> str:
        """Output sizes along the network, e.g. "2 → 8 → 8 → 2"; where branches run side by side both."""
        shapes = self.document.report.shapes
        parts = columns(self.document.project.network)
        if not parts:
            return ""
        sizes = ["+".join("×".join(map(str, shapes.get(id, ("?",)))) for id in column) for column in parts[0]]
        return " → ".join(sizes if len(sizes) <= 14 else [*sizes[:6], "…", *sizes[-4:]])
