"""What a sheet would become in memory, counted from its XML before a library lays it out.

A workbook of a few kilobytes may name one cell at the far end of a sheet, one text of a megabyte a million times, or a
cell that repeats a billion times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.parsers import expat

import numpy as np

from core.budget import Budget, require
from core.data.readers.unpack import Stream
from core.errors import UserInputError

CHUNK = 2**20
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
# A piece of XML is cut at the end of a tag; one without any for so long is no sheet.
LONGEST_TAG = 2**22
# Bytes of a cell that are no text; what a sheet has beyond them may be texts in the cells themselves.
USUAL_CELL = 40

_ANY_CELL = re.compile(rb"<(?:[^\s<>/=]+:)?c[\s/>]")
# The cells of the programs in use: tags written in any other way are left to the XML parser.
_CELL = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})(\d{1,7})"(?: \w{1,4}="\w*")*+ ?/?>')
_TEXT = re.compile(rb't="s"[^<>]*><(?:\w+:)?v>(\d{1,9})<')
_ITEM = re.compile(rb"<(?:[^\s<>/=]+:)?si[\s/>]")
_REFERENCE = re.compile(r"([A-Za-z]+)(\d+)")


def pieces(stream: Stream, where: str) -> Iterator[bytes]:
    """An XML text in pieces that end with a tag; refused where it defines entities."""
    held = b""
    while chunk := stream.read(CHUNK):
        chunk = held + chunk
        if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
            raise _refusal("It defines XML entities, which no spreadsheet program writes", where)
        cut = chunk.rfind(b">") + 1
        held = chunk[cut:]
        if len(held) > LONGEST_TAG:
            raise _refusal("A text in it is far longer than a cell can hold", where)
        if cut:
            yield chunk[:cut]
    if held:
        yield held


def item_lengths(xml: Iterator[bytes]) -> np.ndarray:
    """(texts,) bytes that each shared text takes at most, with its markup."""
    starts, at = [np.zeros(0, np.int64)], 0
    for piece in xml:
        starts.append(np.array([match.start() + at for match in _ITEM.finditer(piece)], np.int64))
        at += len(piece)
    return np.diff(np.concatenate((*starts, [at])))


@dataclass
class Extent:
    """How far a sheet reaches. text: bytes of the shared texts in it, each as often as it is used."""

    rows: int = 0
    columns: int = 0
    text: int = 0

    def reach(self, row: int, column: int) -> None:
        self.rows, self.columns = max(self.rows, row), max(self.columns, column)

    def check(self, where: str, budget: Budget) -> None:
        """Raises UserInputError above the limits."""
        remedy = "Save the table alone in a new workbook, or as CSV."
        if self.rows > LAST_ROW or self.columns > LAST_COLUMN:
            raise _refusal("It names cells beyond the last row or column that a sheet can have", where)
        what = "This sheet reaches too far."
        cells = self.rows * self.columns
        require(cells, budget.sheet_cells, what=what, unit="cells", where=where, remedy=remedy)
        what = "The texts of this sheet are too large."
        require(self.text, budget.sheet_text_bytes, what=what, unit="bytes", where=where, remedy=remedy)


def extent(open_xml: Callable[[], Stream], lengths: np.ndarray, where: str, budget: Budget) -> Extent:
    """How far a sheet of an xlsx workbook reaches. lengths: of the shared texts.

    Raises:
        UserInputError: above the limits, as soon as they are met; XML that is malformed.
    """
    found = _usual(pieces(open_xml(), where), lengths, where, budget)
    return found or _exact(pieces(open_xml(), where), lengths, where, budget)


def _usual(xml: Iterator[bytes], lengths: np.ndarray, where: str, budget: Budget) -> Extent | None:
    """Counted from the text, ten times faster than parsing it; None where a cell is not written in the usual way."""
    found, letters = Extent(), set[bytes]()
    longest = int(lengths.max(initial=0))
    for piece in xml:
        cells = _CELL.findall(piece)
        if len(cells) != len(_ANY_CELL.findall(piece)) or b"<![CDATA[" in piece or b"<!--" in piece:
            return None
        if not cells:
            continue
        letters.update(column for column, _ in cells)
        found.reach(max(int(row) for _, row in cells), max(map(_column, letters)))
        texts = [int(index) for index in _TEXT.findall(piece)]
        known = np.array([index for index in texts if index < len(lengths)], np.int64)
        found.text += int(lengths[known].sum()) + longest * (piece.count(b't="s"') - len(texts))
        found.text += max(0, len(piece) - USUAL_CELL * len(cells))
        found.check(where, budget)
    return found


def _exact(xml: Iterator[bytes], lengths: np.ndarray, where: str, budget: Budget) -> Extent:
    found, longest = Extent(), int(lengths.max(initial=0))
    row = column = 0

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal row, column
        tag = name.rpartition(" ")[2]
        if tag == "row":
            row, column = int(attributes.get("r", row + 1)), 0
            found.reach(row, 0)
        elif tag == "c":
            place = _REFERENCE.fullmatch(attributes.get("r", ""))
            column = _column(place[1].encode()) if place else column + 1
            found.reach(int(place[2]) if place else row, column)
            found.text += longest if attributes.get("t") == "s" else 0

    def text(letters: str) -> None:
        found.text += len(letters)

    for _ in parsed(xml, where, start=start, text=text):
        found.check(where, budget)
    return found


def parsed(xml: Iterator[bytes], where: str, **handlers: Callable[..., None]) -> Iterator[None]:
    """Run the handlers of a parser ("start", "end", "text") over an XML text, a piece at a time."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = handlers.get("start")
    parser.EndElementHandler = handlers.get("end")
    parser.CharacterDataHandler = handlers.get("text")
    try:
        for piece in xml:
            parser.Parse(piece)
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as err:
        raise _refusal(f"Its XML is malformed: {err}", where) from err


