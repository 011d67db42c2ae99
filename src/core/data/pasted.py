"""Tables from the clipboard, kept as small files under what they hold: the same cells are the same file."""

from __future__ import annotations

import csv
import hashlib
import io
from html.parser import HTMLParser
from pathlib import Path

from core.budget import MIB, require
from core.errors import UserInputError
from core.paths import data_folder
from core.project.atomic import atomic_write

NAME = "Pasted table"
FOLDER = "pasted"
WHERE = "clipboard"
MOST_BYTES = 64 * MIB
DELIMITERS = ",;\t|"
REMEDY = "Select cells in a spreadsheet, copy them, and paste them here."


def save(text: str, html: str = "", *, folder: Path | None = None) -> Path:
    """The file that keeps what the clipboard holds as text and as HTML.

    Cells separated by tabs, as spreadsheets give them, come first; then a plain table of HTML; then any text of rows.
    folder: default: a folder among the program's own data.

    Raises:
        UserInputError: no table, one with merged cells, too much, a disk that refuses.
    """
    content, suffix = _table(text.replace("\r\n", "\n").replace("\r", "\n"), html)
    encoded = content.encode("utf-8", "replace")
    what, remedy = "This is too much for the clipboard.", "Save it as a file and open that."
    require(len(encoded), MOST_BYTES, what=what, unit="bytes", where=WHERE, remedy=remedy)
    path = (folder or data_folder() / FOLDER) / hashlib.sha256(encoded).hexdigest()[:16] / f"{NAME}{suffix}"
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            reason = f"The system says: {err.strerror or err}."
            remedy = "Free some disk space, or save the table as a file and open that."
            raise UserInputError("The table could not be kept.", where=WHERE, reason=reason, remedy=remedy) from err
        atomic_write(path, encoded)
    return path


def _table(text: str, html: str) -> tuple[str, str]:
    """The content of the file and how its name ends."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and any("\t" in line for line in lines):
        return text.strip("\n") + "\n", ".tsv"
    if "<table" in html.lower() and len(html) <= 4 * MOST_BYTES:
        return _from_html(html), ".tsv"
    if len(lines) > 1 and _is_table(lines):
        return text.strip("\n") + "\n", ".csv"
    reason = "One line alone is no table." if len(lines) == 1 else "Its lines are sentences, not rows." if lines else ""
    raise UserInputError("There is no table on the clipboard.", where=WHERE, reason=reason, remedy=REMEDY)


def _is_table(lines: list[str]) -> bool:
    """Whether most lines have the same cells, or each is one short cell."""
    some = lines[:200]
    for mark in DELIMITERS:
        counts = [line.count(mark) for line in some]
        if max(counts) and counts.count(max(set(counts), key=counts.count)) > len(counts) / 2 > counts.count(0):
            return True
    return all(len(line.split()) <= 2 for line in some)


def _from_html(html: str) -> str:
    parser = _HtmlTable()
    parser.feed(html)
    parser.close()
    rows = [row for row in parser.rows if any(cell.strip() for cell in row)]
    if parser.problem or len(rows) < 2:
        reason = parser.problem or "It has fewer than two rows."
        remedy = "Copy it from a spreadsheet, or save the page's data as CSV."
        raise UserInputError("This table cannot be pasted.", where=WHERE, reason=reason, remedy=remedy)
    width = max(map(len, rows))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows([*row, *[""] * (width - len(row))] for row in rows)
    return out.getvalue()


class _HtmlTable(HTMLParser):
    """The cells of one plain table. problem: why it is none."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.problem = ""
        self._tables = 0
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._tables += 1
            self.problem = "There is more than one table." if self._tables > 1 else self.problem
        elif tag == "tr":
            self._end()
            self.rows.append([])
        elif tag in ("td", "th"):
            self._end()
            if any(name in ("rowspan", "colspan") and value not in (None, "1") for name, value in attrs):
                self.problem = "It has merged cells."
            self._cell = []
            if not self.rows:
                self.rows.append([])
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end(self) -> None:
        if self._cell is not None:
            self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
