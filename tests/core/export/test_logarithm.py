"""A column that enters as its logarithm: every format prepares it as the training did."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.data.preprocess import CategoryFeature, NumberFeature, NumberTarget, Preparation
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.export.receipt import made_up
from core.export.run import export_with_receipt
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.project.facts import preparation_from_json, preparation_to_json
from core.spec import sequential

FEATURES = (
    NumberFeature("weight", 70.0, 71.5, 12.0),
    NumberFeature("income", 3200.0, 8.05, 3.1, log=True),
    NumberFeature("count", 0.0, 0.7, 0.9, log=True),
    CategoryFeature("town", ("Ulm", "Wien"), "Ulm"),
    NumberFeature("size", 1e9, 20.0, 0.5, log=True),
)
PREPARATION = Preparation(FEATURES, NumberTarget("price", 100.0, 20.0))


def model(zoo: SimpleNamespace) -> TrainedModel:
    network = sequential(Input(shape=(6,)), Dense(units=8, activation="tanh"), Dense(units=1, activation="linear"))
    return replace(zoo.trained(network, PREPARATION.target), preparation=PREPARATION)


def test_the_formula() -> None:
    cells = {"weight": ["83.5", None], "income": ["999", None], "count": ["-4", "1"], "town": ["Ulm", "Wien"]}
    x, _ = prepared_rows(PREPARATION, cells)
    assert x[:, 0].tolist() == pytest.approx([1.0, -0.125], abs=1e-6)
    assert x[:, 1].tolist() == pytest.approx([(np.log(1000) - 8.05) / 3.1, (np.log(3201) - 8.05) / 3.1], abs=1e-6)
    assert x[:, 2].tolist() == pytest.approx([-0.7 / 0.9, (np.log(2) - 0.7) / 0.9], abs=1e-6)
    feature = FEATURES[1]
    assert isinstance(feature, NumberFeature)
    assert feature.unscaled(feature.scaled(np.array([0.0, 5e6]))) == pytest.approx([0.0, 5e6], rel=1e-9)


@pytest.mark.parametrize("format", ["onnx", "numpy", "safetensors", "pytorch", "mlx", "coreml"])
def test_receipts_hold(zoo: SimpleNamespace, tmp_path: Path, format: str) -> None:
    if format == "coreml":
        pytest.importorskip("coremltools")
    receipt = export_with_receipt(format, model(zoo), tmp_path / "made").receipt
    assert receipt.passed, receipt
    assert receipt.rows >= 64
    assert receipt.max_abs_difference < 1e-3  # in the unit of the target, whose scale is 20


def test_made_up_rows_are_such_numbers() -> None:
    incomes = [float(cell) for cell in made_up(PREPARATION, "").columns["income"] if cell is not None]
    assert np.median(incomes) == pytest.approx(np.expm1(8.05), rel=0.5)
    assert max(incomes) > 1e5


def test_kept_in_projects_and_exports() -> None:
    assert preparation_from_json(preparation_to_json(PREPARATION)) == PREPARATION
    plain = preparation_to_json(PREPARATION)
    assert "log" not in plain["features"][0]  # as earlier versions wrote it
    plain["features"][1]["log"] = "yes"
    with pytest.raises(UserInputError):
        preparation_from_json(plain)
