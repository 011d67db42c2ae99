"""The evaluation page, fed with results as a run would leave them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made
import pytest
from fakes import FakeNotice, FakeSession
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.evaluation import save
from app.evaluation.confusion import ConfusionMatrix
from app.evaluation.details import worst_table
from app.evaluation.metric import ScoreTile
from app.evaluation.page import EvaluatePage
from app.evaluation.plots import PredictedPlot, ResidualPlot
from core.training.snapshot import History


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def page(qtbot: QtBot, session: FakeSession) -> EvaluatePage:
    made_page = EvaluatePage(session)
    qtbot.addWidget(made_page)
    made_page.resize(1016, 684)
    made_page.show()
    return made_page


def evaluated(qtbot: QtBot, page: EvaluatePage, session: FakeSession, **more: object) -> None:
    made.train(session, made.iris_preparation(), made.class_evaluation(**more))
    qtbot.waitUntil(lambda: bool(page.findChildren(ScoreTile)))


def test_without_data_the_page_leads_to_the_data(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    assert page._data.isVisible()
    assert not page._train.isVisible()
    with qtbot.waitSignal(session.stage_requested) as asked:
        page._data.click()
    assert asked.args == ["Data"]


def test_before_training_one_click_trains(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    session.with_data()
    qtbot.waitUntil(page._train.isVisible)
    page._train.click()
    assert ("train",) in session.calls


def test_a_disabled_train_says_why(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    session.with_data()
    session.can_train, session.why_not = False, "the design has no output."
    qtbot.waitUntil(page._train.isVisible)
    assert not page._train.isEnabled()
    assert "no output" in page._train.toolTip()


def test_scores_and_confusion_of_classes_are_shown(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    evaluated(qtbot, page, session)
    names = [tile.accessibleName() for tile in page.findChildren(ScoreTile)]
    assert any("95.3 %" in name and "33.3 %" in name for name in names)
    assert page.findChild(ConfusionMatrix) is not None


def test_numbers_get_plots_of_answers_and_errors(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    made.train(session, made.diabetes_preparation(), made.number_evaluation())
    qtbot.waitUntil(lambda: page.findChild(PredictedPlot) is not None)
    plot = page.findChild(ResidualPlot)
    assert plot is not None
    bars = next(item for item in plot.plotItem.items if type(item).__name__ == "BarGraphItem")
    assert sum(bars.opts["height"]) == 88


def test_a_newer_design_or_other_data_are_said(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    evaluated(qtbot, page, session)
    assert page.older.text() == ""
    session.document.set_prepared(made.prepared(made.iris_preparation(), "other"))
    qtbot.waitUntil(lambda: "data have changed" in page.older.text())
    session.document.set_prepared(made.prepared(made.iris_preparation()))
    layers = session.document.project.network.layers
    session.document.edit_network(
        lambda n: replace(n, layers=(replace(layers[0], name="other"), *layers[1:])), "Rename"
    )
    qtbot.waitUntil(lambda: "design has changed" in page.older.text())


def test_forgotten_weights_leave_no_scores_behind(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    evaluated(qtbot, page, session)
    session.document.set_result(None, History())
    qtbot.waitUntil(page._train.isVisible)


def test_weights_without_test_rows_are_explained(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    trained = made.train(session, made.iris_preparation())
    bare = replace(trained, prepared=replace(trained.prepared, rows={"train": 150, "validation": 0, "test": 0}))
    session.document.set_result(bare, History())
    qtbot.waitUntil(lambda: page._words.title.text() == "No test rows")
    assert page._data.isVisible()
    assert not page._again.isVisible()


def test_the_page_is_saved_as_a_picture(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    evaluated(qtbot, page, session)
    picture = QImage.fromData(save.picture(page.body))
    assert (picture.width(), picture.height()) == (2 * page.body.width(), 2 * page.body.height())


def test_a_disk_that_refuses_is_told_and_nothing_else(page: EvaluatePage, session: FakeSession, tmp_path: Path) -> None:
    told: list[FakeNotice] = []
    session.notice.connect(told.append)
    page.write(str(tmp_path / "nowhere" / "scores.csv"), b"x")
    assert [notice.severity for notice in told] == ["error"]
    page.write(str(tmp_path / "scores.csv"), b"x")
    assert (tmp_path / "scores.csv").read_bytes() == b"x"
    assert told[-1].severity == "success"


# --- the confusion matrix


@pytest.fixture
def matrix(qtbot: QtBot) -> ConfusionMatrix:
    found = ConfusionMatrix()
    qtbot.addWidget(found)
    found.resize(420, 400)
    evaluation = made.class_evaluation()
    assert evaluation.confusion is not None
    found.show_counts(evaluation.confusion, evaluation.classes)
    found.show()
    return found


def test_every_cell_reads_as_a_sentence(matrix: ConfusionMatrix) -> None:
    assert matrix.sentence((2, 1)) == "1 virginica taken for versicolor (2.0 % of 50)"
    assert matrix.sentence((1, 1)) == "49 versicolor answered right (98.0 % of 50)"


def test_the_arrow_keys_walk_the_cells(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    read: list[str] = []
    matrix.read.connect(read.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up):
        qtbot.keyClick(matrix, key)
    assert read[0] == matrix.sentence((0, 0))
    assert read[-1] == matrix.sentence((0, 1))
    assert matrix.accessibleDescription() == read[-1]


def test_the_pointer_finds_the_cell_that_is_painted_there(matrix: ConfusionMatrix) -> None:
    for cell in ((0, 0), (2, 1), (1, 2)):
        assert matrix.cell_at(matrix._box(cell).center()) == cell
    assert matrix.cell_at(QPointF(1, 1)) is None


def test_names_are_never_read_as_html(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    evaluated(qtbot, page, session, classes=("<b>yes</b>", "no\nway"), rows=40)
    matrix = page.findChild(ConfusionMatrix)
    assert matrix is not None
    assert "<b>yes</b>" in matrix.sentence((0, 0))
    assert "no way" in matrix.sentence((1, 1))
    assert {label.textFormat() for label in page.findChildren(QLabel)} <= {
        Qt.TextFormat.PlainText,
        Qt.TextFormat.AutoText,
    }


def test_the_surest_mistakes_come_first(qtbot: QtBot) -> None:
    evaluation = made.class_evaluation()
    table = worst_table(evaluation, "species", {})
    qtbot.addWidget(table)
    assert evaluation.confusion is not None
    wrong = evaluation.rows - int(evaluation.confusion.trace())
    answered = [table.table.index(i, 2).data() for i in range(table.table.rowCount())]
    assert all(text.startswith("✗") for text in answered[:wrong])
    assert not any(text.startswith("✗") for text in answered[wrong:])


def test_the_worst_rows_come_with_their_cells(qtbot: QtBot) -> None:
    evaluation = made.number_evaluation()
    cells = {"age": [f"{i}" for i in range(50)], "garden": ["north"] * 50}
    table = worst_table(evaluation, "progression", cells)
    qtbot.addWidget(table)
    names = [column.title for column in table.table.columns]
    assert names == ["Row", "True", "Answered", "Error", "age", "garden"]
    assert [column.numeric for column in table.table.columns][-2:] == [True, False]
    assert table.table.index(7, 4).data() == "7"
