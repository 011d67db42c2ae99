"""The rows of a table that are in sight: a short window that slides over all of them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app import theme
from app.data import facts
from app.data.pages import Pages, Waiting
from core.data import cells
from core.data.schema import NO_PART, ColumnProfile, TableProfile
from core.spec import DataSpec

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()
MISSING = "–"
PARTS = ("train", "validation", "test")
STARTING_ROWS = 40  # until a view says how many fit
PRESENT, GAP, INVALID, COMING = range(4)


class PreviewModel(QAbstractTableModel):
    """Row 0 of the model is row `first` of all. Cells are plain text; what is missing is a dash, and said to be."""

    def __init__(self, pages: Pages | None = None) -> None:
        super().__init__()
        self.profile: TableProfile | None = None
        self.spec: DataSpec | None = None
        self.pages = pages or Pages(None)
        self.pages.setParent(self)
        self.first = 0
        self._height = STARTING_ROWS
        self._labels: dict[int, frozenset[str]] = {}
        self.pages.view_changed.connect(self._reset)
        self.pages.changed.connect(self._tell)

    def show(self, profile: TableProfile | None, spec: DataSpec | None, prepared: str = "") -> None:
        self.profile, self.spec, self._labels = profile, spec, {}
        self.pages.show(profile, spec, prepared)
        self._reset()

    def slide(self, first: int, height: int) -> None:
        """Let the window begin at row `first` and be `height` rows high, as far as there are rows."""
        before = self.rowCount()
        if first == self.first and height == self._height:
            return
        after = max(0, min(height, self.pages.rows - first))
        if after == before:
            self.first, self._height = first, height
            self._tell()
            return
        self.beginResetModel()
        self.first, self._height = first, height
        self.endResetModel()

    def _reset(self) -> None:
        self.beginResetModel()
        self.first = min(self.first, max(0, self.pages.rows - 1))
        self.endResetModel()

    def _tell(self) -> None:
        rows, columns = self.rowCount(), self.columnCount()
        if rows and columns:
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, columns - 1))

    # --- shape

    def column(self, section: int) -> ColumnProfile:
        assert self.profile is not None
        return self.profile.columns[section]

    def role(self, section: int) -> str:
        assert self.profile is not None
        return facts.role(self.spec, self.profile, self.column(section))

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        if self.profile is None or parent.isValid():
            return 0
        return max(0, min(self._height, self.pages.rows - self.first))

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if self.profile is None or parent.isValid() else len(self.profile.columns)

    # --- cells

    def text(self, row: int, section: int) -> str | None:
        """The cell in row `row` of the window; "" while it is on its way."""
        found = self.pages.cell(self.first + row, section)
        return "" if isinstance(found, Waiting) else found

    def state(self, row: int, section: int) -> int:
        """PRESENT, GAP (missing), INVALID (no number in a column of numbers) or COMING."""
        found = self.pages.cell(self.first + row, section)
        if isinstance(found, Waiting):
            return COMING
        if found is None and self._joins_labels(section):
            return PRESENT
        if found is None or (found in cells.MISSING and found not in self._known(section)):
            return GAP
        if self.column(section).kind == "number" and not _reads_as_number(found):
            return INVALID
        return PRESENT

    def _joins_labels(self, section: int) -> bool:
        """Whether cells of a column hold several labels each: then an empty one says that there are none."""
        profile = self.profile
        return profile is not None and bool(profile.separator) and self.column(section).name == profile.target

    def _known(self, section: int) -> frozenset[str]:
        """Labels of a column, among which a missing mark may be one."""
        if section not in self._labels:
            self._labels[section] = frozenset(name for name, _ in self.column(section).categories)
        return self._labels[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, section = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            text = self.text(row, section)
            return MISSING if text is None else text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            text = self.text(row, section)
            empty = "none of the labels" if self._joins_labels(section) else "missing"
            return f"{self.column(section).name}: {empty if text is None else text or 'loading'}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if is_numeric(self.column(section)) else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole:
            return theme.font("mono" if is_numeric(self.column(section)) else "small")
        if role == Qt.ItemDataRole.ForegroundRole:
            return self.colour(row, section, self.state(row, section))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._told(row, section)
        return None

    def colour(self, row: int, section: int, state: int) -> QColor:
        """Of the text of a cell in that state."""
        colours = theme.current()
        if state == GAP:
            return colours.bad
        if state == INVALID:
            return colours.warn
        return colours.text if self.role(section) in ("target", "feature") else colours.faint

    def _told(self, row: int, section: int) -> str | None:
        state = self.state(row, section)
        if state == GAP:
            return "Missing. A stand-in learned from the training rows takes its place."
        if state == PRESENT and self.text(row, section) is None:
            return "None of the labels."
        if state == INVALID:
            return f"“{self.text(row, section)}” is no finite number and counts as missing."
        return None

    # --- heads

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return self._row_head(section, role)
        if self.profile is None:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        column = self.column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return facts.shown(column.name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.name}, {column.kind}, {self.role(section)}"
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return facts.column_help(self.profile, column, self.role(section))
        return None

    def _row_head(self, section: int, role: int) -> Any:
        number = self.pages.number(self.first + section)
        words = "…" if number is None else f"{number + 1:,}"
        if role == Qt.ItemDataRole.DisplayRole:
            return words
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            part = self.part(section)
            return f"Row {words}" if part is None else f"Row {words}: {part}"
        return None

    def part(self, row: int) -> str | None:
        """Which part of the split a row of the window is in; None where that is unknown or it is in none."""
        part = self.pages.part(self.first + row)
        return None if part == NO_PART or part >= len(PARTS) else PARTS[part]


def is_numeric(column: ColumnProfile) -> bool:
    return column.kind in ("number", "identifier") and column.minimum is not None


def _reads_as_number(text: str) -> bool:
    return cells.number(text) is not None or cells.number(text.replace(",", ".")) is not None
