"""The inspector: what is selected, or the whole network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.inspector.layer_page import LayerPage
from app.inspector.summary import NetworkSummary
from app.style import set_role

if TYPE_CHECKING:
    from app.session import Session


class Inspector(QWidget):
    """Right of Design and Train."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = session.document
        self.layer, self.network = LayerPage(session), NetworkSummary(session)
        area, pages = QScrollArea(), set_role(QWidget(), "scrolled")
        inner = QVBoxLayout(pages)
        inner.setContentsMargins(0, 0, 0, 0)
        for page in (self.network, self.layer):
            inner.addWidget(page)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(pages)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        self.setAccessibleName("Inspector")
        document = self.document
        for signal in (
            document.network_changed, document.prepared_changed, document.training_changed, document.selection_changed,
        ):  # fmt: skip
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self, _signal: object = None) -> None:
        chosen = bool(self.document.selected)
        (self.layer if chosen else self.network).refresh()
        self.network.setVisible(not chosen)
        self.layer.setVisible(chosen)
