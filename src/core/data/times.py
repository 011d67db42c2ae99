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
    numbered = f"(SELECT {texts}, row_number() OVER () AS row FROM {table.relation})"
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
    strange = _unread(table, i, ())
    tried = [found for family in dates.FORMATS if (found := _in_family(table, i, family, strange))]
    if len(tried) < 2:
        return tried[0] if tried else ()
    return max(tried, key=lambda forms: _told(read(table, i, forms)))


def _in_family(table: Table, i: int, family: tuple[str, ...], strange: list[str]) -> tuple[str, ...]:
    """The forms of a family in which cells are written, some of which are `strange`: not in ISO 8601."""
    forms: tuple[str, ...] = ()
    while more := _forms_among(family, strange):
        forms = (*forms, *more)
        strange = _unread(table, i, forms)
    return forms


def _forms_among(family: tuple[str, ...], texts: list[str]) -> list[str]:
    return [form for form in family if any(dates.moment(text, (form,)) is not None for text in texts)]


def _unread(table: Table, i: int, forms: tuple[str, ...]) -> list[str]:
    """Different cells that these forms do not read."""
    unread = f"NOT {cells.sql_is_missing(f't{i}')} AND {dates.sql_moment(f't{i}', forms)} IS NULL"
    found = table.work.con.execute(f"SELECT DISTINCT t{i} FROM cells WHERE {unread} LIMIT {UNREAD}").fetchall()
    return [text for (text,) in found]


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
