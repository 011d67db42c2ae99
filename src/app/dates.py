"""Moments as people read them: short where space is scarce, in full where it is not."""

from __future__ import annotations

from core.data import dates

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
YEARS, MONTHS_APART, DAYS = 3 * 365, 60, 2  # days from which the ends of a span are told apart by these


def shown(moment: float) -> str:
    """ "2024-05-17", "2024-05-17 18:30": seconds since 1970, with the time of day where it is not midnight."""
    text = dates.written(moment)
    return text.removesuffix(":00") if text.count(":") == 2 else text


def span(low: float, high: float) -> tuple[str, str]:
    """The two ends in as few signs as tell them apart: years, months, days or hours."""
    days = (high - low) / dates.DAY
    ends = [shown(low), shown(high)]
    (year, month, day), (last_year, last_month, last_day) = (end.split(" ")[0].split("-") for end in ends)
    if days >= YEARS:
        return year, last_year
    if days >= MONTHS_APART:
        return f"{_name(month)} {year}", f"{_name(last_month)} {last_year}"
    if days >= DAYS:
        return f"{int(day)} {_name(month)}", f"{int(last_day)} {_name(last_month)}"
    first, last = (end.split(" ")[1] if " " in end else "00:00" for end in ends)
    return first, last


def _name(month: str) -> str:
    return MONTHS[int(month) - 1]
