"""How several files became one table, in a line, with a way to say otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from app import theme
from app.data_files import WAYS, only, paths_of
from app.widgets import ElidedLabel, button, label

if TYPE_CHECKING:
    from app.session import Session

MOST_LISTED = 30
HELP = {
    "parts": "One file has the rows to train on, another those to test on: the names say which.",
    "columns": "Row 1 of one file belongs to row 1 of the other: features and answers.",
    "rows": "The rows of all files, with a column that says which file each comes from.",
}


class TogetherLine(QWidget):
    """Hidden where a table is of one file."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        sign = label()
        theme.set_icon(sign, "columns", "muted", 16)
        self._text = ElidedLabel(role="muted")
        tip = "How these files make one table, or which of them to read alone."
        self.change = button("Change…", role="link", tip=tip, on_click=self._open)
        row.addWidget(sign)
        row.addWidget(self._text)
        row.addWidget(self.change)
        row.addStretch(1)
        self.hide()

    def refresh(self) -> None:
        profile = self._session.document.profile
        together = profile.together if profile is not None else None
        self.setVisible(together is not None)
        self._text.set_text(together.text if together is not None else "")

    def menu(self) -> QMenu:
        """What else these files can be."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        data, profile = self._session.document.project.data, self._session.document.profile
        if data is None or profile is None or profile.together is None:
            return menu
        source = data.source
        for way, words in WAYS.items():
            action = menu.addAction(words)
            action.setToolTip(HELP[way])
            action.setCheckable(True)
            action.setChecked(way == profile.together.how)
            action.triggered.connect(lambda _on=False, way=way: self._session.use_source(replace(source, joined=way)))
        menu.addSeparator()
        for path in paths_of(source)[:MOST_LISTED]:
            action = menu.addAction(f"Only {Path(path).name}".replace("&", "&&"))
            action.setToolTip(path)
            action.triggered.connect(lambda _on=False, path=path: self._session.use_source(only(source, path)))
        return menu

    def _open(self) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.change.mapToGlobal(self.change.rect().bottomLeft()))
