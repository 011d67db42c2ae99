"""Shortcuts and what this program is, in small windows that do not block the work."""

from __future__ import annotations

import platform

from PySide6 import __version__ as qt_version
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.actions import shortcut_table
from app.errors import log_path
from app.titlebar import mark
from app.widgets import button, label, set_role
from core import __version__


class _Card(QDialog):
    """A window of its own that Escape closes; there is at most one of each kind."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(24, 20, 24, 16)
        self.column.setSpacing(12)

    def finish(self) -> None:
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button("Close", on_click=self.close))
        self.column.addLayout(row)
        self.layout().setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)  # type: ignore[union-attr]


def shortcuts(parent: QWidget) -> QDialog:
    made = _Card("Keyboard shortcuts", parent)
    made.column.addWidget(label("Keyboard shortcuts", "title"))
    columns = QHBoxLayout()
    columns.setSpacing(40)
    groups = shortcut_table()
    halves = (groups[:2], groups[2:3], groups[3:])
    for half in halves:
        side = QVBoxLayout()
        side.setSpacing(14)
        for title, rows in half:
            side.addLayout(_group(title, rows))
        side.addStretch(1)
        columns.addLayout(side)
    made.column.addLayout(columns)
    note = "Tab moves between controls, arrow keys within lists and on the canvas, Escape closes what is open."
    made.column.addWidget(label(note, "muted"))
    made.finish()
    return made


def _group(title: str, rows: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(28)
    grid.setVerticalSpacing(6)
    grid.addWidget(label(title, "section"), 0, 0, 1, 2)
    for at, (text, keys) in enumerate(rows, start=1):
        grid.addWidget(label(text, "small"), at, 0)
        key = label(keys, "mono_small")
        grid.addWidget(key, at, 1, Qt.AlignmentFlag.AlignRight)
    return grid


def about(parent: QWidget, backend: str) -> QDialog:
    made = _Card("About Chainrule", parent)
    row = QHBoxLayout()
    row.setSpacing(14)
    sign = label()
    sign.setPixmap(mark(48))
    row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.setSpacing(2)
    words.addWidget(label(f"Chainrule {__version__}", "title"))
    words.addWidget(label("See backpropagation happen, and train real networks with it.", "muted"))
    row.addLayout(words, 1)
    made.column.addLayout(row)
    facts = f"{backend}\nPython {platform.python_version()} · Qt {qt_version} · {platform.platform(terse=True)}"
    made.column.addWidget(set_role(label(facts, selectable=True), "mono_small"))
    licence = "Free software under the MIT licence. It uses Qt (LGPL) and the typefaces Inter and JetBrains Mono"
    made.column.addWidget(label(f"{licence} under the Open Font Licence.", "muted", wrap=True))
    made.finish()
    return made


def show_log() -> None:
    """Open the log in whatever reads text here; its folder where there is no log yet."""
    path = log_path()
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.exists() else path.parent)))
