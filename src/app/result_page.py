"""What the pages about a trained network share: they follow the document, and say what is missing without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPushButton, QStackedLayout, QWidget

from app.style import set_role
from app.widgets import EmptyState, button, explain

if TYPE_CHECKING:
    from app.document import Trained
    from app.session import Session

Words = tuple[str, str]  # a title and a sentence


class ResultPage(QWidget):
    """Subclasses call `_listen` with signals and `_build_absence` for the page shown without a network, and refresh.

    `_stack` holds two pages: without a trained network, and with one. While hidden, nothing is refreshed.
    """

    train_tip = "Starts training."

    def __init__(self, session: Session, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        set_role(self, "page")
        self.setAccessibleName(name)
        self._stack = QStackedLayout(self)
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.refresh)

    def refresh(self) -> None:
        """Bring the page up to date."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _listen(self, *more: object) -> None:
        """Refresh, once for many signals at a time, when the network, its data or the engine changed, or at `more`."""
        session, document = self._session, self._session.document
        for signal in (
            document.weights_changed, document.data_changed, session.running_network_changed,
            session.engine.state_changed, *more,
        ):  # fmt: skip
            signal.connect(lambda *_: self._timer.start())  # type: ignore[attr-defined]

    def _build_absence(self, icon: str, *more: QPushButton) -> EmptyState:
        self._train = button("Train", icon="play", role="primary", on_click=self._session.train)
        self._data = button("Choose data", icon="data", on_click=lambda: self._session.stage_requested.emit("Data"))
        self._words = EmptyState(icon, "", "", self._train, self._data, *more)
        return self._words

    def _show_absence(self, *, training: Words, untrained: Words, nothing: Words) -> None:
        """Say why there is nothing to show, with the button for the next step."""
        session = self._session
        data = session.document.project.data is not None
        going_on = session.engine.state in ("running", "paused")
        self._words.set_text(*(training if going_on else untrained if data else nothing))
        self._data.setVisible(not data)
        self._train.setVisible(data and not going_on)
        explain(self._train, enabled=session.can_train, tip=self.train_tip, why_not=session.why_not)

    def _why_older(self, trained: Trained, *, data: str, design: str) -> str:
        """Whether the data or the design moved on since the training, in words; `data`, `design`: what follows."""
        document = self._session.document
        prepared = document.prepared
        if prepared is not None and prepared.fingerprint != trained.prepared.fingerprint:
            return f"The data have changed since these weights were trained. {data}"
        if trained.network != document.project.network:
            return f"The design has changed since these weights were trained. {design}"
        return ""
