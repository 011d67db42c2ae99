"""The learning-rate range test as a person sees it: one press, the loss over the rate, and the rate to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app import theme
from app.plots.series import Points
from app.widgets import button, explain, label, set_role
from core.training.snapshot import RangeTest

if TYPE_CHECKING:
    from app.plots.chart import Chart, Drawn
    from app.session import Session

WIDTH, CHART_HEIGHT, MARGIN = 400, 208, 12
BUSY = "a run goes on. Pause or stop it first."
TIP = (
    "Find a rate… (range test, Smith 2017). A fresh copy of the network is trained for a moment while the learning rate"
    " grows from tiny to large. A good rate lies where the loss falls fastest, well before it shoots up."
)
WHAT = (
    "A fresh copy of the network is trained for a moment while the rate grows. A good one lies where the loss falls"
    " fastest, well before it shoots up."
)
USE_TIP = "Make it the learning rate of the settings. One undo takes it back."
CANCEL_TIP = "End the test. It changes nothing, and closing this card lets it go on."
AGAIN_TIP = "Test once more, with the present network, data and settings."
HEADROOM = 0.6  # of the fall of the loss: how much of its rise beyond the first value is in view


class RateFinder(QFrame):
    """Opens below a button, tests at once, and keeps a result that came while it was closed."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.NoDropShadowWindowHint)
        self._session = session
        self._testing = self._unseen = False
        self._result: RangeTest | None = None
        self._chart: Chart | None = None
        set_role(self, "popover")
        self.setAccessibleName("Find a learning rate")
        self.setFixedWidth(WIDTH)
        self._build()
        theme.signals.changed.connect(self._draw)

    def _build(self) -> None:
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 14, 16, 14)
        self._column.setSpacing(8)
        self._column.addWidget(label("Find a learning rate", "title"))
        self._column.addWidget(label(WHAT, "muted", wrap=True))
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Testing learning rates")
        self._column.addWidget(self.bar)
        self.message = label("", "small", wrap=True)
        self._column.addWidget(self.message)
        self.use = button("Use it", role="primary", tip=USE_TIP, on_click=self._use)
        self.again = button("Test again", tip=AGAIN_TIP, on_click=self._ask)
        self.cancel = button("Cancel", tip=CANCEL_TIP, on_click=self._session.cancel_learning_rate)
        row = QHBoxLayout()
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.use)
        row.addWidget(self.again)
        row.addWidget(self.cancel)
        row.addStretch(1)
        self._column.addLayout(row)

    # --- asking

    def why_not(self) -> str:
        """Why no test can be made now; "" where one can."""
        return BUSY if self._session.engine.state == "running" else self._session.why_not

    def explain(self, opener: QWidget) -> None:
        why_not = self.why_not()
        explain(opener, enabled=not why_not, tip=TIP, why_not=why_not)

    def open_below(self, opener: QWidget) -> None:
        if not self._testing and not self._unseen:
            self._ask()
        self._unseen = False
        self._show()
        window = opener.window()
        below = opener.mapTo(window, QPoint(0, opener.height() + 10))
        left = max(MARGIN, min(below.x(), window.width() - WIDTH - MARGIN))
        self.move(window.mapToGlobal(QPoint(left, below.y())))
        self.show()

    def _ask(self) -> None:
        self._testing, self._result = True, None
        self._show()
        self._session.find_learning_rate(self._take)

    def _take(self, result: RangeTest) -> None:
        self._testing, self._result = False, result
        self._unseen = not self.isVisible()
        self._show()

    def _use(self) -> None:
        assert self._result is not None
        self._session.document.edit_training("Set learning rate", learning_rate=self._result.suggestion)
        self.close()

    # --- showing

    def _show(self) -> None:
        result = self._result
        self.bar.setVisible(self._testing)
        self.message.setText("Testing…" if result is None else result.message)
        rate = None if result is None else result.suggestion
        self.use.setVisible(rate is not None)
        if rate is not None:
            self.use.setText(f"Use {theme.number(rate)}")
            self.use.setAccessibleName(self.use.text())
        self.again.setVisible(not self._testing)
        self.cancel.setVisible(self._testing)
        self._draw()
        self._column.activate()
        self.setFixedHeight(self._column.totalHeightForWidth(WIDTH))

    def _draw(self, _theme: object = None) -> None:
        result = self._result
        drawable = result is not None and int(np.isfinite(result.losses).sum()) > 1
        if self._chart is None and drawable:
            self._chart = self._new_chart()
        if self._chart is not None:
            self._chart.setVisible(drawable)
        if result is not None and self._chart is not None and drawable:
            marks = () if result.suggestion is None else (float(np.log10(result.suggestion)),)
            self._chart.draw(_lines(result), names_at_ends=False, marks=marks)
            self._chart.set_view(*view_of(result))

    def _new_chart(self) -> Chart:
        from app.plots.chart import Chart  # takes pyqtgraph along, which a cold start does without

        made = Chart(ground="raised")
        made.log_x = True
        made.set_x_name("rate")
        made.setFixedHeight(CHART_HEIGHT)
        made.setAccessibleName("Loss over learning rate")
        made.asked_to_follow.connect(self._draw)
        self._column.insertWidget(2, made)
        return made


def _lines(result: RangeTest) -> list[Drawn]:
    """The curve, and on it the rate to take."""
    from app.plots.chart import Drawn

    tokens = theme.current()
    lines = [Drawn("loss", tokens.accent, *_points(result.rates, result.losses), None)]
    if result.suggestion is not None:
        there = np.array([result.suggestion])
        loss = np.interp(np.log10(there), np.log10(result.rates), result.losses)
        lines.append(Drawn("suggestion", tokens.negative, *_points(there, loss), None))
    return lines


def _points(rates: np.ndarray, losses: np.ndarray) -> tuple[Points, np.ndarray]:
    there = np.isfinite(losses)
    values = losses[there].astype(float)
    return Points(np.log10(rates[there]), values, values, values), values


def view_of(result: RangeTest) -> tuple[tuple[float, float], tuple[float, float]]:
    """All rates; all the fall of the loss and of its rise only the beginning, which would else flatten the rest."""
    losses = result.losses[np.isfinite(result.losses)].astype(float)
    first, low, high = (float(v) for v in (losses[0], losses.min(), losses.max()))
    top = min(high, first + HEADROOM * (first - low)) if low < first else high
    air = max(0.06 * (top - low), 1e-9 + 0.02 * abs(top))
    x = np.log10(result.rates)
    return (float(x[0]), float(x[-1])), (low - air, top + air)
