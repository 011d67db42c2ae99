"""How a delimited text is written: its delimiter, quotes, header. Guessed from its first lines.

The guess is our own rather than `csv.Sniffer`'s or DuckDB's, because both give up on the ragged file that a person
needs help with.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.data import cells
from core.data.number_forms import is_amount
from core.errors import UserInputError

DELIMITERS = (",", ";", "\t", "|")
# A colon stands in times, a space in names: the one has to be chosen, the other separates mostly numbers.
RARE = ("^", "~", "\x1f", " ")
SPACED_NUMBERS = 0.6
SAMPLE_ROWS = 1000
LEADING_LINES = 10
_UNIT = re.compile(r"[\[(]?(?=[^\d]*[^\W\d]|[\[(]?[%°])[^\s\d,;][^,;]{0,9}[\])]?")
_SEP = re.compile(r"\s*\"?sep=([^\s\w\"'.+-]|\t)\"?[ \t]*\r?\n", re.IGNORECASE)
# With commas between thousands, and with points.
_THOUSANDS = tuple(
    re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:[{group}]\d{{3}})+(?:[{mark}]\d*)?", re.ASCII) for group, mark in (",.", ".,")
)


@dataclass(frozen=True)
class Dialect:
    """skip: lines before the table. names: of the columns, "" where blank; a file without header has "column 1", ...

    width: cells in a row. rows: the first ones, all of that width. decimal_comma: whether "1,5" is a number.
    units: the cells of a row below the header that holds units; skip ends above it then.
    """

    delimiter: str
    quote: str
    escape: str
    names: tuple[str, ...] = ()
    header: bool = True
    skip: int = 0
    width: int = 1
    rows: tuple[tuple[str, ...], ...] = ()
    decimal_comma: bool = False
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Line:
    """A parsed row and how many lines of the file stand before it."""

    cells: tuple[str, ...]
    before: int


@dataclass(frozen=True)
class Told:
    """What a person says of a text; "" or None leaves it to the guess. decimal: "." or ","."""

    delimiter: str = ""
    header: bool | None = None
    decimal: str = ""


def guess(sample: str, *, where: str, told: Told = Told()) -> Dialect:
    """The dialect of a text, from its first lines.

    Raises:
        UserInputError: rows whose numbers of cells have nothing in common, or a header that does not fit its rows.
    """
    lead, sample, named = _without_preamble(sample)
    told = replace(told, delimiter=told.delimiter or named)
    found = _guess(sample, where, told)
    return found if found.header or not lead else replace(found, skip=lead)


def _without_preamble(sample: str) -> tuple[int, str, str]:
    """How many lines before the table are Excel's "sep=;" or comments that begin with #, the text with these blank, and
    the delimiter that they name."""
    sep = _SEP.match(sample)
    named = sep[1] if sep else ""
    rest = sample[sep.end() :] if sep else sample
    comments = list(itertools.takewhile(lambda line: line.startswith("#"), rest.splitlines(keepends=True)))
    if comments and _is_names(comments, rest[sum(map(len, comments)) :], named):
        comments.pop()
    lead = bool(sep) + len(comments)
    return lead, "\n" * lead + rest[sum(map(len, comments)) :], named


def _is_names(comments: Sequence[str], below: str, delimiter: str) -> bool:
    """Whether the last comment is the header: it has the cells of the row below it, which is none itself."""
    rows = [line for line in below.splitlines()[:2] if line]
    mark = delimiter or max(DELIMITERS, key=rows[0].count if rows else comments[-1].count)
    if not rows or comments[-1].count(mark) != rows[0].count(mark) or mark not in rows[0]:
        return False
    numbers = [any(_number(cell) for cell in line.split(mark)) for line in rows]
    return numbers[0] or (len(comments) == 1 and not any(numbers))


def _guess(sample: str, where: str, told: Told) -> Dialect:
    best = _best(sample, (told.delimiter,), sure=True) if told.delimiter else _best(sample, DELIMITERS, sure=True)
    if best is None and not told.delimiter:
        best = _best(sample, tuple(mark for mark in RARE if mark in sample), sure=False)
    if best is None:
        single = Dialect(told.delimiter or ",", '"', '"')
        return _with_header(single, _single_column(sample, single, where), where, told)
    return _with_header(*best, where, told)


def _best(sample: str, delimiters: Sequence[str], *, sure: bool) -> tuple[Dialect, list[_Line]] | None:
    """The delimiter and quotes that cut the lines into whole cells, most alike; None where none gives two columns."""
    best: tuple[float, int, Dialect, list[_Line]] | None = None
    for delimiter in delimiters:
        for quote, escape in _quotings(sample, delimiter):
            dialect = Dialect(delimiter, quote, escape)
            lines = _parse(sample, dialect)
            if not lines:
                continue
            width, share = _common_width(lines)
            if width > 1 and share > 0.5 and (sure or _surely(lines, share, delimiter)):
                score = round(share, 2) * (1 + _plausible(lines, delimiter))
                if best is None or (score, width) > best[:2]:
                    best = score, width, replace(dialect, width=width), lines
    return best and best[2:]


def _quotings(sample: str, delimiter: str) -> list[tuple[str, str]]:
    """(quote, escape) pairs worth trying."""
    found = [('"', '"')]
    if '\\"' in sample:
        found.append(('"', "\\"))
    if '"' not in sample and (f"{delimiter}'" in sample or f"'{delimiter}" in sample):
        found.insert(0, ("'", "'"))
    return found


def _parse(sample: str, dialect: Dialect) -> list[_Line]:
    doubled = dialect.escape == dialect.quote
    reader = csv.reader(
        io.StringIO(sample, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        doublequote=doubled,
        escapechar=None if doubled else dialect.escape,
    )
    found: list[_Line] = []
    before = 0
    try:
        for row in reader:
            if len(row) > 1 or any(cell.strip() for cell in row):
                found.append(_Line(tuple(row), before))
            before = reader.line_num
            if len(found) >= SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # a giant cell: what was read before it is enough for a guess, and reading refuses it with its line
    return found


def _common_width(lines: list[_Line]) -> tuple[int, float]:
    counts = Counter(len(line.cells) for line in lines)
    most = max(counts.values())
    # Of equally frequent widths the header's wins, then the first.
    width = next(len(line.cells) for line in lines if counts[len(line.cells)] == most)
    return width, most / len(lines)


def _plausible(lines: list[_Line], delimiter: str) -> float:
    """Share of cells that are numbers or short labels rather than pieces of another delimiter's row."""
    texts = [text.strip() for line in lines[:100] for text in line.cells]
    if not texts:
        return 0.0
    comma = delimiter != ","
    good = sum(
        1
        for text in texts
        if text and (_number(text, comma) or not any(d in text for d in DELIMITERS) or is_amount(text))
    )
    return good / len(texts)


