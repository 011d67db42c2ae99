"""What escapes is logged once and told once; notices replace, fold and close."""

import logging
import sys
import threading
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt, qWarning
from PySide6.QtWidgets import QWidget

from app import errors, theme
from app.errors import ErrorHooks
from app.notice import Notice
from app.notices import MOST_CARDS, NoticeStack
from core.errors import UserInputError


@pytest.fixture
def hooks(qapp, monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    monkeypatch.setattr(errors.log, "handlers", [])
    errors.start_log()
    made = ErrorHooks()
    made.install()
    yield made
    made.remove()
    for handler in errors.log.handlers:
        handler.close()


def raised(kind, text):
    try:
        raise kind(text)
    except kind as err:
        return type(err), err, err.__traceback__


def logged():
    for handler in errors.log.handlers:
        handler.flush()
    return errors.log_path().read_text(encoding="utf-8")


def test_a_defect_is_told_once_however_often_it_comes(hooks):
    told = []
    hooks.caught.connect(told.append)
    for _ in range(60):
        sys.excepthook(*raised(ZeroDivisionError, "in a paint event"))
    assert len(told) == 1
    assert told[0].severity == "error"
    assert "ZeroDivisionError" in told[0].details
    assert logged().count("ZeroDivisionError") == 1


def test_a_refusal_is_told_in_its_own_words(hooks):
    told = []
    hooks.caught.connect(told.append)
    sys.excepthook(UserInputError, UserInputError("This file is empty.", where="a.csv", remedy="Choose another."), None)
    assert told[0].title == "a.csv: This file is empty."
    assert told[0].text == "Choose another."
    assert "a.csv" not in logged()


def test_a_thread_that_dies_is_told_in_the_window(qtbot, hooks):
    with qtbot.waitSignal(hooks.caught) as caught:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    assert "ZeroDivisionError" in caught.args[0].details


def test_what_qt_says_goes_to_the_log(hooks):
    qWarning("something odd")
    assert "something odd" in logged()


def test_without_a_folder_for_the_log_the_program_goes_on(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "file" / "below"))
    monkeypatch.setattr(errors.log, "handlers", [])
    errors.start_log()
    assert [type(h) for h in errors.log.handlers] == [logging.StreamHandler]


@pytest.fixture
def stack(qtbot, qapp):
    theme.install(qapp, "light")
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(700, 600)
    host.show()
    return NoticeStack(host)


def test_a_notice_with_the_same_key_replaces(stack):
    stack.show(Notice("info", "first", key="run"))
    stack.show(Notice("warning", "other"))
    stack.show(Notice("error", "second", key="run"))
    assert [card.notice.title for card in stack.cards] == ["other", "second"]


def test_cards_stay_within_their_host_and_do_not_overlap(stack):
    for i in range(MOST_CARDS + 2):
        stack.show(Notice("error", f"number {i}", "a long sentence that needs more than one line of the card " * 2))
    cards = stack.cards
    assert len(cards) == MOST_CARDS
    for upper, lower in pairwise(cards):
        assert upper.geometry().bottom() < lower.geometry().top()
    assert cards[-1].geometry().bottom() < 600
    assert cards[-1].geometry().right() < 700


def test_an_action_closes_its_card_and_acts(qtbot, stack):
    done = []
    stack.show(Notice("error", "Training was interrupted", actions=(("Resume", lambda: done.append(1)),)))
    card = stack.cards[0]
    button = next(b for b in card.findChildren(QWidget) if getattr(b, "text", lambda: "")() == "Resume")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == [1]
    assert not stack.cards


def test_details_fold(stack):
    stack.show(Notice("error", "Something went wrong", details="Traceback"))
    card = stack.cards[0]
    folded = card.height()
    assert not card.details.isVisible()
    card._fold.click()
    assert card.details.isVisible()
    assert card.height() > folded


def test_good_news_leaves_by_itself_and_errors_stay(qtbot, stack, monkeypatch):
    monkeypatch.setattr("app.notices.READING_MILLISECONDS", {"success": 30})
    stack.show(Notice("success", "Training finished"))
    stack.show(Notice("error", "Training diverged"))
    qtbot.waitUntil(lambda: len(stack.cards) == 1)
    assert stack.cards[0].notice.severity == "error"
    assert stack.close_newest()
    assert not stack.close_newest()
