"""A cell says the same in Python and in SQL, since training reads with one and prediction with the other."""

import time

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from core.data import cells

SIGNS = st.text(alphabet="0123456789.eE+-_ ,\tinfaxNA٣１\u00a0", max_size=9)


@given(st.lists(SIGNS, min_size=1, max_size=30))
def test_python_and_sql_read_the_same_number(texts: list[str]) -> None:
    rows = duckdb.execute(f"SELECT {cells.sql_number('t')} FROM (SELECT unnest($1) AS t)", [texts]).fetchall()
    assert [row[0] for row in rows] == [cells.number(text) for text in texts]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_python_and_sql_write_the_same_label(values: list[float]) -> None:
    rows = duckdb.execute(f"SELECT {cells.sql_label('v')} FROM (SELECT unnest($1::DOUBLE[]) AS v)", [values]).fetchall()
    assert [row[0] for row in rows] == [cells.label(value) for value in values]
    assert [cells.number(row[0]) for row in rows] == values


@given(st.lists(st.sampled_from([*sorted(cells.MISSING), "none", "x", "na na", "--"]), min_size=1, max_size=20))
def test_python_and_sql_agree_on_what_is_missing(texts: list[str]) -> None:
    rows = duckdb.execute(f"SELECT {cells.sql_is_missing('t')} FROM (SELECT unnest($1) AS t)", [texts]).fetchall()
    assert [row[0] for row in rows] == [text in cells.MISSING for text in texts]


def test_numbers_that_are_none() -> None:
    for text in ("1_000", "0x1F", "1,5", "inf", "nan", "1e999", "9" * 5000, "1 000", "٣", "--1", "1e", "."):
        assert cells.number(text) is None
    assert cells.number(" -1.5e3\t") == -1500.0


def test_long_digits_that_are_no_number_are_refused_at_once() -> None:
    began = time.process_time()
    digits = "1" * 1_000_000
    for text in (f"{digits}x", f"1.{digits}x", f"1e{digits}x", " " * 1_000_000 + "x"):
        assert cells.number(text) is None
    assert time.process_time() - began < 1


def test_labels_of_numbers() -> None:
    assert [cells.label(value) for value in (3.0, -0.0, 0.1, 1e20, 1e-7)] == ["3", "0", "0.1", "1e+20", "1e-07"]


def test_marks_that_are_labels() -> None:
    assert cells.marks_that_are_labels({"EU", "AS", "NA"}) == {"NA"}
    assert cells.marks_that_are_labels({"eu", "as", "na", "NA"}) == {"na"}
    assert cells.marks_that_are_labels({"+", "-"}) == {"-"}
    assert cells.marks_that_are_labels({"yes", "no", "NA", "-"}) == frozenset()
    assert cells.marks_that_are_labels({"EU", "NA"}) == frozenset()


def test_labels_sort_as_people_count_however_long_their_digits_are() -> None:
    long = "class " + "7" * 6000
    texts = ["class 10", long, "class 2", "class 010", "class", "-1", "2", "b"]
    expected = ["-1", "2", "b", "class", "class 2", "class 10", "class 010", long]
    assert sorted(texts, key=cells.natural) == expected
