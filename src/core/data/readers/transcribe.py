"""Rows that a library gives one by one, written as CSV into the work folder and from there on read like any CSV."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from core.budget import Budget, measure, require
from core.data import cells
from core.data.dialect import SAMPLE_ROWS, Dialect
from core.data.progress import Progress
from core.data.readers.base import RawTable
from core.data.readers.csv import relation
from core.data.schema import Finding
from core.data.workspace import Workspace
from core.errors import UserInputError

ROWS_TOLD = 10_000
_MIDNIGHT = datetime.time()


def transcribe(
    rows: Iterable[Sequence[object]],
    names: Sequence[str],
    work: Workspace,
    *,
    packed: Callable[[], int],
    where: str,
    format: str,
    header: bool = True,
    findings: tuple[Finding, ...] = (),
    progress: Progress,
) -> RawTable:
    """A table of these rows, each with a value for every name. packed: bytes of the file that they took so far.

    Raises:
        UserInputError: too many columns or rows, a cell above the limit, far more text than the file has.
    """
    check_columns(len(names), where, work.budget)
    remaining = iter(rows)
    sample = [tuple(map(text, row)) for row in islice(remaining, SAMPLE_ROWS)]
    path = work.folder / "rows.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        every = chain(sample, (list(map(text, row)) for row in remaining))
        writer.writerows(_checked(every, names, work.budget, packed, where, progress))
    dialect = Dialect(",", '"', '"', names=tuple(names), header=False, width=len(names))
    return RawTable(
        relation=lambda numbers, strict, at=(): relation(path, dialect, work.budget, numbers, at, strict=strict),
        names=tuple(names),
        sample=tuple(sample),
        header=header,
        findings=findings,
        size=path.stat().st_size,
        format=format,
    )


def check_columns(count: int, where: str, budget: Budget) -> None:
    """Raises UserInputError for more columns than a table may have."""
    remedy = "Keep the columns that matter, or turn the table if rows and columns are swapped."
    what = "This table has too many columns."
    require(count, budget.columns, what=what, unit="columns", where=where, remedy=remedy)


def check_unfolded(packed: int, letters: int, count: int, where: str, budget: Budget) -> None:
    """Refuse rows that a few bytes stand for: fields that are not there, cells that are worked out.

    packed: bytes that the rows take in the file. letters, count: what they become, and the cells that is in.

    Raises:
        UserInputError: the ratio of a bomb.
    """
    told = f"{measure(packed, 'bytes')} stand for"
    if letters > budget.ratio_from and letters > budget.ratio * max(packed, 1):
        told = f"{told} {measure(letters, 'bytes')} of text."
    elif count > budget.sparse_from and count > budget.ratio * max(packed, 1):
        told = f"{told} {count:,} cells, nearly all of them empty or alike."
    else:
        return
    raise UserInputError(
        "This table unfolds to suspiciously much.", where=where, reason=told,
        remedy="Leave out columns that hardly any row fills, or write the table as CSV.",
    )  # fmt: skip


def text(value: object) -> str:
    """A value as a cell: numbers as `cells.label` writes them, times in ISO 8601, one kind of line end."""
    if isinstance(value, str):
        if "\r" in value or "\0" in value:
            return value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return cells.label(value) if value - value == 0 else str(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ")
    return str(value)


def _checked(
    rows: Iterable[Sequence[str]], names: Sequence[str], budget: Budget, packed: Callable[[], int], where: str,
    progress: Progress,
) -> Iterator[Sequence[str]]:  # fmt: skip
    written = cells_ = 0
    for number, row in enumerate(rows):
        if number % ROWS_TOLD == 0:
            progress(f"Reading {where}", None)
            remedy = "Split the file, or keep a random part of its rows."
            require(number, budget.rows, what="This table has too many rows.", unit="rows", where=where, remedy=remedy)
        letters = sum(map(len, row))
        written += letters + len(row)
        cells_ += len(row)
        if written > budget.ratio_from or cells_ > budget.sparse_from:
            check_unfolded(packed(), written, cells_, where, budget)
        if letters * 4 > budget.cell_bytes:
            sizes = (len(cell.encode("utf-8", "replace")) for cell in row)
            longest, name = max(zip(sizes, names, strict=True))
            require(
                longest, budget.cell_bytes, what=f"A cell of “{name}” is too large.", unit="bytes",
                where=f"{where}, row {number + 1:,}", remedy="Leave such texts out of the table.",
            )  # fmt: skip
        yield row
