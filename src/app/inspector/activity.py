"""ACTIVITY: what a layer gives for the probe rows while it trains, and whether some of its units are silent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.widgets import SectionHead, label, set_role, wrapped
from core.training.statistics import LayerStatistics

if TYPE_CHECKING:
    from app.session import Session

AIR = 12
MANY_DEAD = 0.5  # share of silent units from which it is a warning
TIP = (
    "Mean and standard deviation of all outputs of this layer for up to 256 rows, without anything random. Values that "
    "grow or vanish from layer to layer make training hard. Dead: units of a rectifier that are 0 for all these rows "
    "and so learn nothing from them."
)


class Activity(QWidget):
    """Follows one layer, or none; it asks the engine only while it is visible."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._id = session, ""
        self.numbers, self.dead = label("", "mono_small"), label("", "good")
        self.facts = QWidget()
        row = QHBoxLayout(self.facts)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.numbers, 1)
        row.addWidget(self.dead)
        self.head = SectionHead("Activity")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.head)
        column.addWidget(self.facts)
        self.setToolTip(wrapped(TIP))
        session.engine.snapshot_changed.connect(self.refresh)

    def show_layer(self, id: str) -> None:
        self._id = id
        self._subscribe()
        self.refresh()

    def _subscribe(self) -> None:
        wanted = ("statistics",) if self._id and self.isVisible() else ()
        self._session.engine.subscribe(self, wanted)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._subscribe()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._subscribe()

    def refresh(self, _snapshot: object = None) -> None:
        """Where nothing is told yet the section takes no room, but it stays to ask."""
        shot = self._session.engine.snapshot
        found = LayerStatistics.of(shot.tensors, self._id) if shot is not None and self._id else None
        known = found is not None and math.isfinite(found.mean)
        for part in (self.head, self.facts):
            part.setVisible(known)
        self.setContentsMargins(0, 0, 0, AIR if known else 0)
        if found is None or not known:
            return
        mean, deviation = (theme.number(float(f"{n:.2g}")) for n in (found.mean, found.deviation))
        self.numbers.setText(f"mean {mean} ± {deviation}")
        self.dead.setVisible(math.isfinite(found.dead))
        if math.isfinite(found.dead):
            self.dead.setText(f"{found.dead:.0%} dead" if found.dead else "none dead")
            set_role(self.dead, "warn" if found.dead >= MANY_DEAD else "muted" if found.dead else "good")
