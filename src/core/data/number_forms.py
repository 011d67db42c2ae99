"""Numbers as people write them: with separators of thousands, currency or percent signs, typographic minus signs.

Decided for a whole column from its first rows, because one cell alone can mean two numbers ("1,234"). A column is left
as text where its cells could as well be codes, lists, versions, addresses or telephone numbers. A percentage is read as
it is written: "12.5%" is 12.5.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.data import cells

SHARE = 0.9
POINT, COMMA = ".", ","
PERCENT = "%"
SPACE, NARROW = " ", "\u00a0\u202f\u2009"
APOSTROPHES = "'\u2019"
_SIGNS = "+\\-\u2212\u2013"
_WORDS = ("USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "BRL", "US$", "R$")
UNITS = (PERCENT, *_WORDS, *"$€£¥₹₩₽₺₴₪₫฿")
_GAP = f"[ {NARROW}]*"
_GROUPS = (COMMA, POINT, SPACE, NARROW, APOSTROPHES)
_LONGEST_FIRST = sorted(UNITS, key=len, reverse=True)
_UNIT = "|".join(map(re.escape, _LONGEST_FIRST))
LONGEST = 60  # letters of a cell that is looked at


@dataclass(frozen=True)
class NumberForm:
    """group: the characters between thousands, any of them, or "". decimal: "." or ",". unit: a sign beside all or some
    numbers, or "". column: where in the table."""

    group: str = ""
    decimal: str = POINT
    unit: str = ""
    column: int = 0

    def matches(self, text: str) -> bool:
        return len(text) <= LONGEST and _compiled(self).fullmatch(text) is not None

    def plain(self, text: str) -> str:
        """`text` as a plain number where it is written in this form, else as it is."""
        text = text.strip()
        if not self.matches(text):
            return text
        negative = "-" if "(" in text else ""
        text = re.sub(self._noise, "", text)
        text = re.sub("[\u2212\u2013]", "-", text.replace(self.decimal, POINT))
        return negative + re.sub("[dD]", "e", text)

    @property
    def _noise(self) -> str:
        unit = f"{re.escape(self.unit)}|" if self.unit else ""
        return f"{unit}[ ()+{NARROW}{self.group}]"

    def sql(self, cell: str) -> str:
        """An expression: the same as `plain` of the text expression `cell`."""
        quoted = cells.sql_text
        trimmed = f"trim({cell})"
        bare = f"regexp_replace({trimmed}, {quoted(self._noise)}, '', 'g')"
        marks = quoted(self.decimal + "\u2212\u2013dD")
        pointed = f"translate({bare}, {marks}, '.--ee')"
        sign = f"CASE WHEN contains({cell}, '(') THEN '-' ELSE '' END"
        pattern = quoted(_pattern(self))
        return f"CASE WHEN regexp_full_match({trimmed}, {pattern}) THEN {sign} || {pointed} ELSE {cell} END"


def _pattern(form: NumberForm) -> str:
    """A regular expression that means the same to Python and to RE2."""
    group, unit, point = form.group, form.unit, re.escape(form.decimal)
    whole = f"(?:[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}})+|[0-9]+)" if group else "[0-9]+"
    # Fortran's exponent only as Fortran writes it: "12D3" is a code.
    number = f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]*{point}[0-9]*[dD][+-][0-9]{{2,3}}"
    beside = f"(?:{re.escape(unit)})?" if unit else ""
    plain = f"{_GAP}[{_SIGNS}]?{_GAP}{beside}{_GAP}[{_SIGNS}]?(?:{number}){_GAP}{beside}{_GAP}"
    if not group and not unit:
        return plain
    # "(12)" alone may be a footnote; among amounts of money it is a negative number.
    return f"{plain}|{beside}{_GAP}\\({_GAP}{beside}{_GAP}(?:{number}){_GAP}{beside}{_GAP}\\){_GAP}{beside}"


@functools.cache
def _compiled(form: NumberForm) -> re.Pattern[str]:
    return re.compile(_pattern(form))


_ANY = re.compile(
    f"[(]?[{_SIGNS}]?{_GAP}(?:{_UNIT})?{_GAP}[(]?[{_SIGNS}]?{_GAP}[0-9.,{APOSTROPHES} {NARROW}]*[0-9][0-9.,]*"
    f"(?:[eEdD][+-]?[0-9]+)?[)]?{_GAP}(?:{_UNIT})?[)]?"
)


def _shaped(text: str) -> bool:
    return len(text) <= LONGEST and _ANY.fullmatch(text) is not None


def is_amount(text: str) -> bool:
    """Whether a cell by itself is a number in some form, plain ones apart: "1,234.5", "$5", "12 %"."""
    text = text.strip()
    if not _shaped(text) or cells.number(text) is not None:
        return False
    return any(form.matches(text) and (form.group or form.unit) for form in _candidates({_unit_of(text)}, ""))


def form_of(texts: Sequence[str], *, decimal: str = "", wanted: bool = False) -> NumberForm | None:
    """The form in which a column writes its numbers; None where they are plain, or where it holds something else.

    texts: its first cells. decimal: what the table writes between whole and fraction, "" = not known. wanted: that the
    column holds numbers is known, so that a single cell is enough.
    """
    filled = [text for cell in texts if (text := cell.strip()) not in cells.MISSING]
    dressed = [text for text in filled if _is_dressed(text, decimal)]
    if not dressed or any(map(cells.is_code, filled)):
        return None
    allowed = (1 - SHARE) * len(filled)
    for text in dressed:
        allowed -= not _shaped(text)
        if allowed < 0:
            return None
    units = {_unit_of(text) for text in filled} - {""}
    if len(units) > 1 or (units == {PERCENT} and not wanted and any(_unit_of(t) == "" for t in filled)):
        return None  # amounts in several currencies, percentages among plain numbers
    candidates = _candidates(units or {""}, decimal)
    if not decimal and units and _behind(candidates[0].unit, filled):
        candidates.sort(key=lambda form: form.group != POINT)  # "1.200 €"
    best, most = None, 0
    for form in candidates:
        count = sum(form.matches(text) for text in filled)
        new = any(form.plain(text) != text for text in dressed)
        if new and count >= max(SHARE * len(filled), most + 1) and (wanted or _sure(form, filled, decimal)):
            best, most = form, count
    return best


def _is_dressed(text: str, decimal: str) -> bool:
    """Whether a cell is no plain number of its table."""
    if decimal == COMMA:
        return _thousands(POINT).fullmatch(text) is not None or cells.number(text.replace(COMMA, POINT)) is None
    return cells.number(text) is None


def _candidates(units: set[str], decimal: str) -> list[NumberForm]:
    """The forms to try, the likelier ones first."""
    unit = next(iter(units), "")
    marks = (decimal,) if decimal else (POINT, COMMA)
    return [NumberForm(group, mark, unit) for mark in marks for group in ("", *_GROUPS) if group != mark]


@functools.cache
def _thousands(group: str) -> re.Pattern[str]:
    return re.compile(f"[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}})+")


def _sure(form: NumberForm, filled: Sequence[str], decimal: str) -> bool:
    """Whether cells that fit a form can hardly be codes, lists, addresses, or numbers of another form."""
    outside = re.compile(f"{_UNIT}|[() {NARROW}{_SIGNS}]+$|^[() {NARROW}{_SIGNS}]+")
    bare = [outside.sub("", outside.sub("", text)) for text in filled if form.matches(text)]
    grouped = [text for text in bare if any(mark in text for mark in form.group)]
    if form.group and not grouped:
        return False
    fractions = any(form.decimal in text for text in bare)
    guessed = form.decimal == COMMA != decimal  # where the table does not say so
    if guessed and form.group in ("", POINT):
        both = any(form.decimal in text for text in grouped)
        return both or (bool(form.unit) and (fractions or _behind(form.unit, filled)))
    if not grouped or fractions or form.unit:
        return True
    return _like_thousands(form.group, grouped, bare)


def _like_thousands(group: str, grouped: Sequence[str], bare: Sequence[str]) -> bool:
    """Whether whole numbers with separators are amounts rather than codes of three digits, or lists of these."""
    pieces = [re.split(f"[{group}]", text) for text in grouped]
    short = any(len(each[0]) < 3 for each in pieces)
    counts = {len(each) for each in pieces}
    if group == SPACE:  # telephone numbers and postal codes have the same digits throughout
        return short and len({len(re.sub(r"\D", "", text)) for text in bare}) > 1
    if group == POINT and counts == {4}:
        return False  # addresses of computers
    return short or counts == {2}


def _behind(unit: str, filled: Sequence[str]) -> bool:
    """Whether a currency stands behind its amounts, where the point separates thousands: "1.200 €", but "$1.459"."""
    return unit != PERCENT and all(text.endswith(unit) for text in filled if unit in text)


def _unit_of(text: str) -> str:
    text = text.strip("() \u00a0\u202f+-\u2212\u2013")
    return next((unit for unit in _LONGEST_FIRST if text.startswith(unit) or text.endswith(unit)), "")
