"""The shapes in which programs write a table as JSON, once it is read: rows, columns, or either under a name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.dialect import is_header, stripped
from core.data.readers.transcribe import text

LONGEST_INTEGER = 400  # digits; no float64 is larger, and Python reads long ones slowly
MOST_TABLES = 200
DEEPEST = 3  # names within names that are looked through for a table


@dataclass(frozen=True)
class Found:
    """rows: each with a value for every name, or by name, without those it lacks: all cells at once could be far more
    than the file holds."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[object] | Mapping[str, object]]

    def cells(self) -> Iterator[Sequence[object]]:
        for row in self.rows:
            yield [row.get(name) for name in self.names] if isinstance(row, Mapping) else row


def integer(digits: str) -> int | str:
    """A whole number, or its digits where there are absurdly many."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else digits


def tables(found: Any, *, depth: int = 0) -> dict[str, Found]:
    """Every table in a JSON value, by its name there; "" for the value itself."""
    whole = _table(found)
    if whole is not None:
        return {"": whole}
    inner = list(found.items())[:MOST_TABLES] if isinstance(found, dict) else []
    known = {str(name): table for name, value in inner if (table := _table(value)) is not None}
    # A description beside the rows, as in {"meta": {...}, "data": [...]}, is no table to choose.
    several = {name: table for name, table in known.items() if len(table.rows) > 1}
    if not several and depth < DEEPEST:
        below = [(name, tables(value, depth=depth + 1)) for name, value in inner if isinstance(value, dict)]
        several = {
            f"{name}.{within}" if within else str(name): table
            for name, found_below in below
            for within, table in found_below.items()
            if len(table.rows) > 1
        }
    if several or known:
        return several or known
    if inner and not any(isinstance(value, list) for _, value in inner):
        return {"": _from_objects([found])}
    return {}


def _table(value: Any) -> Found | None:
    if isinstance(value, list):
        return _from_list(value)
    if not isinstance(value, dict) or not value:
        return None
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return _split(value["columns"], value["data"])
    columns = list(value.values())
    if all(isinstance(column, list) for column in columns):
        if any(column and isinstance(column[0], dict) for column in columns) or _is_wrapped(columns):
            return None
        return _from_columns(value) if len({len(column) for column in columns}) == 1 and columns[0] else None
    if all(isinstance(column, dict) for column in columns):
        return _from_dicts(value)
    return None


def _is_wrapped(columns: list[list[Any]]) -> bool:
    """Whether a single name stands above a list of rows, as in {"data": [[1, 2], [3, 4]]}."""
    return len(columns) == 1 and len(columns[0]) > 0 and isinstance(columns[0][0], list)


def _from_list(rows: list[Any]) -> Found | None:
    if not rows:
        return None
    if all(isinstance(row, dict) for row in rows):
        return _from_objects(rows)
    if all(isinstance(row, list) for row in rows):
        return _from_lists(rows)
    if any(isinstance(row, (dict, list)) for row in rows):
        return None
    return Found(("value",), [(_cell(row),) for row in rows])


def _from_objects(rows: list[dict[str, Any]]) -> Found:
    flat = [dict(_flat("", row)) for row in rows]
    names = tuple(dict.fromkeys(name for row in flat for name in row))
    return Found(names, flat)


def _flat(name: str, value: Any) -> Iterator[tuple[str, object]]:
    """Objects within objects as "outer.inner", lists as their text."""
    if isinstance(value, dict):
        for inner, found in value.items():
            yield from _flat(f"{name}.{inner}" if name else str(inner), found)
    else:
        yield name, _cell(value)


def _cell(value: Any) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def _from_lists(rows: list[list[Any]]) -> Found | None:
    width = len(rows[0])
    if not width or any(len(row) != width for row in rows):
        return None
    cells = [tuple(map(_cell, row)) for row in rows]
    top = tuple(map(text, cells[0]))
    names = all(isinstance(value, str) for value in rows[0])
    if names and is_header(top, [tuple(map(text, row)) for row in cells[1:1000]]):
        return Found(stripped(top), cells[1:])
    return Found(tuple(f"column {i + 1}" for i in range(width)), cells)


def _split(names: list[Any], rows: list[Any]) -> Found | None:
    if not names or not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    return Found(stripped([text(name) for name in names]), [tuple(map(_cell, row)) for row in rows])


def _from_columns(value: dict[str, list[Any]]) -> Found:
    return Found(tuple(value), list(zip(*(map(_cell, column) for column in value.values()), strict=True)))


def _from_dicts(value: dict[str, dict[str, Any]]) -> Found | None:
    """Columns by name and row, as pandas writes them; or rows by their names, where those are no numbers."""
    first = next(iter(value.values()))
    if first and all(key.isdecimal() for key in first) and not all(key.isdecimal() for key in value):
        rows: dict[str, dict[str, object]] = {}
        for name, column in value.items():
            for key, cell in column.items():
                rows.setdefault(key, {})[name] = _cell(cell)
        return Found(tuple(value), list(rows.values()))
    if len(value) < 2:
        return None
    return _from_objects([{"row": name, **row} for name, row in value.items()])
