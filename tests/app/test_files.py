"""Projects and files: nothing is lost unasked, and what was read can be found again."""

from pathlib import Path

import pytest
from fakes import edit
from PySide6.QtCore import Qt

from app import files
from app.document import Trained
from core.training.snapshot import History


@pytest.fixture
def answer(monkeypatch, window):
    asked = []
    state = {"answer": files.CANCEL}

    def ask(title, text, *, savable):
        asked.append((title, text, savable))
        return state["answer"]

    monkeypatch.setattr(window.files, "ask", ask)
    state["asked"] = asked
    return state


def test_nothing_is_asked_where_nothing_can_be_lost(window, session, answer):
    assert window.close()
    assert answer["asked"] == []


def test_cancel_keeps_an_edited_project_open(window, session, answer):
    edit(session)
    assert not window.close()
    assert window.isVisible()
    answer["answer"] = files.DISCARD
    assert window.close()


def test_saving_before_leaving_that_fails_keeps_the_window(monkeypatch, window, session, answer):
    session.document.path = Path("/there/p.chainrule")
    edit(session)
    answer["answer"] = files.SAVE
    monkeypatch.setattr(session, "save", lambda: False, raising=False)
    assert not window.close()
    monkeypatch.setattr(session, "save", lambda: True, raising=False)
    assert window.close()


def test_closing_during_a_run_asks(window, session, answer):
    session.with_data()
    session.document.undo_stack.setClean()
    session.engine.set_state("running")
    assert not window.close()
    title, text, savable = answer["asked"][0]
    assert title == "Stop training and close?"
    assert "Training is running" in text
    assert not savable
    answer["answer"] = files.DISCARD
    assert window.close()


def test_what_was_learned_since_saving_is_not_lost_unasked(window, session, answer):
    session.with_data()
    document = session.document
    document.mark_saved(Path("/there/p.chainrule"))
    learned = Trained({"l1": {}}, document.project.network, document.prepared, "softmax_cross_entropy")
    document.set_result(learned, History())
    assert window.title.state.full_text() == "p.chainrule — edited"
    assert not window.close()
    assert "learned" in answer["asked"][0][1]
    session.document.mark_saved(Path("/there/p.chainrule"))
    assert window.close()


def test_a_dropped_project_does_not_replace_unsaved_work_unasked(window, session, answer, tmp_path):
    path = tmp_path / "other.chainrule"
    path.write_bytes(b"")
    edit(session)
    window.files.open_paths([str(path)])
    assert session.calls == []
    answer["answer"] = files.DISCARD
    window.files.open_paths([str(path)])
    assert session.calls == [("open_paths", [str(path)])]


def test_a_recent_file_that_is_gone_is_said_and_forgotten(window, session, settings):
    settings.add_recent("/gone/away.csv")
    window.files.open_paths(["/gone/away.csv"])
    assert window.notices.cards[0].notice.title == "No such file"
    assert "/gone/away.csv" not in window.files.recent
    assert session.calls == []


def test_name_and_state_of_the_project_are_in_the_title_row(qtbot, window, session):
    session.document.path = Path("/there/spirals.chainrule")
    session.document.undo_stack.setClean()
    edit(session)
    assert window.title.state.full_text() == "spirals.chainrule — edited"
    assert window.isWindowModified()
    window.title.name.edit()
    window.title.name.field.setText("  My   spirals ")
    qtbot.keyClick(window.title.name.field, Qt.Key.Key_Return)
    assert session.document.project.name == "My spirals"
    session.document.undo_stack.undo()
    assert session.document.project.name == "Untitled"
