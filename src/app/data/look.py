"""The first rows of a file that is still being read: to see at once whether it is the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.data import facts
from app.data.preview import PreviewTable
from app.data.table_box import framed
from app.widgets import Card, ElidedLabel

if TYPE_CHECKING:
    from app.session import Session
    from core.data.schema import TableProfile


class FirstLook(QWidget):
    """Nothing can be decided here yet. `profile`: what is shown, None while there is no such file."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.profile: TableProfile | None = None
        self.table = PreviewTable(session)
        self._name, self._facts = ElidedLabel(role="title"), ElidedLabel(role="muted")
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._name)
        head.addWidget(self._facts, 1)
        card = Card(margin=1, spacing=0)
        card.body.addWidget(framed(self.table))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(card, 1)

    def show_profile(self, profile: TableProfile) -> None:
        self.profile = profile
        columns = facts.count(len(profile.columns), "column")
        self._name.set_text(facts.shown(profile.name))
        self._facts.set_text(f"{columns} · the first {profile.rows:,} rows, while the others are read")
        self.table.show_profile(profile, None)

    def end(self) -> None:
        self.profile = None
        self.table.show_profile(None, None)
