"""All training settings in one sheet at the right of the window. It stays open while a run goes on, so that a person
sees what a setting does while turning it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.schedule_picture import SchedulePicture
from app.training_fields import TrainingFields
from app.training_words import FAMILIES, sections, title_of
from app.widgets import HLine, icon_button, label, set_role
from core import values

if TYPE_CHECKING:
    from app.session import Session

WIDTH, FIELD = 288, 132
PICTURES = {"schedule": SchedulePicture}  # what stands below a chosen member of a family


class _Row:
    """A setting's name and field; a lock beside the name while the run keeps it."""

    def __init__(self, grid: QGridLayout, row: int, name: str, text: str, field: QWidget, *, indent: int = 0) -> None:
        self.name, self.field = name, field
        self.text = label(text, "small")
        self.text.setBuddy(field)
        self.lock = QLabel()
        theme.set_icon(self.lock, "lock", "muted", 12)
        head = QHBoxLayout()
        head.setContentsMargins(indent, 0, 0, 0)
        head.setSpacing(4)
        head.addWidget(self.text)
        head.addWidget(self.lock)
        head.addStretch(1)
        grid.addLayout(head, row, 0)
        grid.addWidget(field, row, 1)

    def refresh(self, fields: TrainingFields) -> None:
        """The name teaches what the field teaches, also while that is disabled."""
        for part in (self.text, self.lock):
            part.setToolTip(self.field.toolTip())
        fixed = fields.is_fixed(self.name)
        self.lock.setVisible(fixed)
        role = "small" if fixed or self.field.isEnabled() else "faint"
        if role != self.text.property("role"):
            set_role(self.text, role)


class _Family(QWidget):
    """The settings of the chosen optimizer or schedule, made anew when another one is chosen."""

    rebuilt = Signal()

    def __init__(self, name: str, fields: TrainingFields, session: Session) -> None:
        super().__init__()
        self._name, self._fields, self._session = name, fields, session
        self._kind = ""
        self.rows: list[_Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._grid: QWidget | None = None
        if name in PICTURES:
            self._column.addWidget(PICTURES[name](session))
        session.document.training_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        chosen = getattr(self._fields.config, self._name)
        if chosen.kind == self._kind:
            return
        self._kind = chosen.kind
        for row in self.rows:
            self._fields.forget(row.field)
        if self._grid is not None:
            self._column.removeWidget(self._grid)
            self._grid.hide()
            self._grid.deleteLater()
        described = values.hypers(chosen)
        self._grid = QWidget()
        grid = _grid(self._grid)
        self.rows = [
            _Row(grid, row, self._name, hyper.label, self._fields.own(self._name, own, FIELD), indent=12)
            for row, (own, hyper) in enumerate(described.items())
        ]
        self._column.insertWidget(0, self._grid)
        self._grid.setVisible(bool(described))
        self.setVisible(bool(described) or self._name in PICTURES)
        for row in self.rows:
            row.refresh(self._fields)
        self.rebuilt.emit()


def _grid(holder: QWidget) -> QGridLayout:
    made = QGridLayout(holder)
    made.setContentsMargins(0, 0, 0, 0)
    made.setHorizontalSpacing(6)
    made.setVerticalSpacing(6)
    made.setColumnStretch(0, 1)
    return made


class TrainingSheet(QFrame):
    """`shown_changed`: whether it is open. below: what is made to stand below the field of a setting."""

    shown_changed = Signal(bool)

    def __init__(
        self,
        fields: TrainingFields,
        session: Session,
        parent: QWidget | None = None,
        *,
        below: Mapping[str, Callable[[], QWidget]] | None = None,
    ) -> None:
        super().__init__(parent)
        self._fields, self._session, self._below = fields, session, below or {}
        self._rows: list[_Row] = []
        self._families: dict[str, _Family] = {}
        self._opener: QWidget | None = None
        self._over: QWidget | None = None
        set_role(self, "sheet")
        self.setAccessibleName("Training settings")
        self.hide()
        session.document.selection_changed.connect(self._make_room)

    # --- building

    def fill(self) -> None:
        """Make the fields, when they are first asked for: a cold start shows a window sooner."""
        if not self._rows:
            self._build()
            self._fields.locks_changed.connect(self._refresh)
            self._refresh()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 10, 10)
        head.addWidget(label("Training settings", "title"))
        head.addStretch(1)
        self.close_button = icon_button("close", "Close the settings (Escape)", size=14, on_click=self.close_sheet)
        self.close_button.setFixedSize(24, 24)
        head.addWidget(self.close_button)
        column.addLayout(head)
        column.addWidget(HLine())
        area, inner = QScrollArea(), set_role(QWidget(), "scrolled")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inner = QVBoxLayout(inner)
        self._inner.setContentsMargins(16, 14, 12, 16)
        self._inner.setSpacing(8)
        for title, names in sections():
            self._add_section(title, names)
        self._inner.addStretch(1)
        area.setWidget(inner)
        column.addWidget(area, 1)

    def _add_section(self, title: str, names: tuple[str, ...]) -> None:
        if self._inner.count():
            self._inner.addSpacing(10)
        self._inner.addWidget(label(title, "section"))
        holder: QWidget | None = None
        for name in names:
            if holder is None:
                holder = QWidget()
                grid = _grid(holder)
                self._inner.addWidget(holder)
            self._rows.append(_Row(grid, grid.rowCount(), name, title_of(name), self._fields.field(name, FIELD)))
            if name in self._below:
                grid.addWidget(self._below[name](), grid.rowCount(), 1, Qt.AlignmentFlag.AlignLeft)
            if name in FAMILIES:  # what follows stands below the settings of the chosen one
                self._families[name] = _Family(name, self._fields, self._session)
                self._families[name].rebuilt.connect(self._order_tabs)
                self._inner.addWidget(self._families[name])
                holder = None

    def _refresh(self) -> None:
        for row in self._rows:
            row.refresh(self._fields)

    def _order_tabs(self) -> None:
        """Tab goes down the sheet, through fields that were made late too."""
        order: list[QWidget] = [self.close_button]
        for row in self._rows:
            family = self._families.get(row.name)
            order += [row.field, *(own.field for own in (family.rows if family is not None else ()))]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    # --- opening and closing

    def place_in(self, host: QWidget, *, over: QWidget) -> None:
        """From now on it lies at the right edge of `host` and covers `over` there, if that can be seen."""
        self.setParent(host)
        self.hide()
        self._over = over
        for watched in (host, over):
            watched.installEventFilter(self)

    def toggle(self, opener: QWidget) -> None:
        if self.isVisible():
            self.close_sheet()
            return
        self._opener = opener
        self.fill()
        self._place()
        self._order_tabs()
        self.show()
        first = next(row.field for row in self._rows if row.field.isEnabled())
        first.setFocus(Qt.FocusReason.OtherFocusReason)
        self.shown_changed.emit(True)

    def close_sheet(self) -> None:
        had_focus = self.isAncestorOf(self.focusWidget() or self)
        self.hide()
        if had_focus and self._opener is not None:
            self._opener.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.shown_changed.emit(False)

    def _make_room(self) -> None:
        """A layer was selected: its inspector lies below."""
        if self.isVisible() and self._session.document.selection:
            self.close_sheet()

    def _place(self) -> None:
        host = self.parentWidget()
        if host is not None:
            width = max(WIDTH, self._over.width() if self._over is not None and self._over.isVisible() else 0)
            self.setGeometry(host.width() - width, 0, width, host.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide) and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()
        else:
            super().keyPressEvent(event)
