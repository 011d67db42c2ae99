"""Words in a plot's head that can be pressed: its title, which opens a list, and its small switches."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QMenu, QSizePolicy, QWidget

from app import theme

CHEVRON = 14


class WordButton(QAbstractButton):
    """A word without a frame; with a menu it carries a chevron. token: the colour of the word."""

    def __init__(
        self, text: str, *, font: str, token: str = "text", menu: QMenu | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._font, self._token, self._menu = font, token, menu
        self.setText(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if menu is not None:
            self.clicked.connect(lambda: menu.popup(self.mapToGlobal(QPoint(0, self.height() + 2))))

    def set_text(self, text: str) -> None:
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(text)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        width = QFontMetrics(theme.font(self._font)).horizontalAdvance(self.text())
        return QSize(width + 8 + (CHEVRON if self._menu else 0), 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), 44), 22)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = theme.current()
        box = QRectF(self.rect())
        if self.underMouse() or self.hasFocus():
            painter.setPen(tokens.accent if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(tokens.bg)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.setFont(theme.font(self._font))
        painter.setPen(theme.colour(self._token))
        room = box.adjusted(4, 0, -4 - (CHEVRON if self._menu else 0), 0)
        text = QFontMetrics(painter.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, int(room.width()) + 1)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        if self._menu is not None:
            end = min(room.right(), room.left() + QFontMetrics(painter.font()).horizontalAdvance(text))
            painter.drawPixmap(QPoint(round(end) + 3, 6), theme.pixmap("chevron-down", tokens.faint, 11))
