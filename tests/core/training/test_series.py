import numpy as np

from core.training.series import CAPACITY, Series


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


def test_goes_on_from_a_saved_curve() -> None:
    series = Series()
    for step in range(1, 4001):
        series.append(step, float(step))
    again = Series(series.curve())
    for step in range(4001, 8001):
        again.append(step, float(step))
    curve = again.curve()
    assert curve.step[-1] == 8000
    assert curve.high.max() == 8000
    assert np.all(np.diff(curve.step) > 0)
