"""All rows of a source to look at: cells as they are written, by row number, sorted by a column or filtered by a text.

Cells come from a text whose row starts are known: the file itself where it is a large CSV in UTF-8, else a copy that is
made once. Sorting is DuckDB's, by the columns that reading kept. Runs in the pages process.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from core.budget import DEFAULT
from core.data import cells
from core.data.dialect import Dialect
from core.data.progress import Progress, silent
from core.data.readers import csv as csv_reader
from core.data.readers import reader_for
from core.data.row_file import RowFile, index
from core.data.schema import NO_PART, Page, View
from core.data.sources import IN_MEMORY_BYTES, open_table, options_of, title
from core.data.store import PARTS
from core.data.table import Table
from core.data.workspace import lost
from core.spec import DataSource

COMPARED_ROWS = 64
KEPT_ORDERS = 2
DIGITS = 20  # of a number within a text that is compared by value
_NUMBERED = "'[0-9]+|[^0-9]+'"


class Browser:
    """One source, held open until `close`. Raises UserInputError where it cannot be read."""

    def __init__(self, source: DataSource, digest: str, *, progress: Progress = silent) -> None:
        self._source, self._held = source, contextlib.ExitStack()
        self._orders: dict[tuple[int, bool], np.ndarray] = {}
        self._view = View()
        self._folder, self._parts = "", np.empty(0, np.uint8)
        try:
            self._table, self._file = self._open(digest, progress)
        except BaseException:
            self._held.close()
            raise
        self._numbers: np.ndarray | range = range(self._file.rows)

    def close(self) -> None:
        self._file.starts._mmap.close()  # type: ignore[attr-defined]
        self._held.close()

    def interrupt(self) -> None:
        """From another thread: give up what DuckDB is doing."""
        self._table.work.con.interrupt()

    # --- what is looked at

    def look(self, view: View, *, progress: Progress = silent) -> int:
        """Take a view; the number of its rows."""
        if view != self._view:
            self._numbers = self._rows_of(view, progress)
            self._view = view
        return len(self._numbers)

    def page(self, first: int, count: int, *, prepared: str = "") -> Page:
        """Some rows of the view. prepared: the folder of arrays whose parts are to be told, or ""."""
        numbers = np.asarray(self._numbers[first : first + count], np.int64)
        try:
            rows = tuple(self._file.read(numbers))
        except OSError as err:
            raise lost(err, self._file.path) from err
        parts = self._parts_of(prepared)[numbers].tobytes() if prepared else bytes([NO_PART]) * len(rows)
        return Page(tuple(int(n) for n in numbers), rows, parts)

    def _rows_of(self, view: View, progress: Progress) -> np.ndarray | range:
        rows = self._file.rows
        order = None if view.column < 0 else self._order(view.column, view.descending, progress)
        if not view.containing:
            return range(rows) if order is None else order
        found = self._file.search(view.containing, progress=progress)
        if order is None:
            return found
        with_text = np.zeros(rows, bool)
        with_text[found] = True
        return order[with_text[order]]

    def _order(self, column: int, descending: bool, progress: Progress) -> np.ndarray:
        """Row numbers by the cells of a column: numbers by value, then texts, then what is missing."""
        key = column, descending
        if key not in self._orders:
            progress(f"Sorting by {self._table.names[column]}", None)
            if len(self._orders) >= KEPT_ORDERS:
                self._orders.pop(next(iter(self._orders)))
            self._orders[key] = self._sorted(column, descending)
        return self._orders[key]

    def _sorted(self, column: int, descending: bool) -> np.ndarray:
        keys = [f"({self._table.number(column)})"] if self._table.numeric[column] else self._text_keys(column)
        named = ", ".join(f"{key} AS k{i}" for i, key in enumerate(keys))
        way = "DESC" if descending else "ASC"
        by = ", ".join(f"k{i} {way} NULLS LAST" for i in range(len(keys)))
        numbered = f"SELECT {named}, (row_number() OVER () - 1)::INTEGER AS row FROM cells"
        query = f"SELECT row FROM ({numbered}) ORDER BY {by}, row"
        return np.asarray(self._table.work.con.execute(query).fetchnumpy()["row"])

    def _text_keys(self, column: int) -> list[str]:
        number = self._table.number(column)
        text = f"CASE WHEN ({number}) IS NULL AND NOT ({cells.sql_is_missing(f't{column}')}) THEN lower(t{column}) END"
        (numbered,) = self._table.row([f"coalesce(bool_or(regexp_matches({text}, '[0-9]')), false)"])
        if numbered:  # "class 2" stands before "class 10"
            pieces = f"regexp_extract_all({text}, {_NUMBERED})"
            padded = f"lambda p: CASE WHEN p[1] BETWEEN '0' AND '9' THEN lpad(p, {DIGITS}, '0') ELSE p END"
            text = f"array_to_string(list_transform({pieces}, {padded}), '')"
        return [f"({number})", f"nullif({text}, '')"]

    def _parts_of(self, folder: str) -> np.ndarray:
        """(rows,) uint8: the part of each row."""
        if folder != self._folder:
            found = np.full(self._file.rows, NO_PART, np.uint8)
            for k, part in enumerate(PARTS):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    path = Path(folder) / f"{part}-row_numbers.npy"
                    found[np.load(path, mmap_mode="r", allow_pickle=False)] = k
            self._folder, self._parts = folder, found
        return self._parts

    # --- opening

    def _open(self, digest: str, progress: Progress) -> tuple[Table, RowFile]:
        if self._is_plain():
            table = self._held.enter_context(open_table(self._source, digest, progress=progress))
            found = self._in_place(table, progress)
            if found is not None:
                return table, found
            self._held.close()
        table = self._held.enter_context(open_table(self._source, progress=progress, as_text=True))
        return table, self._copied(table, progress)

    def _is_plain(self) -> bool:
        """Whether this is one large delimited text: others are read quickly, or have to be unpacked."""
        path = Path(self._source.path)
        if self._source.kind != "file" or self._source.also or not path.is_file():
            return False
        return path.stat().st_size > IN_MEMORY_BYTES and isinstance(reader_for(path), csv_reader.CsvReader)

    def _in_place(self, table: Table, progress: Progress) -> RowFile | None:
        """The rows of the file itself, None where they cannot be told apart as the scan did."""
        path = Path(self._source.path)
        if table.encoding != "UTF-8" or table.rejected_count > len(table.rejected):
            return None
        dialect = csv_reader.dialect_of(path, options_of(self._source), DEFAULT)
        if dialect.escape != dialect.quote:
            return None
        found = index(
            path, table.work.folder / "starts", delimiter=dialect.delimiter, quote=dialect.quote,
            width=len(table.names), skip=dialect.skip, header=dialect.header,
            left_out=[row.line for row in table.rejected], progress=progress,
        )  # fmt: skip
        return found if found.rows == table.rows and _agrees(table, found, dialect) else None

    def _copied(self, table: Table, progress: Progress) -> RowFile:
        """A copy of the cells that DuckDB writes."""
        progress(f"Making all rows of {title(self._source)} ready to look at", None)
        path = table.work.folder / "rows.csv"
        shown = ", ".join(f"t{i}" for i in range(len(table.names)))
        told = "FORMAT csv, HEADER false, DELIMITER ',', QUOTE '\"', ESCAPE '\"'"
        table.work.con.execute(f"COPY (SELECT {shown} FROM cells) TO {cells.sql_text(str(path))} ({told})")
        starts = table.work.folder / "starts"
        return index(path, starts, delimiter=",", quote='"', width=len(table.names), progress=progress)


def _agrees(table: Table, found: RowFile, dialect: Dialect) -> bool:
    """Whether rows of the file hold what the scan found, looked at in some spread over all."""
    dressed = {form.column for form in table.forms}
    columns = [i for i, numeric in enumerate(table.numeric) if numeric and i not in dressed][:8]
    if not columns or not found.rows:
        return True
    at = sorted({int(n) for n in np.linspace(0, found.rows - 1, COMPARED_ROWS)})
    named = ", ".join(table.number(i) for i in columns)
    numbered = f"SELECT {named}, row_number() OVER () - 1 AS number FROM cells"
    query = f"SELECT * FROM ({numbered}) WHERE number IN (SELECT unnest({at})) ORDER BY number"
    known = [row[:-1] for row in table.work.con.execute(query).fetchall()]
    written = [tuple(_number(row[i], dialect) for i in columns) for row in found.read(at)]
    return known == written


def _number(cell: str | None, dialect: Dialect) -> float | None:
    text = "" if cell is None else cell
    return cells.number(text.replace(",", ".") if dialect.decimal_comma else text)
