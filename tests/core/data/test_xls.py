"""Old Excel workbooks: every cell, sheets to choose from, formulas by what they came to, nothing of the rest."""

from __future__ import annotations

import struct
from datetime import date, datetime
from pathlib import Path

import pytest

from core.data import load
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

from . import makers, xls_made
from .checks import check
from .xls_made import record, xls

NAMES = ("size", "city", "sold", "day", "note")
VALUES = [
    [1.5, "Köln", True, date(2024, 2, 29), None],
    [-2, "Málaga", False, datetime(2024, 3, 1, 12, 30), "a, b; c"],
    [2**40, "東京", True, None, '"quoted"'],
    [None, "Köln", False, date(1999, 12, 31), "two\nlines"],
    [0.1, "x" * 9000, True, date(2024, 1, 1), "=1+1"],
]
CELLS = [
    ("1.5", "Köln", "TRUE", "2024-02-29", None),
    ("-2", "Málaga", "FALSE", "2024-03-01 12:30:00", "a, b; c"),
    ("1099511627776", "東京", "TRUE", None, '"quoted"'),
    (None, "Köln", "FALSE", "1999-12-31", "two\nlines"),
    ("0.1", "x" * 9000, "TRUE", "2024-01-01", "=1+1"),
]


def cells(path: Path, names: tuple[str, ...] = NAMES) -> list[tuple[str | None, ...]]:
    found = load.read_cells(DataSource("file", path=str(path)), names)
    return list(zip(*found.values(), strict=True))


@pytest.mark.parametrize("more", [0, 40], ids=["small streams", "large streams"])
def test_every_cell(tmp_path: Path, more: int) -> None:
    path = tmp_path / "t.xls"
    path.write_bytes(xls({"One": [NAMES, *VALUES, *VALUES * more]}))
    assert cells(path) == CELLS * (1 + more)
    assert load.inspect(DataSpec(DataSource("file", path=str(path)))).format == "Excel 97–2003"


def test_a_workbook_whose_table_of_sectors_does_not_fit_its_header(tmp_path: Path) -> None:
    path, padding = tmp_path / "t.xls", {"Other": bytes(8 * 2**20)}
    path.write_bytes(xls_made.compound({**padding, "Workbook": xls_made.workbook({"One": [NAMES, *VALUES]})}))
    assert cells(path) == CELLS
    content = bytearray(path.read_bytes())
    at = struct.unpack_from("<I", content, 68)[0]  # the list of sectors leads to itself
    struct.pack_into("<I", content, 512 * (at + 2) - 4, at)
    path.write_bytes(content)
    with pytest.raises(UserInputError, match="damaged"):
        load.inspect(DataSpec(DataSource("file", path=str(path))))


def test_texts_that_are_cut_and_go_on(tmp_path: Path) -> None:
    texts = [f"{'é' if i % 3 else 'ж'}{i:05}" * (i % 40 + 1) for i in range(400)]
    path = tmp_path / "t.xls"
    path.write_bytes(xls({"One": [["n", "text"], *([i, text] for i, text in enumerate(texts))]}, announced=7))
    assert [row[1] for row in cells(path, ("n", "text"))] == texts


def test_sheets_to_choose_from_hidden_ones_last(tmp_path: Path) -> None:
    path = tmp_path / "t.xls"
    rows = [["a", "b"], *([i, i % 2] for i in range(9))]
    path.write_bytes(xls({"Secret": [["x"], [1]], "Empty": [], "Grün": rows}, hidden=["Secret"]))
    profile = check(path, ("a", "b"), [(str(i), str(i % 2)) for i in range(9)])
    assert (profile.parts, profile.part) == (("Empty", "Grün", "Secret"), "Grün")
    check(path, ("x",), [("1",)], part="Secret")
    with pytest.raises(UserInputError, match="no sheet “Nothing”"):
        load.inspect(DataSpec(DataSource("file", path=str(path), part="Nothing")))


def formula(row: int, column: int, value: bytes, *, after: bytes = b"") -> bytes:
    tokens = b"\x39\xff\xff\xff\xff\xff\xff" * 3  # of no formula that there is
    body = struct.pack("<HHH", row, column, 0) + value + bytes(6) + struct.pack("<H", len(tokens)) + tokens
    return record(0x0006, body) + after


def test_formulas_are_what_they_came_to(tmp_path: Path) -> None:
    text = record(0x0207, struct.pack("<HB", 5, 0) + b"three")
    chart = xls_made.bof(0x20) + record(0x0203, struct.pack("<HHHd", 9, 9, 0, 9.0)) + record(0x000A)
    label = record(0x0204, struct.pack("<HHHHB", 0, 0, 0, 1, 0) + b"v")
    many = record(0x00BD, struct.pack("<HHHiHiH", 5, 0, 0, 7 << 2 | 2, 0, 8 << 2 | 2, 1))
    error = formula(5, 2, b"\x02\0\x07\0\0\0\xff\xff")
    body = b"".join([
        label, formula(1, 0, struct.pack("<d", 1.25)), chart, formula(2, 0, b"\x01\0\x01\0\0\0\xff\xff"),
        formula(3, 0, b"\0\0\0\0\0\0\xff\xff", after=record(0x04BC, bytes(9)) + text), many, error,
    ])  # fmt: skip
    path = tmp_path / "t.xls"
    path.write_bytes(xls({"One": body}))
    found = load.inspect(DataSpec(DataSource("file", path=str(path), header="no"))).preview
    assert [row[0] for row in found] == ["v", "1.25", "TRUE", "three", "7"]
    assert found[-1][1:] == ("8",)  # nothing stands for an error


def test_in_an_archive_and_under_another_name(tmp_path: Path) -> None:
    content = xls({"One": [["a"], *([i] for i in range(5))]})
    for name, data in (("b.zip", makers.zipped({"b.xls": content})), ("report.dat", content)):
        (tmp_path / name).write_bytes(data)
        assert load.inspect(DataSpec(DataSource("file", path=str(tmp_path / name)))).rows == 5
