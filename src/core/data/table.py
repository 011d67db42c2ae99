"""A table in DuckDB, whatever its format: columns of clean numbers as DOUBLE, all others as text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from core.budget import require
from core.data import cells
from core.data.number_forms import NumberForm, form_of
from core.data.progress import Progress
from core.data.readers.base import RawTable, Rejected
from core.data.schema import Finding, RejectedRow, Together
from core.data.workspace import Workspace
from core.errors import UserInputError

PREVIEW_ROWS = 200
PREVIEW_CELLS = 100_000
PREVIEW_LENGTH = 200
# Cells fetched at a time, so that a long or wide table never stands in memory whole. The time that DuckDB plans grows
# with the square of the number of expressions.
FETCHED_CELLS = 4_000_000
FETCHED_COLUMNS = 50
# Of longer tables, columns are fetched and prepared in pieces, so that none stands in memory twice.
LONG_ROWS = 2**22
PIECE_ROWS = 2**20
# What one row group of a Parquet file may hold uncompressed.
ROW_GROUP_BYTES = 64 * 2**20
# With more columns, every query would spend seconds on the description of a Parquet file.
PARQUET_COLUMNS = 2000
# Columns that turn out not to be clean numbers cost a new start each; after so many, none is taken for clean.
RESTARTS = 4

# Codes of cells that are none of the labels asked for.
MISSING, UNKNOWN = -1, -2

# How a column is stored.
NUMBERS, MIXED, TEXT = "numbers", "mixed", "text"
CELL_BYTES = {NUMBERS: 8, MIXED: 24, TEXT: 16}  # in DuckDB's memory
MOSTLY = 0.9
SAID_FORMS = 5

_BAD_COLUMN = re.compile(r'Error when converting column "c(\d+)"')


@dataclass(frozen=True)
class Table:
    """Column i is stored as `n{i}`, its numbers as DOUBLE, where `numeric[i]`, and as `t{i}`, trimmed text, NULL where
    empty, where `textual[i]`; where it is both, `t{i}` holds the cells that are no numbers. Rows keep the order of
    the file. findings: what reading had to decide. preview: the first rows as written. relation: what stands after
    FROM. forms: of the columns whose numbers are dressed up.
    """

    work: Workspace
    names: tuple[str, ...]
    numeric: tuple[bool, ...]
    textual: tuple[bool, ...]
    rows: int
    decimal_comma: bool = False
    encoding: str = ""
    delimiter: str = ""
    header: bool = True
    findings: tuple[Finding, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    preview: tuple[tuple[str | None, ...], ...] = ()
    format: str = ""
    part: str = ""
    parts: tuple[str, ...] = ()
    together: Together | None = None
    relation: str = "cells"
    forms: tuple[NumberForm, ...] = ()

    def number(self, i: int) -> str:
        """SQL: the finite number in column i, or NULL."""
        if self.numeric[i]:
            return f"CASE WHEN isfinite(n{i}) THEN n{i} END"
        return cells.sql_number(self.plain(i), decimal_comma=self.decimal_comma)

    def plain(self, i: int) -> str:
        """SQL: the text of column i, its numbers without separators of thousands and signs."""
        form = next((form for form in self.forms if form.column == i), None)
        return f"t{i}" if form is None else form.sql(f"t{i}")

    def label(self, i: int, kept: Set[str] = frozenset()) -> str:
        """SQL: the cell of column i as a label, NULL where missing; `kept`: missing marks that are labels here."""
        missing = cells.sql_is_missing(f"t{i}", kept=kept - {""})
        text = f"CASE WHEN {missing} THEN NULL ELSE t{i} END"
        if not self.numeric[i]:
            return text
        number = f"CASE WHEN isfinite(n{i}) THEN {cells.sql_label(f'n{i}')} END"
        return f"COALESCE({text}, {number})" if self.textual[i] else number

    def row(self, expressions: list[str]) -> tuple[object, ...]:
        """One row of aggregates."""
        found = self.work.con.execute(f"SELECT {', '.join(expressions)} FROM {self.relation}").fetchone()
        assert found is not None
        return found

    def arrays(self, expressions: Sequence[str]) -> list[np.ndarray]:
        """Expressions over all rows, in their order: float64 with NaN for NULL, or integers that must not be NULL."""
        if self.rows <= LONG_ROWS:
            return self._fetched(expressions)
        whole: list[np.ndarray] = []
        for start, piece in self.pieces(PIECE_ROWS):
            for k, column in enumerate(piece._fetched(expressions)):
                if not start:
                    whole.append(np.empty(self.rows, column.dtype))
                whole[k][start : start + len(column)] = column
        return whole

    def pieces(self, size: int) -> Iterator[tuple[int, Table]]:
        """The table as some that have `size` rows each, and the row at which each begins."""
        for start in range(0, self.rows, size):
            some = f"(SELECT * FROM {self.relation} LIMIT {size} OFFSET {start})"
            yield start, replace(self, relation=some, rows=min(size, self.rows - start))

    def _fetched(self, expressions: Sequence[str]) -> list[np.ndarray]:
        named = ", ".join(f"{expression} AS v{k}" for k, expression in enumerate(expressions))
        found = self.work.con.execute(f"SELECT {named} FROM {self.relation}").fetchnumpy()
        columns = [found[f"v{k}"] for k in range(len(expressions))]
        return [np.ma.filled(c, np.nan) if isinstance(c, np.ma.MaskedArray) else c for c in columns]

    def numbers(self, columns: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Each of these columns as (rows,) float64, NaN or infinite where a cell is no finite number."""
        at_once = max(1, min(FETCHED_COLUMNS, FETCHED_CELLS // max(1, self.rows)))
        for some in batches(columns, at_once):
            stored = [f"n{i}" if self.numeric[i] else self.number(i) for i in some]
            yield from zip(some, self.arrays(stored), strict=True)

    def codes(self, i: int, labels: Sequence[str]) -> np.ndarray:
        """(rows,) int32: index in `labels` of the cells of column i, MISSING or UNKNOWN.

        A cell is compared as it is written, then as the label of its number: "1.0" is the category "1".
        """
        if not labels:
            return np.full(self.rows, MISSING, np.int32)
        kind = f"labels_{i}"
        self.work.con.execute(f"DROP TYPE IF EXISTS {kind}")
        self.work.con.execute(f"CREATE TYPE {kind} AS ENUM ({', '.join(map(cells.sql_text, labels))})")
        written = self.label(i, cells.MISSING)
        found = f"enum_code(TRY_CAST({written} AS {kind}))::INTEGER"
        if not self.numeric[i] and any(cells.number(label) is not None for label in labels):
            as_number = cells.sql_label(f"({self.number(i)})")
            found = f"COALESCE({found}, enum_code(TRY_CAST({as_number} AS {kind}))::INTEGER)"
        other = f"CASE WHEN {self.label(i)} IS NULL THEN {MISSING} ELSE {UNKNOWN} END"
        return self.arrays([f"COALESCE({found}, {other})"])[0].astype(np.int32)


def batches(columns: Sequence[Any], size: int = FETCHED_COLUMNS) -> Iterator[Sequence[Any]]:
    """Pieces of `columns`, as many as one query should name."""
    for start in range(0, len(columns), size):
        yield columns[start : start + size]


def build(
    raw: RawTable, work: Workspace, *, where: str, to: Path | None, as_text: bool, progress: Progress,
    decimal: str = "", numbers: Collection[str] = (),
) -> Table:  # fmt: skip
    """Scan a raw table into DuckDB's memory, or into the Parquet file `to` where one is named and it is not too wide.

    as_text: keep every cell as its text, for an answer beside the question. decimal: "." or "," where a person said so.
    numbers: columns known to hold numbers.

    Raises:
        UserInputError: no rows, too many rows, a cell above the limit, most rows unlike the first ones.
    """
    names, renamed = unique_names(raw.names)
    work.allow_columns(len(names))
    progress(f"Reading {len(names):,} columns", None)
    forms = _forms(raw, names, decimal, numbers)
    stored = [TEXT if as_text else MIXED if i in forms else _looks(raw, i) for i in range(len(names))]
    rejected, rejected_count = _scan(raw, work, to, stored, forms, progress)
    count = work.con.execute("SELECT count(*) FROM cells").fetchone()
    assert count is not None
    table = Table(
        work=work,
        names=names,
        numeric=tuple(kind != TEXT for kind in stored),
        textual=tuple(kind != NUMBERS for kind in stored),
        rows=int(count[0]),
        decimal_comma=raw.decimal_comma,
        encoding=raw.encoding,
        delimiter=raw.delimiter,
        header=raw.header,
        findings=(*raw.findings, *renamed, *_said(raw, names, forms)),
        rejected=rejected,
        rejected_count=rejected_count,
        format=raw.format,
        part=raw.part,
        parts=raw.parts,
        together=raw.together,
        forms=tuple(forms.values()),
    )
    _check(table, where)
    return replace(table, preview=_preview(raw, work))  # last: rows that do not fit are slow to look at


def _forms(raw: RawTable, names: Sequence[str], decimal: str, numbers: Collection[str]) -> dict[int, NumberForm]:
    """The columns of text whose numbers are dressed up, and how."""
    told = "," if raw.decimal_comma else decimal.replace(",", "")
    found = {}
    for i, name in enumerate(names):
        if raw.numeric is None or i not in raw.numeric:
            form = form_of([row[i] for row in raw.sample], decimal=told, wanted=name in numbers)
            if form is not None:
                found[i] = replace(form, column=i)
    return found


def _said(raw: RawTable, names: Sequence[str], forms: Mapping[int, NumberForm]) -> Iterator[Finding]:
    """What is said of dressed numbers, with one for an example."""
    for i in list(forms)[:SAID_FORMS]:
        texts = (row[i].strip() for row in raw.sample)
        example = next(text for text in texts if forms[i].matches(text) and forms[i].plain(text) != text)
        text = f"“{names[i]}” is read as numbers: “{example}” is {forms[i].plain(example)}."
        yield Finding("info", f"{text} Choose categories if these are codes.", names[i])
    if len(forms) > SAID_FORMS:
        yield Finding("info", f"Numbers are written like that in {len(forms) - SAID_FORMS:,} more columns.")


def _scan(
    raw: RawTable, work: Workspace, to: Path | None, stored: list[str], forms: Mapping[int, NumberForm],
    progress: Progress,
) -> Rejected:  # fmt: skip
    """Make `cells`. What DuckDB reads as numbers by itself is read several times faster, but fails at a cell that is
    none: then `stored` changes, and the scan starts again."""
    for _ in range(RESTARTS):
        try:
            _store(raw, work, to, stored, forms, progress, strict=True)
            return (), 0
        except duckdb.ConversionException as err:
            for i in map(int, _BAD_COLUMN.findall(str(err))):
                stored[i] = MIXED
        except duckdb.InvalidInputException:
            break  # a row that does not fit: it has to be kept apart
    stored[:] = [MIXED if kind == NUMBERS else kind for kind in stored]
    _store(raw, work, to, stored, forms, progress, strict=False)
    return raw.rejected()


def _store(
    raw: RawTable, work: Workspace, to: Path | None, stored: Sequence[str], forms: Mapping[int, NumberForm],
    progress: Progress, *, strict: bool,
) -> None:  # fmt: skip
    relation = raw.relation({i for i, kind in enumerate(stored) if kind == NUMBERS}, strict)
    select = _selected(relation, stored, forms, decimal_comma=raw.decimal_comma)
    text = f"Reading {len(stored):,} columns"
    with work.planned_plainly():
        if to is None or len(stored) > PARQUET_COLUMNS:
            work.run(f"CREATE TABLE cells AS {select}", text, progress)
            return
        row_bytes = sum(CELL_BYTES[kind] for kind in stored)
        group = min(122_880, max(2048, ROW_GROUP_BYTES // row_bytes))
        place = f"{cells.sql_text(str(to))} (FORMAT parquet, ROW_GROUP_SIZE {group})"
        work.run(f"COPY ({select}) TO {place}", text, progress)
    attach(work, to)


def _selected(relation: str, stored: Sequence[str], forms: Mapping[int, NumberForm], *, decimal_comma: bool) -> str:
    """The cells as they are stored. A number is worked out in a query of its own, once, and not wherever it is named:
    planning hundreds of columns would take seconds else."""
    inner, outer = [], []
    for i, kind in enumerate(stored):
        inner.append(f"c{i}")
        if kind == NUMBERS:
            outer.append(f"c{i} AS n{i}")
        elif kind == TEXT:
            outer.append(f"trim(c{i}) AS t{i}")
        else:
            plain = forms[i].sql(f"c{i}") if i in forms else f"c{i}"
            inner.append(f"{cells.sql_number(plain, decimal_comma=decimal_comma)} AS n{i}")
            outer.append(f"n{i}, CASE WHEN n{i} IS NULL THEN trim(c{i}) END AS t{i}")
    return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {relation})"


def attach(work: Workspace, parquet: Path) -> None:
    """Let `cells` be the rows of a Parquet file that `build` wrote."""
    work.con.execute(f"CREATE OR REPLACE VIEW cells AS SELECT * FROM read_parquet({cells.sql_text(str(parquet))})")


def unique_names(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Every column under a name of its own, and what was renamed."""
    found: list[str] = []
    findings: list[Finding] = []
    taken = set(names)
    seen: set[str] = set()
    for i, name in enumerate(names):
        new = name
        if not name:
            new = _free(f"column {i + 1}", taken)
            findings.append(Finding("info", f"Column {i + 1} has no name and is called “{new}”.", new))
        elif name in seen:
            new = _free(name, taken)
            findings.append(Finding("info", f"Another column “{name}” is called “{new}”.", new))
        taken.add(new)
        seen.add(new)
        found.append(new)
    return tuple(found), tuple(findings)


def _free(name: str, taken: set[str]) -> str:
    count, new = 1, name
    while new in taken:
        count += 1
        new = f"{name} ({count})"
    return new


def _looks(raw: RawTable, i: int) -> str:
    """How column i is best stored, by its first rows. A wrong answer costs time, never a cell, unless it is a code with
    leading zeros that comes late."""
    if raw.numeric is not None and i in raw.numeric:
        return NUMBERS
    texts = [text for row in raw.sample if (text := row[i].strip())]
    if raw.decimal_comma:
        texts = [text.replace(",", ".") for text in texts]
    filled = [text for text in texts if text not in cells.MISSING]
    numbers = sum(cells.number(text) is not None for text in filled)
    if not filled or any(map(cells.is_code, filled)) or numbers < MOSTLY * len(filled):
        return TEXT
    return NUMBERS if numbers == len(texts) and raw.numeric is None else MIXED


def _preview(raw: RawTable, work: Workspace) -> tuple[tuple[str | None, ...], ...]:
    """The first rows as they are written, long cells cut."""
    rows = max(1, min(PREVIEW_ROWS, PREVIEW_CELLS // len(raw.names)))
    found = work.con.execute(f"SELECT * FROM {raw.relation((), False)} LIMIT {rows}").fetchall()
    return tuple(tuple(_shown(cell) for cell in row) for row in found)


def _shown(cell: str | None) -> str | None:
    text = "" if cell is None else cell.strip(" ")
    if not text:
        return None
    return text if len(text) <= PREVIEW_LENGTH else text[: PREVIEW_LENGTH - 1] + "…"


def _check(table: Table, where: str) -> None:
    budget = table.work.budget
    if table.rows == 0 and not table.rejected_count:
        raise UserInputError(
            "This file has a header but no rows.",
            where=where,
            reason="There is nothing to learn from.",
            remedy="Check that it was exported completely.",
        )
    if table.rejected_count > table.rows:
        first = table.rejected[0]
        raise UserInputError(
            "Most rows of this file do not fit its first ones.",
            where=f"{where}, line {first.line:,}",
            reason=f"{table.rejected_count:,} of {table.rejected_count + table.rows:,} rows do not; the first has "
            f"{first.reason}.",
            remedy="Give every row the same cells, and quote cells that hold the delimiter.",
        )
    remedy = "Split the file, or keep a random part of its rows."
    require(table.rows, budget.rows, what="This table has too many rows.", unit="rows", where=where, remedy=remedy)
    for some in batches([i for i in range(len(table.names)) if table.textual[i]]):
        for i, longest in zip(some, table.row([f"coalesce(max(strlen(t{i})), 0)" for i in some]), strict=True):
            assert isinstance(longest, int)
            what, remedy = f"A cell of “{table.names[i]}” is too large.", "Check that its quotation marks are closed."
            require(longest, budget.cell_bytes, what=what, unit="bytes", where=where, remedy=remedy)