def _column(letters: bytes) -> int:
    """1 for A, 27 for AA; beyond all sheets where there are too many letters."""
    if len(letters) > 3:
        return LAST_COLUMN + 1
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def check_ods(open_xml: Callable[[], Stream], where: str, budget: Budget) -> None:
    """Count what the repetitions of an OpenDocument table come to: all its sheets are laid out at once.

    Raises:
        UserInputError: above the limits, or malformed.
    """
    counted = _OdsCount()
    for _ in parsed(pieces(open_xml(), where), where, start=counted.start, end=counted.end, text=counted.letters):
        for each in (*counted.sheets, counted.sheet):
            each.check(where, budget)
        total = sum(each.rows * each.columns for each in counted.sheets)
        what, remedy = "The sheets of this file reach too far.", "Save the table alone in a new file, or as CSV."
        require(total, budget.sheet_cells, what=what, unit="cells", where=where, remedy=remedy)


class _OdsCount:
    """Rows and columns up to the last cell with content, blank ones between them included."""

    def __init__(self) -> None:
        self.sheets: list[Extent] = []
        self.sheet = Extent()
        self._row = self._column = self._repeat = self._width = self._texts = 0
        self._cell = self._text = 0
        self._inside = self._filled = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "table":
            self.sheet, self._row = Extent(), 0
        elif tag == "table-row":
            self._repeat, self._column, self._width, self._texts = _repeats(attributes, "rows"), 0, 0, 0
        elif tag in ("table-cell", "covered-table-cell"):
            self._cell, self._inside = _repeats(attributes, "columns"), True
            self._filled = any(key.endswith((" value-type", " formula")) for key in attributes)
            self._text = sum(len(value) for value in attributes.values())

    def letters(self, text: str) -> None:
        if self._inside:
            self._text += len(text)
            self._filled = True

    def end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag in ("table-cell", "covered-table-cell"):
            self._inside = False
            self._column += self._cell
            if self._filled:
                self._width = self._column
                self._texts += self._text * self._cell
        elif tag == "table-row":
            self._row += self._repeat
            if self._width:
                self.sheet.reach(self._row, self._width)
                self.sheet.text += self._texts * self._repeat
        elif tag == "table":
            self.sheets.append(self.sheet)
            self.sheet = Extent()


def _repeats(attributes: Mapping[str, str], what: str) -> int:
    text = next((value for key, value in attributes.items() if key.endswith(f" number-{what}-repeated")), "1")
    if len(text) > 9 or not text.isdecimal():
        raise ValueError(f"{text[:20]!r} is no number of repetitions")
    return int(text)


def _refusal(reason: str, where: str) -> UserInputError:
    return UserInputError(
        "This workbook cannot be read.", where=where, reason=f"{reason}.",
        remedy="Open it in a spreadsheet program and save it again, or export the sheet as CSV.",
    )  # fmt: skip
