"""Folds: every row validates once, classes and groups are kept, time runs forward, the test rows stay apart."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import load, store
from core.data.folds import borders, deal, deal_groups
from core.data.prepare_folds import prepare_folds
from core.data.schema import Prepared
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

from .conftest import Make
from .images_made import class_files, folder

CLASSES = st.lists(st.integers(0, 4), min_size=2, max_size=120)
FOLDS = st.integers(2, 12)


@given(CLASSES, FOLDS, st.integers(0, 2**31 - 1))
def test_classes_are_spread_evenly_over_folds(classes: list[int], folds: int, seed: int) -> None:
    labels = np.array(classes)
    fold = deal(len(labels), folds, seed=seed, classes=labels)
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.sum() == len(labels)
    assert np.ptp(sizes) <= 1
    for label in np.unique(labels):
        assert np.ptp(np.bincount(fold[labels == label], minlength=folds)) <= 1


@given(CLASSES, FOLDS, st.integers(0, 999))
def test_a_group_validates_as_a_whole_and_no_fold_is_empty(groups: list[int], folds: int, seed: int) -> None:
    numbers = np.array(groups)
    fold = deal_groups(numbers, folds, seed=seed)
    kinds = np.unique(numbers)
    assert all(len(set(fold[numbers == group])) == 1 for group in kinds)
    assert len(set(fold)) == min(folds, len(kinds))


@given(st.lists(st.integers(0, 30), min_size=2, max_size=120), FOLDS)
def test_a_fold_validates_on_what_is_later_than_all_it_trains_on(times: list[int], folds: int) -> None:
    ordered = np.sort(np.array(times))
    found = borders(ordered, folds)
    if found is None:
        assert len(set(times)) <= folds
        return
    assert len(found) == folds + 1
    assert found[-1] == len(times)
    for first, second in pairwise(found):
        assert 0 < first < second
        assert ordered[first - 1] < ordered[first]


def test_time_folds_are_of_one_size_where_times_allow() -> None:
    assert borders(np.arange(60), 5) == [10, 20, 30, 40, 50, 60]


def test_the_folds_are_kept_by_future_versions() -> None:
    assert deal(10, 3, seed=7, classes=np.arange(10) % 2).tolist() == [2, 0, 0, 1, 1, 0, 1, 2, 0, 2]
    assert deal(10, 3, seed=7).tolist() != deal(10, 3, seed=8).tolist()


def _rows(prepared: Prepared) -> dict[str, np.ndarray]:
    arrays = store.load(prepared)
    return {part: np.asarray(getattr(arrays, part).row_numbers) for part in store.PARTS}


@pytest.fixture
def table(file: Make) -> DataSource:
    rng = np.random.default_rng(3)
    lines = ["day,house,size,colour,kind"]
    for i in range(120):
        colour = "rare" if i == 17 else ("red", "blue")[i % 2]
        lines.append(f"{(i * 7) % 120},h{i // 6},{rng.normal(3 * (i % 3)):.4f},{colour},{'abc'[i % 3]}")
    return file("\n".join(lines))


def test_every_row_validates_once_and_the_test_rows_are_those_of_the_plain_split(table: DataSource) -> None:
    spec = DataSpec(table, target="kind")
    plain, folds = _rows(load.prepare(spec)), [_rows(p) for p in prepare_folds(spec, 5)]
    rest = np.union1d(plain["train"], plain["validation"])
    for found in folds:
        assert np.array_equal(found["test"], plain["test"])
        assert np.array_equal(np.union1d(found["train"], found["validation"]), rest)
        assert not np.intersect1d(found["train"], found["validation"]).size
    assert np.array_equal(np.sort(np.concatenate([found["validation"] for found in folds])), rest)


def test_what_is_fitted_is_fitted_to_the_training_folds(table: DataSource) -> None:
    made = prepare_folds(DataSpec(table, target="kind", excluded=("day", "house")), 4)
    for prepared in made:
        arrays, feature = store.load(prepared), prepared.preparation.features[0]
        assert feature.name == "size"
        np.testing.assert_allclose(np.asarray(arrays.train.x)[:, 0].mean(), 0, atol=1e-6)
        np.testing.assert_allclose(np.asarray(arrays.train.x)[:, 0].std(), 1, atol=1e-5)
    # The one row of a rare colour is no category of the fold that it validates in.
    seen = [("rare" in p.preparation.features[1].categories, 17 in _rows(p)["train"]) for p in made]
    assert all(known == trained for known, trained in seen)
    assert len({p.fingerprint for p in made}) == 4


def test_groups_and_times_make_folds(table: DataSource) -> None:
    lines = [line.split(",") for line in Path(table.path).read_text("utf-8").splitlines()[1:]]
    day, house = np.array([int(line[0]) for line in lines]), np.array([line[1] for line in lines])
    for prepared in prepare_folds(DataSpec(table, target="kind", split="group", split_by="house"), 4):
        rows = _rows(prepared)
        kinds = [set(house[rows[part]]) for part in store.PARTS]
        assert not kinds[0] & kinds[1]
        assert not kinds[2] & (kinds[0] | kinds[1])
    before = 0
    for prepared in prepare_folds(DataSpec(table, target="kind", split="time", split_by="day"), 4):
        rows = _rows(prepared)
        assert day[rows["train"]].max() < day[rows["validation"]].min()
        assert day[rows["validation"]].max() < day[rows["test"]].min()
        assert len(rows["train"]) > before
        before = len(rows["train"])


@pytest.mark.parametrize(("changes", "folds", "what"), [
    ({}, 98, "too few rows"),
    ({"split": "group", "split_by": "house"}, 20, "too few groups"),
    ({"split": "time", "split_by": "day"}, 97, "too few different times"),
    ({}, 1, "divided into 1 folds"),
    ({}, 101, "divided into 101 folds"),
])  # fmt: skip
def test_too_many_folds_are_refused(table: DataSource, changes: dict[str, str], folds: int, what: str) -> None:
    with pytest.raises(UserInputError, match=what):
        prepare_folds(DataSpec(table, target="kind", **changes), folds)


def test_specifications_without_folds_are_written_as_before(table: DataSource) -> None:
    spec = DataSpec(table)
    assert not {"folds", "fold"} & spec.to_json().keys()
    folded = replace(spec, folds=5, fold=3)
    assert DataSpec.from_json(json.loads(json.dumps(folded.to_json()))) == folded
    assert load.fingerprint(folded, "x") != load.fingerprint(replace(folded, fold=2), "x")
    with pytest.raises(UserInputError, match="no such fold"):
        DataSpec.from_json({**spec.to_json(), "folds": 5, "fold": 5})


def test_data_too_large_for_the_cache_are_refused(table: DataSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.prepare_folds.SHARE", 10**7)
    with pytest.raises(UserInputError, match="too large for so many folds"):
        prepare_folds(DataSpec(table, target="kind"), 5)


def test_folds_of_images_share_their_pixels_but_not_their_scale(tmp_path: Path) -> None:
    source = DataSource("file", "pets", str(folder(tmp_path / "pets", class_files(each=15))))
    plain = load.prepare(DataSpec(source))
    made = prepare_folds(DataSpec(source), 3)
    rest = np.union1d(_rows(plain)["train"], _rows(plain)["validation"])
    assert np.array_equal(np.sort(np.concatenate([_rows(p)["validation"] for p in made])), rest)
    for prepared in made:
        arrays = store.load(prepared)
        assert np.array_equal(arrays.test.row_numbers, store.load(plain).test.row_numbers)
        np.testing.assert_allclose(np.asarray(arrays.train.x).mean(), 0, atol=1e-5)
        np.testing.assert_allclose(np.asarray(arrays.train.x).std(), 1, atol=1e-4)
        both = [(Path(p.folder) / store.PIXELS).stat() for p in (prepared, plain)]
        assert both[0].st_ino == both[1].st_ino
    assert len({p.preparation.image for p in made}) == 3


def test_shared_pixels_count_once_when_the_cache_is_trimmed(tmp_path: Path) -> None:
    source = DataSource("file", "pets", str(folder(tmp_path / "pets", class_files(each=15, side=32))))
    first = load.prepare(DataSpec(source))
    made = prepare_folds(DataSpec(source), 5)
    size = (Path(first.folder) / store.PIXELS).stat().st_size
    store.trim(store.room(), keep="", limit=4 * size)
    assert all(Path(p.folder).is_dir() for p in (first, *made))


def test_a_test_folder_stays_apart_from_all_folds(tmp_path: Path) -> None:
    files = {f"train/{name}": content for name, content in class_files(each=9).items()}
    files |= {f"test/{name}": content for name, content in class_files(each=3).items()}
    source = DataSource("file", "pets", str(folder(tmp_path / "pets", files)))
    for prepared in prepare_folds(DataSpec(source), 3):
        assert prepared.rows == {"train": 12, "validation": 6, "test": 6}


def test_folds_of_a_regression_can_be_even_by_value(file: Make) -> None:
    lines = ["x,y", *(f"{i % 7},{(i * 37) % 100 + 0.5}" for i in range(100))]
    source, y = file("\n".join(lines)), np.array([(i * 37) % 100 for i in range(100)])
    spec = DataSpec(source, target="y", task="regression", split="quantile", test=0.2)
    for prepared in prepare_folds(spec, 4):
        rows = _rows(prepared)
        assert np.ptp(np.bincount(y[rows["validation"]] // 10, minlength=10)) <= 1
        assert np.bincount(y[rows["test"]] // 10, minlength=10).tolist() == [2] * 10
    plain = load.prepare(DataSpec(source, target="y", task="regression"))
    assert np.array_equal(_rows(plain)["test"], _rows(load.prepare(replace(spec, split="random")))["test"])
