"""Dates and times of day: reading them from text, the same in Python and in SQL, and taking them apart.

A moment is a number: seconds since 1970-01-01 00:00 UTC, of days of 86,400 seconds each. A time with an offset is
brought to UTC, one without is taken as UTC.

A cell is read as ISO 8601 (2020-01-31, 2020-01-31 18:30, 2020-01-31T18:30:05.25+01:00), or in one of `FORMATS`, which
are named as strptime names them, with the English names of the months whatever language the computer speaks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from core.data import cells

DAY = 86_400
_EPOCH = datetime(1970, 1, 1)

# Day or month first cannot be told from one cell: each is tried for the whole column.
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_DATES = (
    ("%d.%m.%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y"),
    ("%Y/%m/%d", "%b %d, %Y", "%B %d, %Y"),
    ("%m/%d/%Y",),
    ("%d/%m/%Y",),
)
FORMATS = (
    *(tuple(f"{date}{clock}" for date in family for clock in _CLOCKS) for family in _DATES),
    ("%Y-%m",),
)

_HOUR, _SIXTY = "(?:[01]?[0-9]|2[0-3])", "[0-5][0-9]"
_TIME = rf"{_HOUR}:{_SIXTY}(?::{_SIXTY}(?:\.[0-9]{{1,9}})?)?"
_OFFSET = rf"(?:Z|[+-]{_SIXTY}(?::?{_SIXTY})?)"
ISO = rf"[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}(?:[T ]{_TIME} ?{_OFFSET}?)?"
_ISO = re.compile(ISO)
_ISO_PARTS = re.compile(
    r"(\d+)-(\d+)-(\d+)(?:[T ](\d+):(\d+)(?::(\d+)(?:\.(\d+))?)?)? ?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?", re.ASCII
)
_LIKELY = re.compile(r"[0-9]{1,4}[-/. ][0-9A-Za-z]|[A-Za-z]{3,9} [0-9]")  # how every form begins
_TOKENS = {
    "%Y": r"([0-9]{4})", "%m": r"([0-9]{1,2})", "%d": r"([0-9]{1,2})", "%b": r"([A-Za-z]{3})", "%B": r"([A-Za-z]{3,9})",
    "%H": rf"({_HOUR})", "%I": r"(0?[1-9]|1[0-2])", "%M": rf"({_SIXTY})", "%S": rf"({_SIXTY})", "%p": "([AaPp][Mm])",
}  # fmt: skip
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


def is_date(cell: str) -> bool:
    """Whether a cell is written as a date, with or without a time of day."""
    return _LIKELY.match(cell.strip(" ")) is not None and any(moment(cell, family) is not None for family in FORMATS)


def moment(cell: str, forms: Sequence[str] = ()) -> float | None:
    """The moment that a cell names, in ISO 8601 or one of `forms`; None where it names none."""
    text = cell.strip(" ")
    found = _iso(text) if _ISO.fullmatch(text) else None
    for form in forms if found is None else ():
        found = _strptime(text, form)
        if found is not None:
            break
    return found


def _iso(text: str) -> float | None:
    parts = _ISO_PARTS.fullmatch(text)
    if parts is None:
        return None
    year, month, day, hour, minute, second = (int(n or 0) for n in parts.groups()[:6])
    fraction, sign, hours, minutes = parts.groups()[6:]
    offset = (int(hours or 0) * 60 + int(minutes or 0)) * (-60 if sign == "-" else 60)
    return _seconds(year, month, day, hour, minute, second, micro=int(f"{fraction or 0:0<6}"[:6]), offset=offset)


def _strptime(text: str, form: str) -> float | None:
    found = re.fullmatch(pattern(form), text)
    if found is None:
        return None
    value = dict(zip(re.findall("%[A-Za-z]", form), found.groups(), strict=True))
    month = int(value["%m"]) if "%m" in value else _month(value.get("%b", ""), value.get("%B", ""))
    hour = int(value.get("%H", "0"))
    if "%I" in value:
        hour = int(value["%I"]) % 12 + (12 if value["%p"].lower() == "pm" else 0)
    return _seconds(
        int(value["%Y"]), month, int(value.get("%d", "1")), hour, int(value.get("%M", "0")), int(value.get("%S", "0"))
    )


def _month(short: str, long: str) -> int:
    """1 to 12, or 0 where it is none."""
    for k, name in enumerate(_MONTHS, start=1):
        if (short and name[:3] == short.lower()) or (long and name == long.lower()):
            return k
    return 0


def _seconds(
    year: int, month: int, day: int, hour: int, minute: int, second: int, *, micro: int = 0, offset: int = 0
) -> float | None:
    try:
        apart = datetime(year, month, day, hour, minute, second, micro) - _EPOCH
    except ValueError:
        return None
    return ((apart.days * DAY + apart.seconds - offset) * 1_000_000 + apart.microseconds) / 1e6


@functools.cache
def pattern(form: str) -> str:
    """The regular expression of what a form reads, each token a group."""
    return "".join(_TOKENS.get(piece, re.escape(piece)) for piece in re.split("(%[A-Za-z])", form))


def written(t: float) -> str:
    """A moment in ISO 8601, without a time of day that is midnight."""
    days, seconds = divmod(round(t), DAY)
    year, month, day = (int(n[0]) for n in civil(np.array([float(days)])))
    date = f"{year:04d}-{month:02d}-{day:02d}"
    return date if not seconds else f"{date} {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


# --- taking apart


def civil(days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Year, month (1 to 12) and day (1 to 31) of whole days since 1970-01-01, in the Gregorian calendar.

    By floors of whole numbers alone. Years begin in March and are counted in eras of 400, so that the leap day is the
    last of its year. Source: Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
    """
    z = days + 719_468
    era = np.floor(z / 146_097)
    doe = z - era * 146_097  # day of the era
    yoe = np.floor((doe - np.floor(doe / 1460) + np.floor(doe / 36_524) - np.floor(doe / 146_096)) / 365)
    doy = doe - (365 * yoe + np.floor(yoe / 4) - np.floor(yoe / 100))  # from the 1st of March
    mp = np.floor((5 * doy + 2) / 153)
    day = doy - np.floor((153 * mp + 2) / 5) + 1
    month = mp + 3 - 12 * (mp >= 10)
    return yoe + era * 400 + (month <= 2), month, day


