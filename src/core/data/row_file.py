"""Any row of a delimited text, as it is written, by its number: where each row begins is noted in one pass."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.progress import Progress

CHUNK = 2**23
SHOWN_LENGTH = 200
LINE_END, RETURN = 10, 13
BOM = b"\xef\xbb\xbf"
Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class RowFile:
    """path: UTF-8 text in which a quote within quotes is doubled. starts: (rows + 1,) the byte at which each row
    begins, and the size. width: cells in a row.
    """

    path: Path
    starts: np.ndarray
    delimiter: str
    quote: str
    width: int

    @property
    def rows(self) -> int:
        return len(self.starts) - 1

    def read(self, numbers: Iterable[int]) -> list[Cells]:
        """The rows of these numbers; None where a cell is empty, long cells cut. Raises OSError."""
        found = []
        with self.path.open("rb") as file:
            for number in numbers:
                start, end = int(self.starts[number]), int(self.starts[number + 1])
                file.seek(start)
                found.append(self._cells(file.read(end - start)))
        return found

    def _cells(self, line: bytes) -> Cells:
        # Lines that are no rows of the table may follow.
        text = io.StringIO(line.decode("utf-8", "replace"), newline="")
        try:
            cells = next(csv.reader(text, delimiter=self.delimiter, quotechar=self.quote or None), [])
        except csv.Error:
            cells = text.getvalue().split(self.delimiter)
        shown = [as_shown(cell) for cell in cells[: self.width]]
        return (*shown, *[None] * (self.width - len(shown)))

    def search(self, text: str, *, progress: Progress) -> np.ndarray:
        """Numbers of the rows in whose text `text` occurs, small and capital letters alike, ascending. Raises OSError.

        A match may run over several cells: "a,b".
        """
        letters = ({c.lower(), c.upper(), c} for c in text)
        found = re.compile(b"".join(b"(?:%s)" % b"|".join(re.escape(c.encode()) for c in each) for each in letters))
        hits = [np.empty(0, np.int64)]
        with self.path.open("rb") as file:
            for first, last in self._spans():
                start = int(self.starts[first])
                file.seek(start)
                chunk = file.read(int(self.starts[last]) - start)
                at = np.fromiter((match.start() for match in found.finditer(chunk)), np.int64)
                rows = np.searchsorted(self.starts[first : last + 1], at + start, side="right") - 1
                hits.append(np.unique(rows) + first)
                progress("Filtering rows", last / self.rows)
        return np.concatenate(hits)

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Whole rows of about `CHUNK` bytes together."""
        first = 0
        while first < self.rows:
            last = int(np.searchsorted(self.starts, self.starts[first] + CHUNK, side="right")) - 1
            last = max(first + 1, min(last, self.rows))
            yield first, last
            first = last


def as_shown(cell: str | None) -> str | None:
    """A cell as the preview has it: trimmed, None where empty, cut where long."""
    text = "" if cell is None else cell.strip(" ")
    if not text:
        return None
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"


def index(
    path: Path, to: Path, *, delimiter: str, quote: str, width: int, skip: int = 0, header: bool = False,
    left_out: Collection[int] = (), progress: Progress,
) -> RowFile:  # fmt: skip
    """Note in the file `to` where rows begin. skip: lines before the table, then its header where there is one.

    left_out: lines, counted from 1, whose rows are none of the table. Empty lines are rows of tables of one column
    only. Raises OSError.
    """
    size, wanted = max(1, path.stat().st_size), np.array(sorted(left_out), np.int64)
    with path.open("rb") as file, to.open("wb") as out:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        for _ in range(skip):
            file.readline()
        base, lines, rest, heads = file.tell(), skip, b"", int(header)
        while chunk := file.read(CHUNK):
            buffer = rest + chunk
            starts, used, passed = _rows(buffer, quote, wanted - lines, keep_blank=width == 1)
            (starts[heads:] + base).tofile(out)
            heads = max(0, heads - len(starts))
            base, lines, rest = base + used, lines + passed, buffer[used:]
            progress("Finding where rows begin", base / size)
        if rest.strip(b"\r\n") and lines + 1 not in left_out and not heads:
            np.array([base], np.int64).tofile(out)
        np.array([base + len(rest)], np.int64).tofile(out)
    return RowFile(path, np.memmap(to, np.int64, mode="r"), delimiter, quote, width)


def _rows(buffer: bytes, quote: str, left_out: np.ndarray, *, keep_blank: bool) -> tuple[np.ndarray, int, int]:
    """Where rows begin in a text that begins with one, the bytes and the lines of all that end in it."""
    text = np.frombuffer(buffer, np.uint8)
    breaks = np.flatnonzero(text == LINE_END)
    ends = breaks
    if quote and quote.encode() in buffer:
        marks = np.flatnonzero(text == ord(quote))
        ends = breaks[np.searchsorted(marks, breaks) % 2 == 0]  # within quotes a line goes on
    if not len(ends):
        return np.empty(0, np.int64), 0, 0
    used = int(ends[-1]) + 1
    starts = np.concatenate([[0], ends[:-1] + 1])
    keep = np.ones(len(starts), bool)
    if not keep_blank:
        length = ends - starts
        keep &= (length > 0) & ~((length == 1) & (text[starts] == RETURN))
    first = np.concatenate([[0], breaks + 1])
    mine = left_out[(left_out >= 1) & (left_out <= len(breaks))]
    keep &= ~np.isin(starts, first[mine - 1])
    return starts[keep], used, int(np.searchsorted(breaks, used))
