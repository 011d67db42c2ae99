"""A score in large figures, with the simplest guess beside it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from app import theme
from app.evaluation.wording import Score
from app.style import set_role
from app.widgets import wrapped

PAD = 14
HEIGHT = 98


class ScoreTile(QFrame):
    def __init__(self, score: Score, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.score = score
        set_role(self, "card")
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(wrapped(score.help))
        self.setAccessibleName(f"{score.name}: {score.value}, {score.note}")
        self.setAccessibleDescription(score.help)
        theme.signals.changed.connect(self.update)

    def minimumSizeHint(self) -> QSize:
        return QSize(150, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        colours, score = theme.current(), self.score
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner = QRectF(self.rect()).adjusted(PAD, 10, -PAD, -10)
        _line(painter, QRectF(inner.left(), inner.top(), inner.width(), 16), score.name, "small", colours.muted)
        painter.setFont(_large(score.value, inner.width()))
        painter.setPen(colours.text)
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(inner.left(), inner.top() + 17, inner.width(), 32), middle, score.value)
        _line(painter, QRectF(inner.left(), inner.bottom() - 16, inner.width(), 16), score.note, "small", colours.muted)
        if score.share is not None:
            self._paint_bar(painter, QRectF(inner.left(), inner.top() + 52, inner.width(), 4))
        if self.hasFocus():
            painter.setPen(colours.accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)

    def _paint_bar(self, painter: QPainter, box: QRectF) -> None:
        colours, score = theme.current(), self.score
        assert score.share is not None
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.line)
        painter.drawRoundedRect(box, 2, 2)
        painter.setBrush(colours.accent)
        painter.drawRoundedRect(QRectF(box.left(), box.top(), box.width() * score.share, box.height()), 2, 2)
        if score.baseline:
            at = box.left() + box.width() * score.baseline
            painter.setBrush(colours.raised)
            painter.drawRect(QRectF(at - 2, box.top() - 2, 4, box.height() + 4))
            painter.setBrush(colours.text)
            painter.drawRect(QRectF(at - 0.75, box.top() - 3, 1.5, box.height() + 6))


def _large(text: str, width: float) -> QFont:
    font = theme.font("mono_large")
    for pixels in (26, 22, 18, 15):
        font.setPixelSize(pixels)
        if QFontMetricsF(font).horizontalAdvance(text) <= width:
            break
    return font


def _line(painter: QPainter, box: QRectF, text: str, font: str, colour: QColor) -> None:
    painter.setFont(theme.font(font))
    painter.setPen(colour)
    cut = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, cut)
