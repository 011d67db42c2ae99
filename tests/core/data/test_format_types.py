"""What formats have of their own: several tables in a file, dates, truth values, nested fields, arrays, bytes."""

from __future__ import annotations

import importlib.util
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data import load
from core.spec import DataSource, DataSpec

from . import makers
from .checks import Cells, check, read

# --- several tables in one file


def test_sheets_are_listed_and_chosen(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    path.write_bytes(makers.xlsx({"Größen": [["a"], [1], [2]], "B & C": [["c"], ["x"], ["y"]]}))
    profile = check(path, ("a",), [("1",), ("2",)])
    assert (profile.parts, profile.part) == (("Größen", "B & C"), "Größen")
    check(path, ("c",), [("x",), ("y",)], part="B & C")
    path.write_bytes(makers.ods({"Größen": [["a"], [1], [2]], "B & C": [["c"], ["x"], ["y"]]}))
    assert check(path, ("c",), [("x",), ("y",)], part="B & C").parts == ("Größen", "B & C")


def test_tables_are_listed_and_chosen(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    script = "CREATE TABLE one(a); CREATE TABLE 't''wo'(b); CREATE VIEW v AS SELECT 1; INSERT INTO one VALUES(1),(2);"
    path.write_bytes(makers.sqlite(tmp_path, script + "INSERT INTO 't''wo' VALUES('x'),('y');"))
    assert check(path, ("a",), [("1",), ("2",)]).parts == ("one", "t'wo")
    check(path, ("b",), [("x",), ("y",)], part="t'wo")


def test_members_of_archives_and_their_parts_are_listed_and_chosen(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    book = makers.xlsx({"S1": [["a"], [1], [2]], "S2": [["b"], [3], [4]]})
    path.write_bytes(makers.zipped({"book.xlsx": book, "t.csv": "c\n5\n6\n", "readme.md": "words"}))
    profile = check(path, ("a",), [("1",), ("2",)])
    assert profile.parts == ("book.xlsx → S1", "book.xlsx → S2", "t.csv")
    assert profile.part == "book.xlsx → S1"
    check(path, ("b",), [("3",), ("4",)], part="book.xlsx → S2")
    check(path, ("c",), [("5",), ("6",)], part="t.csv")


def test_tables_in_an_object_are_listed_and_chosen(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"train": [{"a": 1}, {"a": 2}], "test": [{"a": 3}, {"a": 4}], "version": 2}))
    assert check(path, ("a",), [("1",), ("2",)]).parts == ("train", "test")
    check(path, ("a",), [("3",), ("4",)], part="test")


# --- types of their own


def test_dates_numbers_and_truth_values_of_a_workbook(tmp_path: Path) -> None:
    rows = [
        ["when", "at", "ok", "n", "text", "gap"],
        [date(2024, 2, 29), datetime(2024, 2, 29, 13, 30), True, 3.0, "007", None],
        [date(1999, 12, 31), datetime(2000, 1, 1), False, 2.5, " x ", None],
        [None, None, True, -1e-9, "1e5", "late"],
    ]
    expected: Cells = [
        ("2024-02-29", "2024-02-29 13:30:00", "TRUE", "3", "007", None),
        ("1999-12-31", "2000-01-01", "FALSE", "2.5", "x", None),
        (None, None, "TRUE", "-1e-09", "1e5", "late"),
    ]
    for name, content in (("t.xlsx", makers.xlsx({"S": rows})), ("t.ods", makers.ods({"S": rows}))):
        path = tmp_path / name
        path.write_bytes(content)
        profile, cells = read(path)
        assert [tuple(cell and cell.strip() for cell in row) for row in cells] == expected
        assert profile.column("text").kind != "number"  # 007 is a code


@pytest.mark.parametrize("count", [199, 200, 201, 2500])
def test_no_row_of_a_long_sheet_is_lost(tmp_path: Path, count: int) -> None:
    rows: list[list[Any]] = [["n", "word"], *([i, f"w{i}"] for i in range(count))]
    expected: Cells = [(str(i), f"w{i}") for i in range(count)]
    for name, content in (("t.xlsx", makers.xlsx({"S": rows})), ("t.ods", makers.ods({"S": rows}))):
        path = tmp_path / name
        path.write_bytes(content)
        assert read(path)[1] == expected


def test_shared_texts_with_formats_in_them(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheet = makers.sheet_xml([]).replace(
        "<sheetData>",
        '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>'
        '<row r="3"><c r="A3" t="str"><f>A1</f><v>sum</v></c></row><row r="4"><c r="A4" t="e"><v>#N/A</v></c></row>'
        '<row r="5"><c r="A5" t="s"><v>1</v></c></row>',
    )
    strings = "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si><t>head</t></si>"
    strings += "<si><r><t>bold</t></r><r><t xml:space='preserve'> &amp; plain</t></r></si></sst>"
    path.write_bytes(makers.xlsx({"S": sheet}, **{"xl/sharedStrings.xml": strings}))
    check(path, ("head",), [("bold & plain",), ("sum",), ("bold & plain",)])


def test_a_workbook_that_counts_days_from_1904(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    content = makers.xlsx({"S": [["d"], [date(2024, 1, 1)], [date(2024, 1, 2)]]})
    path.write_bytes(content)
    check(path, ("d",), [("2024-01-01",), ("2024-01-02",)])
    book = '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    book += 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr date1904="1"/>'
    book += '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
    path.write_bytes(makers.xlsx({"S": [["d"], [date(2024, 1, 1)], [date(2024, 1, 2)]]}, **{"xl/workbook.xml": book}))
    check(path, ("d",), [("2028-01-02",), ("2028-01-03",)])


def test_types_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    select = """SELECT * FROM (VALUES
        (1::TINYINT, 9007199254740993, 1.25::DECIMAL(9, 2), true, DATE '2024-02-29',
         {'x': 1.5, 'y': 'a'}, [1, 2], '\\x01'::BLOB),
        (NULL, 2, -3.5, false, NULL, {'x': NULL, 'y': 'b'}, NULL, NULL)
    ) t(small, big, money, flag, day, point, list, bytes)"""
    path.write_bytes(makers.parquet(tmp_path, select))
    names = ("small", "big", "money", "flag", "day", "point.x", "point.y", "list")
    rows: Cells = [
        ("1", "9007199254740993", "1.25", "true", "2024-02-29", "1.5", "a", "[1,2]"),
        (None, "2", "-3.5", "false", None, None, "b", None),
    ]
    profile = check(path, names, rows)
    assert any("“bytes”" in finding.text for finding in profile.findings)


def test_fields_that_come_late_in_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(makers.lines([{"a": i} for i in range(3000)] + [{"a": 1.5, "b": "x", "c": {"d": [1, {"e": 2}]}}]))
    profile, cells = read(path)
    assert tuple(column.name for column in profile.columns) == ("a", "b", "c.d")
    assert cells[-1] == ("1.5", "x", '[1,{"e":2}]')
    assert cells[0] == ("0", None, None)


def test_rows_that_hold_lists_of_objects_are_rows(tmp_path: Path) -> None:
    rows = [{"id": i, "items": [{"n": i}, {"n": 2}]} for i in range(3)]
    expected: Cells = [(str(i), f'[{{"n":{i}}},{{"n":2}}]') for i in range(3)]
    for name, text in (
        ("t.jsonl", "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)),
        ("t.json", "".join(json.dumps(row, indent=2) + "\n" for row in rows)),
        ("l.json", json.dumps(rows, separators=(",", ":"))),
    ):
        (tmp_path / name).write_text(text)
        found = read(tmp_path / name)[1]
        assert [(n, "".join(str(items).split())) for n, items in found] == expected


def test_words_among_numbers_in_json(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        makers.lines([{"a": 1}, {"a": "two"}, {"a": "2024-01-02"}, {"a": None}, {"a": True}, {"a": "00:10"}])
    )
    check(path, ("a",), [("1",), ("two",), ("2024-01-02",), (None,), ("true",), ("00:10",)])


def test_arrays_become_columns(tmp_path: Path) -> None:
    cases: list[tuple[Any, tuple[str, ...], Cells]] = [
        (np.array([[1.5, 2], [3, 4]]), ("column 1", "column 2"), [("1.5", "2"), ("3", "4")]),
        (np.asfortranarray([[1, 2], [3, 4]]), ("column 1", "column 2"), [("1", "2"), ("3", "4")]),
        (np.array([[1, 2], [3, 4]], ">i2"), ("column 1", "column 2"), [("1", "2"), ("3", "4")]),
        (np.array([0.1, np.nan], np.float32), ("column 1",), [("0.1",), (None,)]),
        (np.array([0.5, 2], np.float16), ("column 1",), [("0.5",), ("2",)]),
        (np.array([True, False]), ("column 1",), [("true",), ("false",)]),
        (np.array(["x", "yé", ""]), ("column 1",), [("x",), ("yé",), (None,)]),
        (np.array(["2024-01-02", "NaT"], "M8[D]"), ("column 1",), [("2024-01-02",), (None,)]),
        (np.array([(1, 2.5)] * 2, [("n", "i4"), ("v", "f8")]), ("n", "v"), [("1", "2.5")] * 2),
    ]
    for k, (values, names, rows) in enumerate(cases):
        path = tmp_path / f"{k}.npy"
        path.write_bytes(makers.npy(values))
        check(path, names, rows)


def test_images_in_arrays_are_rows_of_pixels(tmp_path: Path) -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    expected: Cells = [tuple(map(str, range(12))), tuple(map(str, range(12, 24)))]
    for name, content, prefix in (
        ("i.npy", makers.npy(images), "column"),
        ("train-images-idx3-ubyte", makers.idx(images), "pixel"),
        ("train-images-idx3-ubyte.gz", makers.packers[".gz"](makers.idx(images)), "pixel"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        check(path, tuple(f"{prefix} {i + 1}" for i in range(12)), expected)


def test_labels_in_idx(tmp_path: Path) -> None:
    path = tmp_path / "labels.idx"
    path.write_bytes(makers.idx(np.array([7, 2, 1], np.uint8)))
    check(path, ("label",), [("7",), ("2",), ("1",)])
    path.write_bytes(makers.idx(np.array([0.5, -2], ">f4"), 0x0D))
    check(path, ("label",), [("0.5",), ("-2",)])


def test_x_and_y_of_an_archive_are_one_table(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    arrays = {"X": np.array([[1, 2], [3, 4], [5, 6.5]]), "y": np.array([0, 1, 0]), "about": np.array(["made up"])}
    for packed in (False, True):
        path.write_bytes(makers.npz(arrays, packed=packed))
        profile = check(path, ("X 1", "X 2", "y"), [("1", "2", "0"), ("3", "4", "1"), ("5", "6.5", "0")])
        assert profile.parts == ("X + y", "X", "y", "about")
        check(path, ("y",), [("0",), ("1",), ("0",)], part="y")


@pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="SciPy reads MATLAB files")
@pytest.mark.parametrize("packed", [False, True])
def test_matlab_arrays(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "t.mat"
    arrays = {
        "X": np.array([[1, 2], [3, 4.5]]),
        "y": np.array([[0, 1]]),
        "name": "made up",
        "cells": np.array([["a", 1]], object),
    }
    path.write_bytes(makers.mat(arrays, packed=packed))
    profile = check(path, ("X 1", "X 2", "y"), [("1", "2", "0"), ("3", "4.5", "1")])
    assert profile.parts == ("X + y", "X", "y")


def test_sparse_rows_of_arff(tmp_path: Path) -> None:
    path = tmp_path / "t.arff"
    path.write_text("@relation s\n@attribute a numeric\n@attribute b {x,y}\n@attribute c numeric\n@data\n"
                    "{0 1.5, 2 3}\n{1 'y'}\n{}\n{2 ?}\n")  # fmt: skip
    check(path, ("a", "b", "c"), [("1.5", "x", "3"), ("0", "y", "0"), ("0", "x", "0"), ("0", "x", None)])


def test_bytes_in_a_database_are_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(makers.sqlite(tmp_path, "CREATE TABLE t(a, b);", {"t": [(1, b"\x00"), (2.5, "x"), ("é", None)]}))
    profile = check(path, ("a", "b"), [("1", None), ("2.5", "x"), ("é", None)])
    assert any("bytes" in finding.text for finding in profile.findings)


def test_a_large_packed_table_is_kept_as_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.data import sources

    monkeypatch.setattr(sources, "IN_MEMORY_BYTES", 1000)
    path = tmp_path / "t.csv.gz"
    path.write_bytes(makers.packers[".gz"](("a,b\n" + "1.5,x\n2.5,y\n" * 500).encode()))
    first = load.inspect(DataSpec(DataSource("file", path=str(path))))
    monkeypatch.setattr(sources, "read", lambda *_, **__: pytest.fail("the file was read again"))
    again = load.inspect(DataSpec(DataSource("file", path=str(path)), target="a"))
    assert (first.rows, again.rows, again.format, again.preview) == (1000, 1000, first.format, first.preview)
