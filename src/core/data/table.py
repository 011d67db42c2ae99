"""A table in DuckDB, whatever its format: number columns as DOUBLE, everything else as text."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.budget import require
from core.data import cells
from core.data.progress import Progress
from core.data.readers.base import RawTable
from core.data.schema import Finding, RejectedRow
from core.data.workspace import Workspace
from core.errors import UserInputError

PREVIEW_ROWS = 200
PREVIEW_CELLS = 100_000
PREVIEW_LENGTH = 200
# Cells fetched at a time, so that a wide or long table never stands in memory whole.
FETCHED_CELLS = 4_000_000


@dataclass(frozen=True)
class Table:
    """Column i is stored as `n{i}` (its finite numbers) and `t{i}` (the texts of its other cells) where `numeric[i]`,
    else as `t{i}` alone: every cell as trimmed text, NULL where empty. Rows keep the order of the file.
    """

    work: Workspace
    names: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: int
    decimal_comma: bool = False
    encoding: str = ""
    delimiter: str = ""
    header: bool = True
    findings: tuple[Finding, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    preview: tuple[tuple[str | None, ...], ...] = ()

    def number(self, i: int) -> str:
        """SQL: the finite number in column i, or NULL."""
        return f"n{i}" if self.numeric[i] else cells.sql_number(f"t{i}", decimal_comma=self.decimal_comma)

    def label(self, i: int, kept: Set[str] = frozenset()) -> str:
        """SQL: the cell of column i as a label, NULL where missing; `kept`: missing marks that are labels here."""
        text = f"CASE WHEN {cells.sql_is_missing(f't{i}', kept=kept)} THEN NULL ELSE t{i} END"
        return f"COALESCE({text}, {cells.sql_label(f'n{i}')})" if self.numeric[i] else text

    def invalid(self, i: int) -> str:
        """SQL: whether column i, read as numbers, has a cell here that is neither a number nor missing."""
        missing = cells.sql_is_missing(f"t{i}")
        return f"(t{i} IS NOT NULL AND NOT {missing} AND ({self.number(i)}) IS NULL)"

    def row(self, expressions: list[str], where: str = "true") -> tuple[object, ...]:
        """One row of aggregates."""
        found = self.work.con.execute(f"SELECT {', '.join(expressions)} FROM cells WHERE {where}").fetchone()
        assert found is not None
        return found

    def arrays(self, expressions: list[str]) -> list[np.ndarray]:
        """Columns of numbers, in the order of the rows: float64 with NaN for NULL, or integers."""
        named = ", ".join(f"{expression} AS v{k}" for k, expression in enumerate(expressions))
        found = self.work.con.execute(f"SELECT {named} FROM cells").fetchnumpy()
        return [_filled(found[f"v{k}"]) for k in range(len(expressions))]

    def codes(self, i: int, labels: tuple[str, ...], kept: Set[str] = frozenset()) -> np.ndarray:
        """(rows,) int32: index in `labels` of the cells of column i, -1 where missing or another label."""
        if not labels:
            return np.full(self.rows, -1, np.int32)
        kind = f"labels_{i}"
        listed = ", ".join(map(cells.sql_text, labels))
        self.work.con.execute(f"DROP TYPE IF EXISTS {kind}")
        self.work.con.execute(f"CREATE TYPE {kind} AS ENUM ({listed})")
        code = f"COALESCE(enum_code(TRY_CAST({self.label(i, kept)} AS {kind}))::INTEGER, -1)"
        return self.arrays([code])[0].astype(np.int32)


def _filled(column: np.ndarray) -> np.ndarray:
    missing = np.nan if column.dtype.kind == "f" else -1
    return np.ma.filled(column, missing) if isinstance(column, np.ma.MaskedArray) else column


def build(raw: RawTable, work: Workspace, *, where: str, to: Path | None, as_text: bool, progress: Progress) -> Table:
    """Scan a raw table once into DuckDB's memory, or into the Parquet file `to` where it is large.

    as_text: keep every cell as its text, for an answer beside the question.

    Raises:
        UserInputError: no rows, too many rows, a cell above the limit, most rows unlike the first ones.
    """
    names, renamed = unique_names(raw.names)
    numeric = tuple(not as_text and _looks_numeric(raw, i) for i in range(len(names)))
    progress(f"Reading {len(names):,} columns", None)
    columns = ", ".join(_stored(i, numeric[i], raw.decimal_comma) for i in range(len(names)))
    select = f"SELECT {columns} FROM {raw.relation}"
    if to is None:
        work.con.execute(f"CREATE TABLE cells AS {select}")
    else:
        work.con.execute(f"COPY ({select}) TO {cells.sql_text(str(to))} (FORMAT parquet)")
        attach(work, to)
    rejected, rejected_count = raw.rejected()
    table = Table(
        work, names, numeric, _count_rows(work), raw.decimal_comma, raw.encoding, raw.delimiter, raw.header,
        (*raw.findings, *renamed), rejected, rejected_count, _preview(raw, work, len(names)),
    )
    _check(table, where)
    return table


def attach(work: Workspace, parquet: Path) -> None:
    """Let `cells` be the rows of a Parquet file written by `build`."""
    work.con.execute(f"CREATE VIEW cells AS SELECT * FROM read_parquet({cells.sql_text(str(parquet))})")


def unique_names(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Every column under a name of its own, and what was renamed."""
    found: list[str] = []
    findings: list[Finding] = []
    taken = set(names)
    for i, name in enumerate(names):
        new = name
        if not name:
            new = _free(f"column {i + 1}", taken)
            findings.append(Finding("info", f"Column {i + 1} has no name and is called “{new}”.", new))
        elif name in found:
            new = _free(name, taken)
            findings.append(Finding("info", f"A second column “{name}” is called “{new}”.", new))
        taken.add(new)
        found.append(new)
    return tuple(found), tuple(findings)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    count = 2
    while f"{name} ({count})" in taken:
        count += 1
    return f"{name} ({count})"


