"""One file that was opened lately: its name, where it lies and when; grey where it is gone, with a way to find it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.files import SUFFIX
from app.recent import Recent
from app.widgets import ElidedLabel, button, label

NAME_LETTERS = 36


class RecentRow(QWidget):
    """`asked`: the person wants to open it, or to find it."""

    asked = Signal(object)

    def __init__(self, recent: Recent, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recent = recent
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        name = recent.name
        short = name if len(name) <= NAME_LETTERS else f"{name[: NAME_LETTERS - 12]}…{name[-11:]}"
        icon, gone = "network" if recent.path.endswith(SUFFIX) else "table", bool(recent.missing)
        self.open = button(short.replace("&", "&&"), icon=icon, role="ghost", tip=recent.path, on_click=self._ask)
        self.open.setAccessibleName(f"Open {name}")
        self.open.setEnabled(not gone)
        row.addWidget(self.open)
        row.addWidget(ElidedLabel(recent.place, role="muted", mode=Qt.TextElideMode.ElideMiddle), 1)
        if gone:
            tip = f"{recent.missing} is not there. It may have been moved, renamed or deleted."
            self.open.setToolTip(tip)
            self.look = button("Find it…", role="link", tip=tip, on_click=self._ask)
            self.look.setAccessibleName(f"Find {name}")
            row.addWidget(self.look)
        else:
            row.addWidget(label(recent.moment(), "muted"))

    def _ask(self) -> None:
        self.asked.emit(self._recent)
