"""The cross-validation side of the evaluation page: what it starts, shows and says."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeSession
from pytestqt.qtbot import QtBot

from app.evaluation.folds_plot import mean_line
from app.evaluation.metric import ScoreTile
from app.evaluation.page import EvaluatePage
from core.evaluation.cross_validation import CrossValidation, FoldProgress, FoldResult
from core.training.snapshot import Curve


def curve(*values: float, steps: int = 4) -> Curve:
    mean = np.array(values, np.float32)
    return Curve(steps * np.arange(1, len(values) + 1), mean, mean, mean)


def result(fold: int, *losses: float, accuracy: float = 0.9, ended: str = "finished") -> FoldResult:
    rows = {"train": 80, "validation": 40, "test": 30}
    scores = {"baseline_accuracy": 0.4} if ended == "finished" else {}
    tested = {"accuracy": 0.95, "loss": 0.2} if ended == "finished" else {}
    metrics = curve(*(accuracy for _ in losses))
    return FoldResult(fold, rows, ended, "", len(losses), 2, 1.0, scores, tested, curve(*losses), metrics, 4)


FOUND = CrossValidation.of(
    "classification", (result(0, 0.9, 0.5, 0.6), result(1, 0.8, 0.3, 0.5, accuracy=0.96), result(2, 0.7, 0.6, 0.4))
)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession().with_data()


@pytest.fixture
def page(qtbot: QtBot, session: FakeSession) -> EvaluatePage:
    made = EvaluatePage(session)
    qtbot.addWidget(made)
    made.resize(1016, 684)
    made.show()
    session.cross_validation.why_not = ""
    qtbot.waitUntil(made._to_folds.isVisible)
    made._to_folds.click()
    return made


def test_one_click_starts_as_many_folds_as_are_set(page: EvaluatePage, session: FakeSession) -> None:
    assert page.folds.start.isVisible()
    assert not page.folds.cancel.isVisible()
    page.folds.folds.set_value(7)
    page.folds.start.click()
    assert session.cross_validation.starts == [7]


def test_a_disabled_start_says_why(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    session.cross_validation.tell(why_not="a run goes on.")
    qtbot.waitUntil(lambda: not page.folds.start.isEnabled())
    assert "a run goes on" in page.folds.start.toolTip()


def test_progress_shows_fold_epoch_time_and_lines(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    progress = FoldProgress(1, 3, 5, 20, 0.4, 65.0, curve(0.9, 0.7), 4)
    session.cross_validation.tell(phase="training", progress=progress, results=[result(0, 0.9, 0.5)])
    qtbot.waitUntil(page.folds.bar.isVisible)
    assert page.folds._stand.text() == "Fold 2 of 3 · epoch 5 of 20"
    assert page.folds._left.text() == "1:05 left"
    assert page.folds.bar.value() == 400
    assert len(page.folds.plot.lines) == 1
    assert page.folds.plot.strong[0].tolist() == [1.0, 2.0]
    page.folds.cancel.click()
    assert session.cross_validation.cancelled == 1
    assert not page.folds.start.isVisible()


def test_what_was_found_is_told_in_tiles_words_table_and_curves(
    page: EvaluatePage, session: FakeSession, qtbot: QtBot
) -> None:
    session.cross_validation.tell(phase="", progress=None, found=FOUND)
    qtbot.waitUntil(lambda: bool(page.folds.findChildren(ScoreTile)))
    assert FOUND.epoch == 2
    told = [tile.accessibleName() for tile in page.folds.findChildren(ScoreTile)]
    assert any("92.0 % ± 3.5 %" in text for text in told)
    assert any("Best epoch: 2" in text for text in told)
    assert "about 92.0 %" in page.folds.words.text()
    cells = [[page.folds.table.table.index(i, j).data() for j in range(5)] for i in range(3)]
    assert cells[1] == ["2", "40", "96.0 %", "0.3", "95.0 %"]
    assert page.folds.plot.epoch == 2
    np.testing.assert_allclose(page.folds.plot.strong[1], [0.8, 1.4 / 3, 0.5], rtol=1e-6)
    assert page.folds.older.text() == ""
    session.cross_validation.tell(is_older=True)
    qtbot.waitUntil(lambda: "have changed since" in page.folds.older.text())


def test_a_diverged_fold_stands_in_the_table_without_a_score(
    page: EvaluatePage, session: FakeSession, qtbot: QtBot
) -> None:
    found = CrossValidation.of("classification", (result(0, 0.9, 0.5), result(1, 0.8, ended="diverged")))
    session.cross_validation.tell(found=found)
    qtbot.waitUntil(lambda: page.folds.table.table.rowCount() == 2)
    assert page.folds.table.table.index(1, 2).data() == "diverged"
    assert "Fold 2 diverged" in page.folds.words.text()
    assert len(mean_line(found)[0]) == 2
    lost = CrossValidation.of("classification", (result(0, 0.8, ended="diverged"),))
    session.cross_validation.tell(found=lost)
    qtbot.waitUntil(lambda: page.folds.table.table.rowCount() == 1)
    assert not page.folds._tiles_box.isVisible()


def test_the_choice_above_leads_to_and_fro(page: EvaluatePage, session: FakeSession, qtbot: QtBot) -> None:
    assert page.folds.isVisible()
    assert all(switch.value() == "folds" for switch in page._switches)
    page._switches[1].part("test").click()
    assert not page.folds.isVisible()
    assert page._train.isVisible()
