"""Long tables are measured and prepared in pieces, with the same result as in one."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data import fit, load, long, profile, repeats, store, table, written
from core.data.choices import ColumnChoice
from core.data.spread import Spread
from core.spec import DataSource, DataSpec
from core.training import trainer

ROWS = 900


def made(path: Path) -> DataSource:
    draw = random.Random(4)
    words = ["red", "green", "blue", ""]
    lines = ["x,gap,colour,day,note,y"]
    for i in range(ROWS):
        gap = draw.choice(["", "NA", "oops", f"{draw.gauss(0, 3):.3f}", f"{draw.gauss(0, 3):.3f}"])
        day = f"2021-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
        note = " ".join(draw.choice(["warm", "cold", "wet", "dry", "windy", "calm"]) for _ in range(9)) + f" no {i}"
        y = draw.choice(["yes", "no", "no", ""])
        lines.append(f"{draw.uniform(0, 9):.4f},{gap},{draw.choice(words)},{day},{note},{y}")
    path.write_text("\n".join(lines) + "\n")
    return DataSource("file", path.name, str(path))


def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (table, written, repeats):
        monkeypatch.setattr(module, "LONG_ROWS", 100)
    for module in (table, long):
        monkeypatch.setattr(module, "PIECE_ROWS", 128)
    monkeypatch.setattr(store, "WRITTEN_ROWS", 50)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"drop_duplicates": True, "split": "random"},
        {"target": "x", "task": "regression"},
        {"split": "group", "split_by": "colour"},
        {"split": "time", "split_by": "day"},
        {"kinds": {"note": "text"}},
        {"columns": {"": ColumnChoice(indicator=True, scaling="robust"), "colour": ColumnChoice(encoding="embedding")}},
    ],
)
def test_pieces_give_the_same_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, object]) -> None:
    spec = replace(DataSpec(made(tmp_path / "t.csv"), target="y"), **more)  # type: ignore[arg-type]
    whole = load.prepare(spec, cache=tmp_path / "whole")
    in_pieces(monkeypatch)
    pieces = load.prepare(spec, cache=tmp_path / "pieces")
    assert replace(pieces, folder=whole.folder) == whole
    for part in ("train", "validation", "test"):
        a, b = getattr(store.load(whole), part), getattr(store.load(pieces), part)
        for one, other in ((a.x, b.x), (a.y, b.y), (a.row_numbers, b.row_numbers)):
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)


def test_pieces_give_the_same_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = DataSpec(made(tmp_path / "t.csv"))
    whole = load.inspect(spec)
    load._REMEMBERED.clear()
    in_pieces(monkeypatch)
    assert load.inspect(spec) == whole


def test_moments_of_many_numbers_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(3e5, 0.01, 200_001)
    mean, deviation = fit.mean_and_scale(values)
    monkeypatch.setattr(fit, "LONG_ROWS", 1000)
    assert fit.mean_and_scale(values) == pytest.approx((mean, deviation), rel=1e-9)
    found = Spread.of(np.concatenate([values, [np.nan, np.inf]]))
    assert (found.count, found.infinite) == (200_001, 1)
    assert (found.mean, found.deviation) == pytest.approx((mean, deviation), rel=1e-9)
    assert found.histogram == tuple(np.histogram(values, 16)[0])


def test_different_values_are_counted_over_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.data import spread

    monkeypatch.setattr(spread, "PIECE", 7)
    monkeypatch.setattr(spread, "CHUNK", 5)
    values = np.random.default_rng(1).integers(-3, 4, 500).astype(float)
    for scale in (1.0, 0.37):
        found = Spread.of(values * scale)
        assert found.distinct == 7
        assert sum(found.labels.values()) == 500
        assert list(found.labels.values()) == sorted(np.unique(values, return_counts=True)[1], reverse=True)


def test_repeated_rows_are_found_in_buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"{i % 70},{i % 7}\n" for i in range(300)))
    source = DataSource("file", path.name, str(path))
    with load.open_table(source, progress=lambda *_: None) as found:
        monkeypatch.setattr(repeats, "LONG_ROWS", 10)
        assert list(repeats.first_of_each(found)) == list(range(70))
        assert repeats.count_repeated(found) == 230


def test_rows_that_do_not_fit_into_memory_stay_in_the_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = load.prepare(DataSpec(made(tmp_path / "t.csv"), target="y"), cache=tmp_path / "cache")
    part = store.load(prepared).train
    assert not isinstance(trainer._in_memory(part, part.x.nbytes).x, np.memmap)
    assert trainer._in_memory(part, part.x.nbytes - 1) is part
    monkeypatch.setattr(trainer, "allowed_memory", lambda: part.x.nbytes)
    assert trainer._in_memory(part, trainer._room()) is part
    monkeypatch.undo()

    def full(values: np.ndarray) -> np.ndarray:
        raise MemoryError

    monkeypatch.setattr(trainer.np, "array", full)
    assert trainer._in_memory(part, part.x.nbytes) is part


def test_columns_counted_together_have_the_same_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = DataSpec(made(tmp_path / "t.csv"))
    monkeypatch.setattr(profile, "STACKED", 2)
    stacked = load.inspect(spec)
    load._REMEMBERED.clear()
    monkeypatch.setattr(profile, "SHORT_ROWS", 0)
    assert load.inspect(spec) == stacked
