"""How long work in this room reports on itself: a text, and the share done or None where it is not known."""

from __future__ import annotations

import time
from collections.abc import Callable

Progress = Callable[[str, float | None], None]


def silent(text: str, fraction: float | None) -> None:
    """Reports nothing."""


def sparing(progress: Progress, seconds: float = 0.1) -> Progress:
    """`progress`, told of small steps only now and then."""
    due = 0.0

    def tell(text: str, fraction: float | None) -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + seconds
            progress(text, fraction)

    return tell
