"""Networks with one input on the Train stage: neurons as curves, the prediction over the rows."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeSession
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.document import Trained
from app.lens import curve, hover, still
from app.lens.network_view import NetworkLens
from core.data.preprocess import NumberFeature, NumberTarget, Preparation
from core.data.schema import Arrays, Part, Prepared
from core.network import Network
from core.spec import DataSource, DataSpec, Project, mlp
from core.training.snapshot import History
from core.training.tensors import LINE, line

X, Y = NumberFeature("x", fill=10.0, mean=10.0, scale=2.0), NumberTarget("y", mean=100.0, scale=5.0)
PREPARED = Prepared(
    folder="/nowhere", fingerprint="f", task="regression", target="y", feature_names=("x",), row_shape=(1,), outputs=1,
    classes=(), rows={"train": 60, "validation": 20, "test": 20},
    preparation=Preparation((X,), Y),
)  # fmt: skip


def part(n: int) -> Part:
    x = np.linspace(-1.5, 1.5, n, dtype=np.float32)[:, None]
    return Part(x, np.sin(x).astype(np.float32), np.arange(n))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> FakeSession:
    monkeypatch.setattr(still.store, "load", lambda _prepared: Arrays(part(60), part(20), part(20)))
    made = FakeSession()
    made.document.open(Project("Sine", DataSpec(DataSource("generator", "sine")), mlp(1, (4,), 1)), None)
    made.document.set_prepared(PREPARED)
    made.can_train, made.why_not = True, ""
    return made


@pytest.fixture
def lens(qtbot: QtBot, session: FakeSession) -> NetworkLens:
    made = NetworkLens(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(888, 520)
    made.show()
    return made


def train(session: FakeSession) -> Trained:
    network = session.document.project.network
    weights = Network.of(network).init(1)
    found = Trained(weights, network, PREPARED, "mse")
    session.document.set_result(found, History())
    return found


def colours(lens: NetworkLens, box: tuple[float, float, float, float]) -> set[int]:
    image: QImage = lens.grab().toImage()
    ratio = lens.devicePixelRatioF()
    x, y, w, h = (round(v * ratio) for v in box)
    return {image.pixel(i, j) for i in range(x, x + w) for j in range(y, y + h)}


def test_rows_are_drawn_before_any_training_and_the_engine_is_asked_for_curves(lens, session) -> None:
    assert lens.view.line
    assert lens.view.layout.card is not None
    assert len(lens.view.points["train"][0]) == 60
    assert "surface" in session.engine.subscriptions[lens]
    assert curve.answer(lens.view) is None
    assert not lens.grab().isNull()


def test_a_trained_network_draws_its_prediction_in_the_units_of_the_data(lens, session) -> None:
    trained = train(session)
    drawn = curve.answer(lens.view)
    assert drawn is not None
    assert drawn.shape == (LINE,)
    x, value = curve.at(lens.view, 0.5)  # type: ignore[misc]
    assert x == pytest.approx(10.0, abs=0.05)
    assert value is not None
    places, extent = line(np.array([-1.5]), np.array([1.5]))
    assert extent == pytest.approx([-1.65, 1.65])
    from core.model import TrainedModel

    model = TrainedModel("", trained.network, trained.weights, PREPARED.preparation, "mse")
    np.testing.assert_allclose(drawn * 5 + 100, model.answers(places)[:, 0], rtol=1e-5)


def test_hidden_neurons_are_curves_too_and_tell_their_span(lens, session) -> None:
    train(session)
    found = lens.view.curve(1)
    assert found is not None
    assert found.shape == (4, LINE)
    told = hover.content(lens.view, hover.Target("neuron", column=1, unit=0), lens._canvas.palette)
    assert told is not None
    assert "over the input" in [name for name, _, _ in told.rows]


def test_pointing_at_the_card_tells_the_answer_there(lens, session) -> None:
    train(session)
    left, top, width, height = lens.view.layout.card
    target = hover.find(lens.view, QPointF(left + width / 2, top + height / 3))
    assert target is not None
    told = hover.content(lens.view, target, lens._canvas.palette)
    assert told is not None
    assert told.title == "x 10"
    assert told.rows[0][0] == "y"


def test_the_card_rests_while_the_line_moves_and_survives_what_is_no_number(lens, session) -> None:
    train(session)
    before = curve.extent(lens.view)
    wild = {
        name: np.full_like(array, np.inf) if name.startswith("curve/l") else array
        for name, array in lens.view.tensors.items()
    }
    lens._canvas.set_view(replace(lens.view, tensors=wild))
    assert curve.extent(lens.view) == before
    assert not lens.grab().isNull()


def test_one_input_and_classes_has_no_curve_card(lens, session) -> None:
    session.document.set_prepared(replace(PREPARED, task="classification", classes=("a", "b"), outputs=2))
    assert lens.view.layout.card is None
