"""The columns one under the other, in the narrow panel at the left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.data import facts, paint
from app.data.column_menu import column_menu
from app.data.header import as_tooltip
from app.style import set_role
from core.data.schema import ColumnProfile, TableProfile
from core.spec import DataSpec

if TYPE_CHECKING:
    from app.session import Session

ROW = 28
MOST_ROWS = 8
SCROLLED_ROWS = 7.5  # the half row tells that there is more below
PICTURE = 68.0
OWN = 2.5  # radius of the dot behind the name of a column that is prepared as a person chose
Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()


class _Columns(QAbstractListModel):
    """Columns in the order of the table; where they do not all fit, the target stands first, in view."""

    def __init__(self) -> None:
        super().__init__()
        self.profile: TableProfile | None = None
        self.spec: DataSpec | None = None
        self._columns: list[ColumnProfile] = []

    def show(self, profile: TableProfile | None, spec: DataSpec | None) -> None:
        self.beginResetModel()
        self.profile, self.spec = profile, spec
        self._columns = list(profile.columns) if profile is not None else []
        if profile is not None and len(self._columns) > MOST_ROWS:
            self._columns.sort(key=lambda column: column.name not in profile.predicted)
        self.endResetModel()

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def column(self, row: int) -> ColumnProfile:
        return self._columns[row]

    def part(self, row: int) -> str:
        assert self.profile is not None
        return facts.role(self.spec, self.profile, self.column(row))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self.profile is None:
            return None
        column, part = self.column(index.row()), self.part(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return facts.shown(column.name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{facts.shown(column.name)}, {column.kind}, {part}"
        if role == Qt.ItemDataRole.ToolTipRole:
            by_hand = "\nPrepared as you chose." if facts.prepared_by_hand(self.spec, column.name) else ""
            return as_tooltip(facts.column_help(self.profile, column, part) + by_hand)
        return None


class _Row(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, _Columns)
        colours, column, part = theme.current(), model.column(index.row()), model.part(index.row())
        muted = part in facts.UNUSED
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        chosen = bool(option.state & (QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_Selected))
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(colours.accent_bg if chosen else colours.bg)
            painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 6, 6)
        paint.draw_glyph(painter, QPointF(box.left() + 4, box.top() + 5), column.kind)
        left, right = box.left() + 4 + paint.GLYPH + 8, box.right() - 4
        right -= self._paint_right(painter, QRectF(left, box.top(), right - left, ROW), model, index.row()) + 8
        chip = paint.chip_width("target") + 8 if part == "target" else 0
        by_hand = part == "feature" and facts.prepared_by_hand(model.spec, column.name)
        chip += 2 * OWN + 6 if by_hand else 0
        painter.setFont(theme.font("body"))
        name = facts.shown(column.name)
        width = min(QFontMetricsF(painter.font()).horizontalAdvance(name) + 1, right - left - chip)
        painter.setPen(colours.faint if muted else colours.text)
        paint.draw_text(painter, QRectF(left, box.top(), width, ROW), name)
        if by_hand:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.accent)
            painter.drawEllipse(QPointF(left + width + 6 + OWN, box.center().y() + 1), OWN, OWN)
        elif chip:
            paint.draw_chip(painter, QPointF(left + width + 8, box.top() + 5.5), "target")
        painter.restore()

    def _paint_right(self, painter: QPainter, box: QRectF, model: _Columns, row: int) -> float:
        """A histogram, a count of values or the words "left out"; returns the width used."""
        assert model.profile is not None
        column, part = model.column(row), model.part(row)
        heights = paint.bars(column)
        if part == "feature" and column.kind in ("number", "date") and heights:
            picture = QRectF(box.right() - PICTURE, box.top() + 6, PICTURE, 15)
            colours = paint.bar_colours(model.profile, column, muted=False)
            paint.draw_histogram(painter, picture, heights, colours)
            return PICTURE
        text = facts.part_word(part) if part in facts.UNUSED else facts.column_range(model.profile, column)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.current().faint if part in facts.UNUSED else theme.current().muted)
        paint.draw_text(painter, box, text, right=True)
        return QFontMetricsF(painter.font()).horizontalAdvance(text)


class ColumnList(QListView):
    """A click, Return or Space shows how the chosen columns are prepared; the menu key or a right click their menu."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model = _Columns()
        self.setModel(self._model)
        self.setItemDelegate(_Row(self))
        set_role(self, "plain")
        self.setAccessibleName("Columns of the table")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self._open(self.indexAt(at)))
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.clicked.connect(lambda _index: self._ask())
        theme.signals.changed.connect(self.viewport().update)

    def show_table(self) -> None:
        row, at = self.currentIndex().row(), self.verticalScrollBar().value()
        document, chosen = self._session.document, self.chosen()
        self._model.show(document.profile, document.project.data)
        n = self._model.rowCount()
        self.setMinimumHeight(self._least())
        self.setMaximumHeight(ROW * n)
        self.updateGeometry()
        if 0 <= row < n:
            self.setCurrentIndex(self._model.index(row))
        self._select(chosen)
        self.verticalScrollBar().setValue(at)

    def _least(self) -> int:
        """All rows where they are few; else some, and more where there is room."""
        n = self._model.rowCount()
        return int(ROW * (n if n <= MOST_ROWS else SCROLLED_ROWS))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._least())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and self.currentIndex().isValid():
            self._ask()
        elif event.key() == Qt.Key.Key_Menu:
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def chosen(self) -> tuple[str, ...]:
        """The names of the selected columns, in the order of the list."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self._model.column(row).name for row in rows)

    def _select(self, names: tuple[str, ...]) -> None:
        """After a change of the table, of which the model is made anew."""
        wanted = set(names)
        found = QItemSelection()
        for row in range(self._model.rowCount()):
            if self._model.column(row).name in wanted:
                found.select(self._model.index(row), self._model.index(row))
        self.selectionModel().select(found, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _ask(self) -> None:
        self._session.stage_requested.emit("Data")
        self._session.columns_requested.emit(self.chosen())

    def _open(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        menu = column_menu(self._session, self._model.column(index.row()).name, self)
        if menu is not None:
            menu.aboutToHide.connect(menu.deleteLater)
            box = self.visualRect(index)
            menu.popup(self.viewport().mapToGlobal(QPoint(box.left() + 24, box.bottom())))
