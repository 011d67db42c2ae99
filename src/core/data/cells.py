"""What a cell of text says: a number, a label or nothing. The same rules in Python and in SQL.

A number is decimal, with an optional sign, fraction and exponent ("-1.5e3"). "1_000", "0x1F", "1,5", "inf" and whatever
overflows 64 bits are not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Set

# Written out in the cases people use, so that looking one up is a plain comparison in Python and in SQL.
MISSING = frozenset(
    {
        "",
        "NA",
        "Na",
        "na",
        "N/A",
        "n/a",
        "#N/A",
        "<NA>",
        "NaN",
        "nan",
        "NAN",
        "null",
        "NULL",
        "Null",
        "?",
        "-",
    }
)

# Possessive: a long row of digits that ends in a letter is looked at once, not once for each digit.
_NUMBER = re.compile(r"[ \t\n\v\f\r]*+[+-]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+[ \t\n\v\f\r]*+", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
_LARGEST_EXACT = 1e15


def number(text: str) -> float | None:
    """The finite number that `text` writes, or None."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def is_code(text: str) -> bool:
    """Whether `text` has a leading zero that a number would lose, as in "00742"."""
    return _LEADING_ZERO.match(text) is not None


def label(value: float) -> str:
    """A number as a label: "3" for 3.0, else the shortest text that reads back as the same number."""
    if value == math.trunc(value) and abs(value) < _LARGEST_EXACT:
        return str(int(value))
    return repr(value)


def marks_that_are_labels(labels: Iterable[str]) -> frozenset[str]:
    """Those missing marks among `labels` that are one label among their kind.

    "NA" among codes of two letters (EU, AS, NA: North America), "-" beside "+".
    """
    found = set(labels)
    others = found - MISSING
    kept = {"-"} & found if "+" in others else set()
    if len(others) >= 2 and all(len(text) == 2 and text.isalpha() for text in others):
        for form in (str.isupper, str.islower, str.istitle):
            if all(map(form, others)):
                kept |= {text for text in ("NA", "na", "Na") if text in found and form(text)}
    return frozenset(kept)


def natural(text: str) -> tuple[object, ...]:
    """Sorts "class 2" before "class 10", and -1 before 2."""
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, tuple(map(_piece, re.split(r"(\d+)", text))))


def _piece(text: str) -> tuple[int, int, str]:
    """Digits by their value, which may be too long for a number: first by their count without leading zeros."""
    digits = text.lstrip("0") if text.isdecimal() else ""
    return (0, len(digits), digits) if text.isdecimal() else (1, 0, text)


# --- the same in SQL


def sql_text(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_number(cell: str, *, decimal_comma: bool = False) -> str:
    """An expression: the finite number in the text expression `cell`, or NULL."""
    plain = f"replace({cell}, ',', '.')" if decimal_comma else cell
    cast = f"TRY_CAST({plain} AS DOUBLE)"
    # DuckDB reads "1_000" as 1000 and "+-1" as -1; identifiers such as 12_1 would become numbers.
    own = f"NOT contains({cell}, '_') AND NOT contains({cell}, '+-')"
    return f"CASE WHEN {own} AND isfinite({cast}) THEN {cast} END"


def sql_label(value: str) -> str:
    """An expression: the DOUBLE expression `value` as `label` writes it."""
    whole = f"CAST(CAST({value} AS BIGINT) AS VARCHAR)"
    is_whole = f"{value} = trunc({value}) AND abs({value}) < {_LARGEST_EXACT!r}"
    return f"CASE WHEN {is_whole} THEN {whole} ELSE CAST({value} AS VARCHAR) END"


def sql_is_missing(cell: str, *, kept: Set[str] = frozenset()) -> str:
    """An expression: whether the text expression `cell` is a missing mark, `kept` apart."""
    return f"{cell} IN ({', '.join(sql_text(mark) for mark in sorted(MISSING - kept))})"
