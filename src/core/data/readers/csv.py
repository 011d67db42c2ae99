"""Delimited text: CSV, TSV and their kin, scanned by DuckDB after the dialect was guessed from the first lines."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.budget import Budget, require
from core.data import encoding
from core.data.cells import sql_text
from core.data.dialect import DELIMITERS, Dialect, Told, guess
from core.data.magic import recognize
from core.data.progress import Progress
from core.data.readers.base import Options, RawTable
from core.data.schema import Finding, RejectedRow
from core.data.workspace import Workspace
from core.errors import UserInputError

SAMPLE_BYTES = 2**18
SAMPLE_LINES = 20
LISTED = 1000
CHUNK = 2**20

_PATTERN = re.compile(r"[\[\]*?]")  # DuckDB takes such a name for a pattern of several files
_WIDTHS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


@dataclass(frozen=True)
class CsvReader:
    label: str = "CSV and TSV"
    # "" stands for any name: text is text, whatever it is called.
    suffixes: tuple[str, ...] = (".csv", ".tsv", ".txt", ".tab", ".data", ".dat", "")

    def accepts(self, path: Path, head: bytes) -> bool:
        return recognize(head) is None

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for zero bytes, too many columns, a line too long, rows without a common width."""
        told = _told(options, path.name)
        _refuse_wide(path, work.budget, told.delimiter)
        found = encoding.detect(path, options.encoding, progress=progress)
        text = path
        if not found.plain:
            text = work.folder / "utf8.csv"
            encoding.write_utf8(path, found, text, progress=progress)
        else:
            text = plainly_named(path, work)
        dialect = dialect_of(text, options, work.budget, where=path.name)
        columns = len(dialect.names)
        _check_columns(columns, path, work.budget)
        return RawTable(
            relation=lambda numbers, strict, at=(): relation(text, dialect, work.budget, numbers, at, strict=strict),
            names=dialect.names,
            sample=dialect.rows,
            encoding=found.label,
            delimiter=dialect.delimiter,
            header=dialect.header,
            decimal_comma=dialect.decimal_comma,
            findings=_findings(dialect),
            rejected=lambda: _rejected(work, text, path.name),
            format=self.label,
        )


READER = CsvReader()


def dialect_of(text: Path, options: Options, budget: Budget, *, where: str = "") -> Dialect:
    """How a text in UTF-8 is written; raises UserInputError for rows without a common width."""
    csv.field_size_limit(budget.line_bytes)
    return guess(_sample(text, budget), where=where or text.name, told=_told(options, where or text.name))


def _told(options: Options, where: str) -> Told:
    """What a person says of the text; raises UserInputError for a delimiter that cannot be one."""
    delimiter = {"\\t": "\t", "tab": "\t", "space": " "}.get(options.delimiter, options.delimiter)
    if delimiter and (len(delimiter.encode()) != 1 or delimiter.isalnum() or delimiter in "\"'\r\n\0\\.+-"):
        raise UserInputError(
            f"“{options.delimiter[:20]}” cannot separate cells.",
            where=where,
            remedy="Use one character, such as a comma, a semicolon, a bar or a tab.",
        )
    return Told(delimiter, {"yes": True, "no": False}.get(options.header), options.decimal)


def plainly_named(path: Path, work: Workspace) -> Path:
    """The same content under a name that is no pattern, without a copy where the file system allows."""
    if not _PATTERN.search(str(path)):
        return path
    name = work.folder / "plainly-named"
    for way in (os.link, os.symlink):
        with contextlib.suppress(OSError):
            way(path, name)
            return name
    shutil.copyfile(path, name)
    return name


def _refuse_wide(path: Path, budget: Budget, delimiter: str) -> None:
    """Columns are counted in the first line before anything is parsed."""
    with path.open("rb") as file:
        line = file.readline(budget.line_bytes + 1)
    # UTF-16 has a zero beside each delimiter and never more than one delimiter in two bytes.
    marks = (delimiter,) if delimiter else DELIMITERS
    _check_columns(max(line.count(mark.encode()) for mark in marks) + 1, path, budget)
    if len(line) > budget.line_bytes:
        require(
            len(line),
            budget.line_bytes,
            what="The first line of this file is too long.",
            unit="bytes",
            where=f"{path.name}, line 1",
            remedy="Check that its lines end where rows end and that quotes are closed.",
        )


def _check_columns(count: int, path: Path, budget: Budget) -> None:
    require(
        count,
        budget.columns,
        what="This table has too many columns.",
        unit="columns",
        where=path.name,
        remedy="Keep the columns that matter, or turn the table if rows and columns are swapped.",
    )


def _sample(path: Path, budget: Budget) -> str:
    """The first lines, whole ones where more follow: enough of them even where lines are long."""
    with path.open("rb") as file:
        data = file.read(SAMPLE_BYTES)
        while data.count(b"\n") < SAMPLE_LINES and len(data) < 2 * budget.line_bytes:
            line = file.readline(budget.line_bytes)
            if not line:
                break
            data += line
        if file.read(1) and b"\n" in data:
            data = data[: data.rindex(b"\n") + 1]
    return data.decode("utf-8-sig", "replace")


