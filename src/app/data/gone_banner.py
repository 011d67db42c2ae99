"""Over the data page while the file that a project's data come from is not there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.banner import Banner
from app.data_files import paths_of

if TYPE_CHECKING:
    from app.session import Session

ABOVE = 14


class GoneBanner(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._missing = session, ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, ABOVE, 0, 0)
        self.banner = Banner("warning", "Find it…", lambda: session.data_files.find_asked.emit(self._missing))
        column.addWidget(self.banner)
        self.hide()

    def refresh(self) -> None:
        """While there is a table, whatever became of its file, this says nothing."""
        data, profile = self._session.document.project.data, self._session.document.profile
        paths = paths_of(data.source) if data is not None and profile is None else ()
        self._missing = next((path for path in paths if not Path(path).exists()), "")
        text = f"The data of this project are not there: {self._missing}" if self._missing else ""
        self.banner.show_text(text)
        self.setVisible(bool(text))
