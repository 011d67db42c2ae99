"""Dates: read alike in Python and in SQL, taken apart as the calendar has it."""

import calendar
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import dates

ALL_FORMS = tuple(form for family in dates.FORMATS for form in family)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59))
SEPARATORS = st.sampled_from("-./ :T+Z,")
ODD = st.lists(st.one_of(st.sampled_from(["2020", "02", "30", "1", "24", "0000", "Jan", "may", "PM"]), SEPARATORS))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def in_sql(con: duckdb.DuckDBPyConnection, text: str, forms: tuple[str, ...]) -> float | None:
    row = con.execute(f"SELECT {dates.sql_moment('t', forms)} FROM (SELECT ? AS t)", [text]).fetchone()
    assert row is not None
    return row[0]


@given(MOMENTS)
def test_civil_is_the_gregorian_calendar(when: datetime) -> None:
    days = (when - datetime(1970, 1, 1)).days
    found = tuple(int(n[0]) for n in dates.civil(np.array([float(days)])))
    assert found == (when.year, when.month, when.day)


@given(MOMENTS)
def test_phases_are_shares_of_their_cycle(when: datetime) -> None:
    t = np.array([float((when - datetime(1970, 1, 1)) // timedelta(seconds=1))])
    share = (when.hour * 3600 + when.minute * 60 + when.second) / 86400
    expected = {
        "year": ((when.month - 1) + (when.day - 1) / 31) / 12,
        "month": (when.day - 1) / 31,
        "week": (calendar.weekday(when.year, when.month, when.day) + share) / 7,
        "day": share,
    }
    for part, wanted in expected.items():
        assert dates.phase(part, t)[0] == pytest.approx(wanted, abs=1e-9)
        assert 0 <= dates.phase(part, t)[0] < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-31", datetime(2020, 1, 31)),
        ("2020-1-1 9:05", datetime(2020, 1, 1, 9, 5)),
        ("2020-01-31T18:30:05.25+01:00", datetime(2020, 1, 31, 17, 30, 5, 250_000)),
        ("2020-01-31 18:30:05-0530", datetime(2020, 2, 1, 0, 0, 5)),
        ("2020-01-31 18:30+02", datetime(2020, 1, 31, 16, 30)),
        ("2020-01-31T18:30:05Z", datetime(2020, 1, 31, 18, 30, 5)),
        ("2020-01-31 00:00:00.123456789", datetime(2020, 1, 31, 0, 0, 0, 123_456)),
        ("1903-02-28", datetime(1903, 2, 28)),
        ("2021-02-29", None),
        ("2021-02-28 24:00", None),
        ("0000-01-01", None),
        ("20200131", None),
        ("2020", None),
        ("infinity", None),
        ("2020-01-31 BC", None),
    ],
)
def test_iso(con: duckdb.DuckDBPyConnection, text: str, expected: datetime | None) -> None:
    wanted = None if expected is None else expected.replace(tzinfo=UTC).timestamp()
    assert dates.moment(text) == wanted
    assert in_sql(con, text, ()) == wanted


@pytest.mark.parametrize("form", ALL_FORMS)
@given(when=MOMENTS)
def test_forms_read_what_they_write(form: str, when: datetime) -> None:
    year = f"{when.year:04d}"  # strftime may write fewer digits
    text = when.strftime(form.replace("%Y", year))
    names = {"%S": "second", "%M": "minute", "%d": "day"}
    kept = {name: getattr(when, name) if token in form else 0 for token, name in names.items()}
    hour = when.hour if "%H" in form or "%I" in form else 0
    wanted = datetime(when.year, when.month, kept["day"] or 1, hour, kept["minute"], kept["second"], tzinfo=UTC)
    assert dates.moment(text, (form,)) == wanted.timestamp()


@pytest.mark.parametrize("form", ALL_FORMS)
def test_sql_reads_forms_alike(con: duckdb.DuckDBPyConnection, form: str) -> None:
    for when in (datetime(1987, 5, 9, 0, 7, 3), datetime(2024, 2, 29, 12, 59, 0), datetime(2021, 12, 31, 23, 0, 59)):
        for text in (when.strftime(form), when.strftime(form).lower(), when.strftime(form).replace("31", "32")):
            assert in_sql(con, text, (form,)) == dates.moment(text, (form,))


@given(st.one_of(ODD.map("".join), st.from_regex(dates.ISO, fullmatch=True), st.text(max_size=12)))
def test_sql_and_python_agree_on_odd_cells(con: duckdb.DuckDBPyConnection, text: str) -> None:
    if "\x00" not in text and text == text.strip(" "):
        assert in_sql(con, text, ALL_FORMS[:2]) == dates.moment(text, ALL_FORMS[:2])


def test_written() -> None:
    assert dates.written(0.0) == "1970-01-01"
    assert dates.written(-86400.0 + 3661) == "1969-12-31 01:01:01"
