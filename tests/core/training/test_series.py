import numpy as np
import pytest

from core.training.series import CAPACITY, Held, Series


def test_short_series_are_kept_as_they_are() -> None:
    series = Series()
    for step, value in ((1, 3.0), (2, 1.0), (5, 2.0)):
        series.append(step, value)
    curve = series.curve()
    assert curve.step.tolist() == [1, 2, 5]
    assert curve.mean.tolist() == [3, 1, 2]
    assert series.latest == 2.0


def test_a_million_steps_stay_bounded_and_no_spike_is_lost() -> None:
    values = np.random.default_rng(0).normal(size=1_000_000)
    values[123_456] = 99.0
    series = Series()
    for step, value in enumerate(values.tolist(), start=1):
        series.append(step, value)
    curve = series.curve()
    assert CAPACITY / 2 < len(curve.step) <= CAPACITY
    assert curve.step[-1] == 1_000_000
    assert curve.high.max() == 99.0
    assert curve.low.min() == np.float32(values.min())
    counts = np.diff(curve.step, prepend=0)
    np.testing.assert_allclose((curve.mean * counts).sum() / counts.sum(), values.mean(), atol=1e-6)


def test_curves_already_given_out_never_change() -> None:
    series = Series()
    series.append(1, 1.0)
    first = series.curve()
    for step in range(2, 5000):
        series.append(step, 7.0)
    series.curve()
    assert first.step.tolist() == [1]
    assert first.mean.tolist() == [1.0]


@pytest.mark.parametrize("at", [1, 1600, 4001, 5003, 7990])
@pytest.mark.parametrize("make", [Series, Held])
def test_goes_on_from_its_state_as_if_never_saved(make, at) -> None:
    whole, first = make(), make()
    for step in range(1, 8001):
        value = 1.0 / step if 2000 < step < 6000 else 0.1
        whole.append(step, value)
        if step <= at:
            first.append(step, value)
    second = make()
    second.restore(*first.state())
    for step in range(at + 1, 8001):
        second.append(step, 1.0 / step if 2000 < step < 6000 else 0.1)
    for part in ("step", "mean", "low", "high"):
        np.testing.assert_array_equal(getattr(second.curve(), part), getattr(whole.curve(), part))
    assert second.latest == whole.latest


def test_what_is_held_takes_a_point_only_where_it_changes() -> None:
    held = Held()
    for step in range(1, 1001):
        held.append(step, 0.1 if step <= 400 else 0.01)
    curve = held.curve()
    assert curve.step.tolist() == [1, 400, 401, 1000]
    np.testing.assert_array_equal(curve.mean, np.array([0.1, 0.1, 0.01, 0.01], np.float32))
    assert held.latest == 0.01


def test_junk_is_no_state() -> None:
    for buckets in (np.zeros((4, 3)), np.zeros((5, 3), np.float32), np.zeros(5)):
        with pytest.raises(ValueError, match=r"buckets|unpack"):
            Series().restore(buckets, {"stride": 1, "newest": None})
