"""ONNX for dates: seconds since 1970 become the parts of a date, in float64 throughout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from core.data.preprocess import DateFeature
from core.export.base import input_name
from core.export.onnx_rules.graph import Graph

DAY = 86_400.0
CYCLES = ("year", "month", "week", "day")


def prepared(graph: Graph, run: Sequence[DateFeature], name: str) -> str:
    """Every part that one of the dates needs, of all of them at once; then each date's own parts, in order."""
    from onnx import TensorProto

    t, missing = graph.filled({input_name(f): f.fill for f in run}, TensorProto.DOUBLE, np.float64, name)
    blocks: list[str] = []
    at: dict[str, int] = {}  # part → the first of its columns among those of the blocks
    if any("time" in feature.parts for feature in run):
        at["time"] = 0
        x = _with(graph, "Sub", t, [f.mean for f in run], f"{name}/centred")
        blocks.append(_with(graph, "Div", x, [f.scale for f in run], f"{name}/time"))
    clock = Clock(graph, t, f"{name}/calendar")
    for cycle in CYCLES:
        if any(cycle in feature.parts for feature in run):
            at[cycle] = len(blocks) * len(run)
            angle = _with(graph, "Mul", getattr(clock, cycle), 2.0 * math.pi, f"{name}/{cycle}/angle")
            blocks += [graph.add(op, angle, out=f"{name}/{cycle}/{op.lower()}") for op in ("Sin", "Cos")]
    if any(feature.indicator for feature in run):
        at["missing"] = len(blocks) * len(run)
        blocks.append(graph.add("Cast", missing, out=f"{name}/gaps", to=TensorProto.DOUBLE))
    order: list[int] = []
    for k, feature in enumerate(run):
        for part in (*feature.parts, *(("missing",) if feature.indicator else ())):
            order += [at[part] + k + len(run) * i for i in range(2 if part in CYCLES else 1)]
    return graph.add("Cast", graph.ordered(blocks, order, f"{name}/parts"), out=name, to=TensorProto.FLOAT)


def _with(graph: Graph, op: str, x: str, by: float | Sequence[float], out: str) -> str:
    """x + by, x - by and so on."""
    return graph.add(op, x, graph.constant(by, f"{out}/by", np.float64), out=out)


class Clock:
    """The phase of each cycle at the seconds t since 1970: 0 at its beginning, 1 a whole turn later."""

    def __init__(self, graph: Graph, t: str, name: str) -> None:
        self.graph, self.t, self.name = graph, t, name

    @cached_property
    def year(self) -> str:
        """((month - 1) + (day - 1) / 31) / 12."""
        months, _ = self._months_and_days
        return self._by("Div", self._two("Add", months, self.month, "months_into_year"), 12.0, "year")

    @cached_property
    def month(self) -> str:
        """(day - 1) / 31."""
        return self._by("Div", self._months_and_days[1], 31.0, "month")

    @cached_property
    def week(self) -> str:
        """(weekday, Monday 0, and the share of the day) / 7; 1970 began on a Thursday."""
        days = self._by("Add", self._days, 3.0, "since_monday")
        weekday = self._two("Sub", days, self._by("Mul", self._whole(days, 7.0, "weeks"), 7.0, "full_weeks"), "weekday")
        return self._by("Div", self._two("Add", weekday, self.day, "days_into_week"), 7.0, "week")

    @cached_property
    def day(self) -> str:
        """Seconds into the day / 86400."""
        seconds = self._two("Sub", self.t, self._by("Mul", self._days, DAY, "full_days"), "seconds_into_day")
        return self._by("Div", seconds, DAY, "day")

    @cached_property
    def _days(self) -> str:
        return self._whole(self.t, DAY, "days")

    @cached_property
    def _months_and_days(self) -> tuple[str, str]:
        """Whole months into the year and whole days into the month, by the arithmetic of `core.data.dates.civil`.

        It counts in eras of 400 years that begin in March, after Hinnant's chrono-compatible low-level date algorithms.
        """
        z = self._by("Add", self._days, 719_468.0, "since_0000_03_01")
        era = self._by("Mul", self._whole(z, 146_097.0, "eras"), 146_097.0, "full_eras")
        day = self._two("Sub", z, era, "day_of_era")
        even = self._two("Sub", day, self._whole(day, 1_460.0, "fours"), "less_fours")
        even = self._two("Add", even, self._whole(day, 36_524.0, "hundreds"), "and_hundreds")
        even = self._two("Sub", even, self._whole(day, 146_096.0, "four_hundreds"), "days_of_even_years")
        year = self._whole(even, 365.0, "year_of_era")
        past = self._two("Add", self._by("Mul", year, 365.0, "years"), self._whole(year, 4.0, "leaps"), "and_leaps")
        past = self._two("Sub", past, self._whole(year, 100.0, "no_leaps"), "days_before_year")
        day = self._two("Sub", day, past, "day_of_year")
        march = self._whole(self._by("Add", self._by("Mul", day, 5.0, "five_days"), 2.0, "and_two"), 153.0, "march")
        begin = self._by("Add", self._by("Mul", march, 153.0, "month_lengths"), 2.0, "month_lengths_and_two")
        days = self._two("Sub", day, self._whole(begin, 5.0, "month_begins"), "days_into_month")
        later = self._by("Add", march, 2.0, "from_january")
        turn = self._by("Mul", self._whole(later, 12.0, "next_year"), 12.0, "months_of_next_year")
        return self._two("Sub", later, turn, "months"), days

    def _by(self, op: str, x: str, by: float, out: str) -> str:
        return _with(self.graph, op, x, by, f"{self.name}/{out}")

    def _two(self, op: str, x: str, y: str, out: str) -> str:
        return self.graph.add(op, x, y, out=f"{self.name}/{out}")

    def _whole(self, x: str, by: float, out: str) -> str:
        """⌊x / by⌋."""
        return self.graph.add("Floor", self._by("Div", x, by, f"{out}_and_more"), out=f"{self.name}/{out}")
