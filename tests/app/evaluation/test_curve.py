"""A regression with one input is judged by the line through its points."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.document import Trained
from app.evaluation import curve
from app.evaluation.details import details
from app.evaluation.plots import PredictedPlot
from core.data.preprocess import ClassTarget, NumberFeature, NumberTarget, Preparation
from core.data.schema import Arrays, Part, Prepared
from core.errors import UserInputError
from core.evaluation.evaluate import evaluate
from core.model import TrainedModel
from core.network import Network
from core.spec import mlp

X, Y = NumberFeature("x", fill=10.0, mean=10.0, scale=2.0), NumberTarget("y", mean=100.0, scale=5.0)
PREPARED = Prepared(
    folder="/nowhere", fingerprint="f", task="regression", target="y", feature_names=("x",), row_shape=(1,), outputs=1,
    classes=(), rows={"train": 60, "validation": 20, "test": 20},
    preparation=Preparation((X,), Y),
)  # fmt: skip
NETWORK = mlp(1, (4,), 1)


def part(n: int) -> Part:
    x = np.linspace(-1.5, 1.5, n, dtype=np.float32)[:, None]
    return Part(x, np.sin(x).astype(np.float32), np.arange(n))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Trained:
    monkeypatch.setattr(curve.store, "load", lambda _prepared: Arrays(part(60), part(20), part(20)))
    return Trained(Network.of(NETWORK).init(1), NETWORK, PREPARED, "mse")


def test_line_and_points_are_in_the_units_of_the_data(trained: Trained) -> None:
    found = curve.curve_of(trained)
    assert found is not None
    assert found.names == ("x", "y")
    assert (found.x[0], found.x[-1]) == pytest.approx((10 - 2 * 1.65, 10 + 2 * 1.65), abs=1e-4)
    np.testing.assert_allclose(found.train[:, 1], 100 + 5 * np.sin((found.train[:, 0] - 10) / 2), atol=1e-4)
    model = TrainedModel("", NETWORK, trained.weights, PREPARED.preparation, "mse")
    np.testing.assert_allclose(found.y, model.answers((found.x[:, None] - 10).astype(np.float32) / 2)[:, 0], atol=1e-3)
    assert len(found.test) == 20


def test_only_one_input_and_a_number_have_a_curve(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    assert curve.curve_of(replace(trained, prepared=replace(PREPARED, row_shape=(2,)))) is None
    classes = replace(PREPARED.preparation, target=ClassTarget("y", ("a", "b")))
    assert curve.curve_of(replace(trained, prepared=replace(PREPARED, preparation=classes))) is None

    def gone(_prepared: object) -> None:
        raise UserInputError("The prepared data are gone.")

    monkeypatch.setattr(curve.store, "load", gone)
    assert curve.curve_of(trained) is None


def test_the_page_shows_it_in_place_of_predicted_against_true(qtbot: QtBot, trained: Trained) -> None:
    model = TrainedModel("", NETWORK, trained.weights, PREPARED.preparation, "mse")
    evaluation = evaluate(model, part(20))
    with_curve = details(evaluation, "y", {}, curve.curve_of(trained))
    qtbot.addWidget(with_curve)
    (plot,) = with_curve.findChildren(curve.CurvePlot)
    assert len(plot.listDataItems()) == 3
    without = details(evaluation, "y", {})
    qtbot.addWidget(without)
    assert not without.findChildren(curve.CurvePlot)


def test_small_numbers_stay_in_their_unit_when_the_theme_changes(qtbot: QtBot) -> None:
    plot = PredictedPlot()
    qtbot.addWidget(plot)
    plot.show()
    plot.show_rows(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.35]), "z")
    for _ in range(2):
        plot.redraw()
    assert plot.getAxis("left").autoSIPrefixScale == 1.0
