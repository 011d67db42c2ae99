"""One plot of the bottom row: its title and legend, its chart, what hovering reads, what its menu does."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.plots import kinds
from app.plots.chart import Chart, Drawn
from app.plots.figure import Figure, Look, Run, figure, x_of_step
from app.plots.header import WordButton
from app.plots.kinds import Kind
from app.plots.legend import Legend
from app.plots.palette import colour
from app.plots.readout import Readout, Row
from app.widgets import icon_button, label, wrapped

MARK_REACH = 5  # pixels within which the cursor reads a mark


class Plot(QWidget):
    """kind_chosen: another plot for this place. hovered: x under the cursor, or None. asked: an entry of the menu."""

    kind_chosen = Signal(str)
    hovered = Signal(object)
    asked = Signal(str)
    dirtied = Signal()

    def __init__(self, key: str, look: Look, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key, self._look = key, look
        self.run = Run()
        self.kind: Kind = kinds.kind(key)
        self.log = self.kind.log
        self.following = True
        self.hidden: frozenset[str] = frozenset()
        self.shown = Figure((), (0.0, 1.0), (0.0, 1.0), ())
        self.dirty = True
        self._cursor: float | None = None
        self._ring = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._build(menu)
        self._name()

    # --- widgets

    def _build(self, menu: QMenu) -> None:
        self.title = WordButton("", font="body_medium", menu=self._chooser())
        self.legend = Legend()
        self.legend.toggled.connect(self.toggle)
        self.follow = WordButton("follow", font="small", token="accent")
        self.follow.setToolTip("Show the newest steps again. A double click on the plot does the same.")
        self.follow.clicked.connect(self.resume_following)
        self.scale = WordButton("log", font="small", token="muted")
        self.scale.clicked.connect(self._switch_scale)
        self.more = icon_button("more", "What this plot can do: smoothing, axes, saving.", size=14)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(menu)
        self._head = QHBoxLayout()
        self._head.setContentsMargins(8, 6, 6, 0)
        self._head.setSpacing(2)
        self._head.addWidget(self.title)
        self._head.addSpacing(6)
        self._head.addStretch(1)
        for widget in (self.follow, self.scale, self.more):
            self._head.addWidget(widget)
        self._second = QHBoxLayout()
        self._second.setContentsMargins(12, 0, 6, 0)
        self._head.insertWidget(2, self.legend, 1000)
        self.chart = Chart()
        self.chart.moved_by_hand.connect(self._moved_by_hand)
        self.chart.asked_to_follow.connect(self.resume_following)
        self.chart.resized.connect(self._resized)
        self.chart.viewport().installEventFilter(self)
        self.readout = Readout(self.chart)
        self.empty = label("", "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setContentsMargins(24, 8, 24, 24)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._head)
        column.addLayout(self._second)
        column.addWidget(self.chart, 1)
        column.addWidget(self.empty, 1)

    def _chooser(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(partial(self._fill_chooser, menu))
        return menu

    def _fill_chooser(self, menu: QMenu) -> None:
        menu.clear()
        for key in kinds.KEYS:
            kind = kinds.kind(key, metric=self.run.metric)
            action = menu.addAction(kind.title, partial(self.kind_chosen.emit, key))
            action.setToolTip(wrapped(kind.help))
            action.setCheckable(True)
            action.setChecked(key == self.key)

    def _name(self) -> None:
        self.title.set_text(self.kind.title)
        self.title.setToolTip(wrapped(f"{self.kind.help}\n\nClick to show another plot here."))
        self.empty.setText(self.kind.empty)
        self.scale.set_text("log" if self.log else "lin")
        other = "linear" if self.log else "logarithmic"
        self.scale.setToolTip(f"Switch the vertical axis to {other}.")
        self.setAccessibleName(f"Plot: {self.kind.title}")

    def _place_legend(self) -> None:
        """Beside the title, or below it where even short names do not fit there."""
        taken = sum(
            w.sizeHint().width() + 4 for w in (self.title, self.follow, self.scale, self.more) if not w.isHidden()
        )
        below = self.legend.short_width() > self.width() - taken - 20
        if below != (self._second.count() > 0):
            (self._head if below else self._second).removeWidget(self.legend)
            if below:
                self._second.addWidget(self.legend)
            else:
                self._head.insertWidget(2, self.legend, 1000)

    # --- what the person chooses

    def set_kind(self, key: str) -> None:
        self.key, self.hidden = key, frozenset()
        self.kind = kinds.kind(key, metric=self.run.metric)
        self.log = self.kind.log
        self.following = True
        self._name()
        self._dirty()

    def set_log(self, log: bool) -> None:
        self.log = log
        self.following = True
        self._name()
        self._dirty()

    def _switch_scale(self) -> None:
        self.set_log(not self.log)

    def toggle(self, curve: str) -> None:
        self.hidden = self.hidden ^ {curve}
        self._dirty()

    def resume_following(self) -> None:
        self.following = True
        self._dirty()

    def _moved_by_hand(self) -> None:
        self.following = False
        self._dirty()

    def _resized(self) -> None:
        self.readout.setGeometry(self.chart.rect())
        self._dirty()

    def _dirty(self) -> None:
        self.dirty = True
        self.dirtied.emit()

    # --- drawing

    def set_run(self, run: Run) -> None:
        """What to draw at the next `redraw`."""
        self.run = run
        kind = kinds.kind(self.key, metric=run.metric)
        if kind is not self.kind:
            self.kind = kind
            self._name()
        self._dirty()

    def redraw(self) -> None:
        self.dirty = False
        every = self.kind.lines(self.run.history, self.run.network)
        self.legend.show_lines(() if self.kind.names_at_ends else every, self.hidden)
        self.legend.setVisible(bool(every) and not self.kind.names_at_ends)
        self.follow.setVisible(bool(every) and not self.following)
        self._place_legend()
        self.chart.setVisible(bool(every))
        self.empty.setVisible(not every)
        if not every:
            self.readout.hide()
            return
        x, y = (None, None) if self.following else self.chart.ranges
        self.shown = figure(
            self.kind, self.run, self._look, log=self.log, pixels=self.chart.plot_width, hidden=self.hidden, x=x, y=y
        )  # fmt: skip
        self.chart.log, self.chart.percent = self.log, self.kind.written is kinds.percent and not self.log
        self.chart.set_band(self._band())
        self.chart.set_x_name("epoch" if self._look.in_epochs and self.run.scale.bends else "step")
        drawn = [Drawn(s.line.name, colour(s.line.colour), s.points, s.smooth, s.band) for s in self.shown.lines]
        self.chart.draw(drawn, names_at_ends=self.kind.names_at_ends, marks=self.shown.marks)
        if self.following:
            self.chart.set_view(self.shown.x, self.shown.y)
        if self._cursor is not None:
            self.read(self._cursor, card=True)

    def _band(self) -> tuple[float, float] | None:
        band = self.kind.band
        return (math.log10(band[0]), math.log10(band[1])) if band and self.log else band

    # --- reading

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            area = self.chart.content.area
            at = event.position()
            over = area.left() <= at.x() <= area.right() and at.y() <= area.bottom()
            pressed = event.buttons() != Qt.MouseButton.NoButton
            self.hover(self._x_at(at.x()) if over and not pressed else None)
        elif event.type() == QEvent.Type.Leave:
            self.hover(None)
        return super().eventFilter(watched, event)

    def _x_at(self, pixel: float) -> float:
        area, (x0, x1, _, _) = self.chart.content.area, self.chart.content.view
        return x0 + (pixel - area.left()) / max(1.0, area.width()) * (x1 - x0)

    def hover(self, x: float | None) -> None:
        """Read the curves at `x`, here and, through `hovered`, in the other plots."""
        self._cursor = x
        self.read(x, card=True)
        self.hovered.emit(x)

    def read(self, x: float | None, *, card: bool) -> None:
        if x is None or not self.shown.lines or not self.chart.isVisible():
            self.readout.hide()
            return
        content = self.chart.content
        rows = []
        for shown in self.shown.lines:
            value = shown.points.value_at(x)
            if math.isnan(value):
                continue
            at = QPointF(content.x_pixel(x), content.y_pixel(_at(shown.points.x, shown.smooth, x)))
            written = self.kind.written(10**value if self.log else value)
            rows.append(Row(shown.line.name, written, colour(shown.line.colour), at))
        self.readout.point(
            content.x_pixel(x), area=content.area, title=self._where(x), note=self._mark_near(x), rows=rows, card=card
        )  # fmt: skip
        self.setAccessibleDescription(self.readout.text())

    def _where(self, x: float) -> str:
        """Epoch and step at `x`."""
        step = self.run.scale.step(x) if self._look.in_epochs else x
        epoch = float(self.run.scale.epochs(np.array([step]))[0])
        return f"epoch {epoch:,.1f} · step {step:,.0f}" if self.run.scale.bends else f"step {step:,.0f}"

    def _mark_near(self, x: float) -> str:
        marks = self.run.history.marks
        places = x_of_step(self.run, self._look, np.array([m.step for m in marks], float))
        pixel = self.chart.content.x_pixel
        near = [m.text for m, at in zip(marks, places, strict=True) if abs(pixel(at) - pixel(x)) <= MARK_REACH]
        return " · ".join(near[-3:])

    # --- keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the cursor that reads values, with Shift in large steps; Escape puts it away."""
        x0, x1 = self.shown.x if self.following else self.chart.ranges[0]
        far = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.01
        at = x1 if self._cursor is None else self._cursor
        moves = {
            Qt.Key.Key_Left: at - far * (x1 - x0), Qt.Key.Key_Right: at + far * (x1 - x0),
            Qt.Key.Key_Home: x0, Qt.Key.Key_End: x1,
        }  # fmt: skip
        if event.key() in moves:
            self.hover(min(max(moves[Qt.Key(event.key())], x0), x1))
        elif event.key() == Qt.Key.Key_Escape and self._cursor is not None:
            self.hover(None)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._ring = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.hover(None)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.hasFocus() and self._ring:
            painter = QPainter(self)
            painter.setPen(theme.current().accent)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))


def _at(x: np.ndarray, y: np.ndarray, where: float) -> float:
    return float(y[int(np.abs(x - where).argmin())]) if len(x) else math.nan
