"""A table that DuckDB reads with types of its own: Parquet, JSON, arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.data import cells
from core.data.readers.base import RawTable
from core.data.readers.transcribe import check_columns
from core.data.schema import Finding
from core.data.workspace import Workspace
from core.errors import UserInputError

WHOLE = frozenset({"tinyint", "smallint", "integer", "bigint", "hugeint"})
UNSIGNED = frozenset({"utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"})
NUMBERS = WHOLE | UNSIGNED | {"float", "double", "decimal", "bignum"}
NESTED = frozenset({"list", "array", "map", "union", "json", "variant"})
LEFT_OUT = frozenset({"blob", "bit", "geometry"})
MOST_LEFT_OUT_NAMED = 5


@dataclass(frozen=True)
class Field:
    """A column: its name, the SQL that gives it, DuckDB's name of its type."""

    name: str
    sql: str
    type: str


def typed_table(
    source: str, columns: Sequence[tuple[str, Any]], work: Workspace, *, where: str, format: str, size: int = 0,
    findings: tuple[Finding, ...] = (),
) -> RawTable:  # fmt: skip
    """The rows of `source`, an expression after FROM. columns: names there and types as DuckDB gives them.

    Objects within objects become columns "outer.inner"; lists stay as text; what is no text or number is left out.

    Raises:
        UserInputError: no column is left, or there are too many.
    """
    fields = fields_of(columns)
    check_columns(len(fields), where, work.budget)
    kept = [field for field in fields if field.type not in LEFT_OUT]
    if not kept:
        raise UserInputError("This table has no column that can be read.", where=where)

    def relation(numbers: Collection[int], strict: bool, at: Sequence[int] = ()) -> str:
        chosen = (_number(f) if i in numbers else _text(f) for i, f in enumerate(kept))
        named = zip(chosen, at or range(len(kept)), strict=True)
        return f"(SELECT {', '.join(f'{sql} AS c{i}' for sql, i in named)} FROM {source})"

    return RawTable(
        relation=relation,
        names=tuple(field.name for field in kept),
        sample=_sample(relation((), False), work),
        findings=(*findings, *_told([field.name for field in fields if field.type in LEFT_OUT])),
        numeric=frozenset(i for i, field in enumerate(kept) if field.type in NUMBERS),
        size=size,
        format=format,
    )


def identifier(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(source: str, work: Workspace) -> list[tuple[str, Any]]:
    """Names and types of what stands after FROM."""
    found = work.con.sql(f"SELECT * FROM {source}")
    return list(zip(found.columns, found.types, strict=True))


def fields_of(columns: Sequence[tuple[str, Any]]) -> list[Field]:
    """The columns of a table, objects within objects taken apart."""
    return [field for name, type in columns for field in _fields(name, identifier(name), type)]


def _fields(name: str, sql: str, type: Any) -> Iterator[Field]:
    if type.id == "struct":
        for inner, inner_type in type.children:
            yield from _fields(f"{name}.{inner}", f"{sql}.{identifier(inner)}", inner_type)
    else:
        yield Field(name, sql, type.id)


def _number(field: Field) -> str:
    return f"{field.sql}::DOUBLE"


def _text(field: Field) -> str:
    if field.type in ("float", "double"):
        return f"CASE WHEN isfinite({field.sql}) THEN {cells.sql_label(field.sql)} ELSE {field.sql}::VARCHAR END"
    if field.type == "decimal":
        return cells.sql_label(f"{field.sql}::DOUBLE")
    if field.type.startswith("timestamp"):
        whole = f"({field.sql})::TIMESTAMP"
        midnight = f"{whole} = date_trunc('day', {whole})"
        return f"CASE WHEN {midnight} THEN {whole}::DATE::VARCHAR ELSE {field.sql}::VARCHAR END"
    if field.type in NESTED:
        return f"to_json({field.sql})::VARCHAR"
    return f"{field.sql}::VARCHAR"


def _sample(relation: str, work: Workspace) -> tuple[tuple[str, ...], ...]:
    rows = work.con.execute(f"SELECT * FROM {relation} LIMIT 1000").fetchall()
    return tuple(tuple(cell or "" for cell in row) for row in rows)


def _told(left_out: list[str]) -> tuple[Finding, ...]:
    if not left_out:
        return ()
    listed = ", ".join(f"“{name}”" for name in left_out[:MOST_LEFT_OUT_NAMED])
    more = " …" if len(left_out) > MOST_LEFT_OUT_NAMED else ""
    return (Finding("info", f"Left out, because they hold bytes and not values: {listed}{more}."),)
