"""One answer: the class or value in large type, and a bar for every class."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.widgets import ElidedLabel, label
from app.words import percent
from core.evaluation.labels import CUT
from core.evaluation.result import Predictions

ROW, MOST = 24, 10


class ProbabilityBars(QWidget):
    """Classes in their own order, so that a bar stays in its place; of many classes the likeliest.

    Several labels: each stands by itself, those that are answered stand out, and a line marks where that begins.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._p = np.zeros(0)
        self._answered = np.zeros(0, bool)
        self._cut = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Probabilities")
        theme.signals.changed.connect(self.update)

    def show_probabilities(self, names: tuple[str, ...], p: np.ndarray, *, labels: bool = False) -> None:
        kept = np.arange(len(p)) if len(p) <= MOST else np.argsort(-p, kind="stable")[:MOST]
        self._names = tuple(" ".join(names[i].split()) for i in kept)
        self._p = p[kept]
        best = int(self._p.argmax()) if len(kept) else -1
        self._answered, self._cut = self._p >= CUT if labels else np.arange(len(kept)) == best, labels
        self.setToolTip("The probability of each label by itself; they need not add up to 100 %." if labels else "")
        said = ", ".join(f"{name} {percent(float(v))}" for name, v in zip(self._names, self._p, strict=True))
        self.setAccessibleDescription(said)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, ROW * len(self._names))

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(theme.font("small"))
        longest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        left, right = min(self.width() * 0.4, longest + 2), 52.0
        middle = Qt.AlignmentFlag.AlignVCenter
        for i, (name, value) in enumerate(zip(self._names, self._p, strict=True)):
            best, top = bool(self._answered[i]), i * ROW
            font = theme.font("small")
            font.setWeight(font.Weight.DemiBold if best else font.Weight.Normal)
            painter.setFont(font)
            painter.setPen(colours.text if best else colours.muted)
            cut = QFontMetricsF(font).elidedText(name, Qt.TextElideMode.ElideRight, left + 4)
            painter.drawText(QRectF(0, top, left + 4, ROW), middle | Qt.AlignmentFlag.AlignLeft, cut)
            painter.setFont(theme.font("mono_small"))
            number = QRectF(self.width() - right, top, right, ROW)
            painter.drawText(number, middle | Qt.AlignmentFlag.AlignRight, percent(float(value)))
            track = QRectF(left + 10, top + ROW / 2 - 3, self.width() - left - right - 16, 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.line)
            painter.drawRoundedRect(track, 3, 3)
            painter.setBrush(colours.accent if best else theme.mix(colours.accent, colours.raised, 0.45))
            painter.drawRoundedRect(QRectF(track.left(), track.top(), track.width() * float(value), 6), 3, 3)
            if self._cut:
                painter.setBrush(colours.muted)
                painter.drawRect(QRectF(track.left() + CUT * track.width() - 0.5, track.top() - 3, 1, 12))


class Answer(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self._target, self.value = ElidedLabel(role="muted"), ElidedLabel(role="heading")
        self._note = label("", "caption", wrap=True)
        self.bars = ProbabilityBars()
        for widget in (self._target, self.value, self.bars, self._note):
            column.addWidget(widget)
        self.clear("")

    def clear(self, target: str) -> None:
        self._target.set_text(" ".join(target.split()))
        self.value.set_text("…")
        self.bars.hide()
        self._note.hide()

    def show_answer(self, found: Predictions) -> None:
        """The first row of `found`."""
        answer = found.answer[0]
        self._target.set_text(" ".join(found.target.split()))
        several = found.task == "labels"
        if several and found.probabilities is not None:
            told = ", ".join(" ".join(found.classes[k].split()) for k in np.flatnonzero(found.probabilities[0] >= CUT))
            self.value.set_text(told or "none of them")
        else:
            self.value.set_text(" ".join(answer.split()) if isinstance(answer, str) else theme.number(answer))
        self.bars.setVisible(found.probabilities is not None)
        if found.probabilities is not None:
            self.bars.show_probabilities(found.classes, found.probabilities[0], labels=several)
        self._note.setText("\n".join(found.notes))
        self._note.setVisible(bool(found.notes))
