"""Rows as points: the columns of numbers are found among all that the others become."""

from pathlib import Path

import numpy as np
import pytest

from app.data.points import from_arrays
from core.data import dates, load
from core.data.choices import ColumnChoice
from core.spec import DataSource, DataSpec


def test_numbers_are_found_behind_dates_labels_and_indicators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "t.csv"
    rows = [
        f"2020-{i % 12 + 1:02}-{i % 28 + 1:02},{'pqr'[i % 3]},{i if i % 7 else ''},{2 * i},{'ab'[i % 2]}"
        for i in range(80)
    ]
    path.write_text("when,town,size,twice,kind\n" + "\n".join(rows) + "\n", "utf-8")
    columns = {"": ColumnChoice(indicator=True), "town": ColumnChoice(encoding="embedding")}
    prepared = load.prepare(DataSpec(DataSource("file", path=str(path)), target="kind", columns=columns))
    points = from_arrays(prepared, "size", "twice")
    assert points is not None
    there = np.mod(np.round(points.y / 2), 7) > 0
    np.testing.assert_allclose(2 * points.x[there], points.y[there], rtol=1e-4, atol=1e-3)


def test_dates_are_whole_days_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "t.csv"
    days = [f"{1970 + i // 4}-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(80)]
    path.write_text("when,size,kind\n" + "\n".join(f"{d},{i},{'ab'[i % 2]}" for i, d in enumerate(days)), "utf-8")
    prepared = load.prepare(DataSpec(DataSource("file", path=str(path)), target="kind"))
    points = from_arrays(prepared, "size", "when")
    assert points is not None
    assert [dates.written(t) for t in points.y] == [days[round(i)] for i in points.x]
