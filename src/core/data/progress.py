"""How long work in this room reports on itself: a text, and the share done or None where it is not known."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float | None], None]


def silent(text: str, fraction: float | None) -> None:
    """Reports nothing."""
