"""The rows that the table shows, as far as they have arrived: a bounded store of blocks, asked for as they come into
sight."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from core.data.schema import NO_PART, Page, TableProfile, View
from core.engine.pages import BLOCK_COLUMNS, BLOCK_ROWS, Ask, Block, Counted, Unreadable, Working
from core.spec import DataSource, DataSpec

if TYPE_CHECKING:
    from app.pages_link import PagesLink

Place = tuple[int, int]
KEPT_CELLS = 400_000
ASK_AFTER_MILLISECONDS = 12  # so that a scroll bar that is dragged asks for where it rests


class Waiting:
    """Stands for a cell that is not there yet."""


WAITING = Waiting()


class Pages(QObject):
    """changed: cells have arrived or gone. view_changed: other rows, or another number of them. looked: a person wants
    them in another order, or others of them. told: what takes long,
    or why nothing comes, in words; "" when all is well.
    """

    changed = Signal()
    view_changed = Signal()
    looked = Signal()
    told = Signal(str)

    def __init__(self, link: PagesLink | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._profile: TableProfile | None = None
        self._source: DataSource | None = None
        self._prepared = ""
        self.view = View()
        self.rows = 0
        self._stamp = 0
        self._blocks: OrderedDict[Place, Page] = OrderedDict()
        self._before: dict[Place, Page] = {}  # shown until their parts are known anew
        self._wanted: tuple[Place, ...] = ()
        self._failed = False
        self._timer = QTimer(self, singleShot=True, interval=ASK_AFTER_MILLISECONDS)
        self._timer.timeout.connect(self._ask)
        if link is not None:
            link.counted.connect(self._counted)
            link.block.connect(self._arrived)
            link.working.connect(self._working)
            link.failed.connect(self._unreadable)

    def show(self, profile: TableProfile | None, spec: DataSpec | None, prepared: str = "") -> None:
        """Another table, or the same with other parts. prepared: the folder of its arrays, or ""."""
        source = spec.source if spec is not None else None
        old = self._profile
        same = old is not None and profile is not None and source == self._source and old.sha256 == profile.sha256
        kept = same and old is not None and profile is not None and old.rows == profile.rows
        if kept and prepared == self._prepared:
            self._profile = profile
            return
        self._profile, self._source, self._prepared = profile, source, prepared
        self._before = dict(self._blocks) if kept else {}
        if not kept:
            self.view = View()
            self.rows = profile.rows if profile is not None else 0
        self._renew()

    def look(self, view: View) -> None:
        """Other rows, or another order."""
        if view == self.view or self._link is None:
            return
        self.view, self._before = view, {}
        if not view.containing and self._profile is not None:
            self.rows = self._profile.rows
        self._renew()
        self.looked.emit()
        self._ask()  # the number of rows is wanted, whatever is in sight

    def _renew(self) -> None:
        self._stamp += 1
        self._blocks.clear()
        self._wanted, self._failed = (), False
        self._timer.stop()
        self.told.emit("")
        self.view_changed.emit()

    # --- what is there

    def cell(self, row: int, column: int) -> str | Waiting | None:
        """The cell in a row of the view; WAITING where it is still to come."""
        place = row // BLOCK_ROWS, column // BLOCK_COLUMNS
        page = self._blocks.get(place) or self._before.get(place)
        if page is not None and row % BLOCK_ROWS < len(page.rows):
            cells = page.rows[row % BLOCK_ROWS]
            return cells[column % BLOCK_COLUMNS] if column % BLOCK_COLUMNS < len(cells) else None
        first = self._first_rows()
        if row < len(first):
            return first[row][column] if column < len(first[row]) else None
        return WAITING

    def number(self, row: int) -> int | None:
        """Which row of the source it is, from 0."""
        page = self._any(row)
        if page is not None:
            return page.numbers[row % BLOCK_ROWS]
        return row if self._plain else None

    def part(self, row: int) -> int:
        """0 train, 1 validation, 2 test, NO_PART where it is in none or that is not known yet."""
        page = self._any(row)
        return NO_PART if page is None else page.parts[row % BLOCK_ROWS]

    @property
    def _plain(self) -> bool:
        return self.view == View()

    def _first_rows(self) -> tuple[tuple[str | None, ...], ...]:
        return self._profile.preview if self._plain and self._profile is not None else ()

    def _any(self, row: int) -> Page | None:
        """A block with this row, of whichever columns."""
        k, offset = divmod(row, BLOCK_ROWS)
        for place in ((k, m) for m in range(-(-self._width // BLOCK_COLUMNS))):
            page = self._blocks.get(place) or self._before.get(place)
            if page is not None and offset < len(page.numbers):
                return page
        return None

    @property
    def _width(self) -> int:
        return 0 if self._profile is None else len(self._profile.columns)

    # --- what is wanted

    def want(self, rows: range, columns: range) -> None:
        """These are in sight: ask for those of them that are not there."""
        if self._link is None or not self.rows or not rows or not columns or self._failed:
            return
        if not self._prepared and rows[-1] < len(self._first_rows()):
            return  # they are there, and have no parts: leave the processor to preparing
        last = (min(rows[-1], self.rows - 1)) // BLOCK_ROWS
        places = [
            (k, m)
            for k in range(rows[0] // BLOCK_ROWS, last + 1)
            for m in range(columns[0] // BLOCK_COLUMNS, columns[-1] // BLOCK_COLUMNS + 1)
        ]
        for place in places:
            if place in self._blocks:
                self._blocks.move_to_end(place)
        lacking = tuple(place for place in places if place not in self._blocks)
        if lacking and lacking != self._wanted:
            self._wanted = lacking
            self._timer.start()

    def _ask(self) -> None:
        if self._link is not None and self._source is not None and self._profile is not None:
            self._link.ask(
                Ask(self._stamp, self._source, self._profile.sha256, self.view, self._prepared, self._wanted)
            )

    # --- what arrives

    def _counted(self, told: Counted) -> None:
        if told.stamp != self._stamp:
            return
        self.told.emit("")
        if told.rows != self.rows:
            self.rows = told.rows
            self.view_changed.emit()

    def _arrived(self, block: Block) -> None:
        if block.stamp != self._stamp:
            return
        self._blocks[block.place] = block.page
        self._wanted = tuple(place for place in self._wanted if place != block.place)
        held = sum(len(page.rows) * min(self._width, BLOCK_COLUMNS) for page in self._blocks.values())
        while held > KEPT_CELLS and len(self._blocks) > 1:
            _, page = self._blocks.popitem(last=False)
            held -= len(page.rows) * min(self._width, BLOCK_COLUMNS)
        self.changed.emit()

    def _working(self, told: Working) -> None:
        if told.stamp == self._stamp:
            share = "" if told.fraction is None else f" {told.fraction:.0%}"
            self.told.emit(f"{told.text}…{share}")

    def _unreadable(self, told: Unreadable) -> None:
        if told.stamp != self._stamp:
            return
        self._failed, self._wanted, error = True, (), told.error
        self._timer.stop()
        if not self._plain and self._profile is not None:
            self.view, self.rows = View(), self._profile.rows  # the first rows are there in any case
            self.view_changed.emit()
        why = "The process that reads them failed." if error is None else str(error)
        self.told.emit(f"Rows cannot be shown. {why}")
