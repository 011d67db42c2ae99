"""Cells that name a moment, as numbers that rise with time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from core.data import cells

if TYPE_CHECKING:
    from core.data.table import Table

# Beside ISO 8601. Day or month first cannot be told from one cell: each is tried for the whole column.
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_DATES = (
    ("%d.%m.%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y"),
    ("%Y/%m/%d", "%b %d, %Y", "%B %d, %Y"),
    ("%m/%d/%Y",),
    ("%d/%m/%Y",),
)
FORMATS = tuple(tuple(f"{date}{clock}" for date in family for clock in _CLOCKS) for family in _DATES)


def is_date(cell: str) -> bool:
    """Whether a cell is written as a date, with or without a time of day."""
    text = cell.strip()
    if not any(mark in text for mark in "-/. ") or cells.number(text) is not None:
        return False
    return any(_reads(text, form) for form in (None, *(form for family in FORMATS for form in family)))


def _reads(text: str, form: str | None) -> bool:
    try:
        datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def moments(table: Table, i: int) -> np.ndarray:
    """(rows,) float64 of column i: seconds since 1970 where it holds dates, else its numbers; NaN where neither.

    Dates such as 1/2/2020 are read in the way that reads most cells; where both read as many, in the way that finds
    more of the rows in the order of time, month first if even that is equal.
    """
    if not table.textual[i]:
        return table.arrays([table.number(i)])[0]
    text = table.label(i)
    ways = [f"TRY_CAST({text} AS TIMESTAMP)"]
    ways += [f"try_strptime({text}, [{', '.join(map(cells.sql_text, family))}])" for family in FORMATS]
    numbers, *read = table.arrays([table.number(i), *(f"epoch({way})" for way in ways)])
    best = max(read, key=_told)
    return best if np.isfinite(best).sum() > np.isfinite(numbers).sum() else numbers


def _told(times: np.ndarray) -> tuple[int, int]:
    known = times[np.isfinite(times)]
    return len(known), int((np.diff(known) >= 0).sum())
