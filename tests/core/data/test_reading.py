"""Honest files in every dress: what a person wrote into a cell is what comes out of it."""

import csv
import io
import os
from pathlib import Path

import pytest

from core.data import digest, load, sources
from core.data.schema import TableProfile
from core.spec import DataSource, DataSpec

from .conftest import Inspect, Make

NAMES = ("size", "straße", "grade", "remark")
ROWS = (
    ("1.5", "Köln", "yes", "=1+1"),
    ("-2", "Aix-en-Provence", "no", "a, b; c\td | e"),
    ("3e2", "Málaga", "yes", 'she said "no"'),
    ("", "Köln", "no", "two\nlines"),
    (".5", "NA", "yes", "+49 221"),
    ("+7.", "Málaga", "no", "@home"),
    ("1", "Zürich", "yes", "-"),
    ("2", "Zürich", "no", "<b>bold</b>"),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1")


def written(delimiter: str, quoting: int, newline: str, *, header: bool) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=newline)
    writer.writerows([NAMES, *ROWS] if header else ROWS)
    return text.getvalue()


def cells(source: DataSource, names: tuple[str, ...]) -> list[tuple[str | None, ...]]:
    columns = load.read_cells(source, names)
    return list(zip(*(columns[name] for name in names), strict=True))


EXPECTED = [tuple(cell or None for cell in row) for row in ROWS]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_every_cell_is_read_as_it_was_written(file: Make, delimiter: str, header: bool, quoting: int) -> None:
    source = file(written(delimiter, quoting, "\n", header=header))
    profile = load.inspect(DataSpec(source))
    names = NAMES if header else ("column 1", "column 2", "column 3", "column 4")
    assert (profile.delimiter, profile.header) == (delimiter, header)
    assert tuple(column.name for column in profile.columns) == names
    assert cells(source, names) == EXPECTED
    assert list(profile.preview) == EXPECTED


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_change_nothing(file: Make, encoding: str, newline: str) -> None:
    source = file(written(",", csv.QUOTE_ALL, newline, header=True), encoding=encoding)
    assert cells(source, NAMES) == EXPECTED
    label = load.inspect(DataSpec(source)).encoding
    assert label == {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "latin-1": "Windows-1252"}.get(
        encoding, encoding.upper().removesuffix("-LE").removesuffix("-BE")
    )


def test_mixed_line_ends_are_read(file: Make) -> None:
    assert cells(file("a,b\r\n1,x\n2,y\r\n3,z\n"), ("a", "b")) == [("1", "x"), ("2", "y"), ("3", "z")]


def test_a_quoted_line_break_of_another_kind_stays_in_its_cell(file: Make) -> None:
    # As Excel writes it: rows end with CR LF, a break inside a cell is LF.
    assert cells(file('a,b\r\n1,"x\ny"\r\n2,z\r\n'), ("a", "b")) == [("1", "x\ny"), ("2", "z")]


def test_one_letter_at_the_end_decides_the_encoding(file: Make) -> None:
    lines = "".join(f"{i},abc\n" for i in range(200_000))
    source = file(("n,text\n" + lines + "1,Ende\n2,Café\n").encode("latin-1"))
    assert load.inspect(DataSpec(source)).encoding == "Windows-1252"
    assert cells(source, ("text",))[-1] == ("Café",)


def test_bytes_without_meaning_in_windows_1252_are_latin_1(inspect: Inspect) -> None:
    assert inspect(b"a,b\n1,\xe9\n2,\x81\n3,c\n").encoding == "Latin-1"


def test_single_quotes_and_backslashes(file: Make) -> None:
    assert cells(file("a,b\n'x, y',1\n'z',2\n'w, w',3\n"), ("a",)) == [("x, y",), ("z",), ("w, w",)]
    assert cells(file('a,b\n"x \\"y\\", z",1\n"w",2\n'), ("a",)) == [('x "y", z',), ("w",)]


def test_apostrophes_are_no_quotes(file: Make) -> None:
    assert cells(file("a,b\nrock 'n' roll,1\n'tis,2\nit's,3\n"), ("a",)) == [("rock 'n' roll",), ("'tis",), ("it's",)]


