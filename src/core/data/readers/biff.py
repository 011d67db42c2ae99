"""The records of an old Excel workbook (BIFF5, BIFF8): what a sheet would become in memory, counted before a library
lays it out, and a copy with the cells of one sheet and nothing else.

[MS-XLS], "Excel Binary File Format (.xls) Structure", §2.1.4: each record has a type and a length, 2 bytes each, and at
most 8,224 bytes. A workbook of a few kilobytes may name one cell at the far end of a sheet, announce four billion
texts, or let one text stand in a million cells.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.budget import Budget, require
from core.data.readers.base import damaged
from core.errors import UserInputError

LABEL = "Excel"
BOF, EOF, CONTINUE, FILEPASS, BOUNDSHEET, SST = 0x0809, 0x000A, 0x003C, 0x002F, 0x0085, 0x00FC
FORMULA, STRING, NUMBER, BOOLERR, LABELSST, MULRK = 0x0006, 0x0207, 0x0203, 0x0205, 0x00FD, 0x00BD
# Code page, first day of dates, formats of numbers, formats of cells.
KEPT = (0x0042, 0x0022, 0x041E, 0x00E0)
TEXTS = (0x0204, 0x00D6)  # LABEL, RSTRING
CELLS = (NUMBER, BOOLERR, LABELSST, MULRK, 0x027E, *TEXTS, FORMULA)
LAST_COLUMN = 255
CELL_BYTES = 6  # row, column, format
MOST_SHEETS = 1000
_LONGEST_LETTER = 3  # bytes of UTF-8 for 2 of UTF-16

Record = tuple[int, int, int]
_HEAD = struct.Struct("<HH").unpack_from


@dataclass(frozen=True)
class Book:
    """stream: all records. sheets: for each sheet its record, and where its own records begin; hidden: whether it is.

    kept: the records of the workbook that cells need; lengths: of the shared texts, at most.
    """

    stream: bytes
    sheets: tuple[tuple[bytes, int], ...]
    hidden: tuple[bool, ...]
    kept: tuple[bytes, ...]
    lengths: list[int]
    where: str

    def copy(self, bodies: Sequence[bytes]) -> bytes:
        """A workbook stream whose sheets are these, in their order."""
        begin = self.stream[: 4 + struct.unpack_from("<H", self.stream, 2)[0]]
        head = [begin, *self.kept]
        size = sum(map(len, head)) + sum(4 + len(sheet) for sheet, _ in self.sheets) + 4
        places, at = [], size
        for body in bodies:
            places.append(at)
            at += len(body)
        named = [
            _record(BOUNDSHEET, struct.pack("<I", place) + sheet[4:])
            for (sheet, _), place in zip(self.sheets, places, strict=True)
        ]
        return b"".join([*head, *named, _record(EOF, b""), *bodies])

    def empty(self) -> bytes:
        """The records of a sheet without cells."""
        return _record(BOF, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + _record(EOF, b"")


def book(stream: bytes, where: str, budget: Budget) -> Book:
    """The records of a workbook, its sheets' cells not looked at yet.

    Raises:
        UserInputError: damaged, protected by a password, without a sheet of cells.
    """
    sheets: list[tuple[bytes, int]] = []
    hidden, kept, texts = list[bool](), list[bytes](), list[bytes]()
    before = 0
    for kind, at, end in _records(stream, 0, where):
        data = stream[at + 4 : end]
        if kind == FILEPASS:
            remedy = "Save it without a password and open that file."
            raise UserInputError("This workbook is protected by a password.", where=where, remedy=remedy)
        if kind == BOUNDSHEET and len(data) >= 8 and data[5] == 0 and len(sheets) < MOST_SHEETS:
            sheets.append((data, struct.unpack_from("<I", data)[0]))
            hidden.append(data[4] & 0x3F != 0)
        elif kind in KEPT:
            kept.append(_record(kind, data))
        elif kind == SST or (kind == CONTINUE and before == SST):
            texts.append(data)
        before = before if kind == CONTINUE else kind
        if kind == EOF:
            break
    if not sheets:
        raise damaged(where, LABEL, "It has no sheet with cells")
    lengths: list[int] = []
    if texts:
        lengths = _text_lengths(texts, where)
        texts[0] = texts[0][:4] + struct.pack("<I", len(lengths)) + texts[0][8:]
        kept += [_record(SST if k == 0 else CONTINUE, data) for k, data in enumerate(texts)]
    return Book(stream, tuple(sheets), tuple(hidden), tuple(kept), lengths, where)


def _records(stream: bytes, at: int, where: str) -> Iterator[Record]:
    """(type, beginning, end) of each record from a place on."""
    size = len(stream)
    if at == 0 and (size < 4 or _HEAD(stream)[0] != BOF):
        raise damaged(where, LABEL, "It does not begin as a workbook does")
    while at + 4 <= size:
        kind, length = _HEAD(stream, at)
        end = at + 4 + length
        if end > size:
            break
        yield kind, at, end
        at = end
    raise damaged(where, LABEL, "It ends in the midst of its records")


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


# --- the texts that cells share


def _text_lengths(pieces: Sequence[bytes], where: str) -> list[int]:
    """Bytes of each shared text at most. A text may go on in the next piece, with another width of letters."""
    walk, found = _Walk(pieces), list[int]()
    try:
        walk.skip(8)
        while walk.more():
            letters, flags = struct.unpack("<HB", walk.take(3))
            runs = struct.unpack("<H", walk.take(2))[0] if flags & 8 else 0
            extra = struct.unpack("<I", walk.take(4))[0] if flags & 4 else 0
            walk.letters(letters, 2 if flags & 1 else 1)
            walk.skip(4 * runs + extra)
            found.append(_LONGEST_LETTER * letters)
    except (EOFError, struct.error) as err:
        raise damaged(where, LABEL, "Its texts are cut") from err
    return found


@dataclass
class _Walk:
    """A place in data that is cut into pieces."""

    pieces: Sequence[bytes]
    piece: int = 0
    at: int = 0

    def more(self) -> bool:
        while self.piece < len(self.pieces) and self.at >= len(self.pieces[self.piece]):
            self.piece, self.at = self.piece + 1, 0
        return self.piece < len(self.pieces)

    def take(self, size: int) -> bytes:
        if not self.more() or self.at + size > len(self.pieces[self.piece]):
            raise EOFError
        self.at += size
        return self.pieces[self.piece][self.at - size : self.at]

    def skip(self, size: int) -> None:
        while size > 0:
            if not self.more():
                raise EOFError
            step = min(size, len(self.pieces[self.piece]) - self.at)
            self.at, size = self.at + step, size - step

    def letters(self, count: int, width: int) -> None:
        """Letters of 1 or 2 bytes; each further piece begins with the width of its letters."""
        while count > 0:
            if self.piece < len(self.pieces) and self.at >= len(self.pieces[self.piece]):
                if not self.more():
                    raise EOFError
                width = 2 if self.take(1)[0] & 1 else 1
            if self.piece >= len(self.pieces):
                raise EOFError
            step = min(count, (len(self.pieces[self.piece]) - self.at) // width)
            if not step:
                raise EOFError
            self.at, count = self.at + step * width, count - step


# --- the cells of a sheet


@dataclass(slots=True)
class _Counted:
    """Where cells stand, how many bytes of text they hold, and the records that are kept of them."""

    top: int = 65_536
    bottom: int = -1
    left: int = 65_536
    right: int = -1
    text: int = 0
    kept: list[bytes] = field(default_factory=list)

    def reach(self, row: int, first: int, last: int) -> None:
        if row < self.top:
            self.top = row
        if row > self.bottom:
            self.bottom = row
        if first < self.left:
            self.left = first
        if last > self.right:
            self.right = last

    def check(self, where: str, budget: Budget) -> None:
        """Raises UserInputError above the limits."""
        remedy = "Save the table alone in a new workbook, or as CSV."
        cells = max(0, self.bottom - self.top + 1) * max(0, self.right - self.left + 1)
        what = "This sheet reaches too far."
        require(cells, budget.sheet_cells, what=what, unit="cells", where=where, remedy=remedy)
        what = "The texts of this sheet are too large."
        require(self.text, budget.sheet_text_bytes, what=what, unit="bytes", where=where, remedy=remedy)


def cells(book: Book, number: int, where: str, budget: Budget) -> bytes:
    """The records of a sheet with its cells alone, b"" where it has none: of formulas what they came to.

    Raises:
        UserInputError: above the limits, as soon as they are met; a sheet that is damaged.
    """
    stream, start = book.stream, book.sheets[number][1]
    if start >= len(stream):
        raise damaged(where, LABEL, "A sheet lies beyond its end")
    counted, head = _Counted(), b""
    depth, waiting = 0, b""
    for count, (kind, at, end) in enumerate(_records(stream, start, where)):
        if kind in (BOF, EOF):
            depth += 1 if kind == BOF else -1
            head = head or stream[at:end]
            if depth <= 0:
                break
        elif depth == 1 and kind in CELLS:
            waiting = _cell(counted, kind, stream[at:end], book)
        elif depth == 1 and kind == STRING and waiting:
            counted.kept += [waiting, stream[at:end]]
            counted.text += _LONGEST_LETTER * (end - at)
        if count % 4096 == 0:
            counted.check(where, budget)
    counted.check(where, budget)
    return b"".join([head, *counted.kept, _record(EOF, b"")]) if counted.kept else b""


def _cell(counted: _Counted, kind: int, record: bytes, book: Book) -> bytes:
    """Count and keep a cell; the record of a formula whose text follows is given back and kept with that."""
    size = len(record) - 4
    if size < CELL_BYTES + (14 if kind == FORMULA else 2):
        raise damaged(book.where, LABEL, "A cell in it is cut")
    row, column = _HEAD(record, 4)
    last = max(column, column + (size - CELL_BYTES) // 6 - 1) if kind == MULRK else column
    if last > LAST_COLUMN:
        raise damaged(book.where, LABEL, "It names cells beyond the last column that a sheet can have")
    counted.reach(row, column, last)
    if kind == FORMULA:
        return _formula(counted, record[4:])
    if kind == LABELSST:
        index = struct.unpack_from("<I", record, 4 + CELL_BYTES)[0] if size >= 10 else len(book.lengths)
        counted.text += book.lengths[index] if index < len(book.lengths) else 0
    elif kind in TEXTS:
        counted.text += _LONGEST_LETTER * size
    counted.kept.append(record)
    return b""


def _formula(counted: _Counted, data: bytes) -> bytes:
    """What a formula came to, as a cell of its own; the formula without its terms where a text follows."""
    place, value = data[:CELL_BYTES], data[CELL_BYTES:14]
    if value[6:8] != b"\xff\xff":
        counted.kept.append(_record(NUMBER, place + value))
    elif value[0] == 0:
        return _record(FORMULA, data[:20] + b"\0\0")
    elif value[0] in (1, 2):
        counted.kept.append(_record(BOOLERR, place + value[2:3] + bytes([value[0] - 1])))
    return b""
