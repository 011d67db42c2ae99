"""One sentence over a page that needs saying, with one click that mends it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app import theme
from app.style import set_role
from app.widgets import button, label

ICONS = {"warning": ("warning", "warn"), "info": ("info", "accent"), "error": ("error", "bad")}


class Banner(QFrame):
    def __init__(
        self, severity: str, action: str = "", do: Callable[[], object] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        set_role(self, "banner", severity)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        icon = QLabel()
        icon.setAccessibleName(severity)
        theme.set_icon(icon, *ICONS[severity])
        self._text = label("", "small", wrap=True)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        if do is not None:
            row.addWidget(button(action, role="link", on_click=do), 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def text(self) -> str:
        return self._text.text()

    def show_text(self, text: str) -> None:
        """Nothing to say hides it."""
        self._text.setText(text)
        self.setVisible(bool(text))
