"""Where several labels a row stand: columns of yes and no, or cells that join them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from app import theme
from app.data import facts
from app.style import set_role
from app.widgets import label, wrapped
from core.data.separators import SEPARATORS
from core.data.truths import tells_truth

if TYPE_CHECKING:
    from app.session import Session

SPACE = "space"
NAMES = 28  # letters of the columns' names together
MOST_ROWS, WIDTH = 12, 240
COLUMNS_TIP = "Columns whose cells say yes or no, each a label of its own. Tick all that are to be predicted."
JOINED_TIP = "What stands between two labels in a cell. Another can be typed in; the labels are then found anew."


class LabelChoice:
    """columns: a button with a list to tick. joined: the separator. Both stand where it says what is predicted."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.columns, self.joined = self._build_columns(), self._build_joined()

    def _build_columns(self) -> QToolButton:
        made = set_role(QToolButton(), "ghost")
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the words
        made.setIconSize(QSize(12, 12))
        theme.set_icon(made, "chevron-down", "muted")
        made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        made.setAccessibleName("Columns of labels")
        made.setToolTip(wrapped(COLUMNS_TIP))
        menu = QMenu(made)
        self.list = QListWidget()
        self.list.setAccessibleName("Columns of yes and no")
        self.list.setMinimumWidth(WIDTH)
        self.list.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.list.itemActivated.connect(lambda item: item.setCheckState(_other(item.checkState())))
        self._note = label("", "muted", wrap=True)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._note)
        column.addWidget(self.list)
        action = QWidgetAction(menu)
        action.setDefaultWidget(inside)
        menu.addAction(action)
        menu.aboutToShow.connect(self._fill)
        menu.aboutToHide.connect(self._take)
        made.setMenu(menu)
        return made

    def _build_joined(self) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.separator = QComboBox()
        self.separator.setEditable(True)
        self.separator.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.separator.addItems([_shown(separator) for separator in SEPARATORS])
        self.separator.setFixedWidth(76)
        self.separator.setAccessibleName("What joins labels in a cell")
        self.separator.setToolTip(wrapped(JOINED_TIP))
        line = self.separator.lineEdit()
        assert line is not None
        line.setMaxLength(8)
        self.separator.activated.connect(self._separator_chosen)
        line.editingFinished.connect(self._separator_chosen)
        row.addWidget(label("joined by", "muted"))
        row.addWidget(self.separator)
        return made

    # --- what is shown

    def refresh(self) -> None:
        profile = self._session.document.profile
        labels = profile is not None and profile.task == "labels" and profile.images is None
        self.columns.setVisible(labels)
        self.joined.setVisible(labels and not profile.targets if profile is not None else False)
        if profile is None or not labels:
            return
        names = ", ".join(facts.shown(name) for name in profile.targets)
        cut = names if len(names) <= NAMES else f"{names[: NAMES - 1]}…"
        text = f"{cut} ({len(profile.targets)})" if profile.targets else "or columns"
        self.columns.setText(text.replace("&", "&&"))
        with QSignalBlocker(self.separator):
            self.separator.setEditText(_shown(profile.separator))

    def _fill(self) -> None:
        profile = self._session.document.profile
        self.list.clear()
        if profile is None:
            return
        able = [c.name for c in profile.columns if c.name in profile.targets or tells_truth(c)]
        for name in able:
            item = QListWidgetItem(facts.shown(name))
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked if name in profile.predicted else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self._note.setText(
            "Columns of yes and no, each a label:" if able else "No column of this table says yes or no in its cells."
        )
        self.list.setVisible(bool(able))
        row = max(self.list.sizeHintForRow(0), 1)
        self.list.setFixedHeight(row * min(max(1, len(able)), MOST_ROWS) + 2 * self.list.frameWidth() + 10)

    # --- what is chosen

    def ticked(self) -> tuple[str, ...]:
        items = [self.list.item(row) for row in range(self.list.count())]
        return tuple(i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == Qt.CheckState.Checked)

    def _take(self) -> None:
        """One step for undo, when the list closes."""
        profile, spec = self._session.document.profile, self._session.document.project.data
        names = self.ticked()
        if spec is None or profile is None or not names or set(names) == set(profile.predicted):
            return
        edit = facts.make_targets(spec, names)
        self._session.change_data(edit.label, **edit.changes)

    def _separator_chosen(self, *_: object) -> None:
        profile, spec = self._session.document.profile, self._session.document.project.data
        text = self.separator.currentText()
        wanted = " " if text.strip() in ("", SPACE) else text
        if spec is not None and profile is not None and profile.separator and wanted != profile.separator:
            edit = facts.join_by(wanted)
            self._session.change_data(edit.label, **edit.changes)


def _shown(separator: str) -> str:
    return SPACE if separator == " " else separator


def _other(state: Qt.CheckState) -> Qt.CheckState:
    return Qt.CheckState.Unchecked if state == Qt.CheckState.Checked else Qt.CheckState.Checked
