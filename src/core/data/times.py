"""Columns of cells that name moments, read from a table as numbers that rise with time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.data import cells, dates
from core.data.dates import is_date

if TYPE_CHECKING:
    from core.data.table import Table

__all__ = ["forms_of", "is_date", "looks_like_dates", "moments", "read"]

SAMPLED_ROWS = 1000
UNREAD = 1000  # different cells that are looked at once more
SHARE = 0.5  # of the sampled cells


def looks_like_dates(table: Table, columns: Sequence[int]) -> list[int]:
    """Those of these columns of text of which at least half of a sample of cells are dates in some form."""
    if not columns:
        return []
    step = max(1, table.rows // SAMPLED_ROWS)
    texts = ", ".join(f"t{i}" for i in columns)
    numbered = f"(SELECT {texts}, row_number() OVER () AS row FROM cells)"
    rows = table.work.con.execute(f"SELECT {texts} FROM {numbered} WHERE row % {step} = 0").fetchall()
    found = []
    for k, i in enumerate(columns):
        seen = {row[k] for row in rows} - {None, *cells.MISSING}
        if seen and sum(map(is_date, seen)) >= SHARE * len(seen):
            found.append(i)
    return found


def forms_of(table: Table, i: int) -> tuple[str, ...]:
    """The forms beside ISO 8601 in which column i is read best.

    Dates such as 1/2/2020 are read in the way that reads most cells; where both read as many, in the way that finds
    more of the rows in the order of time, month first if even that is equal.
    """
    tried: list[tuple[str, ...]] = [()]
    for family in dates.FORMATS:
        forms: tuple[str, ...] = ()
        while more := [form for form in _seen(table, i, forms, family) if form not in forms]:
            forms = (*forms, *more)
        if forms:
            tried.append(forms)
    if len(tried) == 1:
        return ()
    return max(tried, key=lambda forms: _told(read(table, i, forms)))


def _seen(table: Table, i: int, forms: tuple[str, ...], family: tuple[str, ...]) -> list[str]:
    """Forms of the family in which cells are written that `forms` do not read."""
    unread = f"NOT {cells.sql_is_missing(f't{i}')} AND {dates.sql_moment(f't{i}', forms)} IS NULL"
    found = table.work.con.execute(f"SELECT DISTINCT t{i} FROM cells WHERE {unread} LIMIT {UNREAD}").fetchall()
    return [form for form in family if any(dates.moment(text, (form,)) is not None for (text,) in found)]


def read(table: Table, i: int, forms: Sequence[str]) -> np.ndarray:
    """(rows,) float64 of column i of texts: moments, NaN where a cell is none."""
    return table.arrays([dates.sql_moment(f"t{i}", forms)])[0]


def moments(table: Table, i: int) -> np.ndarray:
    """(rows,) float64 of column i: moments where it holds dates, else its numbers; NaN where neither."""
    numbers = table.arrays([table.number(i)])[0]
    if not table.textual[i]:
        return numbers
    found = read(table, i, forms_of(table, i))
    return found if np.isfinite(found).sum() > np.isfinite(numbers).sum() else numbers


def _told(times: np.ndarray) -> tuple[int, int]:
    known = times[np.isfinite(times)]
    return len(known), int((np.diff(known) >= 0).sum())
