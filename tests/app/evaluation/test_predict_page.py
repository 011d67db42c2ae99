"""The predict page: the form of one row, files, and answers that come too late."""

from __future__ import annotations

from typing import Any

import made
import numpy as np
import pytest
from fakes import FakeSession
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.evaluation.predict_page import PredictPage
from app.evaluation.row_form import CategoryCell, NumberCell, RowForm
from app.widgets import ElidedLabel
from core.data.preprocess import ClassTarget, NumberFeature, Preparation


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def page(qtbot: QtBot, session: FakeSession) -> PredictPage:
    made_page = PredictPage(session)
    qtbot.addWidget(made_page)
    made_page.resize(1016, 684)
    made_page.show()
    made.train(session, made.iris_preparation())
    qtbot.waitUntil(lambda: made_page.form is not None)
    return made_page


def asked(session: FakeSession, verb: str) -> list[tuple[Any, ...]]:
    return [call[1:] for call in session.calls if call[0] == verb]


def test_untrained_it_says_what_to_do(qtbot: QtBot, session: FakeSession) -> None:
    page = PredictPage(session)
    qtbot.addWidget(page)
    page.show()
    assert page._data.isVisible()
    session.with_data()
    qtbot.waitUntil(page._train.isVisible)
    page._train.click()
    assert ("train",) in session.calls


def test_the_form_starts_from_usual_values_and_asks_at_once(page: PredictPage, session: FakeSession) -> None:
    cells = asked(session, "predict_row")[0][0]
    assert cells == {"sepal_length": "5.84", "sepal_width": "3.06", "petal_length": "3.76", "garden": "south"}


def test_typing_asks_once_the_hand_rests(page: PredictPage, session: FakeSession, qtbot: QtBot) -> None:
    assert page.form is not None
    field = page.form.fields["sepal_length"]
    assert isinstance(field, NumberCell)
    session.calls.clear()
    field.line.selectAll()
    qtbot.keyClicks(field.line, "6.25")
    qtbot.waitUntil(lambda: bool(asked(session, "predict_row")))
    assert [cells["sepal_length"] for cells, _ in asked(session, "predict_row")] == ["6.25"]


def test_what_is_no_number_is_marked_and_not_asked(page: PredictPage, session: FakeSession, qtbot: QtBot) -> None:
    assert page.form is not None
    field = page.form.fields["sepal_length"]
    assert isinstance(field, NumberCell)
    field.line.clear()
    qtbot.keyClicks(field.line, "6..")
    assert field.line.property("invalid") == "true"
    assert page.form.cells() is None
    field.line.clear()
    field._typed("")
    assert field.line.property("invalid") == "false"
    assert field.cell() == ""  # an empty field is a missing cell


def test_keys_and_slider_move_the_number(qtbot: QtBot) -> None:
    form = RowForm(made.iris_preparation())
    qtbot.addWidget(form)
    field = form.fields["petal_length"]
    assert isinstance(field, NumberCell)
    qtbot.keyClick(field.line, Qt.Key.Key_Up)
    assert field.value() == pytest.approx(3.76 + 0.176)
    field.slider.setValue(0)
    assert field.value() == pytest.approx(3.76 - 3 * 1.76, abs=1e-3)
    form.reset()
    assert field.value() == pytest.approx(3.76)


def test_categories_can_be_chosen_or_missing(qtbot: QtBot) -> None:
    form = RowForm(made.iris_preparation())
    qtbot.addWidget(form)
    field = form.fields["garden"]
    assert isinstance(field, CategoryCell)
    assert [field.itemData(i) for i in range(field.count())] == ["north", "south", "another", ""]
    field.setCurrentIndex(3)
    cells = form.cells()
    assert cells is not None
    assert cells["garden"] == ""


def test_the_answer_is_shown_with_all_probabilities(page: PredictPage, session: FakeSession) -> None:
    done = asked(session, "predict_row")[-1][1]
    done(made.class_predictions())
    assert page.answer.value.full_text() == made.class_predictions().answer[0]
    assert "setosa" in page.answer.bars.accessibleDescription()


def test_an_answer_of_earlier_weights_is_dropped(page: PredictPage, session: FakeSession, qtbot: QtBot) -> None:
    late = asked(session, "predict_row")[-1][1]
    made.train(session, made.diabetes_preparation())
    qtbot.waitUntil(lambda: page.form is not None and "bmi" in page.form.fields)
    late(made.class_predictions())
    assert page.answer.value.full_text() == "…"


def test_what_was_typed_survives_another_training(page: PredictPage, session: FakeSession, qtbot: QtBot) -> None:
    assert page.form is not None
    field = page.form.fields["sepal_length"]
    assert isinstance(field, NumberCell)
    field.set_value(7.0)
    session.calls.clear()
    made.train(session, made.iris_preparation())
    qtbot.waitUntil(lambda: bool(asked(session, "predict_row")))
    assert asked(session, "predict_row")[0][0]["sepal_length"] == "7.0"


def test_a_file_is_answered_in_a_table_that_can_be_saved(page: PredictPage, session: FakeSession) -> None:
    assert not page.save.isEnabled()
    assert "no answers yet" in page.save.toolTip()
    page.predict_file("/data/flowers.csv")
    source, done = asked(session, "predict")[0]
    assert (source.kind, source.name, source.path) == ("file", "flowers.csv", "/data/flowers.csv")
    done(made.class_predictions())
    assert page.table.table.rowCount() == 40
    assert page.table.table.headerData(0, Qt.Orientation.Horizontal) == "species"
    assert page.table.table.index(2, 4).data() == "–"
    assert page.save.isEnabled()
    assert "petal_length: missing" in page.notes.text()


def test_sorting_by_an_input_puts_missing_cells_last(page: PredictPage, session: FakeSession) -> None:
    page.predict_file("/data/flowers.csv")
    asked(session, "predict")[0][1](made.class_predictions())
    model = page.table.table
    model.sort(4)
    assert model.index(model.rowCount() - 1, 4).data() == "–"


def test_old_answers_are_called_old(page: PredictPage, session: FakeSession, qtbot: QtBot) -> None:
    page.predict_file("/data/flowers.csv")
    asked(session, "predict")[0][1](made.class_predictions())
    made.train(session, made.iris_preparation())
    qtbot.waitUntil(lambda: "weights before" in page.older.text())
    session.calls.clear()
    page._predict_again()
    assert asked(session, "predict")[0][0].name == "flowers.csv"


def test_names_in_the_form_stand_as_they_are_written(qtbot: QtBot) -> None:
    name = "farbe & <b>form</b>"
    form = RowForm(Preparation((NumberFeature(name, 0.0, 0.0, 1.0),), ClassTarget("t", ("a", "b"))))
    qtbot.addWidget(form)
    shown = form.findChild(ElidedLabel)
    assert shown is not None
    assert shown.full_text() == name
    assert shown.buddy() is None  # with a buddy, "&" would become a shortcut
    assert shown.textFormat() == Qt.TextFormat.PlainText


def test_a_column_by_its_logarithm_stands_in_its_own_unit(qtbot: QtBot) -> None:
    income = NumberFeature("income", 3000.0, 8.0, 2.0, log=True)
    form = RowForm(Preparation((income,), ClassTarget("t", ("a", "b"))))
    qtbot.addWidget(form)
    field = form.fields["income"]
    assert isinstance(field, NumberCell)
    assert field.value() == 3000.0
    field.line.stepped.emit(5)
    assert field.value() == pytest.approx(np.expm1(np.log1p(3000.0) + 1.0), rel=1e-3)
    assert "by its logarithm" in field.line.toolTip()
