"""One click each: class weights, repeated rows; undone as one step."""

from dataclasses import replace

from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from tables import DataSession, penguins

from app.data.column_menu import column_menu
from app.data.findings import FindingsPanel
from app.data.summary import DataSummary
from core.data.schema import Finding

UNEVEN = Finding("warning", "Classes are uneven.", "species", "balance", "Balance class weights")
REPEATED = Finding("info", "Twelve rows repeat others.", action="keep one", action_label="Keep one of each")
DROPPED = Finding("info", "Twelve rows are left out.", action="keep all", action_label="Use them all")


def panel(session: DataSession, qtbot: QtBot, *findings: Finding) -> FindingsPanel:
    session.load(replace(penguins(), findings=findings))
    made = FindingsPanel(session)
    qtbot.addWidget(made)
    made.show()
    return made


def press(made: FindingsPanel, words: str) -> None:
    (found,) = (b for b in made.findChildren(QPushButton) if b.text() == words)
    found.click()
    QApplication.processEvents()


def test_balancing_is_a_change_of_training(session: DataSession, qtbot: QtBot) -> None:
    made, document = panel(session, qtbot, UNEVEN), session.document
    press(made, "Balance class weights")
    assert document.project.training.class_weights == "balanced"
    assert not [b for b in made.findChildren(QPushButton) if b.text() == "Balance class weights"]
    assert [w.text() for w in made.findChildren(QLabel) if "Class weights are balanced." in w.text()]
    document.undo_stack.undo()
    QApplication.processEvents()
    assert document.project.training.class_weights == "equal"
    assert [b for b in made.findChildren(QPushButton) if b.text() == "Balance class weights"]


def test_repeated_rows(session: DataSession, qtbot: QtBot) -> None:
    made = panel(session, qtbot, REPEATED)
    press(made, "Keep one of each")
    assert session.document.project.data is not None
    assert session.document.project.data.drop_duplicates
    assert session.document.undo_stack.undoText() == "Keep one of each repeated row"
    session.document.undo_stack.undo()
    assert not session.document.project.data.drop_duplicates


def test_and_back(session: DataSession, qtbot: QtBot) -> None:
    made = panel(session, qtbot, DROPPED)
    session.change_data("x", drop_duplicates=True)
    press(made, "Use them all")
    assert session.document.project.data is not None
    assert not session.document.project.data.drop_duplicates


def test_the_logarithm_by_a_click_and_by_the_menu(session: DataSession, qtbot: QtBot) -> None:
    name = "body_mass_g"
    made = panel(session, qtbot, Finding("info", "It spans much.", name, "log", "Use its logarithm"))
    press(made, "Use its logarithm")
    assert session.document.project.data is not None
    assert session.document.project.data.logs == (name,)
    menu = column_menu(session, name, made)
    assert menu is not None
    (entry,) = (action for action in menu.actions() if action.text() == "Use its logarithm")
    assert entry.isChecked()
    entry.trigger()
    assert session.document.project.data.logs == ()
    labels = column_menu(session, "island", made)
    assert labels is not None
    assert not [action for action in labels.actions() if action.text() == "Use its logarithm"]


def test_what_was_balanced_is_nothing_to_decide(session: DataSession, qtbot: QtBot) -> None:
    session.load(replace(penguins(), findings=(UNEVEN,)))
    summary = DataSummary(session)
    qtbot.addWidget(summary)
    summary.show()
    assert [b for b in summary.findChildren(QPushButton) if b.isVisible() and b.text() == "1 thing to decide"]
    session.document.edit_training("Balance", class_weights="balanced")
    QApplication.processEvents()
    assert not [b for b in summary.findChildren(QPushButton) if b.isVisible() and "to decide" in b.text()]
