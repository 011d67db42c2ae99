"""A row of units below the header."""

import pytest

from core.data import load

from .conftest import Inspect, Make

ROWS = "".join(f"{i},{i * 0.5},{'ab'[i % 2]}\n" for i in range(20))


@pytest.mark.parametrize("units", ["s,m,", "[s],[m/s],-", "(s),(°C),", "%,kg,-"])
def test_units_are_said_and_no_row(file: Make, inspect: Inspect, units: str) -> None:
    content = f"time,size,kind\n{units}\n{ROWS}"
    profile = inspect(content, target="kind")
    assert (profile.rows, profile.rejected_count) == (20, 0)
    assert [profile.column(name).invalid for name in ("time", "size")] == [0, 0]
    assert any("holds units" in finding.text for finding in profile.findings)
    assert load.read_cells(file(content), ("time", "kind")) == {
        "time": tuple(str(i) for i in range(20)), "kind": tuple("ab"[i % 2] for i in range(20)),
    }  # fmt: skip


@pytest.mark.parametrize("row", ["x,1,a", "low,high,a", "NA,?,a", "-,-,-", "s,m,a", "1,2,"])
def test_other_rows_stay(inspect: Inspect, row: str) -> None:
    assert inspect(f"time,size,kind\n{row}\n{ROWS}", target="kind").rows == 21


def test_one_column_of_numbers_is_not_enough(inspect: Inspect) -> None:
    assert inspect("time\ns\n1\n2\n3\n").rows == 4


def test_units_below_a_title_and_with_lines_that_do_not_fit(inspect: Inspect) -> None:
    profile = inspect("A title\ntime,size,kind\ns,m,\n" + ROWS + "7\n")
    assert profile.rows == 20
    assert [row.line for row in profile.rejected] == [24]
