"""Several labels a row: scores by label, the confusion of the chosen one, predictions as bars."""

from __future__ import annotations

import csv
import io

import made
import numpy as np
import pytest
from fakes import FakeSession
from pytestqt.qtbot import QtBot

from app import words
from app.evaluation import save
from app.evaluation.answer import Answer
from app.evaluation.confusion import ConfusionMatrix
from app.evaluation.label_details import LabelScores
from app.evaluation.metric import ScoreTile
from app.evaluation.page import EvaluatePage
from app.evaluation.predict_page import _columns
from app.evaluation.wording import verdict
from app.lens.decision import answers
from app.plots import kinds
from core.data.preprocess import LabelsTarget, NumberFeature, Preparation
from core.data.schema import Part
from core.evaluation.evaluate import evaluate
from core.evaluation.result import Evaluation, Predictions
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.spec import sequential

LABELS = ("sun", "rain", "snow")
TARGET = LabelsTarget("weather", LABELS, "|")
PREPARATION = Preparation(tuple(NumberFeature(n, 0.0, 0.0, 1.0) for n in "abc"), TARGET)


def evaluation() -> Evaluation:
    network = sequential(Input(shape=(3,)), Dense(units=3, activation="linear"))
    weights = {"l1": {"W": np.eye(3, dtype=np.float32), "b": np.zeros(3, np.float32)}}
    model = TrainedModel("m", network, weights, PREPARATION, "multi_label_cross_entropy")
    rng = np.random.default_rng(4)
    y = (rng.random((60, 3)) < [0.6, 0.4, 0.1]).astype(np.float32)
    x = (4 * (y - 0.5) + rng.normal(0, 1.5, (60, 3))).astype(np.float32)
    return evaluate(model, Part(x, y, np.arange(60) * 2))


@pytest.fixture
def page(qtbot: QtBot) -> EvaluatePage:
    session = FakeSession()
    found = EvaluatePage(session)  # type: ignore[arg-type]
    qtbot.addWidget(found)
    found.resize(1016, 684)
    found.show()
    made.train(session, made.iris_preparation(), evaluation())
    qtbot.waitUntil(lambda: bool(found.findChildren(ScoreTile)))
    return found


def test_the_scores_are_those_of_labels(page: EvaluatePage) -> None:
    e = evaluation()
    tiles = {tile.score.name: tile.score for tile in page.findChildren(ScoreTile)}
    assert tiles.keys() == {"Micro F1", "Subset accuracy", "Hamming loss", "Macro F1"}
    assert tiles["Micro F1"].share == e.metrics["micro_f1"]
    assert tiles["Micro F1"].baseline == e.metrics["baseline_micro_f1"]
    right = round(60 * e.metrics["subset_accuracy"])
    assert verdict(e, "weather").startswith(f"All labels right on {right} of 60 rows")


def test_a_chosen_label_shows_its_own_confusion(page: EvaluatePage) -> None:
    scores = page.findChildren(LabelScores)[0]
    matrix = page.findChildren(ConfusionMatrix)[0]
    assert [scores.table.table.columns[0].cell(k) for k in range(3)] == list(LABELS)
    np.testing.assert_array_equal(matrix._counts, evaluation().confusion[0])
    scores.table.selectRow(1)
    np.testing.assert_array_equal(matrix._counts, evaluation().confusion[1])
    assert matrix._names == ("not rain", "rain")
    assert "rain" in scores._title.full_text()


def test_everything_is_taken_away_as_csv() -> None:
    e = evaluation()
    scores = list(csv.reader(io.StringIO(save.scores_csv(e, "weather").decode())))
    assert ["label", "true negatives", "false positives", "false negatives", "true positives"] in scores
    assert ["snow", *map(str, e.confusion[2].ravel())] in scores
    rows = list(csv.reader(io.StringIO(save.rows_csv(e, "weather").decode())))
    assert rows[0] == ["row", *LABELS, *(f"probability of {name}" for name in LABELS)]
    assert rows[2][:4] == ["3", *(str(int(v)) for v in e.truth[1])]
    assert float(rows[2][4]) == pytest.approx(float(e.confidence[1, 0]), rel=1e-5)


def test_an_answer_names_every_label_from_one_half_on(qtbot: QtBot) -> None:
    answer = Answer()
    qtbot.addWidget(answer)
    p = np.array([[0.9, 0.5, 0.2]])
    answer.show_answer(Predictions("weather", "labels", ("sun|rain",), LABELS, p))
    assert answer.value.full_text() == "sun, rain"
    assert answer.bars._answered.tolist() == [True, True, False]
    assert "by itself" in answer.bars.toolTip()
    none = Predictions("weather", "labels", ("",), LABELS, np.array([[0.1, 0.2, 0.3]]))
    answer.show_answer(none)
    assert answer.value.full_text() == "none of them"
    assert not answer.bars._answered.any()


def test_the_table_of_predictions_has_a_share_for_each_label() -> None:
    p = np.array([[0.9, 0.5, 0.2], [0.1, 0.2, 0.3]])
    columns = _columns(Predictions("weather", "labels", ("sun|rain", ""), LABELS, p, (("1",), ("2",)), ("a",)), {})
    assert [column.title for column in columns] == ["weather", *LABELS, "a"]
    assert columns[0].cell(1) == "(none)"
    assert columns[3].share is not None
    assert columns[3].share(0) == 0.2


def test_the_rest_of_the_window_speaks_of_labels() -> None:
    assert words.score(evaluation(), None)[0] == "Test micro F1"
    assert kinds.kind("metric", metric="micro_f1").title == "Micro F1"
    z = np.array([[[0.0]], [[2.0]]])
    np.testing.assert_allclose(answers(z, "labels"), 1 / (1 + np.exp(-z)))
