"""Small files that become large tables: fields that differ in every row, cells that are absent, values worked out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..core.data import makers

Make = Callable[[Path], bytes]
MANY = 300_000


def keys(row: str, *, lines: bool) -> bytes:
    """Rows that have another field each; row: with a place for its number."""
    rows = (row.replace("#", str(i)) for i in range(MANY))
    return ("\n".join(rows) if lines else f"[{','.join(rows)}]").encode()


def sparse(rows: int, columns: int, row: str) -> bytes:
    declared = "".join(f"@attribute a{i} numeric\n" for i in range(columns))
    return f"@relation s\n{declared}@data\n{row * rows}".encode()


def worked_out(expression: str) -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        plain = "CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        plain += " INSERT INTO t SELECT i FROM n; PRAGMA writable_schema = ON;"
        changed = f"UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a, b AS ({expression}))' WHERE name = 't';"
        return makers.sqlite(folder, plain + changed)

    return make


def mostly_absent() -> bytes:
    """A million rows of one field, and one row of many."""
    return b'{"k0":1}\n' * 1_000_000 + json.dumps({f"k{i}": i for i in range(16_000)}).encode() + b"\n"


# (name, content, what the refusal says)
CASES: list[tuple[str, Make, str]] = [
    ("keys.jsonl", lambda _: keys('{"k#": 1}', lines=True), "too many columns"),
    ("keys.json", lambda _: keys('{"k#": 1}', lines=False), "too many columns"),
    ("keys-within.json", lambda _: keys('{"p": {"k#": 1}}', lines=False), "too many columns"),
    ("keys-within.jsonl", lambda _: keys('{"p": {"q": {"k#": "x"}}}', lines=True), "too many columns"),
    ("keys-in-lists.jsonl", lambda _: keys('{"p": [{"k#": "x"}]}', lines=True), "too many columns"),
    ("keys-spaced.json", lambda _: keys('{ "k#" :\n 1 }', lines=False), "too many columns"),
    (
        "keys-times-keys.jsonl",
        lambda _: "".join(f'{{"k{i // 550}": {{"m{i % 550}": 1}}}}\n' for i in range(MANY)).encode(),
        "too many columns",
    ),
    ("keys-wrapped.json", lambda _: b'{"data": ' + keys('{"k#": 1}', lines=False) + b"}", "too many columns"),
    ("keys-of-records.json", lambda _: json.dumps({f"k{i}": {"0": i} for i in range(MANY)}).encode(), "many columns"),
    ("absent.jsonl", lambda _: mostly_absent(), "unfolds to suspiciously much"),
    ("absent.json", lambda _: b'{"data": [' + b'{"a":1},' * 500_000 + json.dumps(
        {f"k{i}": i for i in range(16_000)}).encode() + b"]}", "unfolds to suspiciously much"),
    ("brackets.json", lambda _: b"[" + b"[]," * 5_000_000 + b"[]]", "too many values"),
    ("objects.json", lambda _: b'{"a": [' + b"{}," * 2_000_000 + b"{}]}", "too many values"),
    ("numbers.json", lambda _: b"[" + b"1.5," * 9_000_000 + b"1]", "too many values"),
    ("sparse.arff", lambda _: sparse(200_000, 5_000, "{}\n"), "unfolds to suspiciously much"),
    ("sparse-full.arff", lambda _: sparse(2_000_000, 60, "{}\n").replace(b"numeric", b"{" + b"x" * 500 + b"}"),
     "unfolds to suspiciously much"),
    ("computed-long.db", worked_out("printf(''%.*c'', 200000, ''x'')"), "unfolds to suspiciously much"),
]  # fmt: skip
