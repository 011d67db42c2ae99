"""A temporary folder and a DuckDB connection that can reach nothing but it and the files it is shown."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.budget import DEFAULT, Budget
from core.data.cells import sql_text
from core.data.progress import Progress
from core.data.scratch import scratch
from core.errors import UserInputError

# More threads read no faster than the disk and take a buffer each.
MOST_THREADS = 4
COLUMN_BYTES = 192 * 2**10
TELL_SECONDS = 0.1
# Optimizers of DuckDB: one that loses the order of rows, and those that compare each expression with all others.
UNORDERED, SEARCHING = "in_clause", "common_subexpressions, statistics_propagation"


@dataclass(frozen=True)
class Workspace:
    """con: the connection. folder: for temporary files, removed at the end. budget: the limits to keep."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    budget: Budget

    def run(self, query: str, text: str, progress: Progress) -> None:
        """Execute what may take long; `progress` hears, in another thread, `text` and how far it is."""
        over = threading.Event()

        def tell() -> None:
            while not over.wait(TELL_SECONDS):
                done = self.con.query_progress()  # below 0 where it is not known
                with contextlib.suppress(Exception):
                    progress(text, done / 100 if done >= 0 else None)

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            self.con.execute(query)
        finally:
            over.set()
            teller.join()

    @contextlib.contextmanager
    def planned_plainly(self) -> Iterator[None]:
        """Inside the block, queries are not searched for what they say twice: with hundreds of columns that takes
        longer than running them."""
        self.con.execute(f"SET disabled_optimizers = '{UNORDERED}, {SEARCHING}'")
        try:
            yield
        finally:
            self.con.execute(f"SET disabled_optimizers = '{UNORDERED}'")

    def allow_columns(self, count: int) -> None:
        """More memory for a wide table: DuckDB has thousands of rows of each column in flight, however many columns."""
        allowed = self.budget.memory_bytes + count * COLUMN_BYTES
        self.con.execute(f"SET memory_limit = '{allowed // 2**20}MiB'")


@contextlib.contextmanager
def workspace(room: Path, *, files: tuple[Path, ...] = (), budget: Budget = DEFAULT) -> Iterator[Workspace]:
    """A workspace in a new folder inside `room`; DuckDB may read `files` besides.

    Raises:
        UserInputError: no memory or disk space for the work, or a file that went away meanwhile.
    """
    with scratch(room) as folder:
        con = _connect(folder, files, room, budget)
        try:
            yield Workspace(con, folder, budget)
        except duckdb.OutOfMemoryException as err:
            remedy = "Close other programs, free some disk space, or use fewer columns."
            raise UserInputError("There is not enough memory for this table.", remedy=remedy) from err
        except duckdb.PermissionException as err:
            # A file that is gone is looked for as a folder, which is not allowed.
            if all(file.exists() for file in files):
                raise
            raise lost(FileNotFoundError("It is not there any more."), *files) from err
        except (duckdb.IOException, OSError) as err:
            raise lost(err, *files) from err
        finally:
            con.close()


def _connect(folder: Path, files: tuple[Path, ...], room: Path, budget: Budget) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": f"{budget.memory_bytes // 2**20}MiB",
        "temp_directory": str(folder / "spill"),
        "threads": max(1, min(MOST_THREADS, os.cpu_count() or 1)),
    }
    con = duckdb.connect(":memory:", config=config)
    paths = ", ".join(sql_text(str(path)) for path in files)
    con.execute(f"SET allowed_directories = [{sql_text(str(room))}]")
    con.execute(f"SET allowed_paths = [{paths}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET enable_progress_bar = true")  # without it no progress is known
    con.execute("SET enable_progress_bar_print = false")
    # A long IN list would become a parallel join, which gives rows back in any order: labels would change rows.
    con.execute(f"SET disabled_optimizers = '{UNORDERED}'")
    return con


def lost(err: Exception, *files: Path) -> UserInputError:
    """The refusal of a file that went away or failed while it was read."""
    return UserInputError(
        "This file could not be read to the end.",
        where=_at_fault(err, files),
        reason=str(err).splitlines()[0] if str(err) else type(err).__name__,
        remedy="Check that it is still there and can be read, and that the disk is not full; then open it again.",
    )


def _at_fault(err: Exception, files: tuple[Path, ...]) -> str:
    """The name of the file that went away or that the error speaks of."""
    gone = (file for file in files if not file.exists())
    named = (file for file in files if file.name in str(err))
    found = next(gone, None) or next(named, None) or next(iter(files), None)
    return found.name if found is not None else ""