def relation(
    path: Path, dialect: Dialect, budget: Budget, numbers: Collection[int], at: Sequence[int] = (), *, strict: bool
) -> str:
    """The DuckDB call that scans a file in UTF-8; see `RawTable.relation`."""
    kinds = ("DOUBLE" if i in numbers else "VARCHAR" for i in range(len(dialect.names)))
    columns = ", ".join(f"'c{i}': '{kind}'" for i, kind in zip(at or range(len(dialect.names)), kinds, strict=True))
    options = {
        "columns": f"{{{columns}}}",
        "delim": sql_text(dialect.delimiter),
        "quote": sql_text(dialect.quote),
        "escape": sql_text(dialect.escape),
        "header": str(dialect.header).lower(),
        "skip": str(dialect.skip),
        "max_line_size": str(budget.line_bytes),
        "auto_detect": "false",
        "compression": "'none'",
        "strict_mode": "true",
    }
    if dialect.decimal_comma and numbers:
        options["decimal_separator"] = "','"
    if not strict:
        options |= {"store_rejects": "true", "rejects_limit": "0"}
    return f"read_csv({sql_text(str(path))}, {', '.join(f'{key} = {value}' for key, value in options.items())})"


def _findings(dialect: Dialect) -> tuple[Finding, ...]:
    found = []
    if dialect.units:
        units = ", ".join(f"“{unit}”" for unit in [unit for unit in dialect.units if unit][:5])
        found.append(Finding("info", f"The row below the header holds units and is skipped: {units}."))
    elif dialect.skip:
        lines = "The first line is" if dialect.skip == 1 else f"The first {dialect.skip} lines are"
        found.append(Finding("info", f"{lines} no part of the table and skipped."))
    if not dialect.header:
        found.append(Finding("info", "The file has no header row: the columns are numbered."))
    if dialect.decimal_comma:
        found.append(Finding("info", "Commas in numbers are read as decimal points."))
    return tuple(found)


# --- rows that do not fit


def _rejected(work: Workspace, path: Path, name: str) -> tuple[tuple[RejectedRow, ...], int]:
    """The first rows that were left out, with their lines, and how many there are.

    Raises:
        UserInputError: a quote that swallows the lines after it, a line above the limit: nothing after it is certain.
    """
    own = "SELECT scan_id, file_id FROM reject_scans WHERE file_path = ?"
    query = f"""SELECT byte_at, kind, text, message FROM (
        SELECT min(line_byte_position) AS byte_at, arg_min(error_type, coalesce(column_idx, 0))::VARCHAR AS kind,
            arg_min(csv_line, coalesce(column_idx, 0)) AS text,
            arg_min(error_message, coalesce(column_idx, 0)) AS message
        FROM reject_errors WHERE (scan_id, file_id) IN ({own}) GROUP BY line) ORDER BY byte_at"""
    rows = work.con.execute(query, [str(path)]).fetchall()
    for byte_at, kind, text, _ in rows:
        swallowed = kind == "UNQUOTED VALUE" and "\n" in (text or "").strip()
        if kind == "LINE SIZE OVER MAXIMUM" or swallowed:
            line = _lines(path, [byte_at])[0]
            raise _unclosed(f"{name}, line {line:,}", work.budget, swallowed=swallowed)
    lines = _lines(path, [row[0] for row in rows[:LISTED]])
    listed = tuple(
        RejectedRow(line, _reason(kind, message), (text or "").strip("\r\n")[:500])
        for line, (_, kind, text, message) in zip(lines, rows, strict=False)
    )
    return listed, len(rows)


def _unclosed(where: str, budget: Budget, *, swallowed: bool) -> UserInputError:
    if swallowed:
        return UserInputError(
            "A quotation mark opens here and is not closed in its line.",
            where=where,
            reason="The lines after it would become one cell.",
            remedy="Close the quotation mark or remove it.",
        )
    return UserInputError(
        "This line is too long.",
        where=where,
        reason=f"A line may have {budget.line_bytes // 2**20} MiB.",
        remedy="Check that its quotation marks are closed.",
    )


def _lines(path: Path, places: Sequence[int | None]) -> list[int]:
    """The lines of the file that begin at these bytes, ascending and counted from 1, as an editor shows them.

    DuckDB counts rows, and a cell may span lines.
    """
    found, count, at = [], 1, 0
    with path.open("rb") as file:
        for place in places:
            left = int(place or 1) - at
            while left > 0 and (chunk := file.read(min(CHUNK, left))):
                count += chunk.count(b"\n")
                left -= len(chunk)
                at += len(chunk)
            found.append(count)
    return found


def _reason(kind: str, message: str) -> str:
    widths = _WIDTHS.search(message or "")
    if widths:
        wanted, found = widths.groups()
        return f"{found} {'cell' if found == '1' else 'cells'} instead of {wanted}"
    if kind == "UNQUOTED VALUE":
        return "text after a closing quotation mark, or a quotation mark that is not closed"
    if kind == "INVALID ENCODING":
        return "letters that are not of this encoding"
    return "not readable as a row"
