"""The evaluation page: what the trained network is worth on rows that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from app.banner import Banner
from app.evaluation import save
from app.evaluation.curve import curve_of
from app.evaluation.details import details
from app.evaluation.folds_view import FoldsView
from app.evaluation.inputs import cells_of
from app.evaluation.metric import ScoreTile
from app.evaluation.wording import scores, verdict
from app.notice import Notice, refusal
from app.pictures import Pictures
from app.result_page import ResultPage
from app.settings import Settings
from app.style import set_role
from app.widgets import ElidedLabel, Segmented, button, icon_button
from core.errors import UserInputError
from core.project.atomic import atomic_write

if TYPE_CHECKING:
    from app.document import Trained
    from app.session import Session

OLDER_DATA = "The scores are those of the older data."
OLDER_DESIGN = "The scores are those of the older design."
VIEWS = (
    ("test", "Test rows", "The trained network on rows that it never saw."),
    ("folds", "Cross-validation", "Several networks of this design, each validated on another part of the rows."),
)
TRAIN_TIP = "Starts training. The network is evaluated by itself when it ends."


class EvaluatePage(ResultPage):
    train_tip = TRAIN_TIP

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "Evaluation", parent)
        self._again = button("Evaluate now", icon="refresh", on_click=session.evaluate)
        self._to_folds = button("Cross-validate…", tip=VIEWS[1][2], on_click=self.show_folds)
        self._switches: list[Segmented] = []
        self._view = "test"
        self._stack.addWidget(self._build_absence("target", self._again, self._to_folds))
        self._stack.addWidget(self._build_results())
        self.folds = FoldsView(session, self._switch())
        self._stack.addWidget(self.folds)
        self._shown: object = None
        document = session.document
        self._listen(
            document.evaluation_changed, document.prepared_changed, document.network_changed, session.busy_changed
        )
        self.refresh()

    # --- building

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
        row.addWidget(self._switch())
        row.addWidget(self._verdict, 1)
        row.addWidget(again)
        row.addWidget(self._save)
        return row

    def _switch(self) -> Segmented:
        made = Segmented(VIEWS)
        made.setAccessibleName("Scores on the test rows, or cross-validation")
        made.chosen.connect(self._choose)
        self._switches.append(made)
        return made

    # --- what is shown

    def show_folds(self) -> None:
        """The cross-validation in place of the scores on the test rows."""
        self._choose("folds")

    def _choose(self, view: str) -> None:
        self._view = view
        for switch in self._switches:
            switch.set_value(view)
        self.refresh()

    def refresh(self) -> None:
        """While the page is hidden nothing is drawn; it is brought up to date when it is shown."""
        if not self.isVisible():
            return
        if self._view == "folds":
            self._stack.setCurrentWidget(self.folds)
            return
        evaluation = self._session.document.evaluation
        trained = self._session.document.trained
        self._stack.setCurrentIndex(0 if evaluation is None or trained is None else 1)
        if evaluation is None or trained is None:
            self._shown = None
            self._explain_absence(trained)
            return
        self.older.show_text(self._why_older(trained, data=OLDER_DATA, design=OLDER_DESIGN))
        if self._shown is not evaluation:
            self._shown = evaluation
            self._show_results(trained)

    def _explain_absence(self, trained: Trained | None) -> None:
        self._show_absence(
            training=("Training goes on", "When the run ends, the scores on the test rows stand here."),
            untrained=("Not trained yet", "Train the network: it is then measured on rows that it never saw."),
            nothing=("Nothing to evaluate yet", "Choose data and train: the scores on unseen rows then stand here."),
        )
        self._to_folds.setVisible(self._session.document.project.data is not None)
        no_test = trained is not None and not trained.prepared.rows.get("test")
        self._again.setVisible(trained is not None and not no_test)
        if trained is None:
            return
        self._train.hide()
        self._data.setVisible(no_test)
        if no_test:
            text = "All rows were used to train. Give the test share some rows, and train again."
            self._words.set_text("No test rows", text)
        else:
            self._words.set_text("Not evaluated yet", "The weights are measured on the test rows when a run ends.")

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
        inputs, pictures = cells_of(trained.prepared, evaluation.worst), None
        if trained.prepared.preparation.image is not None:
            pictures = Pictures()
            pictures.use(trained.prepared)
        made = details(evaluation, target, inputs, curve_of(trained), pictures)
        old, self._details = self._details, made
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
