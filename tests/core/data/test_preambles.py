"""What stands above a table: Excel's line for the delimiter, and comments."""

import pytest

from core.data import load
from core.spec import DataSource

from .conftest import Inspect, Make

ROWS = "1.5{0}x\n2.5{0}y\n3.5{0}x\n"


def cells(source: DataSource, *names: str) -> list[tuple[str | None, ...]]:
    return list(zip(*load.read_cells(source, names).values(), strict=True))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^"])
@pytest.mark.parametrize("line", ["sep={}\n", "SEP={}\r\n", '"sep={}"\n', "\ufeffsep={}\n"])
def test_excels_line_names_the_delimiter(file: Make, inspect: Inspect, mark: str, line: str) -> None:
    content = line.format(mark) + f"a{mark}b\n" + ROWS.format(mark)
    profile = inspect(content)
    assert (profile.delimiter, profile.header, profile.rows) == (mark, True, 3)
    assert cells(file(content), "a", "b") == [("1.5", "x"), ("2.5", "y"), ("3.5", "x")]
    assert any("first line is no part" in finding.text for finding in profile.findings)


def test_excels_line_above_rows_without_a_header(file: Make, inspect: Inspect) -> None:
    content = "sep=;\n1.5;2\n2.5;3\n3.5;4\n"
    assert not inspect(content).header
    assert cells(file(content), "column 1", "column 2") == [("1.5", "2"), ("2.5", "3"), ("3.5", "4")]


def test_a_column_called_sep_is_a_column(inspect: Inspect) -> None:
    assert [column.name for column in inspect("sep=x,b\n1,2\n2,3\n").columns] == ["sep=x", "b"]


@pytest.mark.parametrize(
    "comments",
    [
        "# made by a program\n",
        "# one\n# two, three\n",
        "# a, b\n# c, d\n",
        "# note\n" * 12,
        "#\n",
        "# a; b, c\n# d\n",
        "# note, 1\n",
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_comments_above_a_table_are_skipped(file: Make, inspect: Inspect, comments: str, *, header: bool) -> None:
    content = comments + ("a,b\n" if header else "") + ROWS.format(",")
    if not header and comments.endswith((", three\n", ", 1\n", "# c, d\n")):
        pytest.skip("then the last comment is the header")
    profile = inspect(content)
    assert (profile.header, profile.rows, profile.rejected_count) == (header, 3, 0)
    names = tuple(column.name for column in profile.columns)
    assert names == (("a", "b") if header else ("column 1", "column 2"))
    assert cells(file(content), *names) == [("1.5", "x"), ("2.5", "y"), ("3.5", "x")]


def test_a_header_behind_a_hash_stays_the_header(inspect: Inspect) -> None:
    profile = inspect("# written by hand\n#a,b\n" + ROWS.format(","))
    assert [column.name for column in profile.columns] == ["#a", "b"]
    assert [column.name for column in inspect("#a,b\nx,y\nz,w\nx,w\n").columns] == ["#a", "b"]
    assert [column.name for column in inspect("#a,b\n" + ROWS.format(",")).columns] == ["#a", "b"]


def test_rows_below_a_preamble_keep_their_line(inspect: Inspect) -> None:
    profile = inspect("sep=,\n# a comment\na,b\n" + ROWS.format(",") * 4 + "7\n")
    assert [row.line for row in profile.rejected] == [16]
