"""SQLite databases, opened read-only and not trusted: tables only, and nothing in the file is run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from core.data.progress import Progress
from core.data.readers.base import Options, RawTable, choose, damaged
from core.data.readers.transcribe import transcribe
from core.data.readers.typed import identifier
from core.data.schema import Finding
from core.data.workspace import Workspace
from core.errors import UserInputError

MARK = b"SQLite format 3\0"
LONGEST_SQL = 1_000_000
MOST_TABLES = 500
CACHE_KIB = 8192
STEPS = 100_000  # of SQLite's machine between two looks at the progress

# Columns may be computed by SQLite's own harmless functions, which `trusted_schema = OFF` leaves; all else is denied.
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION})
_SETTINGS = (
    "trusted_schema = OFF",  # no functions of the schema's choice
    "cell_size_check = ON",
    "mmap_size = 0",
    f"cache_size = -{CACHE_KIB}",
    "temp_store = MEMORY",
    "query_only = ON",
)


@dataclass(frozen=True)
class SqliteReader:
    label: str = "SQLite"
    suffixes: tuple[str, ...] = (".sqlite", ".sqlite3", ".db")

    def accepts(self, path: Path, head: bytes) -> bool:
        return head.startswith(MARK)

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a damaged database, one without tables, and one that wants functions run."""
        try:
            with closing(_connect(path, work.budget.cell_bytes, progress)) as con:
                tables = _tables(con, path)
                part = choose(options.part, tuple(tables), where=path.name, kind="table")
                _forbid_all_but_reading(con)
                bytes_columns: set[str] = set()
                names, rows = _rows(con, part, bytes_columns)
                size = path.stat().st_size
                raw = transcribe(
                    rows, names, work, packed=lambda: size, where=path.name, format=self.label, progress=progress
                )  # fmt: skip
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as err:
            raise _refusal(err, path) from err
        raw = replace(raw, findings=_findings(path, bytes_columns))
        return raw if len(tables) < 2 else replace(raw, parts=tuple(tables), part=part)


READER = SqliteReader()


def _connect(path: Path, cell_bytes: int, progress: Progress) -> sqlite3.Connection:
    """immutable: no lock is taken, no journal is looked for, nothing beside the file is read or made."""
    con = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
    con.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, cell_bytes)
    con.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL)
    con.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    con.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 0)
    con.text_factory = lambda text: text.decode("utf-8", "replace")
    for setting in _SETTINGS:
        con.execute(f"PRAGMA {setting}")
    con.set_progress_handler(lambda: bool(progress(f"Reading {path.name}", None)), STEPS)  # type: ignore[func-returns-value]
    return con


def _tables(con: sqlite3.Connection, path: Path) -> dict[str, int]:
    """The tables that hold rows of their own, in order of their making: no views, no virtual tables."""
    query = """SELECT name, rootpage FROM sqlite_schema
        WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT ?"""
    tables = {str(name): int(page) for name, page in con.execute(query, (MOST_TABLES,))}
    if not tables and (log := _log(path)) is not None:
        raise UserInputError(
            "This database holds no table yet.", where=path.name,
            reason=f"Another program has it open or broke off: all stands in {log.name}, which is not read.",
            remedy="Close that program, or export the table as CSV.",
        )  # fmt: skip
    if not tables:
        raise UserInputError(
            "This database holds no table.", where=path.name, reason="Views are not run.",
            remedy="Store the rows in a table, or export them as CSV.",
        )  # fmt: skip
    return tables


def _log(path: Path) -> Path | None:
    """The file beside a database that holds what another program has not yet put into it."""
    log = path.with_name(f"{path.name}-wal")
    return log if log.is_file() and log.stat().st_size else None


def _forbid_all_but_reading(con: sqlite3.Connection) -> None:
    con.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY)


def _rows(
    con: sqlite3.Connection, table: str, bytes_columns: set[str]
) -> tuple[list[str], Iterator[tuple[object, ...]]]:
    """Names, and the rows as they are stored; bytes become empty and their columns are noted."""
    cursor = con.execute(f"SELECT * FROM {identifier(table)}")
    names = [column[0] for column in cursor.description]

    def rows() -> Iterator[tuple[object, ...]]:
        for row in cursor:
            if any(isinstance(cell, bytes) for cell in row):
                bytes_columns.update(name for name, cell in zip(names, row, strict=True) if isinstance(cell, bytes))
                row = tuple(None if isinstance(cell, bytes) else cell for cell in row)
            yield row

    return names, rows()


def _findings(path: Path, bytes_columns: set[str]) -> tuple[Finding, ...]:
    found = []
    if bytes_columns:
        listed = ", ".join(f"“{name}”" for name in sorted(bytes_columns)[:5])
        found.append(Finding("info", f"Cells that hold bytes and not values are empty: {listed}."))
    if (log := _log(path)) is not None:
        text = f"Another program has this database open: what only stands in {log.name} is not read."
        found.append(Finding("warning", text))
    return tuple(found)


def _refusal(err: Exception, path: Path) -> UserInputError:
    text = str(err)
    if "too big" in text:
        return UserInputError(
            "A cell of this database is too large.", where=path.name, remedy="Leave such texts out of the table.",
        )  # fmt: skip
    if "authoriz" in text or "unsafe use" in text or "prohibited" in text:
        return UserInputError(
            "This table wants functions to be run.",
            where=path.name,
            reason="Its columns are computed when they are read, which an untrusted file may not ask for.",
            remedy="Store the values in a plain table, or export them as CSV.",
        )
    return damaged(path.name, "SQLite", text)
