"""What a person should know or decide about the table: cards in place, each with its repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.data import facts
from app.style import set_role
from app.widgets import button, label
from core.data.schema import Finding, TableProfile

if TYPE_CHECKING:
    from app.session import Session

SHOWN = 3  # findings in view before "Show all"
TALLEST = 200
LISTED_ROWS = 10
KINDS = {"error": ("error", "bad"), "warning": ("warning", "warn"), "info": ("info", "accent")}
ORDER = tuple(KINDS)


class FindingsPanel(QScrollArea):
    """As high as what it says, up to a limit; then it scrolls, so that the table stays in view."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._unfolded: set[str] = set()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Findings about the table")
        self._profile: TableProfile | None = None
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.refresh)
        session.document.training_changed.connect(self._timer.start)
        self.refresh()

    def refresh(self) -> None:
        profile = self._session.document.profile
        if profile is None or self._profile is None or profile.name != self._profile.name:
            self._unfolded.clear()
        self._profile = profile
        body = set_role(QWidget(), "scrolled")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        cards = self._cards(profile) if profile is not None else []
        for card in cards:
            column.addWidget(card)
        self.setWidget(body)
        self.setVisible(bool(cards))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        body = self.widget()
        if body is not None:
            layout = body.layout()
            wanted = layout.heightForWidth(self.width()) if layout is not None else 0
            self.setFixedHeight(min(TALLEST, wanted if wanted > 0 else body.sizeHint().height()))

    def _cards(self, profile: TableProfile) -> list[QFrame]:
        told = _telling_of_rejected(profile)
        findings = [f for f in profile.findings if f is not told]
        ordered = sorted(findings, key=lambda f: ORDER.index(f.severity) if f.severity in ORDER else len(ORDER))
        shown = ordered if "findings" in self._unfolded else ordered[:SHOWN]
        cards = []
        for severity in ORDER:
            mine = [self._finding(f) for f in shown if f.severity == severity]
            if severity == "warning" and profile.rejected_count:
                mine += self._rejected(profile, told)
            if mine:
                cards.append(_banner(severity, mine))
        if len(ordered) > SHOWN:
            words = "Show fewer" if "findings" in self._unfolded else f"{len(ordered) - SHOWN} more"
            last = cards[-1].layout()
            assert isinstance(last, QVBoxLayout)
            last.addWidget(self._fold("findings", words), 0, Qt.AlignmentFlag.AlignLeft)
        return cards

    def _finding(self, finding: Finding) -> QWidget:
        spec = self._session.document.project.data
        if finding.action == "balance":
            return self._uneven(finding)
        edit = facts.repair(spec, finding.column, finding.action) if spec is not None else None
        if edit is None:
            return _line(finding)
        done = finding.action == "exclude" and spec is not None and finding.column in spec.excluded
        if done:
            return _line(finding)
        act = button(
            finding.action_label or edit.label.replace("&", "&&"), role="link", tip="One click; undo brings it back.",
            on_click=lambda: self._session.change_data(edit.label, **edit.changes),
        )  # fmt: skip
        return _line(finding, *self._more(finding), act)

    def _more(self, finding: Finding) -> list[QWidget]:
        """A way to what else can be done about a column that the network gets."""
        document = self._session.document
        profile, spec = document.profile, document.project.data
        known = [c for c in profile.columns if c.name == finding.column] if profile is not None else []
        if not known or profile is None or facts.role(spec, profile, known[0]) != "feature":
            return []
        ask = self._session.columns_requested.emit
        tip = "How the column is prepared: what stands in for missing cells, scaling, encoding."
        return [button("Prepare…", role="link", tip=tip, on_click=lambda: ask((finding.column,)))]

    def _uneven(self, finding: Finding) -> QWidget:
        """Classes of unlike size: weights in the loss make up for it."""
        document = self._session.document
        if document.project.training.class_weights == "balanced":
            return _line(replace(finding, text=f"{finding.text} Class weights are balanced."))
        act = button(
            finding.action_label, role="link", tip="Rare classes count as much as frequent ones; undo brings it back.",
            on_click=lambda: document.edit_training(finding.action_label, class_weights="balanced"),
        )  # fmt: skip
        return _line(finding, act)

    def _fold(self, what: str, words: str) -> QPushButton:
        def toggle() -> None:
            self._unfolded ^= {what}
            self.refresh()

        return button(words, role="link", on_click=toggle)

    def _rejected(self, profile: TableProfile, told: Finding | None) -> list[QWidget]:
        """How many rows were not read; unfolded, which and why."""
        n = profile.rejected_count
        unit = "row" if profile.images is None else "image"
        words = f"{facts.count(n, unit)} could not be read and {'was' if n == 1 else 'were'} left out."
        open_ = "rejected" in self._unfolded
        fold = self._fold("rejected", "Hide them" if open_ else "Show them")
        line = _line(told or Finding("warning", words), fold)
        return [line, _rejected_rows(profile, n)] if open_ else [line]


def _telling_of_rejected(profile: TableProfile) -> Finding | None:
    """The finding that already counts the rejected rows, where there is one: they are told of once."""
    n = profile.rejected_count
    unit = "row" if profile.images is None else "image"
    begins = f"One {unit} " if n == 1 else f"{n:,} {unit}s "
    alike = (f for f in profile.findings if not f.column and f.text.startswith(begins))
    return next(alike, None) if n else None


def _banner(severity: str, rows: Sequence[QWidget]) -> QFrame:
    frame = QFrame()
    set_role(frame, "banner", severity)
    column = QVBoxLayout(frame)
    column.setContentsMargins(12, 8, 12, 8)
    column.setSpacing(5)
    for row in rows:
        column.addWidget(row)
    return frame


def _line(finding: Finding, *actions: QWidget) -> QWidget:
    icon = QLabel()
    icon.setAccessibleName(finding.severity)
    theme.set_icon(icon, *KINDS.get(finding.severity, KINDS["info"]))
    text = label(finding.text, "small", wrap=True)
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(text, 1)
    for action in actions:
        row.addWidget(action, 0, Qt.AlignmentFlag.AlignTop)
    return made


def _rejected_rows(profile: TableProfile, total: int) -> QWidget:
    rejected = profile.rejected
    unit = "line" if profile.images is None else "image"
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(24, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(3)
    for i, row in enumerate(rejected[:LISTED_ROWS]):
        for j, (text, role) in enumerate(
            ((f"{unit} {row.line:,}", "muted"), (row.reason, "small"), (facts.shown(row.text[:120]), "mono_small"))
        ):
            grid.addWidget(label(text, role), i, j)
    grid.setColumnStretch(2, 1)
    listed = min(len(rejected), LISTED_ROWS)
    if total > listed:
        grid.addWidget(label(f"and {total - listed:,} more", "muted"), listed, 0, 1, 3)
    return made
