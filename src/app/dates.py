"""Moments as people read them: short where space is scarce, in full where it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(seconds: float) -> datetime | None:
    """UTC; None for a moment beyond the years 1 to 9999."""
    try:
        return EPOCH + timedelta(seconds=round(seconds))
    except OverflowError:
        return None


def shown(seconds: float) -> str:
    """ "2024-05-17", with the time of day where it is not midnight."""
    found = moment(seconds)
    if found is None:
        return f"{1970 + seconds / (365.2425 * DAY):.0f}"
    midnight = (found.hour, found.minute, found.second) == (0, 0, 0)
    return found.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M" if not found.second else "%Y-%m-%d %H:%M:%S")


def span(low: float, high: float) -> tuple[str, str]:
    """The two ends in as few signs as tell them apart: years, months, days or hours."""
    first, last = moment(low), moment(high)
    if first is None or last is None:
        return shown(low), shown(high)
    days = (high - low) / DAY
    if days >= 3 * 365:
        return f"{first.year}", f"{last.year}"
    if days >= 60:
        return (_month(first), _month(last))
    if days >= 2:
        return f"{first.day} {MONTHS[first.month - 1]}", f"{last.day} {MONTHS[last.month - 1]}"
    return f"{first:%H:%M}", f"{last:%H:%M}"


def _month(at: datetime) -> str:
    return f"{MONTHS[at.month - 1]} {at.year}"
