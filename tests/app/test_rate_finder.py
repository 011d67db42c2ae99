"""The learning-rate range test in the window: asked for once, shown as a curve, taken with one press."""

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from app import theme
from app.rate_finder import RateFinder, view_of
from core.training.snapshot import RangeTest

RATES = np.logspace(-6, 0, 61)
GOOD = RangeTest(RATES, np.where(RATES < 0.1, 0.7 - 0.1 * np.log10(RATES / 1e-6), 50.0), 0.02, "Falls fastest there.")
NONE = RangeTest(RATES, np.full(61, 0.7), None, "The loss never fell.")


@pytest.fixture
def finder(qapp, qtbot, session):
    theme.install(qapp, "light")
    session.with_data()
    host = QWidget()
    qtbot.addWidget(host)
    host.show()
    made = RateFinder(session, host)
    made.opener = host
    return made


def asked(session):
    """What the session was given to call back with, for each time it was asked."""
    return [call[1] for call in session.calls if call[0] == "find_learning_rate"]


def test_opening_asks_once_and_shows_that_it_works(finder, session):
    finder.open_below(finder.opener)
    assert len(asked(session)) == 1
    assert finder.bar.isVisible()
    assert not finder.use.isVisible()
    assert finder.cancel.isVisible()
    finder.cancel.click()
    assert session.calls[-1] == ("cancel_learning_rate",)
    finder.close()
    finder.open_below(finder.opener)
    assert len(asked(session)) == 1, "the first test still goes on"


def test_the_suggestion_is_marked_and_taken_with_one_press(finder, session):
    finder.open_below(finder.opener)
    asked(session)[0](GOOD)
    assert finder.message.text() == "Falls fastest there."
    assert not finder.bar.isVisible()
    assert not finder.cancel.isVisible()
    shown = finder._chart.content
    assert shown.marks == (pytest.approx(np.log10(0.02)),)
    assert next(text for _, text in shown.x_ticks) == "1e-6"
    assert shown.ends[1].y == pytest.approx(0.7 - 0.1 * np.log10(0.02 / 1e-6), abs=0.01)
    assert finder.use.text() == "Use 0.02"
    before = session.document.project.training.learning_rate
    finder.use.click()
    assert finder.isHidden()
    assert session.document.project.training.learning_rate == 0.02
    session.document.undo_stack.undo()
    assert session.document.project.training.learning_rate == before


def test_without_a_suggestion_there_is_nothing_to_take_but_a_reason(finder, session):
    finder.open_below(finder.opener)
    asked(session)[0](NONE)
    assert finder.message.text() == "The loss never fell."
    assert not finder.use.isVisible()
    finder.again.click()
    assert len(asked(session)) == 2


def test_a_result_that_came_while_it_was_closed_is_shown_first(finder, session):
    finder.open_below(finder.opener)
    finder.close()
    asked(session)[0](GOOD)
    finder.open_below(finder.opener)
    assert finder.use.isVisible()
    assert len(asked(session)) == 1
    finder.close()
    finder.open_below(finder.opener)
    assert len(asked(session)) == 2, "seen once, it is measured anew"


def test_the_rise_at_the_end_does_not_flatten_the_fall():
    (first, last), (low, high) = view_of(GOOD)
    assert (first, last) == (pytest.approx(-6), pytest.approx(0))
    assert low < GOOD.losses.min()
    assert 0.7 < high < 1.2
    broken = RangeTest(RATES, np.where(RATES < 0.1, GOOD.losses, np.inf), None, "")
    assert np.isfinite(view_of(broken)[1]).all()


def test_while_a_run_goes_on_the_button_says_why_not(finder, session):
    finder.explain(finder.opener)
    assert finder.opener.isEnabled()
    session.engine.set_state("paused")
    finder.explain(finder.opener)
    assert finder.opener.isEnabled(), "a paused run leaves the engine free"
    session.engine.set_state("running")
    finder.explain(finder.opener)
    assert not finder.opener.isEnabled()
    assert "Pause or stop it first" in " ".join(finder.opener.toolTip().split())


def test_a_test_that_was_ended_has_no_curve_but_a_reason(finder, session):
    finder.open_below(finder.opener)
    asked(session)[0](GOOD)
    finder.again.click()
    assert not finder._chart.isVisible()
    asked(session)[1](RangeTest.nothing("The test was stopped."))
    assert finder.message.text() == "The test was stopped."
    assert not finder._chart.isVisible()
    assert not finder.use.isVisible()
    assert finder.again.isVisible()


def test_it_stays_inside_the_window(finder, qtbot):
    window = finder.opener
    window.resize(900, 600)
    at_the_edge = QWidget(window)
    at_the_edge.setGeometry(850, 40, 40, 20)
    at_the_edge.show()
    finder.open_below(at_the_edge)
    right = window.mapFromGlobal(finder.geometry().topRight())
    assert 880 <= right.x() <= 900
    assert right.y() >= 60