def _surely(lines: list[_Line], share: float, delimiter: str) -> bool:
    """Whether a rare delimiter gives every row the same cells, mostly numbers where it stands in sentences too."""
    texts = [text for line in lines[:100] for text in line.cells]
    numbers = sum(_number(text) for text in texts)
    return share == 1.0 and (delimiter != " " or numbers >= SPACED_NUMBERS * len(texts))


def _number(text: str, comma: bool = False) -> bool:
    return cells.number(text.replace(",", ".") if comma and text.count(",") == 1 else text) is not None


def _single_column(sample: str, dialect: Dialect, where: str) -> list[_Line]:
    lines = _parse(sample, dialect)
    widths = {len(line.cells) for line in lines}
    if widths - {1}:
        raise UserInputError(
            "This file does not look like a table.",
            where=where,
            reason=f"Its lines have between {min(widths)} and {max(widths)} cells.",
            remedy="Each line must have the same cells, separated by commas, semicolons, tabs or bars.",
        )
    return lines


# --- the header


def _with_header(dialect: Dialect, lines: list[_Line], where: str, told: Told) -> Dialect:
    if not lines:
        remedy = "Check that it was exported completely."
        raise UserInputError("This file has no text in it.", where=where, remedy=remedy)
    first = next(i for i, line in enumerate(lines) if len(line.cells) == dialect.width)
    comma = told.decimal == "," if told.decimal else _decimal_comma(dialect, lines)
    dialect = replace(dialect, decimal_comma=comma)
    top = lines[first]
    rows = tuple(line.cells for line in lines[first + 1 :] if len(line.cells) == dialect.width)
    if told.header is False:
        return _headless(dialect, lines)
    if first <= LEADING_LINES and (told.header or is_header(top.cells, rows, comma)):
        found = replace(dialect, names=stripped(top.cells), header=True, skip=top.before, rows=rows)
        below = next((line for line in lines[first + 1 :] if len(line.cells) == dialect.width), None)
        if below is not None and told.header is None and is_units(below.cells, rows[1:], comma):
            # Skipping to the units makes them the line that is no row.
            return replace(found, skip=below.before, rows=rows[1:], units=stripped(below.cells))
        return found
    return _headless(dialect, lines) if first == 0 else _uneven_header(dialect, lines, where)


