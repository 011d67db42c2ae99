"""The first rows of the table, under a head that shows every column's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app import theme
from app.data import paint
from app.data.column_menu import column_menu
from app.data.header import PAD, WIDEST, ColumnHeader
from app.data.table_model import PreviewModel
from app.style import set_role

if TYPE_CHECKING:
    from app.session import Session

ROW = 28
SAMPLED_ROWS = 40
MOST_CUT = 0.6  # share of the room for names that may be given up before the table scrolls
LONGEST = 200  # characters of a cell that are ever measured or drawn


class _Cells(QStyledItemDelegate):
    """A hairline under each row, no grid; the same margin as the head."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours, role = theme.current(), Qt.ItemDataRole
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, colours.accent_bg)
        painter.setFont(index.data(role.FontRole))
        painter.setPen(index.data(role.ForegroundRole))
        text = str(index.data(role.DisplayRole))[:LONGEST]
        right = bool(index.data(role.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight)
        paint.draw_text(painter, QRectF(option.rect).adjusted(PAD, 0, -PAD, 0), text, right=right)
        painter.setPen(colours.line)
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, ROW)


class PreviewTable(QTableView):
    """Return, Space or the menu key opens the menu of the current column; clicking its head does the same."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model = PreviewModel()
        self._head = ColumnHeader(self._model, self)
        self._head.asked.connect(self._open_menu)
        self.setModel(self._model)
        self.setHorizontalHeader(self._head)
        self.setItemDelegate(_Cells(self))
        set_role(self, "plain")
        self.setAccessibleName("First rows of the table")
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.viewport().setAutoFillBackground(False)
        theme.signals.changed.connect(self._repaint)

    def _repaint(self) -> None:
        self.viewport().update()
        self._head.viewport().update()

    def show_table(self) -> None:
        """Read the document's table anew, staying where the person was looking."""
        document = self._session.document
        at, current = self.horizontalScrollBar().value(), self.currentIndex()
        where = (current.row(), current.column())
        self._model.show(document.profile, document.project.data)
        self._fit()
        if 0 <= where[0] < self._model.rowCount() and 0 <= where[1] < self._model.columnCount():
            self.setCurrentIndex(self._model.index(*where))
        self.horizontalScrollBar().setValue(at)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Fill the frame: spare room is shared by all; where a little lacks, names are cut before anything scrolls."""
        n = self._model.columnCount()
        if not n:
            return
        least = [self._least(section) for section in range(n)]
        wanted = [max(w, self._head.natural_width(section)) for section, w in enumerate(least)]
        room, give = self.viewport().width(), sum(wanted) - sum(least)
        if sum(wanted) <= room:
            share, rest = divmod(room - sum(wanted), n)
            wanted = [w + share + (i < rest) for i, w in enumerate(wanted)]
        elif sum(wanted) - room <= MOST_CUT * give:
            kept = (room - sum(least)) / give
            wanted = [low + int((high - low) * kept) for low, high in zip(least, wanted, strict=True)]
        for section, width in enumerate(wanted):
            self._head.resizeSection(section, width)

    def _least(self, section: int) -> int:
        """What the first cells and the line under the name need."""
        head = self._head.least_width(section)
        if not self._model.rowCount():
            return head
        metrics = QFontMetricsF(self._model.index(0, section).data(Qt.ItemDataRole.FontRole))
        texts = (self._model.text(row, section) or "" for row in range(min(SAMPLED_ROWS, self._model.rowCount())))
        longest = max((text[:LONGEST] for text in texts), key=len, default="")
        return max(head, min(WIDEST, int(metrics.horizontalAdvance(longest) + 2 * PAD + 2)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Menu)
        if event.key() in keys and self.currentIndex().isValid():
            self._head.ask(self.currentIndex().column())
        else:
            super().keyPressEvent(event)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        self._head.mark(current.column() if self.hasFocus() else -1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._head.mark(self.currentIndex().column())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._head.mark(-1)

    def _open_menu(self, section: int, at: QPoint) -> None:
        menu = column_menu(self._session, self._model.column(section).name, self)
        if menu is not None:
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(at)
