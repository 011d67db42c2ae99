"""The table with what belongs to it: a filter, a way to a row, a legend, and the rows that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from app.data import facts
from app.data.header import HEIGHT
from app.data.legend import Legend
from app.data.preview import ROW, PreviewTable
from app.data.rejected import RejectedRows
from app.widgets import Card, ElidedLabel, Segmented
from core.data.schema import View

if TYPE_CHECKING:
    from app.session import Session
    from core.data.schema import TableProfile
    from core.spec import DataSpec

FILTER_AFTER_MILLISECONDS = 250
TABS = (
    ("rows", "Rows", "The rows of the table."),
    ("rejected", "Left out", "Rows of the file that do not fit the others, with their lines and the reasons."),
)


class TableBox(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.table = PreviewTable(session)
        self.rejected = RejectedRows()
        self.legend = Legend()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._build_tools())
        self._stack = QStackedLayout()
        self._stack.addWidget(framed(self.table))
        self._stack.addWidget(self.rejected)
        self._card = Card(margin=1, spacing=0)
        self._card.body.addLayout(self._stack)
        column.addWidget(self._card, 1)
        column.addWidget(self.legend)
        column.addStretch(0)
        self.table.moved.connect(self._tell)
        self.table.pages.view_changed.connect(self._tell)
        self.table.pages.told.connect(self._say)
        self._said = ""

    def _build_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.tabs = Segmented(TABS)
        self.tabs.setAccessibleName("Rows or rows left out")
        self.tabs.chosen.connect(self._choose_tab)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter rows")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter rows")
        self.filter.setToolTip("Shows only rows that hold this text, in any column. For looking only: all rows train.")
        self.filter.setMaximumWidth(180)
        self._filter_timer = QTimer(self, singleShot=True, interval=FILTER_AFTER_MILLISECONDS)
        self._filter_timer.timeout.connect(self._filter)
        self.filter.textChanged.connect(lambda _text: self._filter_timer.start())
        self.go = QLineEdit()
        self.go.setPlaceholderText("Go to row")
        self.go.setAccessibleName("Go to row")
        self.go.setToolTip("A row number, then Return. With rows sorted or filtered it is the place in that order.")
        self.go.setMaximumWidth(110)
        self.go.setValidator(QIntValidator(1, 2**31 - 1, self.go))
        self.go.returnPressed.connect(self._go)
        self.where = ElidedLabel(role="caption")
        for widget in (self.tabs, self.filter, self.go):
            row.addWidget(widget)
        row.addWidget(self.where, 1)
        row.addStretch(0)
        return row

    def show_table(self) -> None:
        document = self._session.document
        self.show_profile(
            document.profile, document.project.data,
            document.prepared.folder if document.prepared is not None else "",
        )  # fmt: skip

    def show_profile(self, profile: TableProfile | None, spec: DataSpec | None, prepared: str = "") -> None:
        self.table.show_profile(profile, spec, prepared)
        if profile is None:
            return
        whole = HEIGHT + self.table.pages.rows * ROW + 14
        self._card.setMaximumHeight(min(whole, 2**24 - 1))
        self.rejected.show_rows(profile)
        self.tabs.setVisible(profile.rejected_count > 0)
        self.tabs.part("rejected").setText(f"Left out {profile.rejected_count:,}")
        if not profile.rejected_count:
            self._choose_tab("rows")
        with_gaps = bool(facts.missing_cells(profile))
        self.legend.show_kinds(parts=bool(prepared), gaps=with_gaps)
        self._tell()

    def _choose_tab(self, tab: str) -> None:
        rows = tab == "rows"
        self.tabs.set_value(tab)
        self._stack.setCurrentIndex(0 if rows else 1)
        for widget in (self.filter, self.go, self.legend):
            widget.setVisible(rows)
        self.where.set_text("")
        self._tell()

    def _filter(self) -> None:
        view = self.table.pages.view
        self.table.pages.look(View(view.column, view.descending, self.filter.text().strip()))

    def _go(self) -> None:
        if self.go.text():
            self.table.scroll_to(int(self.go.text()) - 1)

    def _say(self, text: str) -> None:
        self._said = text
        self._tell()

    def _tell(self) -> None:
        """Which rows are in sight, of how many, in which order; or what is being waited for."""
        if self._stack.currentIndex():
            return
        pages, profile = self.table.pages, self._session.document.profile
        if self._said or profile is None:
            self.where.set_text(self._said)
            return
        inside, view = self.table.rows_in_sight(), pages.view
        words = f"{inside.start + 1:,} – {inside.stop:,} of {facts.count(pages.rows, 'row')}" if inside else "No rows"
        if view.containing:
            words += f" that hold “{view.containing}”"
        if 0 <= view.column < len(profile.columns):
            way = "descending" if view.descending else "ascending"
            words += f" · {facts.shown(profile.columns[view.column].name)} {way}"
        self.where.set_text(words)


def framed(table: PreviewTable) -> QWidget:
    """A table with its scroll bar, which begins under the head."""
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(0)
    grid.addWidget(table, 0, 0, 2, 1)
    grid.setRowMinimumHeight(0, HEIGHT)
    grid.setRowStretch(1, 1)
    grid.addWidget(table.bar, 1, 1)
    return made