def _headless(dialect: Dialect, lines: list[_Line]) -> Dialect:
    rows = tuple(line.cells for line in lines if len(line.cells) == dialect.width)
    names = tuple(f"column {i + 1}" for i in range(dialect.width))
    return replace(dialect, names=names, header=False, rows=rows)


def _uneven_header(dialect: Dialect, lines: list[_Line], where: str) -> Dialect:
    """The first line has more or fewer cells than the rows below it."""
    top = lines[0].cells
    names = stripped(top)
    rows = tuple(line.cells for line in lines[1:] if len(line.cells) == dialect.width)
    if any(_number(name) for name in names if name):
        return _headless(dialect, lines)
    one_less = len(names) == dialect.width - 1 and len(names) > 1
    if one_less and all(not row[-1].strip() for row in rows):
        names = (*names, "")  # every row ends with a delimiter
    elif one_less and len({row[0] for row in rows}) == len(rows):
        names = ("row", *names)  # R leaves its row names, which never repeat, without a heading
    elif len(names) > dialect.width and not any(names[dialect.width :]):
        names = names[: dialect.width]
    else:
        raise UserInputError(
            "The header does not fit the rows.",
            where=f"{where}, line {lines[0].before + 1}",
            reason=f"It has {len(names)} names, most rows have {dialect.width} cells.",
            remedy="Give every column one name, separated like the cells.",
        )
    return replace(dialect, names=names, header=True, skip=lines[0].before, rows=rows)


def stripped(row: Sequence[str]) -> tuple[str, ...]:
    """Names without spaces around them and line breaks in them."""
    return tuple(" ".join(cell.split()) for cell in row)


def is_header(top: Sequence[str], rows: Sequence[Sequence[str]], comma: bool = False) -> bool:
    """Whether the first row names the columns: its cells are unlike what stands below them.

    A text above numbers speaks for a header, a number above numbers against it, a text that recurs below against it.
    With no row below, texts are a header and numbers are not.
    """
    names = [cell.strip() for cell in top]
    if names in ([str(i) for i in range(len(names))], [str(i + 1) for i in range(len(names))]) and len(names) > 2:
        return True  # columns that a program numbered
    votes = 0.0
    for j, name in enumerate(names):
        if name in cells.MISSING:
            continue
        below = [row[j].strip() for row in rows]
        filled = [text for text in below if text not in cells.MISSING]
        numbers = sum(_number(text, comma) for text in filled)
        if _number(name, comma) or is_amount(name):
            votes -= 1
        elif filled and numbers >= 0.9 * len(filled):
            votes += 1
        elif name in filled:
            votes -= 1
        else:
            votes += 0.5
    return votes > 0


def is_units(top: Sequence[str], rows: Sequence[Sequence[str]], comma: bool = False) -> bool:
    """Whether the row below the header holds the units of the columns: short words above two columns of nothing but
    numbers, or more, and nothing above others."""
    if len(rows) < 2:
        return False
    units = 0
    for j, cell in enumerate(top):
        text = cell.strip()
        numbers = all(_number(row[j].strip(), comma) for row in rows if row[j].strip() not in cells.MISSING)
        filled = any(row[j].strip() not in cells.MISSING for row in rows)
        if not numbers or not filled:
            if text not in ("", "-"):
                return False
        elif text not in ("", "-"):
            if text in cells.MISSING or not _UNIT.fullmatch(text):
                return False
            units += 1
    return units >= 2


def _decimal_comma(dialect: Dialect, lines: list[_Line]) -> bool:
    """Numbers with commas and none with points, where the comma does not separate cells.

    "1.234" may be a thousand beside "1,5", and "1,234" beside "1.5": what can be either way counts only where nothing
    else tells.
    """
    if dialect.delimiter == ",":
        return False
    texts = [text.strip() for line in lines for text in line.cells]
    commas = [text for text in texts if "," in text and (_number(text, True) or _THOUSANDS[1].fullmatch(text))]
    points = [text for text in texts if "." in text and (_number(text) or _THOUSANDS[0].fullmatch(text))]
    sure_commas = any(not _THOUSANDS[0].fullmatch(text) for text in commas)
    sure_points = any(not _THOUSANDS[1].fullmatch(text) for text in points)
    return bool(commas) and not sure_points and (sure_commas or not points)
