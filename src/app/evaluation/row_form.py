"""One row typed in by hand: a field for every input, made from what the network was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.evaluation.date_cell import DateCell
from app.evaluation.number_cell import NumberCell
from app.style import set_role
from app.widgets import ElidedLabel, button, wrapped
from core.data import dates
from core.data.preprocess import CategoryFeature, DateFeature, Feature, NumberFeature, Preparation, TextFeature
from core.data.schema import ColumnProfile

if TYPE_CHECKING:
    from core.data.schema import TableProfile

__all__ = ["CategoryCell", "DateCell", "NumberCell", "RowForm", "TextCell"]

DELAY_MS = 120
MANY_LABELS = 24  # beyond, a label can be typed to find it
MOST_LISTED = 2000
LINES = 3
MOST_FIELDS = 100  # made at once
ANOTHER = "another"


class CategoryCell(QComboBox):
    """One of the labels of the training rows, another one, or missing; among many, typing finds it."""

    changed = Signal()

    def __init__(
        self, feature: CategoryFeature, column: ColumnProfile | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._feature = feature
        self._labels = [name for name in feature.categories if name]
        for name in self._labels[:MOST_LISTED]:
            self.addItem(" ".join(name.split()) or "(blank)", name)
        self.addItem("another label", _unknown(feature))
        self.addItem("missing", "")
        common = column.categories[0][0] if column is not None and column.categories else ""
        self._usual = feature.fill or (common if common in self._labels else self._labels[0])
        name = " ".join(feature.name.split())
        self.setAccessibleName(name)
        self.setToolTip(wrapped(_told(feature)))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.activated.connect(lambda _index: self.changed.emit())
        if len(self._labels) > MANY_LABELS:
            self._let_type()
        self.reset()

    def _let_type(self) -> None:
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer = self.completer()
        assert completer is not None  # every field that can be typed into has one
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.editTextChanged.connect(lambda _text: self.changed.emit())

    def reset(self) -> None:
        self.setCurrentIndex(max(0, self.findData(self._usual)))

    def set_missing(self) -> None:
        self.setCurrentIndex(self.findData(""))
        self.changed.emit()

    def cell(self) -> str | None:
        if self.isEditable() and self.currentText() != self.itemText(self.currentIndex()):
            return self.currentText().strip()  # typed: a label beyond those listed, or one never seen
        return str(self.currentData())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class TextCell(QPlainTextEdit):
    """Free text; empty is missing."""

    changed = Signal()

    def __init__(self, feature: TextFeature, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(" ".join(feature.name.split()))
        self.setPlaceholderText("missing")
        tip = f"Its words are counted in {feature.width:,} buckets; their order plays no part. Empty: missing."
        self.setToolTip(wrapped(tip))
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * LINES + 16)
        self.textChanged.connect(self.changed)

    def reset(self) -> None:
        self.clear()

    set_missing = reset

    def cell(self) -> str | None:
        return " ".join(self.toPlainText().split())


Cell = NumberCell | CategoryCell | DateCell | TextCell


class _Head(QWidget):
    """The name of a column, and a button that empties its cell."""

    def __init__(self, name: str, cell: Cell) -> None:
        super().__init__()
        self._cell = cell
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(ElidedLabel(name, "muted"), 1)
        self.missing = set_role(QPushButton("missing"), "quiet")
        self.missing.setCheckable(True)
        self.missing.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # emptying the field does the same
        self.missing.setAccessibleName(f"{name} is missing")
        self.missing.setToolTip("Ask as if this cell were empty.")
        self.missing.clicked.connect(self._clicked)
        row.addWidget(self.missing)
        cell.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        self.missing.setChecked(self._cell.cell() == "")

    def _clicked(self, on: bool) -> None:
        if on:
            self._cell.set_missing()
        else:
            self._cell.reset()
            self._cell.changed.emit()


class RowForm(QWidget):
    """`changed`: the row as {column: text}, when the hand rests for a moment.

    Of very many columns the first ones have a field; the others hold what stands in for missing cells.
    """

    changed = Signal(dict)

    def __init__(
        self, preparation: Preparation, profile: TableProfile | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.fields: dict[str, Cell] = {}
        self._heads: list[_Head] = []
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self.send)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._known = {} if profile is None else {each.name: each for each in profile.columns}
        self._waiting = preparation.features
        self.more = button("", role="link", on_click=self._add_and_send)
        self._column.addWidget(self.more)
        self._column.addStretch(1)
        self._add_fields()

    def _add_fields(self) -> None:
        """Fields for the next columns: a thousand at once would take seconds."""
        some, self._waiting = self._waiting[:MOST_FIELDS], self._waiting[MOST_FIELDS:]
        for feature in some:
            self._column.insertWidget(self._column.count() - 2, self._field(feature, self._known.get(feature.name)))
        n = len(self._waiting)
        self.more.setText(f"{min(n, MOST_FIELDS):,} more of {n:,} columns")
        self.more.setToolTip("Columns without a field here hold what stands in for a missing cell.")
        self.more.setVisible(n > 0)

    def _add_and_send(self) -> None:
        self._add_fields()
        self.send()

    def _field(self, feature: Feature, known: ColumnProfile | None) -> QWidget:
        made = _cell(feature, known)
        self.fields[feature.name] = made
        made.changed.connect(self._timer.start)
        head = _Head(" ".join(feature.name.split()), made)
        self._heads.append(head)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0 if isinstance(feature, NumberFeature | DateFeature) else 3)
        column.addWidget(head)
        column.addWidget(made)
        return body

    def cells(self) -> dict[str, str] | None:
        """None while a field holds what cannot be read."""
        found = {name: field.cell() for name, field in self.fields.items()}
        legal = {name: cell for name, cell in found.items() if cell is not None}
        rest = {feature.name: _stand_in(feature) for feature in self._waiting}
        return legal | rest if len(legal) == len(found) else None

    def send(self) -> None:
        cells = self.cells()
        if cells is not None:
            self.changed.emit(cells)

    def reset(self) -> None:
        for field in self.fields.values():
            field.reset()
        for head in self._heads:
            head.refresh()
        self.send()


def _cell(feature: Feature, known: ColumnProfile | None) -> Cell:
    if isinstance(feature, NumberFeature):
        return NumberCell(feature, known)
    if isinstance(feature, DateFeature):
        return DateCell(feature, known)
    return TextCell(feature) if isinstance(feature, TextFeature) else CategoryCell(feature, known)


def _stand_in(feature: Feature) -> str:
    if isinstance(feature, NumberFeature):
        return repr(feature.fill)
    if isinstance(feature, DateFeature):
        return dates.written(feature.fill)
    return feature.fill if isinstance(feature, CategoryFeature) else ""


def _unknown(feature: CategoryFeature) -> str:
    """A label that no training row has."""
    label = ANOTHER
    while label in feature.categories:
        label += "'"
    return label


def _told(feature: CategoryFeature) -> str:
    another = "counts with the rare ones" if feature.other or feature.embedded else "gives zeros in all its inputs"
    gap = f"“{' '.join(feature.fill.split())}” stands in" if feature.fill else "it is a category of its own"
    return f"One of the labels of the training rows. Another label {another}. Missing: {gap}."