def phase(part: str, t: np.ndarray) -> np.ndarray:
    """How far the cycle `part` has gone at moments t, from 0 up to 1.

    year: ((month - 1) + (day - 1) / 31) / 12.  month: (day - 1) / 31.  week: days since Monday / 7, with the share of
    the day.  day: seconds since midnight / 86,400.
    """
    days = np.floor(t / DAY)
    share = (t - days * DAY) / DAY
    if part == "day":
        return share
    if part == "week":
        weekday = np.mod(days + 3, 7)  # 1970-01-01 was a Thursday
        return (weekday + share) / 7
    _, month, day = civil(days)
    return (day - 1) / 31 if part == "month" else ((month - 1) + (day - 1) / 31) / 12


# --- the same in SQL


def sql_moment(text: str, forms: Sequence[str] = ()) -> str:
    """An expression: the moment in the text expression `text`, or NULL."""
    plain = f"TRY_CAST(replace(regexp_extract({text}, '^[0-9-]+(?:[T ][0-9:.]+)?'), 'T', ' ') AS TIMESTAMP)"
    iso = f"epoch_us(CASE WHEN NOT starts_with({text}, '0000') THEN {plain} END) - 1000000 * {_sql_offset(text)}"
    ways = [f"WHEN regexp_full_match({text}, {cells.sql_text(ISO)}) THEN {iso}"]
    for form in forms:
        read = f"try_strptime({text}, {cells.sql_text(form)})"
        is_form = f"regexp_full_match({text}, {cells.sql_text(pattern(form))})"
        ways.append(f"WHEN {is_form} AND NOT contains({text}, '0000') AND {read} IS NOT NULL THEN epoch_us({read})")
    return f"((CASE {' '.join(ways)} END) / 1e6)"


def _sql_offset(text: str) -> str:
    """Seconds that a time is ahead of UTC, as its offset says."""
    apart = f"regexp_extract({text}, ':[0-9.]+ ?([+-][0-9]{{2}}):?([0-9]{{2}})?$', %d)"
    hours, minutes = apart % 1, apart % 2
    seconds = f"(TRY_CAST(substr({hours}, 2) AS BIGINT) * 60 + coalesce(TRY_CAST({minutes} AS BIGINT), 0)) * 60"
    sign = f"CASE WHEN starts_with({hours}, '-') THEN -1 ELSE 1 END"
    clock = f"substr({text}, 10)"  # behind the signs of the date
    likely = f"(contains({clock}, '+') OR contains({clock}, '-'))"
    return f"CASE WHEN {likely} AND {hours} <> '' THEN {sign} * {seconds} ELSE 0 END"
