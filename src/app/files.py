"""Projects and files as a person handles them: new, open, save, and never losing work by accident."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app import recent
from app.find_file import where_is
from app.notice import Notice
from app.recent import Recent
from app.settings import Settings
from core.data import formats

if TYPE_CHECKING:
    from app.session import Session

SUFFIX = ".chainrule"
PROJECTS = "Chainrule projects (*.chainrule)"
OPENABLE = f"Projects and tables (*.chainrule {formats.PATTERNS});;All files (*)"
SAVE, DISCARD, CANCEL = "save", "discard", "cancel"


class ProjectFiles(QObject):
    """`recent_changed`: the list of files opened lately."""

    recent_changed = Signal()

    def __init__(self, session: Session, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._settings, self._window = session, settings, window
        session.document.file_changed.connect(self._remember)
        session.document.data_changed.connect(self._remember)

    # --- what the menu does

    def new(self) -> None:
        if self.may_leave("start a new one"):
            self._session.new_project()

    def open(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self._window, "Open", self._folder(), OPENABLE)
        if paths:
            self.open_paths(paths)

    def open_paths(self, paths: list[str]) -> None:
        """Dropped, named on the command line, chosen in a dialog or in the list of recent files."""
        missing = [path for path in paths if not Path(path).exists()]
        if missing:
            self._tell_missing(missing[0])
            return
        replaces = any(Path(path).suffix.lower() == SUFFIX for path in paths)
        if not replaces or self.may_leave("open another"):
            if paths:
                self._settings.set("files/folder", str(Path(paths[0]).resolve().parent))
            self._session.open_paths(paths)

    def save(self) -> bool:
        return self._session.save() if self._session.document.path is not None else self.save_as()

    def save_as(self) -> bool:
        document = self._session.document
        start = document.path or Path(self._folder(), f"{_as_file_name(document.project.name)}{SUFFIX}")
        path, _kind = QFileDialog.getSaveFileName(self._window, "Save the project", str(start), PROJECTS)
        if not path:
            return False
        self._settings.set("files/folder", str(Path(path).parent))
        return self._session.save_as(path)

    @property
    def recent(self) -> tuple[str, ...]:
        """The paths of `recents`."""
        return tuple(each.path for each in self.recents)

    @property
    def recents(self) -> tuple[Recent, ...]:
        return recent.listed(self._settings)

    def open_recent(self, chosen: Recent) -> None:
        """Open it as it was; ask where it is now if it is gone."""
        if missing := chosen.missing:
            self._find(chosen, missing)
        else:
            self.open_paths([chosen.path, *chosen.also])

    def _find(self, chosen: Recent, missing: str) -> None:
        above = [folder for folder in Path(missing).parents if len(folder.parts) > 2 and folder.is_dir()]
        path = where_is(missing, self._window, above[0] if above else Path(self._folder()))
        if not path:
            return
        self._settings.forget_recent(chosen.path)
        folder = Path(path).parent
        others = [each for each in (chosen.path, *chosen.also) if each != missing]
        beside = [each if Path(each).exists() else str(folder / Path(each).name) for each in others]
        self.open_paths([path, *beside] if missing == chosen.path else [beside[0], path, *beside[1:]])

    def forget_all(self) -> None:
        recent.clear(self._settings)
        self.recent_changed.emit()

    # --- asking before something is lost

    def may_leave(self, purpose: str) -> bool:
        """Whether the present project may be left; asks where work or a run would be lost, and saves if told to."""
        edited = self._session.document.edited
        running = self._session.engine.state == "running"
        if not edited and not running:
            return True
        answer = self.ask(*self._question(purpose, edited=edited, running=running), savable=edited)
        if answer == SAVE:
            return self.save()
        return answer == DISCARD

    def ask(self, title: str, text: str, *, savable: bool) -> str:
        """SAVE, DISCARD or CANCEL."""
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle("Chainrule")
        box.setText(title)
        box.setInformativeText(text)
        save = box.addButton("Save", QMessageBox.ButtonRole.AcceptRole) if savable else None
        leave = box.addButton("Discard" if savable else "Stop training", QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save or cancel)
        box.setEscapeButton(cancel)
        box.exec()
        pressed = box.clickedButton()
        box.deleteLater()
        return SAVE if save is not None and pressed is save else DISCARD if pressed is leave else CANCEL

    def _question(self, purpose: str, *, edited: bool, running: bool) -> tuple[str, str]:
        document = self._session.document
        if not edited:
            text = "Training is running and ends now; what it has learned since it began is lost."
            return f"Stop training and {purpose}?", text
        lost = "what you changed since" if document.design_edited else "what the network has learned since"
        run = " Training is running and ends now; saving keeps what it has learned so far." if running else ""
        return f"Save “{document.project.name}” before you {purpose}?", f"Without saving, {lost} is lost.{run}"

    # --- remembering

    def _remember(self) -> None:
        """What could be read is worth finding again: the project, and the file that its data come from."""
        document = self._session.document
        if document.path is not None and not document.edited:
            self._add_recent(str(document.path))
        data = document.project.data
        if document.path is None and data is not None and data.source.kind == "file":
            self._add_recent(data.source.path, data.source.name, data.source.also)

    def _add_recent(self, path: str, name: str = "", also: tuple[str, ...] = ()) -> None:
        absolute, newest = str(Path(path).absolute()), self.recents[:1]
        if not newest or (newest[0].path, newest[0].also) != (absolute, also):
            recent.remember(self._settings, absolute, name=name, also=also)
            self.recent_changed.emit()

    def _folder(self) -> str:
        kept = self._settings.get("files/folder")
        return kept if kept and Path(kept).is_dir() else str(Path.home())

    def _tell_missing(self, path: str) -> None:
        self._settings.forget_recent(str(Path(path).absolute()))
        self.recent_changed.emit()
        text = f"{path} is not there. It may have been moved, renamed or deleted."
        self._session.notice.emit(Notice("error", "No such file", text, key="file"))


def _as_file_name(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in " -_." else "-" for c in name).strip(" .")
    return kept or "Untitled"
