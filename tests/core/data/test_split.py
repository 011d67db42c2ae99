"""Splits: every row once, shares kept in every class, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.data.split import quantiles, split

SHARES = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.4])
CLASSES = st.lists(st.integers(0, 4), min_size=1, max_size=120)


@given(CLASSES, SHARES, SHARES, st.integers(0, 2**31 - 1))
def test_every_row_is_in_one_part(classes: list[int], validation: float, test: float, seed: int) -> None:
    rows = len(classes)
    for given_classes in (None, np.array(classes)):
        parts = split(rows, validation=validation, test=test, seed=seed, classes=given_classes)
        assert sorted(np.concatenate(parts).tolist()) == list(range(rows))
        assert all((np.diff(part) > 0).all() for part in parts)
        train, held, tests = map(len, parts)
        assert train >= 1
        if validation == 0:
            assert held == 0
        if test == 0:
            assert tests == 0
        if rows >= 4:
            assert abs(held - rows * validation) <= 1
            assert abs(tests - rows * test) <= 1


@given(CLASSES, SHARES, SHARES, st.integers(0, 2**31 - 1))
@example(classes=[0, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4], validation=0.2, test=0.4, seed=0)
def test_each_class_keeps_its_share_and_trains(classes: list[int], validation: float, test: float, seed: int) -> None:
    labels = np.array(classes)
    parts = split(len(labels), validation=validation, test=test, seed=seed, classes=labels)
    present, sizes = np.unique(labels, return_counts=True)
    # A class too small for a training row of its own gets one all the same: others give way by what it lacked.
    displaced = np.maximum(0.0, 1.0 - sizes * len(parts[0]) / len(labels)).sum()
    for label in present:
        size = int((labels == label).sum())
        for part in parts:
            # Rounding may give or take a row, and the row that must train one more.
            assert abs(int((labels[part] == label).sum()) - size * len(part) / len(labels)) <= 2 + displaced
    if len(parts[0]) >= len(present):
        assert set(labels[parts[0]]) == set(present)


def test_the_seed_decides_alone() -> None:
    labels = np.arange(300) % 3
    first = split(300, validation=0.2, test=0.2, seed=7, classes=labels)
    np.random.seed(1)  # a global generator must play no part
    again = split(300, validation=0.2, test=0.2, seed=7, classes=labels)
    other = split(300, validation=0.2, test=0.2, seed=8, classes=labels)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[2], other[2])


def test_this_split_is_kept_by_future_versions() -> None:
    # Projects name their split by seed alone: another order of draws would mix tested rows into training.
    _, validation, test = split(12, validation=0.25, test=0.25, seed=7, classes=np.arange(12) % 2)
    assert (validation.tolist(), test.tolist()) == ([4, 5, 7], [0, 3, 6])


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_train_first(rows: int) -> None:
    train, _, _ = split(rows, validation=0.4, test=0.4, seed=1)
    assert len(train) >= 1


def test_quantiles_are_of_one_size_and_in_order() -> None:
    values = np.random.default_rng(0).permutation(np.array([*range(40), np.nan, np.inf]))
    found = quantiles(values, 4)
    known = np.isfinite(values)
    assert (found[~known] == -1).all()
    assert np.bincount(found[known]).tolist() == [10, 10, 10, 10]
    assert (np.diff(found[known][np.argsort(values[known])]) >= 0).all()


def test_numbers_split_by_quantiles_keep_their_spread_in_every_part() -> None:
    values = np.random.default_rng(1).exponential(size=200)
    parts = split(200, validation=0.2, test=0.2, seed=3, classes=quantiles(values))
    for part in parts:
        counts = np.bincount(quantiles(values)[part], minlength=10)
        assert np.ptp(counts) <= 2
