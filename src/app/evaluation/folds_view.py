"""The cross-validation side of the evaluation page: start it, watch its folds, read what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.banner import Banner
from app.evaluation.folds_plot import DONE, GOING_ON, FoldsPlot, line_of, mean_line
from app.evaluation.folds_words import columns, tiles
from app.evaluation.metric import ScoreTile
from app.evaluation.table import Table
from app.number_combo import NumberCombo, NumberRules
from app.style import set_role
from app.widgets import Card, ElidedLabel, EmptyState, button, explain, label, wrapped
from app.words import clock
from core.data.spec import MOST_FOLDS
from core.evaluation.cross_validation import CrossValidation, trust

if TYPE_CHECKING:
    from app.session import Session

REFRESH_MILLISECONDS = 250
TITLE = "How far can one split be trusted?"
WHAT = (
    "The rows that do not test are divided into folds. For each fold a fresh network learns from the others and is"
    " validated on it. The mean tells more than one split can, and the spread how much of a score is chance. Your"
    " trained network stays as it is."
)
FOLDS_TIP = (
    "Folds: into how many parts the rows are divided, and how many networks are trained. 5 or 10 are usual. Many folds"
    " train on more rows, but take longer and validate on few. Rows by time are not dealt: each fold validates on what"
    " comes after the rows it learns from."
)
START_TIP = "Cross-validate: train one fresh network a fold with the present design, settings and data, and compare."
CANCEL_TIP = "Ends it at the next batch. What it found so far is dropped; nothing else changes."
OLDER = "Design, settings or data have changed since. These folds are of the older ones."


class FoldsView(QWidget):
    """switch: stands first in the head, the choice between this and the scores on the test rows."""

    def __init__(self, session: Session, switch: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._work = session, session.cross_validation
        self._shown: object = None
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MILLISECONDS)
        self._timer.timeout.connect(self.refresh)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(12)
        column.addLayout(self._build_head(switch))
        self._stack = QStackedWidget()
        self._stack.addWidget(EmptyState("layers", TITLE, WHAT, width=460))
        self._stack.addWidget(self._build_body())
        column.addWidget(self._stack, 1)
        self._listen()

    def _build_head(self, switch: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self._verdict = ElidedLabel(role="muted")
        self.folds = NumberCombo(
            self._work.usual_folds, NumberRules(2, MOST_FOLDS, whole=True), suggestions=(3.0, 5.0, 10.0)
        )
        self.folds.setMinimumWidth(60)
        self.folds.setAccessibleName("Folds")
        caption = label("Folds", "muted")
        caption.setBuddy(self.folds)
        for part in (caption, self.folds):
            part.setToolTip(wrapped(FOLDS_TIP))
        self.start = button("Cross-validate", icon="play", role="primary", on_click=self._begin)
        self.cancel = button("Cancel", icon="cancel", tip=CANCEL_TIP, on_click=self._work.cancel)
        row.addWidget(switch)
        row.addWidget(self._verdict, 1)
        for widget in (caption, self.folds, self.start, self.cancel):
            row.addWidget(widget)
        return row

    def _build_body(self) -> QWidget:
        area, body = QScrollArea(), set_role(QWidget(), "scrolled")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.older = Banner("warning", "Cross-validate again", self._begin)
        column.addWidget(self.older)
        self._going = self._build_progress()
        column.addWidget(self._going)
        self._tiles_box = QWidget()
        self._tiles = QHBoxLayout(self._tiles_box)
        self._tiles.setContentsMargins(0, 0, 0, 0)
        self._tiles.setSpacing(12)
        column.addWidget(self._tiles_box)
        self._words_card = Card(margin=14, spacing=6)
        self.words = label("", wrap=True, selectable=True)
        self._words_card.body.addWidget(label("What this tells", "title"))
        self._words_card.body.addWidget(self.words)
        column.addWidget(self._words_card)
        column.addLayout(self._build_cards(), 1)
        area.setWidget(body)
        return area

    def _build_progress(self) -> Card:
        card = Card(margin=14, spacing=8)
        row = QHBoxLayout()
        self._stand, self._left = label("", "title"), label("", "mono_small")
        row.addWidget(self._stand)
        row.addStretch(1)
        row.addWidget(self._left)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the cross-validation")
        card.body.addLayout(row)
        card.body.addWidget(self.bar)
        return card

    def _build_cards(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        curves = Card(margin=14, spacing=8)
        self.plot = FoldsPlot()
        curves.body.addWidget(label("Learning curves", "title"))
        self._curves_help = ElidedLabel(role="muted")
        curves.body.addWidget(self._curves_help)
        curves.body.addWidget(self.plot, 1)
        self._table_card = Card(margin=0, spacing=0)
        head = QHBoxLayout()
        head.setContentsMargins(14, 10, 14, 6)
        head.addWidget(label("Fold by fold", "title"))
        head.addStretch(1)
        self.table = Table("Scores fold by fold")
        self._table_card.body.addLayout(head)
        self._table_card.body.addWidget(self.table, 1)
        self._table_card.body.setContentsMargins(1, 1, 1, 6)
        row.addWidget(curves, 1)
        row.addWidget(self._table_card, 1)
        return row

    def _listen(self) -> None:
        session, document = self._session, self._session.document
        for signal in (
            self._work.changed, document.network_changed, document.training_changed, document.prepared_changed,
            session.engine.state_changed, session.running_network_changed,
        ):  # fmt: skip
            signal.connect(lambda *_: self._timer.isActive() or self._timer.start())
        document.data_changed.connect(lambda: self.folds.set_value(self._work.usual_folds))

    def _begin(self) -> None:
        self._work.start(int(self.folds.value()))
        self.refresh()

    # --- what is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """While it is hidden nothing is drawn; it is brought up to date when it is shown."""
        if not self.isVisible():
            return
        work = self._work
        going_on = bool(work.phase)
        explain(self.start, enabled=not work.why_not, tip=START_TIP, why_not=work.why_not)
        self.start.setVisible(not going_on)
        self.cancel.setVisible(going_on)
        self.folds.setEnabled(not going_on)
        self._stack.setCurrentIndex(1 if going_on or work.found is not None else 0)
        self._going.setVisible(going_on)
        done = None if going_on else work.found
        for part in (self._tiles_box, self._words_card, self._table_card):
            part.setVisible(done is not None)
        self._curves_help.set_text(GOING_ON if going_on else DONE)
        self.older.show_text(OLDER if done is not None and work.is_older else "")
        if going_on:
            self._show_progress()
        elif done is None:
            self._verdict.set_text("")
        elif self._shown is not done:
            self._show_found(done)
        self._shown = done

    def _show_progress(self) -> None:
        at = self._work.progress
        self._verdict.set_text("")
        if at is None:
            self._stand.setText("Preparing the folds")
            self._left.setText("")
            self.bar.setRange(0, 0)
            self.plot.show_lines((), line_of(None, 1))
            return
        self._stand.setText(f"Fold {at.fold + 1} of {at.folds} · epoch {at.epoch:,} of {at.epochs:,}")
        self._left.setText("" if at.seconds_left is None else f"{clock(at.seconds_left)} left")
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * at.fraction))
        lines = [line_of(fold.losses, fold.steps_per_epoch) for fold in self._work.results]
        self.plot.show_lines(lines, line_of(at.losses, at.steps_per_epoch))

    def _show_found(self, found: CrossValidation) -> None:
        while (item := self._tiles.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        made = tiles(found)
        self._tiles_box.setVisible(bool(made))
        for score in made:
            self._tiles.addWidget(ScoreTile(score))
        self._verdict.set_text(f"{len(found.folds)} networks, each validated on rows it did not learn from.")
        self.words.setText(trust(found))
        self.table.show_rows(columns(found), len(found.folds))
        lines = [line_of(fold.losses, fold.steps_per_epoch) for fold in found.folds]
        self.plot.show_lines(lines, mean_line(found), epoch=found.epoch)
