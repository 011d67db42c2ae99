"""What the program has to say to a person, as a value; `app.notices` shows it as a card in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.engine.jobs import JobFailed
from core.errors import UserInputError


@dataclass(frozen=True)
class Notice:
    """severity: "info", "success", "warning" or "error". A notice with the same non-empty key is replaced.

    actions: (label, what to do) in the order of the buttons; `details` fold away.
    """

    severity: str
    title: str
    text: str = ""
    details: str = ""
    actions: tuple[tuple[str, Callable[[], object]], ...] = ()
    key: str = ""


def refusal(error: UserInputError, *, key: str = "") -> Notice:
    """A refusal in its own words."""
    text = " ".join(part for part in (error.reason, error.remedy) if part)
    title = f"{error.where}: {error.what}" if error.where else error.what
    return Notice("error", title, text, key=key)


def failure(failed: JobFailed, *, key: str = "") -> Notice:
    """A refusal, or a defect of ours with its details folded."""
    if failed.error is not None:
        return refusal(failed.error, key=key)
    text = "This is a defect of the program; nothing of yours was changed."
    return Notice("error", "Something went wrong", text, failed.details, key=key)
