"""The evaluation page: what the trained network is worth on rows that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from app.banner import Banner
from app.evaluation import save
from app.evaluation.details import details
from app.evaluation.inputs import cells_of
from app.evaluation.metric import ScoreTile
from app.evaluation.wording import scores, verdict
from app.notice import Notice, refusal
from app.settings import Settings
from app.style import set_role
from app.widgets import ElidedLabel, EmptyState, button, explain, icon_button, label
from core.errors import UserInputError
from core.project.atomic import atomic_write

if TYPE_CHECKING:
    from app.document import Trained
    from app.session import Session

TRAIN_TIP = "Starts training. The network is evaluated by itself when it ends."


class EvaluatePage(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        set_role(self, "page")
        self.setAccessibleName("Evaluation")
        self._empty = self._build_empty()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._build_results())
        self._shown: object = None
        self._listen()
        self.refresh()

    # --- building

    def _build_empty(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        self._train = button("Train", icon="play", role="primary", on_click=self._session.train)
        self._data = button("Choose data", icon="data", on_click=lambda: self._session.stage_requested.emit("Data"))
        self._again = button("Evaluate now", icon="refresh", on_click=self._session.evaluate)
        self._words = EmptyState("target", "", "", self._train, self._data, self._again)
        column.addWidget(self._words)
        return made

    def _build_results(self) -> QWidget:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body = set_role(QWidget(), "scrolled")
        self._column = QVBoxLayout(self.body)
        self._column.setContentsMargins(20, 14, 20, 16)
        self._column.setSpacing(12)
        self._column.addLayout(self._build_head())
        self.older = Banner("warning", "Train again", self._session.train)
        self._column.addWidget(self.older)
        self._tiles = QHBoxLayout()
        self._tiles.setSpacing(12)
        self._column.addLayout(self._tiles)
        self._details = QWidget()
        self._column.addWidget(self._details, 1)
        area.setWidget(self.body)
        return area

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self._verdict = ElidedLabel(role="muted")
        self._save = button("Save…", icon="save", tip="Scores or rows as CSV, or this page as a picture.")
        self._save.clicked.connect(self._open_menu)
        again = icon_button("refresh", "Evaluate again. Measures the present weights on the test rows.", role="")
        again.clicked.connect(lambda _checked=False: self._session.evaluate())
        row.addWidget(label("Evaluation", "title"))
        row.addWidget(self._verdict, 1)
        row.addWidget(again)
        row.addWidget(self._save)
        return row

    # --- what is shown

    def _listen(self) -> None:
        document, session = self._session.document, self._session
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.refresh)
        for signal in (
            document.evaluation_changed, document.weights_changed, document.prepared_changed, document.data_changed,
            document.network_changed, session.running_network_changed, session.engine.state_changed,
            session.busy_changed,
        ):  # fmt: skip
            signal.connect(lambda *_: self._timer.start())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """While the page is hidden nothing is drawn; it is brought up to date when it is shown."""
        if not self.isVisible():
            return
        evaluation = self._session.document.evaluation
        trained = self._session.document.trained
        self._stack.setCurrentIndex(0 if evaluation is None or trained is None else 1)
        if evaluation is None or trained is None:
            self._shown = None
            self._explain_absence(trained)
            return
        self.older.show_text(self._why_older(trained))
        if self._shown is not evaluation:
            self._shown = evaluation
            self._show_results(trained)

    def _explain_absence(self, trained: Trained | None) -> None:
        session = self._session
        data = session.document.project.data is not None
        state = session.engine.state
        no_test = trained is not None and not trained.prepared.rows.get("test")
        if not data and trained is None:
            words = "Nothing to evaluate yet", "Choose data and train: the scores on unseen rows then stand here."
        elif no_test:
            words = "No test rows", "All rows were used to train. Give the test share some rows, and train again."
        elif trained is not None:
            words = "Not evaluated yet", "The weights are measured on the test rows when a run ends."
        elif state in ("running", "paused"):
            words = "Training goes on", "When the run ends, the scores on the test rows stand here."
        else:
            words = "Not trained yet", "Train the network: it is then measured on rows that it never saw."
        self._words.set_text(*words)
        self._data.setVisible(not data or no_test)
        self._train.setVisible(data and trained is None and state not in ("running", "paused"))
        explain(self._train, enabled=session.can_train, tip=TRAIN_TIP, why_not=session.why_not)
        self._again.setVisible(trained is not None and not no_test)

    def _why_older(self, trained: Trained) -> str:
        document = self._session.document
        prepared = document.prepared
        if prepared is not None and prepared.fingerprint != trained.prepared.fingerprint:
            return "The data have changed since these weights were trained. The scores are those of the older data."
        if trained.network != document.project.network:
            return "The design has changed since these weights were trained. The scores are those of the older design."
        return ""

    def _show_results(self, trained: Trained) -> None:
        evaluation, target = self._session.document.evaluation, trained.prepared.target
        target = " ".join(target.split())
        self._verdict.set_text(verdict(evaluation, target))
        while (item := self._tiles.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for score in scores(evaluation):
            self._tiles.addWidget(ScoreTile(score))
        inputs = cells_of(trained.prepared, evaluation.worst)
        old, self._details = self._details, details(evaluation, target, inputs)
        self._column.replaceWidget(old, self._details)
        self._column.setStretchFactor(self._details, 1)
        old.deleteLater()

    # --- saving

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        evaluation, trained = self._session.document.evaluation, self._session.document.trained
        if evaluation is None or trained is None:
            return
        target = trained.prepared.target
        for text, suffix, make in (
            ("Scores (CSV)…", "scores.csv", lambda: save.scores_csv(evaluation, target)),
            ("Every test row (CSV)…", "rows.csv", lambda: save.rows_csv(evaluation, target)),
            ("Picture (PNG)…", "evaluation.png", lambda: save.picture(self.body)),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, s=suffix, m=make: self._save_as(s, m))
        menu.popup(self._save.mapToGlobal(self._save.rect().bottomLeft()))

    def _save_as(self, suffix: str, make: Callable[[], bytes]) -> None:
        settings = Settings()
        proposed = Path(settings.get("files/folder")) / f"{_file_name(self._session.document.project.name)}-{suffix}"
        path, _ = QFileDialog.getSaveFileName(self, "Save the evaluation", str(proposed))
        if path:
            settings.set("files/folder", str(Path(path).parent))
            self.write(path, make())

    def write(self, path: str, content: bytes) -> None:
        try:
            atomic_write(path, content)
        except UserInputError as err:
            self._session.notice.emit(refusal(err, key="evaluate"))
        else:
            self._session.notice.emit(Notice("success", f"Saved {Path(path).name}", key="evaluate"))


def _file_name(name: str) -> str:
    """A project's name as part of a file's."""
    return "".join(c if c.isalnum() or c in " -_." else "_" for c in name).strip(" .") or "chainrule"
