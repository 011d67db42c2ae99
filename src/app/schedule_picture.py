"""A small picture of the learning rate over a run: as planned, and as it was so far while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.training_words import steps_per_epoch
from app.widgets import wrapped
from core.spec import TrainingConfig
from core.training.snapshot import Curve, Snapshot

if TYPE_CHECKING:
    from app.session import Session

HEIGHT = 92
POINTS = 240
NOTHING = 5e-4  # of the highest rate: what a warm-up begins with and a cosine ends at
STEPS_UNKNOWN = 50  # an epoch, before there are data
TIP = (
    "The learning rate over the run, from the first step to the last, as the schedule bends it. While a run goes on the"
    " dot is now, and the strong line is what it was so far."
)


@dataclass(frozen=True)
class Plan:
    """The rate along a run. at: shares of the run, 0 to 1; rates: the learning rate there."""

    at: np.ndarray
    rates: np.ndarray

    @classmethod
    def of(cls, config: TrainingConfig, steps_per_epoch: int) -> Plan:
        total = config.epochs * max(1, steps_per_epoch)
        at = np.linspace(0.0, 1.0, POINTS)
        last = total - 1  # the step after which there is none
        rate = config.schedule.rate
        return cls(at, np.array([rate(share * last, total, config.learning_rate) for share in at]))

    def text(self, config: TrainingConfig) -> str:
        """What the picture shows, in words."""
        first, highest, last = float(self.rates[0]), float(self.rates.max()), float(self.rates[-1])
        if self.rates.min() == highest:
            lower = config.schedule.reduced(1)
            each = f", times {theme.number(lower)} at each stall" if lower != 1.0 else " throughout"
            return f"{theme.number(highest)}{each}"
        turns = [first, *((highest,) if highest > max(first, last) else ()), last]
        return " → ".join("0" if turn < NOTHING * highest else theme.number(float(f"{turn:.2g}")) for turn in turns)


class SchedulePicture(QWidget):
    """Follows the settings and, while it can be seen, the run."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(wrapped(TIP))
        self.setAccessibleName("Learning rate over the run")
        document, engine = session.document, session.engine
        for signal in (document.training_changed, document.prepared_changed):
            signal.connect(self._plan)
        for signal in (engine.snapshot_changed, engine.state_changed, theme.signals.changed):
            signal.connect(self._repaint)
        self._plan()

    @property
    def _config(self) -> TrainingConfig:
        return self._session.document.project.training

    def _plan(self) -> None:
        self.plan = Plan.of(self._config, self._steps_per_epoch())
        self.setAccessibleDescription(self.text())
        self.update()

    def text(self) -> str:
        return self.plan.text(self._config)

    def _steps_per_epoch(self) -> int:
        prepared = self._session.document.prepared
        rows = prepared.rows.get("train", 0) if prepared is not None else 0
        return steps_per_epoch(self._config, rows) or STEPS_UNKNOWN

    def _repaint(self, _what: object = None) -> None:
        if self.isVisible():
            self.update()

    # --- the run

    def run_so_far(self) -> tuple[np.ndarray, np.ndarray]:
        """Shares of the run and the rates there, up to now; empty without a run that goes on."""
        shot = self._session.engine.snapshot
        curve = shot.history.curves.get("learning_rate") if shot is not None else None
        goes_on = self._session.engine.state in ("running", "paused")
        if shot is None or curve is None or not len(curve.step) or not goes_on:
            return np.zeros(0), np.zeros(0)
        return _along(curve, shot)

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = theme.current()
        area = QRectF(self.rect()).adjusted(0.5, 8, -4.5, -20)
        past_x, past_y = self.run_so_far()
        top = max(float(self.plan.rates.max()), float(past_y.max()) if len(past_y) else 0.0) or 1.0
        painter.setPen(QPen(tokens.line, 1))
        for y in (area.top(), area.bottom()):
            painter.drawLine(QPointF(area.left(), round(y) + 0.5), QPointF(area.right(), round(y) + 0.5))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        planned = _polygon(area, self.plan.at, self.plan.rates / top)
        painter.setPen(QPen(_pale(tokens.accent) if len(past_x) else tokens.accent, 1.6))
        painter.drawPolyline(planned)
        if len(past_x):
            past = _polygon(area, past_x, past_y / top)
            painter.setPen(QPen(tokens.accent, 1.6))
            painter.drawPolyline(past)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.accent)
            painter.drawEllipse(past.last(), 3.0, 3.0)
        self._write(painter, area)

    def _write(self, painter: QPainter, area: QRectF) -> None:
        """First and last epoch below the axis, and between them what the rate does."""
        painter.setFont(theme.font("mono_small"))
        painter.setPen(theme.current().faint)
        line = QRectF(area.left(), area.bottom() + 3, area.width(), 16)
        last = f"{self._config.epochs:,} epochs"
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, last)
        room = line.adjusted(0, 0, -QFontMetricsF(painter.font()).horizontalAdvance(last) - 8, 0)
        painter.setPen(theme.current().muted)
        text = QFontMetricsF(painter.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, text)


def _along(curve: Curve, shot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    """The curve over shares of the run, by which now is where the epochs say: a batch size may have been changed."""
    part = shot.epoch_steps_left / max(1, shot.steps_per_epoch)
    now = min(1.0, (shot.epoch + (1.0 - part if part else 0.0)) / max(1, shot.epochs))
    every = max(1, len(curve.step) // POINTS)
    step, rate = curve.step[::every].astype(float), curve.mean[::every].astype(float)
    step = np.append(step, float(max(shot.step, curve.step[-1])))
    return step / step[-1] * now, np.append(rate, float(curve.mean[-1]))


def _polygon(area: QRectF, x: np.ndarray, y: np.ndarray) -> QPolygonF:
    xs = (area.left() + x * area.width()).tolist()
    ys = (area.bottom() - y * area.height()).tolist()
    return QPolygonF([QPointF(*point) for point in zip(xs, ys, strict=True)])


def _pale(colour: QColor) -> QColor:
    made = QColor(colour)
    made.setAlphaF(0.4)
    return made
