"""Ctrl+V on the data page: the clipboard's table becomes the data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QLineEdit


@pytest.fixture(autouse=True)
def empty_clipboard(qapp) -> Iterator[None]:
    """Qt lets go of what its clipboard holds after Python has ended: what Python made must be gone by then."""
    yield
    QGuiApplication.clipboard().clear()


def hold(*, text: str = "", html: str = "", image: bool = False, files: tuple[str, ...] = ()) -> None:
    data = QMimeData()
    if text:
        data.setText(text)
    if html:
        data.setHtml(html)
    if image:
        data.setImageData(QImage(2, 2, QImage.Format.Format_RGB32))
    if files:
        data.setUrls([QUrl.fromLocalFile(path) for path in files])
    QGuiApplication.clipboard().setMimeData(data)


def press(qtbot, widget) -> None:
    qtbot.keyClick(widget, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def test_cells_go_to_the_session(qtbot, window, session) -> None:
    hold(text="a\tb\n1\t2\n", html="<table></table>")
    window.actions_.by_name["paste"].trigger()
    assert session.data_files.calls == [("paste", "a\tb\n1\t2\n", "<table></table>")]


def test_copied_files_are_opened(window, session, tmp_path) -> None:
    hold(files=(str(tmp_path / "a.csv"), str(tmp_path / "b.csv")))
    window.actions_.by_name["paste"].trigger()
    assert session.calls == [("open_paths", [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])]


@pytest.mark.parametrize(("image", "said"), [(True, "A picture on the clipboard"), (False, "nothing to paste")])
def test_what_is_no_table_is_refused_kindly(window, session, image: bool, said: str) -> None:
    hold(image=image)
    window.actions_.by_name["paste"].trigger()
    assert said in window.notices.cards[0].notice.title
    assert window.notices.cards[0].notice.text
    assert session.data_files.calls == []


def test_other_stages_do_not_lose_their_data_to_a_key(window, session) -> None:
    session.with_data()
    hold(text="a\tb\n1\t2\n")
    window.show_stage("Design")
    window.actions_.by_name["paste"].trigger()
    assert session.data_files.calls == []


def test_a_field_keeps_its_own_paste(qtbot, window, session) -> None:
    hold(text="a\tb\n1\t2\n")
    field = QLineEdit(window)
    field.show()
    field.setFocus()
    press(qtbot, field)
    assert "1" in field.text()
    assert session.data_files.calls == []
