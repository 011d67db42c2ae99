"""Evaluate and Predict where rows are images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeSession
from made import class_evaluation, number_evaluation
from pytestqt.qtbot import QtBot

from app.document import Trained
from app.evaluation.details import details
from app.evaluation.predict_page import PredictPage
from app.evaluation.worst_pictures import _Wall, mistakes
from app.pictures import Pictures
from core.data.preprocess import ClassTarget, ImageFeature, Preparation
from core.data.schema import Prepared
from core.evaluation.result import Predictions
from core.training.snapshot import History

CLASSES = ("cat", "dog", "owl")


class Painted(Pictures):
    """Pictures without a store."""

    def pixels(self, row: int) -> np.ndarray:
        return np.full((8, 8, 1), row % 256, np.uint8)


def test_the_worst_images_stand_first_with_what_was_said_and_what_is_true(qtbot: QtBot) -> None:
    evaluation = class_evaluation(CLASSES)
    found = mistakes(evaluation, 12)
    assert [m.row for m in found] == list(evaluation.worst[:12])
    place = {int(n): i for i, n in enumerate(evaluation.row_numbers)}  # type: ignore[arg-type]
    for m in found:
        i = place[m.row]
        assert (m.true, m.said) == (CLASSES[evaluation.truth[i]], CLASSES[evaluation.predicted[i]])  # type: ignore[index]
        assert m.right == (m.true == m.said)
    wall = _Wall(found, Painted())
    qtbot.addWidget(wall)
    wall.resize(400, wall.heightForWidth(400))
    wall.grab()
    assert wall.heightForWidth(200) > wall.heightForWidth(800)


def test_numbers_tell_how_far_off_they_are() -> None:
    found = mistakes(number_evaluation(), 5)
    assert len(found) == 5
    assert all(m.sure.startswith(("+", "-", "−")) for m in found)


def test_details_show_pictures_instead_of_a_table(qtbot: QtBot) -> None:
    made = details(class_evaluation(CLASSES), "class", {}, None, Painted())
    qtbot.addWidget(made)
    assert made.findChildren(_Wall)


@pytest.fixture
def page(qtbot: QtBot) -> PredictPage:
    session = FakeSession()
    feature = ImageFeature("image", 8, 8, (100.0,), (50.0,))
    preparation = Preparation((), ClassTarget("class", CLASSES), feature)
    prepared = Prepared(
        "", "print", "classification", "class", ("image",), (8, 8, 1), 3, CLASSES, {"train": 5, "test": 2}, preparation
    )
    trained = Trained({}, session.document.project.network, prepared, "softmax_cross_entropy")
    session.document.set_result(trained, History())
    page = PredictPage(session)  # type: ignore[arg-type]
    qtbot.addWidget(page)
    page.resize(1000, 600)
    page.show()
    qtbot.waitExposed(page)
    return page


def _answers() -> Predictions:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    pictures = np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8, 1)
    return Predictions(
        "class", "classification", ("cat", "owl"), CLASSES, p, (("a.png",), ("b.png",)), ("file",), (), pictures
    )


def test_the_row_in_the_table_is_shown_large_with_its_own_answer(page: PredictPage) -> None:
    assert not page._fields.isVisible()
    page.show_predictions(_answers(), "photos")
    assert page.answer.value.full_text() == "cat"
    page.table.setCurrentIndex(page.table.model().index(1, 0))
    assert page.answer.value.full_text() == "owl"
    assert page._one._name.text() == "b.png"
    assert "2 images" in page._what.full_text()
    page.grab()


def test_several_images_are_asked_for_together(page: PredictPage) -> None:
    page.take_files(["/p/a.png", "/p/b.png", "/p/c.png"])
    asked = [call for call in page._session.calls if call[0] == "predict"]  # type: ignore[attr-defined]
    assert asked
    source = asked[-1][1]
    assert (source.name, source.also) == ("a.png and 2 more", ("/p/b.png", "/p/c.png"))
    assert "image" in page.drop_hint


def test_answers_beyond_the_pictures_are_listed_without_one(page: PredictPage) -> None:
    found = _answers()
    page.show_predictions(replace(found, pictures=found.pictures[:1]), "photos")  # type: ignore[index]
    page.table.setCurrentIndex(page.table.model().index(1, 0))
    page.grab()
    assert page.answer.value.full_text() == "owl"
