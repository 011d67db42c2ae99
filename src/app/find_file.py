"""Looking for a file that is not where it was, in a dialog that opens where it may be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.settings import Settings

if TYPE_CHECKING:
    from app.session import Session

ANY = "All files (*)"


def where_is(missing: str, window: QWidget, start: Path) -> str:
    """Ask where a file is now, "" where nobody says. start: the folder that the dialog opens in."""
    name, suffix = Path(missing).name, Path(missing).suffix
    if not suffix:  # images in a folder
        return QFileDialog.getExistingDirectory(window, f"Find {name}", str(start))
    path, _ = QFileDialog.getOpenFileName(window, f"Find {name}", str(start), f"{name} (*{suffix});;{ANY}")
    return path


class FindFile(QObject):
    def __init__(self, session: Session, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._settings, self._window = session, settings, window
        session.data_files.find_asked.connect(self.ask)

    def ask(self, missing: str) -> None:
        """Ask where the file is now, and take it."""
        path = where_is(missing, self._window, self.start(missing))
        if path:
            self._session.data_files.relink(missing, path)

    def start(self, missing: str) -> Path:
        """Where the file was, or the nearest folder above that is still there; else the project's."""
        project = self._session.document.path
        above = [folder for folder in Path(missing).parents if len(folder.parts) > 2]
        near = [project.parent] if project is not None else []
        kept = [Path(folder)] if (folder := self._settings.get("files/folder")) else []
        places = [*above[:2], *near, *above[2:], *kept]
        return next((place for place in places if place.is_dir()), Path.home())
