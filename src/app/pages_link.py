"""The window's end of the pages process, which serves the rows that are looked at. It starts with the first request."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from core.engine.pages import Ask, Block, Counted, Unreadable, Working, pages_main
from core.engine.process import ChildProcess

POLL_MILLISECONDS = 8


class PagesLink(QObject):
    """counted: a `Counted`. block: a `Block`. working: a `Working`. failed: an `Unreadable`; each with the stamp of the
    request that it answers. Of all requests only the newest counts.
    """

    counted = Signal(object)
    block = Signal(object)
    working = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._child: ChildProcess | None = None
        self._asked: Ask | None = None
        self._open = False  # whether the source of the last request stands open
        self._waiting: set[tuple[int, int]] = set()
        self._timer = QTimer(self, interval=POLL_MILLISECONDS)
        self._timer.timeout.connect(self._poll)

    def ask(self, wanted: Ask) -> None:
        """Ask for blocks in place of all that was asked for before."""
        last = self._asked
        if last is not None and (last.source, last.digest) != (wanted.source, wanted.digest):
            if not self._open:
                self._end()  # opening cannot be interrupted
            self._open = False
        self._asked, self._waiting = wanted, set(wanted.blocks)
        if self._child is not None and not self._child.alive:
            self._end()
        if self._child is None:
            self._child = ChildProcess(pages_main, name="chainrule-pages")
        self._child.send(wanted)
        self._timer.start()

    def shutdown(self) -> None:
        self._timer.stop()
        self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _poll(self) -> None:
        child, asked = self._child, self._asked
        if child is None or asked is None:
            self._timer.stop()
            return
        for message in child.receive():
            if message.stamp == asked.stamp:
                self._tell(message)
        if self._child is child and not child.alive:
            death = child.death()
            self._end()
            self._timer.stop()
            self.failed.emit(Unreadable(asked.stamp, None, death))

    def _tell(self, message: object) -> None:
        if isinstance(message, Block):
            self._waiting.discard(message.place)
            self.block.emit(message)
        elif isinstance(message, Counted):
            self._open = True
            self.counted.emit(message)
        elif isinstance(message, Working):
            self.working.emit(message)
        elif isinstance(message, Unreadable):
            self._waiting.clear()
            self.failed.emit(message)
        if (self._open and not self._waiting) or isinstance(message, Unreadable):
            self._timer.stop()
