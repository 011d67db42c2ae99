"""Splits by a column: groups stay whole, the latest rows test, a column names the parts; never a feature besides."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cli
from core.data import load, store
from core.data.parts import names_parts
from core.data.split import split_groups, split_times
from core.data.times import is_date
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

from .conftest import Make

SHARES = st.sampled_from([0.0, 0.1, 0.2, 0.4])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=120), SHARES, SHARES, st.integers(0, 999))
def test_a_group_is_never_divided(groups: list[int], validation: float, test: float, seed: int) -> None:
    numbers = np.array(groups)
    parts = split_groups(numbers, validation=validation, test=test, seed=seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))
    kinds = [set(numbers[part].tolist()) for part in parts]
    assert sum(map(len, kinds)) == len(set(groups))
    wanted = [1.0, validation, test]
    if len(set(groups)) >= 3:
        assert all(len(part) > 0 for part, share in zip(parts, wanted, strict=True) if share)
    assert all(len(part) == 0 for part, share in zip(parts, wanted, strict=True) if not share)


def test_groups_of_one_size_keep_the_shares_and_follow_the_seed() -> None:
    groups = np.repeat(np.arange(50), 8)
    first, again, other = (split_groups(groups, validation=0.2, test=0.2, seed=seed) for seed in (1, 1, 2))
    assert [len(part) for part in first] == [240, 80, 80]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[2], other[2])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=120), SHARES, SHARES)
def test_what_tests_is_later_than_what_trains(times: list[int], validation: float, test: float) -> None:
    numbers = np.array(times, float)
    parts = split_times(numbers, validation=validation, test=test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(times)))
    filled = [numbers[part] for part in parts if len(part)]
    assert len(parts[0])
    assert all(before.max() < after.min() for before, after in pairwise(filled))
    if len(set(times)) > 1 and validation + test:
        assert len(parts[1]) + len(parts[2])


def rows(*columns: tuple[str, list[object]]) -> str:
    names = ",".join(name for name, _ in columns)
    lines = zip(*(values for _, values in columns), strict=True)
    return "\n".join([names, *(",".join(map(str, line)) for line in lines)]) + "\n"


def people(count: int = 60) -> str:
    """Five rows a person, written alternately, with a date that falls as the rows go on."""
    days = [f"{1 + (count - i) % 28}/{1 + (count - i) // 28}/2021" for i in range(count)]
    return rows(
        ("patient", [f"P{i % 12}" for i in range(count)]),
        ("visit", days),
        ("use", [["train", "Test", "val", ""][i % 4] for i in range(count)]),
        ("dose", [round((i * 37 % 100) / 7, 3) for i in range(count)]),
        ("outcome", [["well", "ill"][i * 37 % 100 > 50] for i in range(count)]),
    )


def made(source: DataSource, how: str, by: str):
    prepared = load.prepare(DataSpec(source, target="outcome", split=how, split_by=by))
    return prepared, store.load(prepared)


def test_by_group(file: Make) -> None:
    prepared, arrays = made(file(people()), "group", "patient")
    assert not any(name.startswith("patient") for name in prepared.feature_names)
    found = [set((part.row_numbers % 12).tolist()) for part in (arrays.train, arrays.validation, arrays.test)]
    assert [len(patients) for patients in found] == [7, 3, 2]
    assert set.union(*found) == set(range(12))


def test_by_time_with_dates_day_first(file: Make) -> None:
    prepared, arrays = made(file(people()), "time", "visit")
    assert not any(name.startswith("visit") for name in prepared.feature_names)
    assert arrays.test.row_numbers.tolist() == list(range(12))  # the file runs backwards
    assert arrays.validation.row_numbers.tolist() == list(range(12, 24))


@pytest.mark.parametrize(
    "texts",
    [
        ["2021-01-01", "2021-02-10", "2022-01-01T10:00", "2022-01-02 10:00:00"],
        ["1.2.2020", "3.2.2020", "1.3.2020 08:15", "1.1.2021"],
        ["12/30/2020", "01/02/2021", "02/01/2021", "03/01/2021"],
        ["Jan 3, 2020", "Feb 1, 2020", "Mar 1, 2020", "Jan 1, 2021"],
        ["0.5", "1.5", "7", "9"],
    ],
)
def test_ways_to_write_a_time(file: Make, texts: list[str]) -> None:
    order = [2, 0, 3, 1] * 5
    quoted = [f'"{texts[k]}"' for k in order]
    content = rows(("when", quoted), ("x", list(range(20))), ("outcome", [["a", "b"][i % 2] for i in range(20)]))
    _, arrays = made(file(content), "time", "when")
    told = [{order[n] for n in part.row_numbers} for part in (arrays.train, arrays.validation, arrays.test)]
    assert told == [{0, 1}, {2}, {3}]


def test_by_a_column_that_names_the_parts(file: Make) -> None:
    prepared, arrays = made(file(people()), "column", "use")
    assert set((arrays.train.row_numbers % 4).tolist()) == {0}
    assert set((arrays.test.row_numbers % 4).tolist()) == {1}
    assert set((arrays.validation.row_numbers % 4).tolist()) == {2}
    assert any("15 rows were left out" in text and "“use”" in text for text in prepared.warnings)


def test_random_takes_no_heed_of_classes(file: Make) -> None:
    content = rows(("x", list(range(40))), ("outcome", ["a"] * 36 + ["b"] * 4))
    counts = set()
    for seed in range(6):
        spec = DataSpec(file(content), target="outcome", split="random", seed=seed)
        counts.add(int((store.load(load.prepare(spec)).test.y == 1).sum()))
    assert len(counts) > 1


@pytest.mark.parametrize(
    ("how", "by", "words"),
    [
        ("group", "nobody", "no column “nobody”"),
        ("time", "patient", "neither dates nor numbers"),
        ("column", "patient", "says “train”"),
        ("group", "outcome", "split the rows too"),
        ("sideways", "", "no way to split"),
        ("group", "", "do not fit"),
        ("random", "patient", "do not fit"),
    ],
)
def test_what_cannot_split_is_refused(file: Make, how: str, by: str, words: str) -> None:
    plain = DataSpec(file(people()), target="outcome").to_json() | {"split": how, "split_by": by}
    with pytest.raises(UserInputError, match=words):
        load.prepare(DataSpec.from_json(plain))


def test_kept_in_projects_and_part_of_the_fingerprint() -> None:
    plain = DataSpec(DataSource("sample", "iris"))
    assert "split" not in plain.to_json()  # what earlier versions wrote
    grouped = DataSpec(DataSource("sample", "iris"), split="group", split_by="who")
    assert DataSpec.from_json(grouped.to_json()) == grouped
    assert load.fingerprint(plain, "0") != load.fingerprint(grouped, "0")


def test_images_are_not_split_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserInputError, match="Images have no columns"):
        load.check_images(DataSpec(DataSource("file"), split="time", split_by="taken"))


def test_dates_are_recognized() -> None:
    assert all(map(is_date, ["2021-05-06", "2021-05-06T10:00:00", "6.5.2021", "5/6/2021", "6 May 2021"]))
    assert not any(map(is_date, ["2021", "3.5", "", "yes", "a-b", "12/2021"]))


def test_columns_that_name_the_parts() -> None:
    assert names_parts(["Train", "val", "test"])
    assert names_parts(["training", "testing"])
    assert not names_parts(["train", "bus"])
    assert not names_parts(["test", "train", "?"])
    assert not names_parts(["train"])


def test_headless(file: Make, capsys: pytest.CaptureFixture[str]) -> None:
    source = file(people())
    told = ["--target", "outcome", "--epochs", "1", "--json"]
    assert cli.headless(["train", source.path, "--split", "group:patient", *told]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"] == {"train": 35, "validation": 15, "test": 10}
    assert cli.headless(["train", source.path, "--split", "weekly", *told]) == 2
    assert "no way to split" in capsys.readouterr().err
