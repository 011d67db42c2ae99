"""The first rows of a table, as the preview shows them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app import theme
from app.data import facts
from core.data import cells
from core.data.schema import ColumnProfile, TableProfile
from core.spec import DataSpec

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()
MISSING = "–"


class PreviewModel(QAbstractTableModel):
    """Cells are plain text; a missing one is a dash in the colour of errors, and says so to a screen reader."""

    def __init__(self) -> None:
        super().__init__()
        self.profile: TableProfile | None = None
        self.spec: DataSpec | None = None

    def show(self, profile: TableProfile | None, spec: DataSpec | None) -> None:
        self.beginResetModel()
        self.profile, self.spec = profile, spec
        self.endResetModel()

    def column(self, section: int) -> ColumnProfile:
        assert self.profile is not None
        return self.profile.columns[section]

    def role(self, section: int) -> str:
        assert self.profile is not None
        return facts.role(self.spec, self.profile, self.column(section))

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if self.profile is None or parent.isValid() else len(self.profile.preview)

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if self.profile is None or parent.isValid() else len(self.profile.columns)

    def text(self, row: int, section: int) -> str | None:
        assert self.profile is not None
        found = self.profile.preview[row]
        return found[section] if section < len(found) else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text = self.text(index.row(), index.column())
        column = self.column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return MISSING if text is None else text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.name}: {'missing' if text is None else text}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if is_numeric(column) else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole:
            return theme.font("mono" if is_numeric(column) else "small")
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(index.column(), text)
        return None

    def _colour(self, section: int, text: str | None) -> Any:
        colours = theme.current()
        if text is None or (self.column(section).kind == "number" and not _reads_as_number(text)):
            return colours.bad
        return colours.text if self.role(section) in ("target", "feature") else colours.faint

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.profile is None or orientation != Qt.Orientation.Horizontal:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        column = self.column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return facts.shown(column.name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.name}, {column.kind}, {self.role(section)}"
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return facts.column_help(self.profile, column, self.role(section))
        return None


def is_numeric(column: ColumnProfile) -> bool:
    return column.kind in ("number", "identifier") and column.minimum is not None


def _reads_as_number(text: str) -> bool:
    return cells.number(text) is not None or cells.number(text.replace(",", ".")) is not None
