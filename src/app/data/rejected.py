"""Rows that could not be read: where they stand in the file, why, and what they say."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout, QWidget

from app import theme
from app.data import facts
from app.data.table_model import NO_PARENT, Index
from app.style import set_role
from app.widgets import label
from core.data.schema import RejectedRow, TableProfile

HEADS = ("Line", "Reason", "Text")
LONGEST = 500


class _Rows(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[RejectedRow, ...] = ()

    def show(self, rows: tuple[RejectedRow, ...]) -> None:
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (f"{row.line:,}", row.reason, facts.shown(row.text[:LONGEST]))[index.column()]
        if role == Qt.ItemDataRole.FontRole:
            return theme.font("small" if index.column() == 1 else "mono_small")
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme.current().muted if index.column() == 0 else theme.current().text
        return None


class RejectedRows(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = _Rows()
        self.table = set_role(QTableView(), "plain")
        self.table.setModel(self._rows)
        self.table.setAccessibleName("Rows left out")
        self.table.setShowGrid(False)
        self.table.setFrameShape(QTableView.Shape.NoFrame)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self._more = label("", "caption")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)
        column.addWidget(self._more)

    def show_rows(self, profile: TableProfile) -> None:
        self._rows.show(profile.rejected)
        more = profile.rejected_count - len(profile.rejected)
        self._more.setText(f"  and {more:,} more")
        self._more.setVisible(more > 0)
