"""Everything between the control row and the status row: three columns, the plots, and one centre for each stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.panels import Panel
from app.settings import Settings
from app.stages import BY_NAME, STAGES
from app.tab_order import order_tabs
from app.welcome import Welcome
from app.widgets import explain, set_role
from core.data.images.names import belong_together

if TYPE_CHECKING:
    from app.session import Session

LEFT_LIMITS, RIGHT_LIMITS, BOTTOM_LEAST = (216, 440), (240, 520), 168
CENTRE_LEAST = (420, 200)
LEFT_MARGINS, LIST_LEAST = (14, 8, 14, 8), 168
SIDES = ("left", "bottom", "right")
SIDE_NAMES = {"left": "data and layers", "right": "the inspector", "bottom": "the plots"}
SIDE_KEYS = {"left": "Ctrl+B", "right": "Ctrl+I", "bottom": "Ctrl+J"}


class Slot(QWidget):
    """Holds a panel that is made when it is first seen."""

    def __init__(self, make: Callable[[], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make: Callable[[], QWidget] | None = make
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def made(self) -> bool:
        return self._make is None

    @property
    def panel(self) -> QWidget | None:
        item = self._column.itemAt(0)
        return item.widget() if item is not None else None

    def fill(self) -> None:
        if self._make is not None:
            make, self._make = self._make, None
            panel = make()
            self._column.addWidget(panel)

    def showEvent(self, event: QShowEvent) -> None:
        self.fill()
        super().showEvent(event)


class Body(QWidget):
    """`sides_changed`: which of the sides are open, or can be."""

    sides_changed = Signal()

    def __init__(
        self, session: Session, settings: Settings, panels: Mapping[str, Panel], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self.stage, self._welcoming = "Data", False
        self._slots = {name: Slot(partial(make, session)) for name, make in panels.items()}
        self.welcome = Welcome()
        self.centre = self._build_centre()
        self.rows = self._build_rows()
        self.left, self.right = self._build_left(), self._build_right()
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.left, self.rows, self.right):
            self.columns.addWidget(part)
        self.columns.setStretchFactor(1, 1)
        for splitter in (self.columns, self.rows):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
            splitter.splitterMoved.connect(self._remember)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.columns)
        self._arrange()

    # --- building

    def _build_centre(self) -> QStackedWidget:
        centre = QStackedWidget()
        centre.setMinimumSize(*CENTRE_LEAST)
        set_role(centre, "page")
        for stage in STAGES:
            centre.addWidget(self._slots[stage.name])
        centre.addWidget(self.welcome)
        return centre

    def _build_rows(self) -> QSplitter:
        rows = QSplitter(Qt.Orientation.Vertical)
        rows.addWidget(self.centre)
        plots = set_role(self._slots["plots"], "panel")
        plots.setMinimumHeight(BOTTOM_LEAST)
        rows.addWidget(plots)
        rows.setStretchFactor(0, 1)
        return rows

    def _build_left(self) -> QScrollArea:
        area, inner = QScrollArea(), set_role(QWidget(), "scrolled")
        set_role(area, "panel")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumWidth(LEFT_LIMITS[0])
        area.setMaximumWidth(LEFT_LIMITS[1])
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for name in ("palette", "layers"):
            self._slots[name].setContentsMargins(*LEFT_MARGINS)
        # A long network scrolls in its own list before the whole column does.
        self._slots["layers"].setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self._slots["layers"].setMinimumHeight(LIST_LEAST)
        column.addWidget(self._slots["summary"])
        self._left_column = column
        column.addWidget(self._slots["palette"])
        column.addWidget(self._slots["layers"], 100)
        column.addStretch(1)  # where there is no list, what there is stays at the top
        area.setWidget(inner)
        return area

    def _build_right(self) -> QWidget:
        right = set_role(self._slots["inspector"], "panel")
        right.setMinimumWidth(RIGHT_LIMITS[0])
        right.setMaximumWidth(RIGHT_LIMITS[1])
        return right

    # --- stages

    def set_stage(self, name: str) -> None:
        self.stage = name
        self._arrange()

    def set_welcoming(self, on: bool) -> None:
        """Show the welcome in place of the empty data page."""
        if on != self._welcoming:
            self._welcoming = on
            self._arrange()

    @property
    def welcome_shown(self) -> bool:
        return self._welcoming and self.stage == "Data"

    def file_taker(self, paths: list[str]) -> tuple[str, Callable[[str], None]] | None:
        """What the page in the centre itself does with a dropped table: in words, and the deed; None: nothing."""
        page = None if self.welcome_shown else self._slots[self.stage].panel
        hint = getattr(page, "drop_hint", "")
        if not hint or any(path.lower().endswith(".chainrule") for path in paths):
            return None
        if len(paths) > 1:  # images are answered for together, tables one at a time
            return (hint, lambda _first: page.take_files(paths)) if belong_together(paths) else None  # type: ignore[union-attr]
        return hint, page.take_file  # type: ignore[union-attr]

    def panel(self, name: str) -> Slot:
        return self._slots[name]

    def preload_one(self) -> bool:
        """Make one panel that was not needed yet; False when all are made."""
        for slot in self._slots.values():
            if not slot.made:
                slot.fill()
                return True
        return False

    def free_corner(self) -> QRect:
        """Where a card covers least: the end of the inspector where it is open, else the centre without the plots."""
        part = self.right if self.is_open("right") else self.centre
        return QRect(part.mapTo(self, QPoint(0, 0)), part.size())

    def order_tabs(self, before: QWidget) -> None:
        """Tab goes from `before` through the left column, the centre, the plots and the inspector."""
        names = ("summary", "palette", "layers", *(stage.name for stage in STAGES), "plots", "inspector")
        order_tabs(before, [self.welcome, *(self._slots[name] for name in names)])

    def focus_centre(self) -> None:
        if self.welcome_shown:
            self.welcome.setFocus()
        else:
            slot = self._slots[self.stage]
            (slot.panel or slot).setFocus()

    # --- sides

    def can_open(self, side: str) -> bool:
        stage = BY_NAME[self.stage]
        if self.welcome_shown:
            return False
        return {"left": True, "right": stage.inspector, "bottom": stage.plots}[side]

    def is_open(self, side: str) -> bool:
        return self.can_open(side) and self._settings.get(self._flag(side))

    def set_open(self, side: str, on: bool) -> None:
        if self.can_open(side) and on != self.is_open(side):
            self._settings.set(self._flag(side), on)
            self._arrange()

    def _flag(self, side: str) -> str:
        return f"window/bottom_{self.stage.lower()}" if side == "bottom" else f"window/{side}"

    def _arrange(self) -> None:
        layers = BY_NAME[self.stage].layers
        self.centre.setCurrentWidget(self.welcome if self.welcome_shown else self._slots[self.stage])
        self._slots["palette"].setVisible(self.stage == "Design")
        self._slots["layers"].setVisible(layers)
        self._left_column.setStretchFactor(self._slots["summary"], 0 if layers else 100)  # alone, it takes the height
        self.left.setVisible(self.is_open("left"))
        self.right.setVisible(self.is_open("right"))
        self._slots["plots"].setVisible(self.is_open("bottom"))
        self._restore()
        self.sides_changed.emit()

    def _restore(self) -> None:
        """Give the sides the sizes that the person gave them; the centre has the rest."""
        get, width, height = self._settings.get, self.width(), self.height()
        left = get("window/left_width") if self.is_open("left") else 0
        right = get("window/right_width") if self.is_open("right") else 0
        bottom = get("window/bottom_height") if self.is_open("bottom") else 0
        self.columns.setSizes([left, max(1, width - left - right), right])
        self.rows.setSizes([max(1, height - bottom), bottom])

    def _remember(self, _position: int, _index: int) -> None:
        left, _, right = self.columns.sizes()
        bottom = self.rows.sizes()[1]
        for key, value in (("left_width", left), ("right_width", right), ("bottom_height", bottom)):
            if value >= 100:  # a closed side keeps the size it had
                self._settings.set(f"window/{key}", value)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() <= 0 or not self.isVisible():
            self._restore()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._restore()


class SideToggle(QToolButton):
    """Opens and closes a side; its picture is the window with that side filled."""

    def __init__(self, side: str, body: Body, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side, self._body = side, body
        set_role(self, "ghost")
        self.setFixedSize(24, 20)
        self.setAccessibleName(f"Show {SIDE_NAMES[side]}")
        self.setCheckable(True)
        self.clicked.connect(lambda on: body.set_open(side, on))
        body.sides_changed.connect(self.refresh)
        theme.signals.changed.connect(self.update)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(24, 20)

    def refresh(self) -> None:
        is_open, can = self._body.is_open(self._side), self._body.can_open(self._side)
        self.setChecked(is_open)
        verb = "Hide" if is_open else "Show"
        tip = f"{verb} {SIDE_NAMES[self._side]} ({SIDE_KEYS[self._side]})"
        explain(self, enabled=can, tip=tip, why_not="this stage does not use it.")

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        colour = now.accent if self.underMouse() and self.isEnabled() else now.muted if self.isEnabled() else now.line
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.2))
        frame = self.rect().adjusted(5, 4, -6, -5)
        painter.drawRoundedRect(frame, 2, 2)
        strips = {
            "left": frame.adjusted(0, 0, -frame.width() * 2 // 3, 0),
            "right": frame.adjusted(frame.width() * 2 // 3, 0, 0, 0),
            "bottom": frame.adjusted(0, frame.height() * 3 // 5, 0, 0),
        }
        if self.isChecked():
            painter.setBrush(colour)
        painter.drawRect(strips[self._side])
