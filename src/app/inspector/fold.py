"""A heading that opens and closes what stands below it, with a word about what is inside."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

from app import theme
from app.style import set_role
from app.widgets import repaint_on_theme, wrapped

HEIGHT = 22


class Fold(QPushButton):
    """Checked: open. Its owner shows and hides the part."""

    def __init__(self, text: str, tip: str) -> None:
        super().__init__(text)
        self._note = ""
        set_role(self, "ghost")
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(wrapped(tip))
        repaint_on_theme(self)

    def set_note(self, note: str) -> None:
        self._note = note
        self.setAccessibleDescription(note)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus() or self.underMouse():
            painter.setPen(tokens.accent if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.mix(tokens.panel, tokens.text, 0.05))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 5, 5)
        theme.icon("chevron-down" if self.isChecked() else "chevron-right", "muted", 12).paint(
            painter, 0, 0, 12, self.height()
        )
        box = self.rect().adjusted(16, 0, -4, 0)
        painter.setPen(tokens.muted)
        painter.setFont(theme.font("small"))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        painter.setFont(theme.font("mono_small"))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._note)
