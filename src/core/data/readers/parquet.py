"""Parquet files, read by DuckDB."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.budget import require
from core.data.cells import sql_text
from core.data.progress import Progress
from core.data.readers.base import Options, RawTable, damaged
from core.data.readers.csv import plainly_named
from core.data.readers.typed import columns_of, typed_table
from core.data.workspace import Workspace

MARK = b"PAR1"
_TAIL = 8


@dataclass(frozen=True)
class ParquetReader:
    label: str = "Parquet"
    suffixes: tuple[str, ...] = (".parquet",)

    def accepts(self, path: Path, head: bytes) -> bool:
        return head.startswith(MARK)

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a cut or damaged file, and for one above the limits by what its index says."""
        _check_index(path, work)
        source = f"read_parquet({sql_text(str(plainly_named(path, work)))})"
        try:
            rows, size = _figures(source, work)
            remedy = "Split the file, or keep a random part of its rows."
            budget, where = work.budget, path.name
            require(rows, budget.rows, what="This table has too many rows.", unit="rows", where=where, remedy=remedy)
            return typed_table(
                source, columns_of(source, work), work, where=where, format=self.label, size=max(size, 1)
            )  # fmt: skip
        except (duckdb.OutOfMemoryException, duckdb.PermissionException):
            raise
        except (duckdb.Error, UnicodeDecodeError, RuntimeError) as err:  # names that are no text
            raise damaged(path.name, "Parquet", err) from err


READER = ParquetReader()


def _figures(source: str, work: Workspace) -> tuple[int, int]:
    """Rows, and bytes once unpacked, as the index has them."""
    file = source.removeprefix("read_parquet(").removesuffix(")")
    query = f"SELECT num_rows FROM parquet_file_metadata({file})"
    (rows,) = work.con.execute(query).fetchone() or (0,)
    query = f"SELECT coalesce(sum(total_uncompressed_size), 0) FROM parquet_metadata({file})"
    (size,) = work.con.execute(query).fetchone() or (0,)
    return int(rows), int(size)


def _check_index(path: Path, work: Workspace) -> None:
    """The index stands at the end, after its length: DuckDB would read it whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    if size < _TAIL + len(MARK) or tail[4:] != MARK:
        raise damaged(path.name, "Parquet", "Its end is missing: it was not written or copied completely")
    (length,) = struct.unpack("<L", tail[:4])
    if length > size - _TAIL - len(MARK):
        raise damaged(path.name, "Parquet", f"Its index claims {length:,} bytes, the file has {size:,}")
    what, remedy = "The index of this Parquet file is too large.", "Write it with fewer columns or larger row groups."
    require(length, work.budget.whole_bytes, what=what, unit="bytes", where=path.name, remedy=remedy)
