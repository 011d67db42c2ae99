"""JSON: rows as objects, one a line or in a list, read by DuckDB; other common shapes of tables are read whole."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from core.budget import require
from core.data import encoding
from core.data.cells import sql_text
from core.data.progress import Progress
from core.data.readers import json_tables
from core.data.readers.base import Options, RawTable, choose, damaged
from core.data.readers.csv import plainly_named
from core.data.readers.json_check import check_nesting
from core.data.readers.transcribe import check_columns, check_unfolded, transcribe
from core.data.readers.typed import columns_of, fields_of, typed_table
from core.data.workspace import Workspace
from core.errors import UserInputError

LOOKED_AT = 2**16
SUFFIXES = (".json", ".jsonl", ".ndjson", ".geojson")
# What a table in JSON starts with; a line of CSV may start with a bracket too.
_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{\]"\d-])')
_LINES = re.compile(rb"[ \t]*\}[ \t\r]*\n\s*\{")


@dataclass(frozen=True)
class JsonReader:
    label: str = "JSON"
    suffixes: tuple[str, ...] = SUFFIXES

    def accepts(self, path: Path, head: bytes) -> bool:
        suffix = path.suffix.lower()
        if suffix in (".csv", ".tsv", ".tab"):
            return False
        wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        return bool(_START.match(head)) or (suffix in SUFFIXES and (wide or head.lstrip()[:1] in (b"{", b"[")))

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for what is no JSON, too deep, or no table."""
        found = encoding.detect(path, options.encoding, progress=progress)
        text = plainly_named(path, work)
        if found.codec != "utf-8-sig" or _has_mark(path):
            text = work.folder / "utf8.json"
            encoding.write_utf8(path, found, text, progress=progress)
        shape = _shape(text)
        rows = check_nesting(text, shape, work.budget, path.name)
        if shape:
            return _by_duckdb(text, shape, rows, work, where=path.name, format=self.label)
        return _whole(text, work, options, where=path.name, format=self.label, progress=progress)


READER = JsonReader()


def _has_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == b"\xef\xbb\xbf"


def _shape(path: Path) -> str:
    """DuckDB's name of the way the rows stand in the file, "" for another."""
    with path.open("rb") as file:
        head = file.read(LOOKED_AT).lstrip()
    if re.match(rb"\[\s*\{", head):
        return "array"
    first, _, rest = head.partition(b"\n")
    if not head.startswith(b"{"):
        return ""
    if first.rstrip().endswith(b"}") and _is_row(first, alone=not rest.strip()):
        return "newline_delimited"
    return "unstructured" if _LINES.search(head) and _is_first(head) else ""


def _is_row(line: bytes, *, alone: bool) -> bool:
    """Whether an object is a row, and not columns or a wrapping of rows. alone: nothing stands after it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and not (alone and any(isinstance(v, (dict, list)) for v in found.values()))


def _is_first(head: bytes) -> bool:
    """Whether another object follows the first one."""
    text = head.decode("utf-8", "replace")
    try:
        found, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and text[end:].lstrip().startswith("{")


# --- rows as objects


def _by_duckdb(path: Path, shape: str, rows: int, work: Workspace, *, where: str, format: str) -> RawTable:
    """Every row is looked at for its fields; DuckDB's guesses of dates and the like stay text."""
    file = sql_text(str(path))
    usual = f"{_objects(work, shape)}, sample_size = -1"
    guessed = f"read_json({file}, {usual}, map_inference_threshold = -1, field_appearance_threshold = 0)"
    try:
        found = columns_of(guessed, work)
        columns_found = len(fields_of(found))
        check_columns(columns_found, where, work.budget)
        check_unfolded(path.stat().st_size, 0, rows * columns_found, where, work.budget)
        columns = [(name, _as_written(type)) for name, type in found]
        listed = ", ".join(f"{sql_text(name)}: {sql_text(str(type))}" for name, type in columns)
        source = f"read_json({file}, {usual}, columns = {{{listed}}})"
        return typed_table(source, columns_of(source, work), work, where=where, format=format)
    except (duckdb.OutOfMemoryException, duckdb.PermissionException):
        raise
    except (duckdb.Error, UnicodeDecodeError, RuntimeError) as err:  # names that are no text
        raise damaged(where, "JSON", _reason(err)) from err


def _objects(work: Workspace, shape: str) -> str:
    return f"format = '{shape}', maximum_object_size = {2 * work.budget.line_bytes}"


def _as_written(type: Any) -> str:
    """The type to read a field as: numbers, truth values and objects as found, all else as it is written."""
    if type.id == "struct":
        inner = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {_as_written(of)}' for name, of in type.children)
        return f"STRUCT({inner})"
    if type.id in ("list", "map", "json"):
        return "JSON"
    return str(type) if type.id in ("bigint", "ubigint", "double", "hugeint", "boolean") else "VARCHAR"


def _reason(err: Exception) -> str:
    return str(err).split("Try ")[0].split("LINE 1")[0]


# --- other shapes


def _whole(path: Path, work: Workspace, options: Options, *, where: str, format: str, progress: Progress) -> RawTable:
    """A list of lists, columns by name, or rows under one name of an object."""
    what, remedy = "This JSON file is too large for its shape.", "Write one object a row, each on its own line."
    size = path.stat().st_size
    require(size, work.budget.whole_bytes, what=what, unit="bytes", where=where, remedy=remedy)
    try:
        found = json.loads(path.read_bytes(), parse_int=json_tables.integer)
    except (ValueError, RecursionError) as err:
        raise damaged(where, "JSON", err) from err
    tables = json_tables.tables(found)
    if not tables:
        raise UserInputError(
            "This JSON file does not look like a table.",
            where=where,
            reason="It is neither a list of rows nor a set of columns.",
            remedy="Write it as a list of objects, one a row.",
        )
    parts = tuple(tables)
    part = choose(options.part, parts, where=where, kind="table")
    table = tables[part]
    check_columns(len(table.names), where, work.budget)
    check_unfolded(size, 0, len(table.names) * len(table.rows), where, work.budget)
    raw = transcribe(
        table.cells(), table.names, work, packed=lambda: size, where=where, format=format, progress=progress
    )  # fmt: skip
    return raw if len(parts) < 2 else replace(raw, parts=parts, part=part)
