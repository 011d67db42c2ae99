"""The window's end of the jobs process. One job at a time, the others wait; cancelling means a new process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.engine.jobs import Job, JobDone, JobFailed, JobPartial, JobProgress, jobs_main
from core.engine.process import ChildProcess
from core.errors import UserInputError

POLL_MILLISECONDS = 20
SHOW_AFTER_SECONDS = 0.3  # shorter jobs need no progress shown
SAID_AFTER_SECONDS = 0.5  # of a step, before which nobody knows how long it will take


@dataclass(frozen=True)
class Busy:
    """The job that is running. fraction and seconds_left None = unknown; `cancel` ends it and changes nothing."""

    label: str
    fraction: float | None
    seconds_left: float | None
    cancel: Callable[[], None]


def _nothing(_value: object) -> None:
    pass


@dataclass
class _Waiting:
    job: Job
    label: str
    done: Callable[[Any], None]
    failed: Callable[[JobFailed], None]
    key: str
    partial: Callable[[Any], None] = _nothing
    began: float = 0.0
    step: tuple[str, float] = ("", 0.0)  # what it does now, and how far that is
    step_began: float = 0.0

    def seconds_left(self, text: str, fraction: float) -> float | None:
        """Until the present step is done; each begins at 0 anew. None where it is too early to say."""
        now = time.monotonic()
        if text != self.step[0] or fraction < self.step[1]:
            self.step_began = now
        self.step = text, fraction
        took = now - self.step_began
        return took * (1 / fraction - 1) if fraction and took >= SAID_AFTER_SECONDS else None


class JobsLink(QObject):
    """`busy_changed` carries a `Busy`, or None when nothing long is running."""

    busy_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._child: ChildProcess | None = None
        self._queue: list[_Waiting] = []
        self._running: _Waiting | None = None
        self._next_id = 0
        self._busy: Busy | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MILLISECONDS)
        self._timer.timeout.connect(self._poll)

    def start(self) -> None:
        """Start the process before the first job needs it, and afresh where it died while nothing ran."""
        if self._child is not None and not self._child.alive:
            self._child.kill()
            self._child = None
        if self._child is None:
            self._child = ChildProcess(jobs_main, name="chainrule-jobs")

    def submit(
        self, name: str, args: tuple[Any, ...], *, label: str, done: Callable[[Any], None],
        failed: Callable[[JobFailed], None], key: str = "", partial: Callable[[Any], None] = _nothing,
    ) -> None:  # fmt: skip
        """Run a job of `core.engine.jobs.JOBS`. Of jobs with one non-empty key only the newest is answered.

        partial: is given what a job shows of its result while it goes on.
        """
        if key:
            self.forget(key)
        self._next_id += 1
        self._queue.append(_Waiting(Job(self._next_id, name, args), label, done, failed, key, partial))
        self._timer.start()
        self._advance()

    def forget(self, key: str) -> None:
        """Nobody waits any longer for jobs of that key; one that runs ends unheard."""
        self._queue = [w for w in self._queue if w.key != key]
        if self._running is not None and self._running.key == key:
            self._running.done = self._running.failed = self._running.partial = _nothing

    def waits(self, key: str) -> bool:
        """Whether a job of that key runs or is still to run."""
        return any(w.key == key for w in (*self._queue, *([self._running] if self._running else ())))

    def cancel_key(self, key: str) -> None:
        """End the running job if it has that key, and drop those that wait with it."""
        self._queue = [w for w in self._queue if w.key != key]
        if self._running is not None and self._running.key == key:
            self.cancel()

    def cancel(self) -> None:
        """End the running job; its owner hears nothing more, waiting jobs go on in a new process."""
        if self._running is not None:
            self._respawn()
            self._running = None
            self._show(None)
            self._advance()

    def shutdown(self) -> None:
        self._timer.stop()
        self._queue, self._running = [], None
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _respawn(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None
        self.start()

    def _advance(self) -> None:
        if self._running is None and self._queue:
            self.start()
            assert self._child is not None
            self._running = self._queue.pop(0)
            self._running.began = time.monotonic()
            self._child.send(self._running.job)
        if self._running is None:
            self._timer.stop()

    def _poll(self) -> None:
        child = self._child
        if child is None or self._running is None:
            return
        for message in child.receive():
            if self._running is not None and message.id == self._running.job.id:
                self._dispatch(message)
        if self._child is child and not child.alive and self._running is not None:
            self._crashed(child.death())
            return
        slow = self._running is not None and time.monotonic() - self._running.began > SHOW_AFTER_SECONDS
        if slow and self._busy is None and self._running is not None:
            self._show(Busy(self._running.label, None, None, self.cancel))

    def _crashed(self, death: str) -> None:
        what = UserInputError(
            "Reading or writing this ended the helper process.", reason=f"Cause: {death}.",
            remedy="Nothing else was affected. Try again, or use another file.",
        )  # fmt: skip
        self._respawn()
        assert self._running is not None
        self._dispatch(JobFailed(self._running.job.id, what))

    def _dispatch(self, message: Any) -> None:
        running = self._running
        assert running is not None
        if isinstance(message, JobProgress):
            took = time.monotonic() - running.began
            if took > SHOW_AFTER_SECONDS:
                left = running.seconds_left(message.text, message.fraction) if message.fraction is not None else None
                self._show(Busy(message.text or running.label, message.fraction, left, self.cancel))
            return
        if isinstance(message, JobPartial):
            if self._busy is None:  # so that the end of what is shown meanwhile is told
                self._show(Busy(running.label, None, None, self.cancel))
            running.partial(message.value)
            return
        self._running = None
        self._show(None)
        if isinstance(message, JobDone):
            running.done(message.result)
        elif isinstance(message, JobFailed):
            running.failed(message)
        self._advance()

    def _show(self, busy: Busy | None) -> None:
        if busy is not None or self._busy is not None:
            self._busy = busy
            self.busy_changed.emit(busy)
