"""Notices when a file that data come from changes on the disk or goes away, while the window is open."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.data_files import paths_of
from app.notice import Notice

if TYPE_CHECKING:
    from app.session import Session

SETTLED_MILLISECONDS = 600  # a program that saves writes more than once
MOST_WATCHED = 50
CHANGED = "data changed"

Mark = tuple[int, int] | None


class DataWatch(QObject):
    """Compares size and time of the files with those at the last reading; what they hold is not looked at here."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._marks: dict[str, Mark] = {}
        self._read_at = ""
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, singleShot=True, interval=SETTLED_MILLISECONDS)
        self._timer.timeout.connect(self.check)
        self._watcher.fileChanged.connect(lambda _path: self._timer.start())
        self._watcher.directoryChanged.connect(lambda _path: self._timer.start())
        session.document.profile_changed.connect(self._note)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._on_state)

    def _on_state(self, state: Qt.ApplicationState) -> None:
        """Not every disk tells of changes: whoever comes back from another program may have made some."""
        if state == Qt.ApplicationState.ApplicationActive:
            self.check()

    def _note(self) -> None:
        """The table was read just now, or there is none."""
        data = self._session.document.project.data
        read = data is not None and self._session.document.profile is not None
        paths = paths_of(data.source)[:MOST_WATCHED] if data is not None and read else ()
        self._marks = {path: _mark(path) for path in paths}
        self._read_at = time.strftime("%H:%M")
        watched = [*self._watcher.files(), *self._watcher.directories()]
        if gone := [path for path in watched if path not in self._marks]:
            self._watcher.removePaths(gone)
        self._watch_again()

    def _watch_again(self) -> None:
        """A file that was replaced by another is not watched any longer."""
        watched = {*self._watcher.files(), *self._watcher.directories()}
        if wanted := [path for path, mark in self._marks.items() if mark is not None and path not in watched]:
            self._watcher.addPaths([path for path in wanted if Path(path).exists()])

    def check(self) -> None:
        """Say what has changed since the table was read, once for each change."""
        now = {path: _mark(path) for path in self._marks}
        changed = [path for path, mark in now.items() if mark != self._marks[path]]
        self._marks = now
        self._watch_again()
        if changed:
            self._session.notice.emit(self._told(changed, gone=[path for path in changed if now[path] is None]))

    def _told(self, changed: list[str], gone: list[str]) -> Notice:
        files, name = self._session.data_files, Path((gone or changed)[0]).name
        kept = f"It was read at {self._read_at}: what is trained and evaluated is as it was then."
        if gone:
            text = f"It was moved, renamed or deleted. {kept}"
            find = ("Find it…", lambda: files.find_asked.emit(gone[0]))
            return Notice("warning", f"{name} is gone", text, actions=(find,), key=CHANGED)
        again = ("Read again", files.read_again)
        return Notice("warning", f"{name} has changed on the disk", kept, actions=(again,), key=CHANGED)


def _mark(path: str) -> Mark:
    """Size and time of the last change; None where there is no such file."""
    with contextlib.suppress(OSError):
        stat = Path(path).stat()
        return stat.st_size, stat.st_mtime_ns
    return None