def _looks_numeric(raw: RawTable, i: int) -> bool:
    """Whether the first rows say that column i is best stored as numbers. A wrong answer costs time, never a cell."""
    texts = [text for row in raw.sample if (text := row[i].strip()) not in cells.MISSING]
    if raw.decimal_comma:
        texts = [text.replace(",", ".") for text in texts]
    if any(cells.is_code(text) for text in texts):
        return False
    return 0 < len(texts) <= sum(cells.number(text) is not None for text in texts) / 0.9


def _stored(i: int, numeric: bool, decimal_comma: bool) -> str:
    if not numeric:
        return f"trim(c{i}) AS t{i}"
    value = cells.sql_number(f"c{i}", decimal_comma=decimal_comma)
    return f"{value} AS n{i}, CASE WHEN {value} IS NULL THEN trim(c{i}) END AS t{i}"


def _count_rows(work: Workspace) -> int:
    found = work.con.execute("SELECT count(*) FROM cells").fetchone()
    assert found is not None
    return int(found[0])


def _preview(raw: RawTable, work: Workspace, columns: int) -> tuple[tuple[str | None, ...], ...]:
    """The first rows as they are written, long cells cut."""
    rows = max(1, min(PREVIEW_ROWS, PREVIEW_CELLS // max(1, columns)))
    named = ", ".join(f"c{i}" for i in range(columns))
    found = work.con.execute(f"SELECT {named} FROM {raw.relation} LIMIT {rows}").fetchall()
    return tuple(tuple(_shown(cell) for cell in row) for row in found)


def _shown(cell: str | None) -> str | None:
    text = "" if cell is None else cell.strip()
    if not text:
        return None
    return text if len(text) <= PREVIEW_LENGTH else text[: PREVIEW_LENGTH - 1] + "…"


def _check(table: Table, where: str) -> None:
    budget = table.work.budget
    if table.rows == 0 and not table.rejected_count:
        raise UserInputError(
            "This file has a header but no rows.", where=where, reason="There is nothing to learn from.",
            remedy="Check that it was exported completely.",
        )
    if table.rejected_count > table.rows:
        first = table.rejected[0]
        raise UserInputError(
            "Most rows of this file do not fit its first ones.", where=f"{where}, line {first.line:,}",
            reason=f"{table.rejected_count:,} of {table.rejected_count + table.rows:,} rows were refused, "
            f"the first because it has {first.reason}.",
            remedy="Give every row the same cells, and quote cells that hold the delimiter.",
        )
    remedy = "Split the file, or keep a random part of its rows."
    require(table.rows, budget.rows, what="This table has too many rows.", unit="rows", where=where, remedy=remedy)
    longest = table.row([f"max(strlen(t{i}))" for i in range(len(table.names))])
    for name, length in zip(table.names, longest, strict=True):
        size = length if isinstance(length, int) else 0
        require(
            size, budget.cell_bytes, what=f"A cell of “{name}” is too large.", unit="bytes", where=where,
            remedy="Check that its quotation marks are closed.",
        )
