"""Which rows train, validate and test: a menu above the bar that shows how many."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton, QWidget

from app import theme
from app.data import facts
from app.style import set_role
from app.widgets import wrapped
from core.data.parts import names_parts
from core.data.schema import ColumnProfile, TableProfile
from core.data.times import is_date
from core.spec import DataSpec

if TYPE_CHECKING:
    from app.session import Session

SHOWN = 18  # letters of a column's name
LOOKED_AT = 40  # cells of a column

WORDS = {
    "stratified": ("Even by class", "Every class keeps its share in each part; regression: at random."),
    "quantile": ("Even by value", "Small and large numbers of the target, by tenths, keep their share in each part."),
    "random": ("At random", "Every row is as likely to fall into each part."),
    "group": (
        "Whole groups",
        "All rows of one patient, house or recording go into one part: the test is then about new ones.",
    ),
    "time": ("By time", "The latest rows validate and test, as when the future is to be told from the past."),
    "column": ("As a column says", "A column names the part of each row: train, validation or test."),
}  # fmt: skip
FOLDS = (3, 5, 10)
NO_FOLDS = "Off: one part validates"
CROSS = "Cross-validation"
CROSS_TIP = (
    "The rows that do not test are divided into folds, as chosen above. Train lets the first fold validate;"
    " Cross-validate, on Evaluate, lets each validate once, with a network of its own that learns from the others."
)


class SplitChoice(QToolButton):
    """Says how the rows are split; its menu offers the other ways, with the columns that can serve."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        set_role(self, "ghost")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the words
        self.setIconSize(QSize(12, 12))
        theme.set_icon(self, "chevron-down", "muted")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("How the rows are split")
        menu = QMenu(self)
        menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # unlike the button, whose arrow stands behind
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)

    def refresh(self) -> None:
        spec = self._session.document.project.data
        profile = self._session.document.profile
        if spec is not None:
            spec = replace(spec, split=_acting(spec, profile))
            self.setText(said(spec))
            self.setToolTip(wrapped(f"{WORDS[spec.split][1]} {CROSS_TIP if spec.folds else ''}".strip()))

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        profile, spec = self._session.document.profile, self._session.document.project.data
        if profile is None or spec is None:
            return
        group = QActionGroup(menu)
        acting = _acting(spec, profile)
        for how in (way for way in spec.SPLITS if way != ("stratified" if _of_numbers(profile) else "quantile")):
            action = menu.addAction(WORDS[how][0], partial(self._choose, how, ""))
            action.setToolTip(WORDS[how][1])
            action.setCheckable(True)
            action.setChecked(acting == how)
            group.addAction(action)
        menu.addSeparator()
        for how in spec.COLUMN_SPLITS:
            self._offer(menu, how, [column.name for column in fitting(profile, how)], spec)
        menu.addSeparator()
        self._offer_folds(menu, spec)

    def _offer(self, menu: QMenu, how: str, names: list[str], spec: DataSpec) -> None:
        below = menu.addMenu(WORDS[how][0])
        below.setToolTipsVisible(True)
        entry = below.menuAction()
        entry.setToolTip(WORDS[how][1] if names else f"{WORDS[how][1]} No column of this table can serve.")
        entry.setCheckable(True)
        entry.setChecked(spec.split == how)
        below.setEnabled(bool(names))
        for name in names:
            action = below.addAction(facts.shown(name).replace("&", "&&"), partial(self._choose, how, name))
            action.setCheckable(True)
            action.setChecked((spec.split, spec.split_by) == (how, name))

    def _offer_folds(self, menu: QMenu, spec: DataSpec) -> None:
        below = menu.addMenu(CROSS)
        below.setToolTipsVisible(True)
        entry = below.menuAction()
        entry.setToolTip(CROSS_TIP)
        entry.setCheckable(True)
        entry.setChecked(bool(spec.folds))
        for folds in (0, *sorted({*FOLDS, spec.folds} - {0})):
            action = below.addAction(f"{folds} folds" if folds else NO_FOLDS, partial(self._choose_folds, folds))
            action.setToolTip(CROSS_TIP)
            action.setCheckable(True)
            action.setChecked(spec.folds == folds)

    def _choose_folds(self, folds: int) -> None:
        spec = self._session.document.project.data
        if spec is not None and spec.folds != folds:
            words = f"Split into {folds} folds" if folds else "Split without folds"
            self._session.change_data(words, folds=folds, fold=0)

    def _choose(self, how: str, column: str) -> None:
        spec = self._session.document.project.data
        if spec is not None and (spec.split, spec.split_by) != (how, column):
            words = f"Split by “{facts.shown(column)}”" if column else f"Split: {WORDS[how][0].lower()}"
            self._session.change_data(words, split=how, split_by=column)


def said(spec: DataSpec) -> str:
    """The present way in a few words."""
    name = facts.shown(spec.split_by)
    name = name if len(name) <= SHOWN else name[: SHOWN - 1] + "…"
    name = name.replace("&", "&&")
    how = {"group": f"Groups of “{name}”", "time": f"By time, “{name}”", "column": f"As “{name}” says"}.get(
        spec.split, WORDS[spec.split][0]
    )
    return f"{spec.folds} folds, {how[0].lower()}{how[1:]}" if spec.folds else how


def _of_numbers(profile: TableProfile | None) -> bool:
    return profile is not None and profile.task == "regression"


def _acting(spec: DataSpec, profile: TableProfile | None) -> str:
    """The way that acts: numbers have no classes to be even by, nor classes tenths."""
    if _of_numbers(profile):
        return "random" if spec.split == "stratified" else spec.split
    return "stratified" if spec.split == "quantile" else spec.split


def fitting(profile: TableProfile, how: str) -> list[ColumnProfile]:
    """The columns that can split the rows so, those without numbers first."""
    if profile.images is not None:
        return []
    able = [c for c in profile.columns if c.name not in profile.predicted and c.kind not in ("empty", "constant")]
    return sorted((c for c in able if _fits(profile, c, how)), key=lambda column: column.kind == "number")


def _fits(profile: TableProfile, column: ColumnProfile, how: str) -> bool:
    if how == "group":
        return 1 < column.distinct <= profile.rows / 2
    i = [c.name for c in profile.columns].index(column.name)
    cells = [cell for row in profile.preview[:LOOKED_AT] if (cell := row[i])]
    if how == "time":
        dated = column.kind in ("number", "date")
        return dated or (column.minimum is None and bool(cells) and all(map(is_date, cells)))
    return names_parts([label for label, _ in column.categories])
