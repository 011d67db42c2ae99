"""How a file is read: what the menu offers, what it shows as chosen, and what a choice asks for."""

from dataclasses import replace

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from tables import DataSession, penguins, spirals

from app.data.reading_menu import ReadingButton
from core.data import legacy_encoding
from core.spec import DataSource


@pytest.fixture
def session(qtbot: QtBot) -> DataSession:
    return DataSession()


def made(qtbot: QtBot, session: DataSession) -> ReadingButton:
    button = ReadingButton(session)
    qtbot.addWidget(button)
    button.refresh()
    button.menu().aboutToShow.emit()
    return button


def actions(menu: QMenu) -> dict[str, QAction]:
    """Every entry by its words, submenus opened."""
    found: dict[str, QAction] = {}
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            found |= {f"{action.text()} / {text}": entry for text, entry in actions(inner).items()}
        elif not action.isSeparator():
            found[action.text()] = action
    return found


def test_a_text_file_offers_letters_cells_header_and_decimal_mark(qtbot: QtBot, session: DataSession) -> None:
    session.load(replace(penguins(), encoding="Windows-1252", delimiter=";", decimal_comma=True))
    button = made(qtbot, session)
    found = actions(button.menu())
    assert not button.isHidden()
    assert found["Letters / As found: Windows-1252"].isChecked()
    assert found["Cells / As found: semicolon"].isChecked()
    assert found["Decimal mark / As found: comma"].isChecked()
    found["Letters / Japanese / Shift-JIS"].trigger()
    name, source = session.calls[-1]
    assert (name, source.encoding, source.path) == ("use_source", "Shift-JIS", "/data/penguins.csv")


def test_a_choice_is_shown_and_can_be_taken_back(qtbot: QtBot, session: DataSession) -> None:
    session.load(penguins(), DataSource("file", path="/data/p.csv", header="no", delimiter="|"))
    found = actions(made(qtbot, session).menu())
    assert found["Header / No header row"].isChecked()
    assert found["Cells / Bar"].isChecked()
    found["Cells / As found"].trigger()
    source = session.calls[-1][1]
    assert (source.delimiter, source.header) == ("", "no")


def test_sheets_are_offered_by_name(qtbot: QtBot, session: DataSession) -> None:
    parts = ("A & B", "Second")
    session.load(replace(penguins(), parts=parts, part="A & B", encoding="", delimiter="", format="Excel"))
    button = made(qtbot, session)
    found = actions(button.menu())
    assert button.text() == "A && B"
    assert found["A && B"].isChecked()
    found["Second"].trigger()
    assert session.calls[-1][1].part == "Second"


def test_nothing_is_offered_for_generated_points(qtbot: QtBot, session: DataSession) -> None:
    session.load(spirals(), DataSource("generator", "spirals"))
    assert made(qtbot, session).isHidden()


def test_every_encoding_has_a_region() -> None:
    assert sorted(legacy_encoding.CHOICES) == sorted(set(legacy_encoding.LABELS.values()))


def test_an_array_can_be_read_as_images_or_as_a_table(qtbot: QtBot, session: DataSession) -> None:
    session.load(replace(penguins(), encoding="", delimiter="", format="NumPy arrays", shapes=("images", "table")))
    button = made(qtbot, session)
    found = actions(button.menu())
    assert not button.isHidden()
    assert found["Read as / As found: a table"].isChecked()
    found["Read as / Images: a picture in each row"].trigger()
    name, source = session.calls[-1]
    assert (name, source.shape) == ("use_source", "images")
    session.load(replace(penguins(), encoding="", delimiter="", format="NumPy arrays"))
    assert made(qtbot, session).isHidden()
