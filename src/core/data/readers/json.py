"""JSON: rows as objects, one a line or in a list, read by DuckDB; other common shapes of tables are read whole."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from core.budget import Budget, require
from core.data import encoding
from core.data.cells import sql_text
from core.data.progress import Progress
from core.data.readers import json_tables
from core.data.readers.base import Options, RawTable, choose, damaged
from core.data.readers.csv import plainly_named
from core.data.readers.transcribe import check_columns, transcribe
from core.data.readers.typed import columns_of, fields_of, typed_table
from core.data.workspace import Workspace
from core.errors import UserInputError

CHUNK = 2**20
MOST_REPEATED = 4  # objects in a list within a row repeat their fields
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
        check_nesting(text, shape, work.budget, path.name)
        if shape:
            return _by_duckdb(text, shape, work, where=path.name, format=self.label)
        return _whole(text, work, options, where=path.name, format=self.label, progress=progress)


READER = JsonReader()


def _has_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == b"\xef\xbb\xbf"


def check_nesting(path: Path, shape: str, budget: Budget, where: str) -> None:
    """Count brackets and colons outside of texts, before anything calls itself for each of them.

    shape: as `_shape` gives it; where rows stand one by one, what each may hold is limited too.

    Raises:
        UserInputError: objects within objects, or fields in one row, beyond the limits.
    """
    depth, inside, held, fields = 0, False, b"", 0
    between = 1 if shape == "array" else 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            chunk = held + chunk
            held = b"\\" * ((len(chunk) - len(chunk.rstrip(b"\\"))) % 2)  # it belongs to the first letter to come
            chunk = chunk.removesuffix(held)
            plain = chunk.replace(b"\\\\", b"__").replace(b'\\"', b"__")
            letters = np.frombuffer(plain, np.uint8)
            quotes = np.logical_xor.accumulate(np.concatenate(([inside], letters == ord('"'))))
            outside = ~quotes[1:]
            steps = ((letters == ord("[")) | (letters == ord("{"))).astype(np.int8)
            steps -= (letters == ord("]")) | (letters == ord("}"))
            depths = np.cumsum(steps * outside, dtype=np.int32) + depth
            if len(depths):
                inside, depth = bool(quotes[-1]), int(depths[-1])
                what, remedy = "This JSON file is too deeply nested.", "Write one flat object a row."
                most = int(depths.max())
                require(most, budget.depth, what=what, unit="levels", where=where, remedy=remedy)
            if shape and len(depths):
                counts = np.cumsum((letters == ord(":")) & outside, dtype=np.int32) + fields
                rows = np.concatenate(([0], counts[depths <= between], [counts[-1]]))
                fields = int(rows[-1] - rows[-2])
                what, remedy = "A row of this JSON file has too many fields.", "Write one flat object a row."
                most = int(np.diff(rows).max())
                require(most, MOST_REPEATED * budget.columns, what=what, unit="fields", where=where, remedy=remedy)


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
    return "unstructured" if _LINES.search(head) and _first_is_flat(head) else ""


def _is_row(line: bytes, *, alone: bool) -> bool:
    """Whether an object is a row, and not columns or a wrapping of rows. alone: nothing stands after it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict) or any(_is_table(value) for value in found.values()):
        return False
    return not (alone and any(isinstance(value, (dict, list)) for value in found.values()))


def _first_is_flat(head: bytes) -> bool:
    try:
        found, _ = json.JSONDecoder().raw_decode(head.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and not any(_is_table(value) for value in found.values())


def _is_table(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and isinstance(value[0], (dict, list))


# --- rows as objects


def _by_duckdb(path: Path, shape: str, work: Workspace, *, where: str, format: str) -> RawTable:
    """Every row is looked at for its fields; DuckDB's guesses of dates and the like stay text."""
    file = sql_text(str(path))
    usual = f"{_objects(work, shape)}, sample_size = -1"
    guessed = f"read_json({file}, {usual}, map_inference_threshold = -1, field_appearance_threshold = 0)"
    try:
        # DuckDB's time for a table grows with the square of its columns.
        keys = f"SELECT unnest(json_keys(json)) AS name FROM read_json_objects({file}, {_objects(work, shape)})"
        (count,) = work.con.execute(f"SELECT count(DISTINCT name) FROM ({keys})").fetchone() or (0,)
        check_columns(int(count), where, work.budget)
        found = columns_of(guessed, work)
        check_columns(len(fields_of(found)), where, work.budget)
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
    names, rows = tables[part]
    raw = transcribe(rows, names, work, where=where, format=format, progress=progress)
    return raw if len(parts) < 2 else replace(raw, parts=parts, part=part)
