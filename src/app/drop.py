"""The whole window as a place to drop files on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets import label, set_role

INSET = 12


def dropped_paths(event: QDropEvent) -> list[str]:
    """Local files that a drag carries; drags inside the program carry none."""
    data = event.mimeData()
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []


class DropOverlay(QWidget):
    """Covers `window` while files are dragged over it and says what `hint` knows of them. `dropped`: their paths."""

    dropped = Signal(list)

    def __init__(self, window: QWidget, hint: Callable[[list[str]], str]) -> None:
        super().__init__(window)
        self._window, self._hint = window, hint
        self._watched: QObject | None = None
        self.setAcceptDrops(True)
        set_role(self, "veil")
        column = QVBoxLayout(self)
        column.setContentsMargins(INSET, INSET, INSET, INSET)
        frame = set_role(QFrame(), "drop")
        inner = QVBoxLayout(frame)
        inner.setSpacing(10)
        inner.addStretch(1)
        sign, self._title = QLabel(), label("Drop to open", "heading")
        theme.set_icon(sign, "drop", "accent", 44)
        self._text = label("", "muted")
        for part in (sign, self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            inner.addWidget(part)
        inner.addStretch(1)
        column.addWidget(frame)
        self.hide()

    def watch(self) -> None:
        """Look out for drags that enter the window anywhere, over whatever child. Call once it is shown."""
        handle = self._window.windowHandle()
        if handle is not None and handle is not self._watched:
            self._watched = handle
            handle.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            paths = dropped_paths(event)
            if paths:
                self._cover(paths)
        return False

    def _cover(self, paths: list[str]) -> None:
        name = paths[0].replace("\\", "/").rsplit("/", 1)[-1]
        self._title.setText(f"Drop {name}" if len(paths) == 1 else f"Drop {len(paths)} files")
        self._text.setText(self._hint(paths))
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = dropped_paths(event)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.hide()
        if paths:
            self.dropped.emit(paths)
