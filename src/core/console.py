"""Progress of the command line, on stderr."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from core.training.snapshot import Snapshot

LOG_SECONDS = 5.0  # between two lines about a run where they are not overwritten: a log is read by people


class _Log:
    """What was told last where lines are not overwritten: of work that goes on, only now and then a line."""

    text = ""
    due = 0.0

    def wants(self, text: str, fraction: float | None) -> bool:
        now = time.monotonic()
        if fraction is not None and text == self.text and now < self.due:
            return False
        self.text, self.due = text, now + LOG_SECONDS
        return True


_log = _Log()


def say(text: str, fraction: float | None = None) -> None:
    """One line of progress; on a terminal it is overwritten by the next."""
    line = text if fraction is None else f"{text} {fraction:.0%}"
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(line[:width].ljust(width), end="\r", file=sys.stderr, flush=True)
    elif _log.wants(text, fraction):
        print(line, file=sys.stderr, flush=True)


def quiet(text: str, fraction: float | None = None) -> None:
    """Progress for those who did not ask for it."""


def end_progress() -> None:
    """Leave a clean line on a terminal."""
    if sys.stderr.isatty():
        say("")


def run_progress() -> Callable[[Snapshot], None]:
    """Tells of a run: at every chance on a terminal, now and then elsewhere."""
    due = 0.0

    def tell(shot: Snapshot) -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now if sys.stderr.isatty() else now + LOG_SECONDS
            say(_run_text(shot))

    return tell


def _run_text(shot: Snapshot) -> str:
    losses = "".join(
        f" · {name} {shot.latest[key]:.4g}"
        for name, key in (("loss", "loss/train"), ("validation", "loss/validation"))
        if key in shot.latest
    )
    left = "" if shot.seconds_left is None else f" · {shot.seconds_left:.0f} s left"
    return f"Epoch {shot.epoch:,} / {shot.epochs:,}{losses} · {shot.steps_per_second:,.0f} steps/s{left}"