def test_spaces_around_cells_do_not_count(inspect: Inspect) -> None:
    profile = inspect("age, work, pay\n" + "39, State-gov, low\n50, ?, high\n38, State-gov , low\n" * 3)
    assert profile.column("work").categories == (("State-gov", 6),)
    assert profile.column("work").missing == 3


def test_blank_lines_and_a_title_are_passed_over(inspect: Inspect) -> None:
    profile = inspect("Sales of 2024\n\nregion,amount\nnorth,1.5\n\nsouth,2.5\nnorth,3\n\n")
    assert [column.name for column in profile.columns] == ["region", "amount"]
    assert profile.rows == 3
    assert any("skipped" in finding.text for finding in profile.findings)


def test_row_names_without_a_heading_as_r_writes_them(inspect: Inspect) -> None:
    profile = inspect('"mpg","cyl"\n"Mazda RX4",21,6\n"Datsun 710",22.8,4\n"Valiant",18.1,6\n')
    assert [column.name for column in profile.columns] == ["row", "mpg", "cyl"]
    assert profile.preview[0] == ("Mazda RX4", "21", "6")


def test_a_delimiter_at_the_end_of_every_row(inspect: Inspect) -> None:
    profile = inspect("a,b\n1,x,\n2,y,\n3,x,\n")
    assert [column.name for column in profile.columns[:2]] == ["a", "b"]
    assert profile.preview[0][:2] == ("1", "x")
    assert profile.rows == 3


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,versicolor\n", False),
        ("0,1,2,3\n5.1,3.5,1.4,0.2\n4.9,3.0,1.4,0.2\n", True),  # columns that a program numbered
        ("yes,no\nno,yes\nyes,yes\nno,no\n", False),
        ("name,city\nAnn,Rome\nBob,Oslo\n", True),
        ("a,b\n,1\n,2\n", True),
        ("x1,x2,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n", True),
        (",a,b\n0,1.5,x\n1,2.5,y\n2,0.5,x\n", True),  # a table that pandas wrote with its index
        ("2019,2020,2021\n1.5,2.5,3.5\n0.5,1.5,2.5\n", False),
    ],
)
def test_header_or_not(inspect: Inspect, content: str, header: bool) -> None:
    assert inspect(content).header is header


def test_decimal_commas(inspect: Inspect, file: Make) -> None:
    profile = inspect("size;kind\n1,5;a\n2,25;b\n-0,5;a\n3;b\n")
    size = profile.column("size")
    assert (size.kind, size.minimum, size.maximum) == ("number", -0.5, 3.0)
    assert any("decimal point" in finding.text for finding in profile.findings)
    assert profile.preview[0] == ("1,5", "a")


def test_a_comma_between_thousands_is_not_taken_for_a_point(inspect: Inspect) -> None:
    size = inspect('size,kind\n"1,500",a\n"2,250",b\n10,a\n').column("size")
    assert size.minimum in (None, 10.0)


@pytest.mark.parametrize("name", ["a[1].csv", "o'brien.csv", "50% off *.csv", "größe 💡.csv", "x.unknown", "no suffix"])
def test_any_file_name(inspect: Inspect, file: Make, name: str) -> None:
    for neighbour in ("a1.csv", "50% off all.csv"):  # what the names would match as patterns
        file("other\n0\n", neighbour)
    profile = inspect("a,b\n1,x\n2,y\n", name=name)
    assert (profile.name, profile.rows) == (name, 2)


def test_names_round_trip_as_plain_text(inspect: Inspect) -> None:
    names = ['<b onload="x">', "שלום", "a\nb", "=SUM(A1)", "naïve\u202e", "'; DROP TABLE cells; --", "c0", "n1", "NULL"]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, *([str(i + j) for i in range(9)] for j in range(3))])
    assert [column.name for column in inspect(text.getvalue()).columns] == [name.replace("\n", " ") for name in names]


def test_duplicate_and_blank_names_are_renamed_visibly(inspect: Inspect) -> None:
    profile = inspect("a,a,,a (2),b\n1,2,3,4,5\n2,3,4,5,6\n")
    assert [column.name for column in profile.columns] == ["a", "a (3)", "column 3", "a (2)", "b"]
    told = " ".join(finding.text for finding in profile.findings)
    assert "a (3)" in told
    assert "column 3" in told


