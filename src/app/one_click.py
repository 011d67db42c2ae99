"""From a sample to a running training in one click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.notice import Notice
from core.spec import DataSource

if TYPE_CHECKING:
    from app.session import Session


class OneClick(QObject):
    """Takes a source and trains as soon as its data, a network and the engine stand ready. `changed`: `pending` is."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._source: DataSource | None = None
        session.running_network_changed.connect(self._try)
        session.engine.state_changed.connect(self._try)
        session.notice.connect(self._on_notice)

    @property
    def source(self) -> DataSource | None:
        """What is being made ready."""
        return self._source

    @property
    def pending(self) -> bool:
        return self._source is not None

    def start(self, source: DataSource) -> None:
        self._wait_for(source)
        self._session.use_source(source)

    def _wait_for(self, source: DataSource | None) -> None:
        self._source = source
        self.changed.emit()

    def _try(self, _what: object = None) -> None:
        data, source = self._session.document.project.data, self._source
        if source is None or data is None:
            return
        if (data.source.kind, data.source.name) != (source.kind, source.name):
            self._wait_for(None)  # the person chose something else meanwhile
        elif self._session.document.prepared is not None and self._session.can_train:
            self._source = None  # before training, whose signals come back here
            self._session.train()
            self.changed.emit()

    def _on_notice(self, notice: Notice) -> None:
        if notice.severity == "error" and self.pending:
            self._wait_for(None)
