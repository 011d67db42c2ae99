"""A table of answers or scores: read only, sorted by a click on its head, with bars behind shares."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app import theme
from app.style import set_role
from app.widgets import wrapped

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()
ROW, PAD, WIDEST, SAMPLED = 28, 8.0, 260, 40
LONGEST = 200  # characters of a cell that are ever measured or drawn
BAR, FIGURES = 44.0, 60.0  # the least width of a bar; the room for the number beside it
LEAST_TEXT = 90
PICTURE = 36  # of an image in a row
SHARE = Qt.ItemDataRole.UserRole
STRONG = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class Column:
    """cell(row) is what is shown. keys: what sorting goes by, one a row. share(row): 0..1 for a bar.

    strong: the column a person looks for, set in the colour of text and in bold. picture(row): stands before the text.
    """

    title: str
    cell: Callable[[int], str | None]
    keys: Callable[[], np.ndarray] | None = None
    numeric: bool = False
    tip: str = ""
    share: Callable[[int], float] | None = None
    strong: bool = False
    picture: Callable[[int], QPixmap | None] | None = None


class TableModel(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[Column, ...] = ()
        self._order = np.zeros(0, np.int64)

    def show(self, columns: Sequence[Column], rows: int) -> None:
        self.beginResetModel()
        self.columns, self._order = tuple(columns), np.arange(rows)
        self.endResetModel()

    def source_row(self, row: int) -> int:
        return int(self._order[row])

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column, row = self.columns[index.column()], self.source_row(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            text = column.cell(row)
            return "–" if text is None else text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {'missing' if column.cell(row) is None else column.cell(row)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            text = column.cell(row) or ""
            return wrapped(text[:2000]) if len(text) > 24 else None
        if role == SHARE:
            return None if column.share is None else column.share(row)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return wrapped("\n".join(text for text in (column.title, column.tip) if text))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, section: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column's keys; section -1 is the order of the source."""
        self.layoutAboutToBeChanged.emit()
        rows = len(self._order)
        keys = self.columns[section].keys if 0 <= section < len(self.columns) else None
        self._order = np.arange(rows) if keys is None else np.argsort(keys(), kind="stable")
        if keys is not None and order == Qt.SortOrder.DescendingOrder:
            self._order = self._order[::-1]
        self.layoutChanged.emit()


class _Cells(QStyledItemDelegate):
    """A hairline under each row, no grid; a share has a bar at its left."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours, model = theme.current(), index.model()
        assert isinstance(model, TableModel)
        column = model.columns[index.column()]
        box = QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, colours.accent_bg)
        painter.setPen(colours.line)
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        share = index.data(SHARE)
        if share is not None:
            _paint_bar(painter, box, float(share))
        text = str(index.data())[:LONGEST]
        painter.setFont(_font(column))
        painter.setPen(colours.bad if text == "–" else colours.text)
        room = box.adjusted(PAD, 0, -PAD, 0)
        if column.picture is not None:
            _paint_picture(painter, room, column.picture(model.source_row(index.row())))
            room.setLeft(room.left() + PICTURE + PAD)
        cut = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, cut)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, ROW)


def are_numbers(cells: Sequence[str | None]) -> bool:
    """Whether the first cells that are not missing all read as numbers."""
    found = [cell for cell in cells[:SAMPLED] if cell is not None]
    return bool(found) and all(re.fullmatch(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?", cell.strip(), re.I) for cell in found)


def _font(column: Column) -> Any:
    font = theme.font("mono" if column.numeric else "small")
    if column.strong:
        font.setWeight(font.Weight.DemiBold)
    return font


def _paint_picture(painter: QPainter, room: QRectF, pixmap: QPixmap | None) -> None:
    if pixmap is not None:
        size = pixmap.deviceIndependentSize()
        at = QRectF(0, 0, size.width(), size.height())
        at.moveCenter(QPointF(room.left() + PICTURE / 2, room.center().y()))
        painter.drawPixmap(at, pixmap, QRectF(pixmap.rect()))


def _paint_bar(painter: QPainter, box: QRectF, share: float) -> None:
    colours = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    width = max(BAR, box.width() - 2 * PAD - FIGURES)
    track = QRectF(box.left() + PAD, box.center().y() - 2, width, 4)
    painter.setBrush(colours.line)
    painter.drawRoundedRect(track, 2, 2)
    painter.setBrush(colours.accent)
    painter.drawRoundedRect(QRectF(track.left(), track.top(), width * min(1.0, max(0.0, share)), 4), 2, 2)


class Table(QTableView):
    """`current_changed`: the row of the source that is now current, or -1."""

    current_changed = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = TableModel()
        self.setModel(self.table)
        self.setItemDelegate(_Cells(self))
        set_role(self, "plain")
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSortIndicatorClearable(True)
        head.setTextElideMode(Qt.TextElideMode.ElideRight)
        head.setMinimumSectionSize(40)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        theme.signals.changed.connect(self.viewport().update)

    def show_rows(self, columns: Sequence[Column], rows: int) -> None:
        self.setSortingEnabled(False)
        self.table.show(columns, rows)
        tall = any(column.picture is not None for column in columns)
        self.verticalHeader().setDefaultSectionSize(PICTURE + 8 if tall else ROW)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(240, 140)

    def natural_height(self) -> int:
        return self.horizontalHeader().sizeHint().height() + self.table.rowCount() * ROW + 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.current_changed.emit(self.table.source_row(current.row()) if current.isValid() else -1)

    def _fit(self) -> None:
        """Every column as wide as it asks; spare room is shared, and where room lacks, long texts are cut."""
        n = self.table.columnCount()
        if not n:
            return
        wanted = [self._width(section) for section in range(n)]
        lack = sum(wanted) - self.viewport().width()
        cuttable = [0 if c.numeric else max(0, w - LEAST_TEXT) for c, w in zip(self.table.columns, wanted, strict=True)]
        if 0 < lack <= sum(cuttable):
            wanted = [w - -(-lack * cut // sum(cuttable)) for w, cut in zip(wanted, cuttable, strict=True)]
        spare = max(0, self.viewport().width() - sum(wanted))
        share, rest = divmod(spare, n)
        for section, width in enumerate(wanted):
            self.horizontalHeader().resizeSection(section, width + share + (section < rest))

    def _width(self, section: int) -> int:
        column = self.table.columns[section]
        head = theme.font("small")
        head.setWeight(head.Weight.Medium)
        wanted = QFontMetricsF(head).horizontalAdvance(column.title) + 16 + 18
        metrics = QFontMetricsF(_font(column))
        texts = (column.cell(row) or "" for row in range(min(SAMPLED, self.table.rowCount())))
        longest = max((text[:LONGEST] for text in texts), key=len, default="")
        bar = BAR + 8 if column.share is not None else 0
        bar += PICTURE + PAD if column.picture is not None else 0
        return int(min(WIDEST, max(wanted, metrics.horizontalAdvance(longest) + 2 * PAD + bar + 2)))
