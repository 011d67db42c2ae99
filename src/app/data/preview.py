"""The table under a head that shows every column's shape: all rows, of which those in sight are fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QScrollBar, QTableView, QWidget

from app import theme
from app.data import paint
from app.data.column_menu import column_menu
from app.data.header import PAD, WIDEST, ColumnHeader
from app.data.pages import Pages
from app.data.row_header import RowHeader
from app.data.sorting import add_sorting
from app.data.table_model import COMING, GAP, INVALID, MISSING, PreviewModel, is_numeric
from app.style import set_role
from core.data.schema import View

if TYPE_CHECKING:
    from app.session import Session
    from core.data.schema import TableProfile
    from core.spec import DataSpec

ROW = 28
SAMPLED_ROWS = 40
MOST_CUT = 0.6  # share of the room for names that may be given up before the table scrolls
MEASURED_COLUMNS = 200  # of more, measuring all would take longer than a person waits
USUAL_WIDTH = 128
LONGEST = 200  # characters of a cell that are ever measured or drawn
BAR_STEPS = 2**30  # a scroll bar counts in 32 bits; beyond, one step is several pixels
WHEEL_ROWS = 3
COMING_WIDTH = 48.0
TINTS = {GAP: 0.06, INVALID: 0.12}


class PreviewTable(QTableView):
    """Return, Space or the menu key opens the menu of the current column; clicking its head does the same.

    The view holds the rows in sight only: `bar`, which stands beside it, and `scroll_to` say where in the table that
    is. moved: other rows are in sight.
    """

    moved = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.pages = Pages(getattr(session, "pages", None))
        self._model = PreviewModel(self.pages)
        self._at = (-1, -1)  # row of the view and column that the keyboard is in
        self._top = 0  # pixels that are scrolled out of sight
        self.bar = QScrollBar(Qt.Orientation.Vertical)
        self.bar.valueChanged.connect(lambda value: self._scroll(value * self._unit))
        self._head = ColumnHeader(self._model, self)
        self._head.asked.connect(self._open_menu)
        self._head.sorted_by.connect(lambda column, down: self.sort(column, descending=down and column >= 0))
        self.setModel(self._model)
        self.setHorizontalHeader(self._head)
        self.setVerticalHeader(RowHeader(self._model, self))
        self._set_up()
        self.pages.changed.connect(self._repaint)
        self.pages.view_changed.connect(self._place)
        self.pages.looked.connect(lambda: self._scroll(0))
        theme.signals.changed.connect(self._repaint)

    def _set_up(self) -> None:
        set_role(self, "plain")
        self.setAccessibleName("Rows of the table")
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAutoScroll(False)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.viewport().setAutoFillBackground(False)
        self.horizontalScrollBar().valueChanged.connect(self._want)

    def _repaint(self) -> None:
        for part in (self.viewport(), self._head.viewport(), self.verticalHeader().viewport()):
            part.update()

    def show_table(self) -> None:
        """Read the document's table anew, staying where the person was looking."""
        document = self._session.document
        prepared = document.prepared.folder if document.prepared is not None else ""
        self.show_profile(document.profile, document.project.data, prepared)

    def show_profile(self, profile: TableProfile | None, spec: DataSpec | None, prepared: str = "") -> None:
        at = self.horizontalScrollBar().value()
        self._model.show(profile, spec, prepared)
        self._fit()
        self._place()
        self.horizontalScrollBar().setValue(at)

    # --- where in the table

    @property
    def _unit(self) -> int:
        """Pixels to a step of the scroll bar."""
        return -(-max(1, self.pages.rows * ROW) // BAR_STEPS)

    def _lowest(self) -> int:
        return max(0, self.pages.rows * ROW - self.viewport().height())

    def rows_in_sight(self) -> range:
        first = self._top // ROW
        return range(first, min(self.pages.rows, -(-(self._top + max(1, self.viewport().height())) // ROW)))

    def scroll_to(self, row: int) -> None:
        """Bring a row of the view to the middle, and the keyboard to it."""
        row = max(0, min(row, self.pages.rows - 1))
        self._at = (row, max(0, self._at[1]))
        self._scroll(row * ROW - (self.viewport().height() - ROW) // 2)

    def _place(self) -> None:
        """Fit bar and window to the number of rows and the height."""
        with QSignalBlocker(self.bar):
            self.bar.setRange(0, -(-self._lowest() // self._unit))
            self.bar.setPageStep(max(1, self.viewport().height() // self._unit))
            self.bar.setSingleStep(max(1, ROW // self._unit))
        self.bar.setVisible(self._lowest() > 0)
        self._scroll(self._top)

    def _scroll(self, top: int) -> None:
        self._top = max(0, min(top, self._lowest()))
        first, rest = divmod(self._top, ROW)
        self._model.slide(first, self.viewport().height() // ROW + 2)
        self.verticalScrollBar().setValue(rest)
        with QSignalBlocker(self.bar):
            self.bar.setValue(self._top // self._unit)
        self._mark_current()
        self._repaint()
        self._want()
        self.moved.emit()

    def _want(self) -> None:
        if self.isVisible():
            self.pages.want(self.rows_in_sight(), self._columns_in_sight())

    def _columns_in_sight(self) -> range:
        count = self._model.columnCount()
        if not count:
            return range(0)
        first = max(0, self.columnAt(0))
        last = self.columnAt(self.viewport().width() - 1)
        return range(first, (count - 1 if last < 0 else last) + 1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        fine, coarse = event.pixelDelta(), event.angleDelta()
        sideways = abs(coarse.x()) > abs(coarse.y()) or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if sideways:
            super().wheelEvent(event)
            return
        self._scroll(self._top - (fine.y() if not fine.isNull() else coarse.y() * WHEEL_ROWS * ROW // 120))
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        self._place()

    def _fit(self) -> None:
        """Fill the frame: spare room is shared by all; where a little lacks, names are cut before anything scrolls."""
        n = self._model.columnCount()
        if not n:
            return
        self._head.brief = n > MEASURED_COLUMNS
        if self._head.brief:
            self._head.setDefaultSectionSize(USUAL_WIDTH)
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
        metrics = QFontMetricsF(theme.font("mono" if is_numeric(self._model.column(section)) else "small"))
        rows = self._model.profile.preview[:SAMPLED_ROWS] if self._model.profile is not None else ()
        texts = (row[section] or "" for row in rows if section < len(row))
        longest = max((text[:LONGEST] for text in texts), key=len, default="")
        return max(head, min(WIDEST, int(metrics.horizontalAdvance(longest) + 2 * PAD + 2)))

    # --- the keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        menu = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Menu)
        page = max(1, self.viewport().height() // ROW - 1)
        steps = {
            Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -self.pages.rows, Qt.Key.Key_End: self.pages.rows,
        }  # fmt: skip
        if key in menu and self.currentIndex().isValid():
            self._head.ask(self.currentIndex().column())
        elif key in steps and self.pages.rows:
            self._step(steps[key])
        else:
            super().keyPressEvent(event)

    def _step(self, rows: int) -> None:
        """Move the keyboard by so many rows, and what is in sight with it."""
        row, column = self._at
        inside = self.rows_in_sight()
        row = row if row >= 0 else inside.start - (1 if rows == 1 else 0)
        self._at = (max(0, min(self.pages.rows - 1, row + rows)), max(0, column))
        top, height = self._at[0] * ROW, self.viewport().height()
        self._scroll(min(max(self._top, top + ROW - height), top))

    def _mark_current(self) -> None:
        """The current cell stays current while it is out of sight."""
        row, column = self._at[0] - self._model.first, self._at[1]
        inside = 0 <= row < self._model.rowCount() and 0 <= column < self._model.columnCount()
        chosen = self.selectionModel()
        kept = self._at
        if inside and self.currentIndex() != self._model.index(row, column):
            chosen.setCurrentIndex(self._model.index(row, column), chosen.SelectionFlag.ClearAndSelect)
        elif not inside:
            chosen.clear()
        self._at = kept

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self._at = (self._model.first + current.row(), current.column())
        self._head.mark(current.column() if self.hasFocus() else -1)

    def scrollTo(
        self, index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:  # fmt: skip
        """Sideways alone: the rows of the model are those in sight."""
        rest = self.verticalScrollBar().value()
        super().scrollTo(index, hint)
        self.verticalScrollBar().setValue(rest)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._head.mark(self.currentIndex().column())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._head.mark(-1)

    def _open_menu(self, section: int, at: QPoint) -> None:
        menu = column_menu(self._session, self._model.column(section).name, self)
        if menu is not None:
            add_sorting(menu, self.pages, section)
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(at)

    def sort(self, column: int, *, descending: bool = False) -> None:
        """-1: the order of the source."""
        view = self.pages.view
        self.pages.look(View(column, descending, view.containing))

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """All cells in one go: a delegate for each would cost several times as much while scrolling."""
        painter = QPainter(self.viewport())
        columns, rows = self._columns_in_sight(), range(self._model.rowCount())
        offset, height = self.verticalScrollBar().value(), self.viewport().height()
        seen = [row for row in rows if -ROW < row * ROW - offset < height]
        for column in columns:
            left, width = self.columnViewportPosition(column), self.columnWidth(column)
            painter.setFont(theme.font("mono" if is_numeric(self._model.column(column)) else "small"))
            for row in seen:
                self._paint_cell(painter, QRect(left, row * ROW - offset, width, ROW), row, column)
        painter.setPen(theme.current().line)
        right = self.viewport().width()
        for row in seen:
            bottom = (row + 1) * ROW - offset - 1
            painter.drawLine(0, bottom, right, bottom)

    def _paint_cell(self, painter: QPainter, rect: QRect, row: int, column: int) -> None:
        colours, state = theme.current(), self._model.state(row, column)
        if state in TINTS:
            tint = colours.bad if state == GAP else colours.warn
            painter.fillRect(rect, theme.mix(colours.panel, tint, TINTS[state]))
        if self._at == (self._model.first + row, column):
            painter.fillRect(rect, colours.accent_bg)
        box = QRectF(rect).adjusted(PAD, 0, -PAD, 0)
        right = is_numeric(self._model.column(column))
        if state == COMING:
            width = min(box.width(), COMING_WIDTH)
            x = box.right() - width if right else box.left()
            painter.fillRect(QRectF(x, box.center().y() - 4, width, 8), colours.line)
            return
        text = self._model.text(row, column)
        painter.setPen(self._model.colour(row, column, state))
        paint.draw_text(painter, box, MISSING if text is None else text[:LONGEST], right=right)
