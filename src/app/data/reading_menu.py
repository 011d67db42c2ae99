"""How a file is read, where the guess can be overruled: its sheet or table, letters, cells, header, decimal mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from app import theme
from app.data import facts
from app.style import set_role
from core.data.legacy_encoding import REGIONS

if TYPE_CHECKING:
    from app.session import Session
    from core.data.schema import TableProfile

MOST_PARTS = 200
DELIMITERS = ((",", "Comma"), (";", "Semicolon"), ("\t", "Tab"), ("|", "Bar"), (" ", "Space"), (":", "Colon"))
HEADERS = (("yes", "The first row has the names"), ("no", "No header row"))
SHAPES = (("images", "Images: a picture in each row"), ("table", "A table: a column for each value"))
DECIMALS = ((".", "Point: 1.5"), (",", "Comma: 1,5"))

Choices = Sequence[tuple[str, str]]


class ReadingButton(QToolButton):
    """Opens a menu of what can be read otherwise; hidden where a source leaves nothing to choose."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        set_role(self, "ghost")
        theme.set_icon(self, "settings")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setToolTip("How the file is read: its sheet, letters, cells and header. Other choices read it anew.")
        self.setAccessibleName("How the file is read")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)

    def refresh(self) -> None:
        """Show the chosen part of the file, or that there is something to choose."""
        profile, spec = self._session.document.profile, self._session.document.project.data
        is_file = spec is not None and spec.source.kind == "file"
        self.setVisible(profile is not None and (bool(profile.shapes) or (is_file and _any_choice(profile))))
        if profile is not None:
            self.setText(facts.shown(profile.part)[:40].replace("&", "&&") if profile.parts else "How it is read")

    def _fill(self) -> None:
        self._menu.clear()
        profile, spec = self._session.document.profile, self._session.document.project.data
        if profile is None or spec is None:
            return
        source = spec.source
        if profile.parts:
            parts = [(part, facts.shown(part)) for part in profile.parts[:MOST_PARTS]]
            for part, text in parts:
                self._entry(self._menu, "part", part, text, chosen=part == profile.part)
            self._menu.addSeparator()
        if profile.shapes:
            found = "images" if profile.images is not None else "a table"
            self._choices("Read as", "shape", SHAPES, source.shape, found)
        if source.kind != "file":
            return
        if profile.encoding:
            self._encodings(source.encoding, profile.encoding)
        if profile.delimiter:
            found = next((text for mark, text in DELIMITERS if mark == profile.delimiter), repr(profile.delimiter))
            self._choices("Cells", "delimiter", DELIMITERS, source.delimiter, found.lower())
        if _has_header(profile):
            found = "names in the first row" if profile.header else "no header row"
            self._choices("Header", "header", HEADERS, source.header, found)
        if profile.delimiter:
            found = "comma" if profile.decimal_comma else "point"
            self._choices("Decimal mark", "decimal", DECIMALS, source.decimal, found)

    def _encodings(self, chosen: str, found: str) -> None:
        menu, group = self._choices("Letters", "encoding", (), chosen, found)
        for region, labels in REGIONS.items():
            inner = menu.addMenu(region)
            for text in labels:
                group.addAction(self._entry(inner, "encoding", text, text, chosen=text == chosen))

    def _choices(self, title: str, name: str, choices: Choices, chosen: str, found: str) -> tuple[QMenu, QActionGroup]:
        menu = self._menu.addMenu(title)
        group = QActionGroup(menu)
        as_found = f"As found: {found}" if not chosen else "As found"
        for value, text in (("", as_found), *choices):
            action = self._entry(menu, name, value, text, chosen=value == chosen)
            group.addAction(action)
            if not value:
                menu.addSeparator()
        return menu, group

    def _entry(self, menu: QMenu, name: str, value: str, text: str, *, chosen: bool) -> QAction:
        action = menu.addAction(text.replace("&", "&&"))
        action.setCheckable(True)
        action.setChecked(chosen)
        action.triggered.connect(lambda: self._read_again(name, value))
        return action

    def _read_again(self, name: str, value: str) -> None:
        """Names of columns may be others then, so that what was said of them does not hold any more."""
        spec = self._session.document.project.data
        if spec is not None:
            choice: dict[str, Any] = {name: value}
            self._session.use_source(replace(spec.source, **choice))


def _any_choice(profile: TableProfile) -> bool:
    if profile.images is not None:
        return bool(profile.shapes)
    return bool(profile.parts or profile.encoding or profile.shapes or _has_header(profile))


def _has_header(profile: TableProfile) -> bool:
    return bool(profile.delimiter) or profile.format in ("Excel and OpenDocument", "Excel 97–2003")
