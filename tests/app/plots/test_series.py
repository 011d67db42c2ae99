"""Curves made drawable: nothing is lost when points merge, and nothing moves while a curve grows."""

import numpy as np
import pytest

from app.plots.series import EpochScale, decimate, smooth
from core.training.snapshot import Curve


def curve(n: int, *, seed: int = 0) -> Curve:
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=n).astype(np.float32)
    return Curve(np.arange(1, n + 1), mean, mean - 1, mean + 1)


def test_a_short_curve_is_drawn_as_it_is() -> None:
    c = curve(50)
    points = decimate(c, first=0, last=50, pixels=100)
    assert points.x.tolist() == list(range(1, 51))
    np.testing.assert_array_equal(points.mean, c.mean.astype(float))


def test_merged_points_keep_every_spike_and_the_mean() -> None:
    c = curve(1024)
    c.high[700] = 99.0
    points = decimate(c, first=0, last=1024, pixels=128)
    assert 64 <= len(points) <= 128
    assert points.high.max() == 99.0
    assert points.low.min() == c.low.min()
    assert points.mean.mean() == pytest.approx(float(c.mean.mean()), abs=1e-6)


def test_a_growing_curve_does_not_shimmer() -> None:
    c = curve(1000)
    some = Curve(*(a[:900] for a in (c.step, c.mean, c.low, c.high)))
    before = decimate(some, first=0, last=1000, pixels=100)
    after = decimate(c, first=0, last=1000, pixels=100)
    settled = len(before) - 1  # the last point may still fill
    np.testing.assert_array_equal(before.x[:settled], after.x[:settled])
    np.testing.assert_allclose(before.mean[:settled], after.mean[:settled])


def test_points_that_stand_for_more_steps_weigh_more() -> None:
    step = np.concatenate([np.arange(1, 9), [16.0, 24.0, 32.0, 40.0]])
    mean = np.concatenate([np.zeros(8), np.ones(4)])
    points = decimate(Curve(step, mean, mean, mean), first=0, last=40, pixels=2)
    assert points.mean[0] == pytest.approx(24 / 32)


def test_only_what_is_in_view_is_drawn_and_its_neighbours() -> None:
    points = decimate(curve(1000), first=400, last=410, pixels=300)
    assert points.x[0] <= 400
    assert points.x[-1] >= 410
    assert len(points) <= 14


def test_values_that_are_not_finite_are_left_out() -> None:
    c = curve(10)
    c.mean[4] = np.nan
    c.mean[9] = np.inf
    assert decimate(c, first=0, last=10, pixels=50).x.tolist() == [1, 2, 3, 4, 6, 7, 8, 9]


def test_an_empty_curve_has_no_points() -> None:
    none = np.zeros(0)
    assert len(decimate(Curve(none, none, none, none), first=0, last=10, pixels=50)) == 0


def test_smoothing_follows_slowly_and_keeps_a_constant() -> None:
    x = np.arange(200.0)
    assert smooth(x, np.full(200, 3.0), reach=10)[-1] == pytest.approx(3.0)
    step = smooth(x, (x >= 100).astype(float), reach=10)
    assert step[99] == 0.0
    assert step[109] == pytest.approx(1 - np.exp(-1.0), abs=0.01)
    assert step[199] > 0.99


def test_smoothing_of_nothing_changes_nothing() -> None:
    y = np.array([1.0, 5.0, 2.0])
    assert smooth(np.arange(3.0), y, reach=0.0) is y


def test_the_nearest_value_is_read() -> None:
    c = Curve(np.array([10, 20, 30]), *(np.array([1.0, 2.0, 3.0]) for _ in range(3)))
    points = decimate(c, first=0, last=30, pixels=50)
    assert [points.value_at(x) for x in (0, 14, 16, 24.9, 99)] == [1, 1, 2, 2, 3]


def test_nothing_is_read_before_a_curve_began() -> None:
    penalty = Curve(np.array([800, 801, 802]), *(np.array([1.0, 2.0, 3.0]) for _ in range(3)))
    points = decimate(penalty, first=0, last=1000, pixels=50)
    assert points.value_at(799) == 1.0
    assert np.isnan(points.value_at(300))


def test_epochs_follow_a_batch_size_that_was_changed() -> None:
    scale = EpochScale()
    scale.learn(step=50, epoch=5, steps_per_epoch=10)
    scale.learn(step=100, epoch=10, steps_per_epoch=10)
    scale.learn(step=120, epoch=11, steps_per_epoch=20)
    np.testing.assert_allclose(scale.epochs(np.array([0.0, 50, 100, 120, 140])), [0, 5, 10, 12, 13])
    assert scale.step(13.0) == pytest.approx(140)
    assert scale.step(4.0) == pytest.approx(40)


def test_a_run_met_on_its_way_is_placed_by_its_epochs() -> None:
    scale = EpochScale()
    scale.learn(step=300, epoch=10, steps_per_epoch=20)
    assert scale.epochs(np.array([300.0]))[0] == pytest.approx(10, abs=1)
