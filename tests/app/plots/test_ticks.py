"""Numbers on the axes: round, few, and different from each other."""

import pytest

from app.plots import ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 420, ["0", "100", "200", "300", "400"]),
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 52000, ["0", "10,000", "20,000", "30,000", "40,000", "50,000"]),
        (0.5, 1.0, ["0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]),
    ],
)
def test_linear_ticks_are_round(low: float, high: float, expected: list[str]) -> None:
    found = [text for _, text in ticks.linear(low, high, most=6)]
    assert [t if t != "0" else "0" for t in found] == [("0" if e == "0.0" else e) for e in expected]


def test_whole_ticks_have_no_fractions() -> None:
    assert [text for _, text in ticks.linear(0, 3, most=9, whole=True)] == ["0", "1", "2", "3"]


def test_decades_of_a_log_axis() -> None:
    assert [text for _, text in ticks.logarithmic(-3.2, 0.4, most=5)] == ["1e-3", "1e-2", "1e-1", "1e0"]
    assert [value for value, _ in ticks.logarithmic(-12, 0, most=5)] == [-12, -9, -6, -3, 0]


def test_a_short_log_axis_has_ticks_between_decades() -> None:
    texts = [text for _, text in ticks.logarithmic(-1.6, -0.1, most=6)]
    assert texts == ["5e-2", "1e-1", "2e-1", "5e-1"]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (float("nan"), 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_an_impossible_range_has_no_ticks(low: float, high: float) -> None:
    assert ticks.linear(low, high, most=5) == []
    assert ticks.logarithmic(low, high, most=5) == []


def test_axis_ends_are_round_and_near() -> None:
    assert [ticks.nice_end(v) for v in (0.2, 7, 99, 101, 353, 1700)] == [1, 8, 100, 120, 400, 2000]
