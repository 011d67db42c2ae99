"""Answers for one row typed in by hand: cells follow the rules of training."""

import numpy as np
import pytest

from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, NumberTarget, Preparation, Target
from core.errors import UserInputError
from core.evaluation.predict import predict_cells, predictions
from core.evaluation.rows import prepared_rows
from core.model import TrainedModel
from core.network import Network
from core.spec import mlp

FEATURES = (
    NumberFeature("height", 1.5, 2.0, 0.5),
    CategoryFeature("size", ("1", "2", "NA"), "2"),
    CategoryFeature("colour", ("red", "blue"), "blue"),
)


def model(target: Target, outputs: int, loss: str) -> TrainedModel:
    network = mlp(6, (4,), outputs, activation="tanh")
    return TrainedModel("test", network, Network.of(network).init(3), Preparation(FEATURES, target), loss)


def x_of(**cells: str | None) -> list[float]:
    preparation = Preparation(FEATURES, ClassTarget("y", ("a", "b")))
    return prepared_rows(preparation, {name: (cell,) for name, cell in cells.items()})[0][0].tolist()


def test_cells_become_values() -> None:
    assert x_of(height="3", size="1", colour="red") == [2, 1, 0, 0, 1, 0]
    assert x_of(height=" -1.5e1 ", size="1.0", colour=" red ") == [-34, 1, 0, 0, 1, 0]  # 1.0 is the label "1"


def test_missing_cells_take_what_training_took() -> None:
    for missing in ("", "NA", "?", None):
        assert x_of(height=missing, colour=missing)[0] == -1
        assert x_of(height=missing, colour=missing)[4:] == [0, 1]
    assert x_of(size="")[1:4] == [0, 1, 0]
    assert x_of(size="NA")[1:4] == [0, 0, 1]  # a label here, because training saw it as one


def test_what_cannot_be_used_is_said() -> None:
    preparation = Preparation(FEATURES, ClassTarget("y", ("a", "b")))
    columns = {"height": ("1,5", "2"), "size": ("7", "1"), "colour": ("red", "green")}
    x, notes = prepared_rows(preparation, columns)
    assert x.tolist() == [[-1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0]]
    assert [note.split(":")[0] for note in notes] == ["Row 1, height", "Row 1, size", "Row 2, colour"]


def test_many_bad_cells_are_told_in_few_words() -> None:
    preparation = Preparation(FEATURES, ClassTarget("y", ("a", "b")))
    cells = ["oops"] * 5000 + [f"x{i}" for i in range(50)]
    _, notes = prepared_rows(preparation, {"height": cells})
    assert notes[0] == "Rows 1, 2, 3 and 4,997 more, height: 'oops' is no number; 1.5 stands in."
    assert notes[1].startswith("Row 5,001, height: 'x0'")
    assert notes[-1] == "height: 41 more such texts."
    assert len(notes) == 11


def test_a_class_with_its_probabilities() -> None:
    trained = model(ClassTarget("kind", ("no", "yes")), 2, "softmax_cross_entropy")
    found = predict_cells(trained, {"height": "3", "colour": "red"})
    assert (found.target, found.task, found.classes) == ("kind", "classification", ("no", "yes"))
    assert found.inputs == (("3", None, "red"),)
    assert found.input_names == ("height", "size", "colour")
    assert found.probabilities.shape == (1, 2)
    assert found.answer == (("no", "yes")[int(found.probabilities[0].argmax())],)
    expected = trained.answers(np.array([x_of(height="3", size=None, colour="red")], np.float32))
    np.testing.assert_array_equal(found.probabilities, expected)


def test_a_value_in_the_unit_of_the_target() -> None:
    trained = model(NumberTarget("price", 1000.0, 50.0), 1, "mse")
    x = np.array([[1, 0, 0, 1, 0, 1], [0, 1, 0, 0, 1, 0]], np.float32)
    found = predictions(trained, x)
    assert found.probabilities is None
    np.testing.assert_allclose(found.answer, 1000 + 50 * trained.outputs(x)[:, 0], rtol=1e-6)
    assert all(isinstance(value, float) for value in found.answer)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(UserInputError, match="no input 'weight'"):
        predict_cells(model(NumberTarget("price", 0.0, 1.0), 1, "mse"), {"weight": "3"})