def test_a_name_that_comes_twice_gets_the_next_free_number(inspect: Inspect) -> None:
    names = [column.name for column in inspect("a,a,a,b\n1,2,3,4\n2,3,4,5\n").columns]
    assert names == ["a", "a (2)", "a (3)", "b"]


def test_ragged_rows_are_skipped_and_listed(inspect: Inspect) -> None:
    good = "".join(f"{i},x,{i}.5\n" for i in range(30))
    bad = "7\n" + "8,y\n" * 6 + "9,z,1,2\n" * 6
    profile = inspect("a,b,c\n" + good + '1,"two\nlines",3\n' + bad + "5,w,6\n")
    assert profile.rows == 32
    assert profile.rejected_count == 13
    assert [row.line for row in profile.rejected] == list(range(34, 47))
    first = profile.rejected[0]
    assert (first.line, first.text, first.reason) == (34, "7", "1 cell instead of 3")
    assert profile.rejected[7].reason == "4 cells instead of 3"
    assert any("13 rows" in finding.text for finding in profile.findings if finding.severity == "warning")


def test_ragged_rows_have_their_line_in_any_encoding(inspect: Inspect) -> None:
    text = "a,b\r\n" + "1,é\r\n" * 5 + "3\r\n" + "4,x\r\n"
    for encoding in ("utf-8-sig", "utf-16", "latin-1"):
        profile: TableProfile = inspect(text.encode(encoding))
        assert [row.line for row in profile.rejected] == [7]


@pytest.mark.parametrize("mark", ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "?", "-", "#N/A", " "])
def test_missing_marks(inspect: Inspect, mark: str) -> None:
    profile = inspect("size,colour,kind\n" + f"1.5,red,a\n{mark},blue,b\n2.5,{mark},a\n3.5,red,b\n" * 3)
    for name, kind in (("size", "number"), ("colour", "category")):
        column = profile.column(name)
        assert (column.kind, column.missing, column.invalid) == (kind, 3, 0)


@pytest.mark.parametrize(
    ("labels", "target_classes"),
    [
        (("yes", "no"), 2),
        (("true", "false"), 2),
        (("0", "1"), 2),
        (("EU", "AS", "NA"), 3),  # North America among codes of two letters
        (("+", "-"), 2),
        (("none", "some"), 2),
        (("01", "02", "1"), 3),
    ],
)
def test_labels_stay_labels(inspect: Inspect, labels: tuple[str, ...], target_classes: int) -> None:
    rows = "".join(f"{i * 0.37:.2f},{labels[i % len(labels)]}\n" for i in range(30))
    column = inspect("size,label\n" + rows, target="label").column("label")
    assert {label for label, _ in column.categories} == set(labels)
    kind = "boolean" if labels[0] in ("yes", "true") else "category"
    assert (column.kind, column.distinct, column.missing) == (kind, target_classes, 0)


def test_large_whole_numbers_and_strange_ones(inspect: Inspect) -> None:
    digits = "9" * 5000
    rows = "".join(f"{i}.5,a\n{i},b\n" for i in range(20))
    column = inspect(f"n,k\n{rows}{digits},a\n1e999,b\n-1e999,a\ninf,b\n").column("n")
    assert (column.kind, column.invalid, column.missing) == ("number", 4, 0)
    assert column.maximum == 19.5


def test_bytes_are_read_anew_whenever_the_file_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = tmp_path / "t.csv", []
    source = DataSource("file", path.name, str(path))
    whole = digest.of_files
    monkeypatch.setattr(sources.digest, "of_files", lambda *args, **more: read.append(1) or whole(*args, **more))
    path.write_text("a,b\n1,2\n")
    first = load.content_hash(source)
    path.write_text("a,b\n1,3\n")
    assert load.content_hash(source) != first
    os.utime(path, (1e9, 1e9))
    known = load.content_hash(source)
    assert len(read) == 3
    assert load.content_hash(source) == known
    assert len(read) == 3
    path.write_text("a,b\n1,4\n")
    os.utime(path, (1e9, 1e9))
    assert load.content_hash(source) != known
