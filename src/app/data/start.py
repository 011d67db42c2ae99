"""The data page while there is no table: where rows can come from, all in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app import paste
from app.data.sources import FOLDER_HELP, Info, SourceCard, choose_file, choose_folder, use
from app.data.thumbnails import points
from app.style import set_role
from app.widgets import EmptyState, SectionHead, button
from core.data import formats
from core.data.generators import GeneratorInfo

if TYPE_CHECKING:
    from app.session import Session

COLUMNS = 3


class StartPage(QScrollArea):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWidgetResizable(True)
        body = set_role(QWidget(), "scrolled")
        column = QVBoxLayout(body)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(10)
        column.addWidget(self._drop_zone(), 1)
        column.addSpacing(6)
        column.addWidget(SectionHead("Real samples"))
        column.addLayout(self._cards(self._session.samples()))
        column.addSpacing(6)
        column.addWidget(SectionHead("Drawn by hand, with the mouse"))
        column.addLayout(self._cards(self._session.drawings()))
        column.addSpacing(6)
        column.addWidget(SectionHead("Generated, with a knob for noise"))
        column.addLayout(self._cards(self._session.generators()))
        self.setWidget(body)

    def _drop_zone(self) -> QFrame:
        zone = set_role(QFrame(), "dropzone")
        choose = button("Choose a file…", icon="open", on_click=lambda: choose_file(self._session, self))
        choose.setToolTip(f"Opens a table: {formats.NAMES}.")
        folder = button("A folder of images…", tip=FOLDER_HELP, on_click=lambda: choose_folder(self._session, self))
        pasted = button("Paste a table", tip=paste.HELP, on_click=lambda: paste.paste(self._session))
        text = "A table: CSV, Excel, Parquet, JSON, SQLite and more, train and test files together; or images, in a "
        text += "folder or ZIP with a folder for each class. What it holds is found for you; nothing is changed."
        column = QVBoxLayout(zone)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(EmptyState("drop", "Drop data anywhere", text, choose, folder, pasted))
        zone.setMinimumHeight(190)
        return zone

    def _cards(self, found: Sequence[Info]) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(10)
        for i, info in enumerate(found):
            card = SourceCard(info, points(info.name) if isinstance(info, GeneratorInfo) else None)
            card.clicked.connect(use(self._session, info))
            grid.addWidget(card, i // COLUMNS, i % COLUMNS)
        for i in range(COLUMNS):
            grid.setColumnStretch(i, 1)
        for i in range(len(found), COLUMNS):  # columns without a card are as wide as the others
            grid.addWidget(QWidget(), 0, i)
        return grid
