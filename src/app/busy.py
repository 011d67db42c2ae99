"""Reading takes time: what is being done, how far it is, and a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QWidget

from app.style import set_role
from app.widgets import button, label

if TYPE_CHECKING:
    from app.session import Session


class BusyStrip(QFrame):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "card")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(12)
        self._what, self._left = label("", "small"), label("", "mono_small")
        self._bar = QProgressBar()
        self._cancel = button("Cancel", tip="Stops and changes nothing.")
        self._cancel.clicked.connect(self._stop)
        for widget in (self._what, self._bar, self._left, self._cancel):
            row.addWidget(widget, 1 if widget is self._bar else 0)
        self._busy: Any = None
        self.hide()
        session.busy_changed.connect(self.show_busy)

    def show_busy(self, busy: Any) -> None:
        self._busy = busy
        self.setVisible(busy is not None)
        if busy is None:
            return
        self._what.setText(busy.label)
        self._bar.setRange(0, 0 if busy.fraction is None else 1000)
        if busy.fraction is not None:
            self._bar.setValue(round(1000 * busy.fraction))
        left = busy.seconds_left
        self._left.setText("" if left is None else f"{int(left) // 60}:{int(left) % 60:02d} left")
        self._cancel.setVisible(busy.cancel is not None)

    def _stop(self) -> None:
        if self._busy is not None and self._busy.cancel is not None:
            self._busy.cancel()
