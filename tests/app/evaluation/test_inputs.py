import numpy as np
import pytest

from app.evaluation.inputs import unscaled
from core.data.preprocess import NumberFeature


@pytest.mark.parametrize("mean", [0.3, 5.84, 1234.5, -2e-6])
@pytest.mark.parametrize("value", [0.0, 16.0, 0.25, -3.5])
def test_a_cell_comes_back_as_it_was_written(mean: float, value: float) -> None:
    feature = NumberFeature("a", 0.0, mean, 0.9)
    x = np.float32([(value - mean) / 0.9])
    assert unscaled(feature, x.astype(np.float64))[0] == pytest.approx(value, abs=5e-3 if abs(mean) > 1000 else 2e-5)
    if value == 0.0 and mean != 1234.5:
        assert str(unscaled(feature, x.astype(np.float64))[0]) == "0.0"
