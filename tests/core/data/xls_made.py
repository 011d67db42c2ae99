"""Old Excel workbooks, record by record, in compound files of 512-byte sectors as Excel writes them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

Rows = Sequence[Sequence[Any]]
EPOCH = datetime(1899, 12, 30)
PIECE = 8224
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def bof(of: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, of, 0, 0, 0, 0))


def cell(row: int, column: int, value: Any, texts: list[str]) -> bytes:
    at = struct.pack("<HHH", row, column, 1 if isinstance(value, (date, datetime)) else 0)
    if value is None:
        return b""
    if isinstance(value, bool):
        return record(0x0205, at + bytes([value, 0]))
    if isinstance(value, (date, datetime)):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return record(0x0203, at + struct.pack("<d", (moment - EPOCH).total_seconds() / 86400))
    if isinstance(value, str):
        texts.append(value)
        return record(0x00FD, at + struct.pack("<I", len(texts) - 1))
    if isinstance(value, int) and abs(value) < 2**29:
        return record(0x027E, at + struct.pack("<i", value << 2 | 2))
    return record(0x0203, at + struct.pack("<d", value))


def shared(texts: Sequence[str], announced: int | None = None) -> bytes:
    """The texts in pieces: one that is cut goes on behind the width of its letters."""
    pieces, piece = [], struct.pack("<II", len(texts), len(texts) if announced is None else announced)
    for text in texts:
        wide = any(ord(c) > 255 for c in text)
        encoded = text.encode("utf-16-le" if wide else "latin-1")
        if len(piece) + 3 > PIECE:
            pieces, piece = [*pieces, piece], b""
        piece += struct.pack("<HB", len(encoded) // (2 if wide else 1), wide)
        while encoded:
            room = (PIECE - len(piece)) // 2 * 2
            piece, encoded = piece + encoded[:room], encoded[room:]
            if encoded:
                pieces, piece = [*pieces, piece], bytes([wide])
    pieces.append(piece)
    return b"".join(record(0x003C if k else 0x00FC, data) for k, data in enumerate(pieces))


def workbook(
    sheets: Mapping[str, Rows | bytes], *, before: bytes = b"", announced: int | None = None, hidden: Sequence[str] = ()
) -> bytes:
    """The stream of a workbook. A sheet is its rows, or its records; before: records in front of the sheets' names."""
    texts: list[str] = []
    bodies = []
    for rows in sheets.values():
        cells = rows if isinstance(rows, bytes) else b"".join(
            cell(i, j, value, texts) for i, row in enumerate(rows) for j, value in enumerate(row)
        )  # fmt: skip
        bodies.append(bof(0x10) + record(0x0200, struct.pack("<IIHHH", 0, 1, 0, 1, 0)) + cells + record(0x000A))
    formats = b"".join(record(0x00E0, struct.pack("<HH16x", 0, code)) for code in (0, 14))
    head = bof(0x05) + record(0x0042, struct.pack("<H", 1200)) + formats + before
    strings = shared(texts, announced) if texts or announced else b""
    names = [name.encode("utf-16-le") for name in sheets]
    at = len(head) + sum(12 + len(name) for name in names) + len(strings) + 4
    listed = b""
    for key, name, body in zip(sheets, names, bodies, strict=True):
        listed += record(0x0085, struct.pack("<IBBBB", at, key in hidden, 0, len(name) // 2, 1) + name)
        at += len(body)
    return head + listed + strings + record(0x000A) + b"".join(bodies)


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Streams in sectors of 512 bytes; those below 4,096 bytes in the stream of small ones, in sectors of 64."""
    small = {name: content for name, content in streams.items() if len(content) < 4096}
    mini, mini_fat, body, fat = b"", [], b"", []
    places: dict[str, int] = {}

    def add(content: bytes) -> int:
        nonlocal body
        start, count = len(fat), -(-len(content) // 512)
        fat.extend([*range(start + 1, start + count), END])
        body += content.ljust(count * 512, b"\0")
        return start

    for name, content in small.items():
        places[name], count = len(mini_fat), -(-len(content) // 64)
        mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), END]
        mini += content.ljust(count * 64, b"\0")
    for name, content in streams.items():
        if name not in small:
            places[name] = add(content)
    mini_start = add(mini) if mini else END
    mini_table = add(struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(512, b"\xff")) if mini else END
    entries = entry("Root Entry", 5, mini_start, len(mini), 1)
    for name, content in streams.items():
        entries += entry(name, 2, places[name], len(content))
    directory = add(entries)
    tables, more = 1, 0  # sectors of the table, and of the list of its sectors beyond those in the header
    while tables * 128 < len(fat) + tables + more:
        tables += 1
        more = max(0, -(-(tables - 109) // 127))
    first = len(fat)
    follows = [*fat, *[FAT] * tables, *[0xFFFFFFFC] * more]
    table = struct.pack(f"<{len(follows)}I", *follows).ljust(tables * 512, b"\xff")
    places = [*range(first, first + tables)]
    lists = b""
    for k in range(more):
        part = places[109 + 127 * k : 109 + 127 * (k + 1)]
        after = first + tables + k + 1 if k + 1 < more else END
        lists += struct.pack("<128I", *part, *[FREE] * (127 - len(part)), after)
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        62, 3, 0xFFFE, 9, 6, 0, tables, directory, 0, 4096, mini_table, len(mini_fat) // 128 + 1 if mini else 0,
        first + tables if more else END, more,
    )  # fmt: skip
    in_header = [*places[:109], *[FREE] * max(0, 109 - tables)]
    return head + struct.pack("<109I", *in_header) + body + table + lists


def entry(name: str, kind: int, start: int, size: int, child: int = FREE) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHBBIII36xIII", text, len(text), kind, 1, FREE, FREE, child, start, size, 0)


def xls(sheets: Mapping[str, Rows | bytes], **how: Any) -> bytes:
    return compound({"Workbook": workbook(sheets, **how)})
