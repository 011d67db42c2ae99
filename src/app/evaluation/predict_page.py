"""The predict page: answers for a new file, and for one row typed in by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from app import theme
from app.banner import Banner
from app.busy import BusyStrip
from app.evaluation.answer import Answer
from app.evaluation.one_image import OneImage
from app.evaluation.row_form import RowForm
from app.evaluation.table import PICTURE, SAMPLED, Column, Table, are_numbers
from app.notice import Notice
from app.pictures import scaled, to_image
from app.result_page import ResultPage
from app.settings import Settings
from app.style import set_role
from app.widgets import Card, ElidedLabel, EmptyState, button, explain, icon_button, label
from app.words import percent
from core.data import dates, formats
from core.data.preprocess import DateFeature, Preparation
from core.evaluation.labels import NONE
from core.evaluation.result import Predictions
from core.spec import DataSource

if TYPE_CHECKING:
    from app.document import Trained
    from app.session import Session

IMAGE_FILES = "Images and archives of them (*.png *.jpg *.jpeg *.bmp *.gif *.webp *.tif *.tiff *.zip);;All files (*)"
FILES = f"Tables ({formats.PATTERNS});;All files (*)"
SIDE = 316
CHOOSE_TIP = "Reads a table with the same columns as the training data; the target may be absent."
SAVE_TIP = "The rows with their answers, and for classes all probabilities."
NOTES = 3
MOST_LABELS = 8  # whose probabilities the table shows


class PredictPage(ResultPage):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "Predict", parent)
        self.predictions: Predictions | None = None
        self._source: DataSource | None = None
        self._asked = 0  # answers to earlier questions are dropped
        self._trained: Trained | None = None
        self.form: RowForm | None = None
        self._stack.addWidget(self._build_absence("sparkles"))
        self._stack.addWidget(self._build_page())
        self._listen()
        self.refresh()

    # --- building

    def _build_page(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(12)
        column.addLayout(self._build_head())
        column.addWidget(BusyStrip(self._session))
        self.older = Banner("warning", "Predict again", self._predict_again)
        self.notes = Banner("info")
        column.addWidget(self.older)
        column.addWidget(self.notes)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._build_file(), 1)
        row.addWidget(self._build_row())
        column.addLayout(row, 1)
        return made

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self._what = ElidedLabel(role="muted")
        self.choose = button("Choose a file…", icon="open", tip=CHOOSE_TIP, on_click=self._choose)
        self.save = button("Save as CSV…", icon="save", on_click=self._save)
        row.addWidget(label("Predict", "title"))
        row.addWidget(self._what, 1)
        row.addWidget(self.choose)
        row.addWidget(self.save)
        return row

    def _build_file(self) -> QWidget:
        made = QWidget()
        self._file = QStackedLayout(made)
        zone = set_role(QFrame(), "dropzone")
        inside = QVBoxLayout(zone)
        choose = button("Choose a file…", icon="open", tip=CHOOSE_TIP, on_click=self._choose)
        self._zone = EmptyState("table", "Answers for a new table", "", choose)
        inside.addWidget(self._zone)
        self._file.addWidget(zone)
        card = Card(margin=1, spacing=0)
        self.table = Table("Predictions")
        self.table.current_changed.connect(self._show_one)
        card.body.addWidget(self.table)
        self._file.addWidget(card)
        return made

    def _build_row(self) -> Card:
        card = Card(margin=0, spacing=0)
        card.setFixedWidth(SIDE)
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(10)
        head = QHBoxLayout()
        self._title = label("One row", "title")
        self._reset = icon_button("reset", "Start over. Sets every field to its mean or most frequent value.",
                                  on_click=lambda: self.form.reset() if self.form else None)  # fmt: skip
        head.addWidget(self._title, 1)
        head.addWidget(self._reset)
        self.answer, self._one = Answer(), OneImage()
        self._one.hide()
        column.addLayout(head)
        column.addWidget(self._one)
        column.addWidget(self.answer)
        self._fields = QScrollArea()
        self._fields.setWidgetResizable(True)
        self._fields.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        card.body.addWidget(top)
        card.body.addWidget(set_role(QFrame(), "hline"))
        card.body.addWidget(self._fields, 1)
        card.body.addStretch(0)
        return card

    # --- what is shown

    def refresh(self) -> None:
        if not self.isVisible():
            return
        trained = self._session.document.trained
        self._stack.setCurrentIndex(0 if trained is None else 1)
        if trained is None:
            self._forget()
            self._show_absence(
                training=("Training goes on", "When the run ends, the network answers here."),
                untrained=("Not trained yet", "Train the network: it then answers for new files and rows here."),
                nothing=("Nothing to predict with yet", "Choose data and train a network first."),
            )
        elif trained is not self._trained:
            self._adopt(trained)
        explain(self.save, enabled=self.predictions is not None, tip=SAVE_TIP, why_not="there are no answers yet.")

    def _forget(self) -> None:
        self._trained = self.predictions = self._source = None
        self.older.show_text("")
        self.notes.show_text("")
        self._file.setCurrentIndex(0)

    def _adopt(self, trained: Trained) -> None:
        """Other weights: the form keeps what was typed where the columns are the same."""
        same = self._trained is not None and self._trained.prepared.preparation == trained.prepared.preparation
        self._trained = trained
        preparation = trained.prepared.preparation
        target = " ".join(preparation.target.name.split())
        if preparation.image is not None:
            self._adopt_images(preparation, target)
            return
        self._one.hide()
        self._fields.show()
        self._title.setText("One row")
        self._reset.show()
        names = [" ".join(f.name.split()) for f in preparation.features]
        listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        self._what.set_text(f"Answers for {target}")
        text = f"Choose a table with the columns {listed}. The network answers with {target} for every row."
        self._zone.set_text("Answers for a new table", text)
        if self.predictions is not None:
            self.older.show_text("The network was trained again since: these are the answers of the weights before.")
        if not same or self.form is None:
            self.form = RowForm(preparation, self._session.document.profile)
            self.form.setContentsMargins(14, 12, 14, 12)
            set_role(self.form, "scrolled")
            self.form.changed.connect(self._ask_row)
            self._fields.setWidget(self.form)
            self.answer.clear(target)
        self.form.send()

    def _adopt_images(self, preparation: Preparation, target: str) -> None:
        """There is nothing to type in: the card shows the image that is chosen in the table."""
        self._fields.hide()
        self._reset.hide()
        self._one.show()
        self._title.setText("One image")
        self._what.set_text(f"Answers for {target}")
        text = f"Drop images here, a folder or a ZIP archive of them. The network answers with {target} for every one."
        self._zone.set_text("Answers for new images", text)
        if self.predictions is not None:
            self.older.show_text("The network was trained again since: these are the answers of the weights before.")
        else:
            self._one.clear()
            self.answer.clear(target)

    def _show_one(self, row: int) -> None:
        """The image that is current in the table, large, with its answer."""
        found = self.predictions
        if found is None or found.pictures is None or row < 0:
            return
        pixels = found.pictures[row] if row < len(found.pictures) else None
        self._one.show_image(pixels, found.inputs[row][0] or "")
        chances = None if found.probabilities is None else found.probabilities[row : row + 1]
        self.answer.show_answer(replace(found, answer=found.answer[row : row + 1], probabilities=chances, notes=()))

    # --- one row

    def _ask_row(self, cells: dict[str, str]) -> None:
        trained = self._trained

        def show(found: Predictions) -> None:
            if trained is self._trained:
                self.answer.show_answer(found)

        self._session.predict_row(cells, show)

    # --- a file

    @property
    def drop_hint(self) -> str:
        """What a table dropped on this page is for; "" while there is no trained network to answer."""
        if self._trained is None:
            return ""
        images = self._trained.prepared.preparation.image is not None
        return f"The trained network answers for every {'image' if images else 'row of it'}."

    def take_file(self, path: str) -> None:
        """A table, or images, were dropped on the window while this page is shown."""
        self.predict_file(path)

    def take_files(self, paths: list[str]) -> None:
        """Several files were dropped: images that are answered for together."""
        first, *others = (str(Path(path).absolute()) for path in paths)
        name = f"{Path(first).name} and {len(others):,} more" if others else Path(first).name
        self._ask(DataSource("file", name, first, also=tuple(others)))

    def _choose(self) -> None:
        settings = Settings()
        if self._trained is not None and self._trained.prepared.preparation.image is not None:
            paths, _ = QFileDialog.getOpenFileNames(
                self, "Choose images to predict for", settings.get("files/folder"), IMAGE_FILES
            )
            if paths:
                settings.set("files/folder", str(Path(paths[0]).parent))
                self.take_files(paths)
            return
        path, _ = QFileDialog.getOpenFileName(
            self, "Choose a table to predict for", settings.get("files/folder"), FILES
        )
        if path:
            settings.set("files/folder", str(Path(path).parent))
            self.predict_file(path)

    def predict_file(self, path: str) -> None:
        self._ask(DataSource("file", Path(path).name, str(Path(path).absolute())))

    def _predict_again(self) -> None:
        if self._source is not None:
            self._ask(self._source)

    def _ask(self, source: DataSource) -> None:
        self._asked += 1
        asked, trained = self._asked, self._trained

        def show(found: Predictions) -> None:
            if asked == self._asked and trained is self._trained:
                self._source = source
                self.show_predictions(found, source.name)

        self._session.predict(source, show)

    def show_predictions(self, found: Predictions, name: str) -> None:
        self.predictions = found
        self.older.show_text("")
        more = f" … and {len(found.notes) - NOTES:,} more notes." if len(found.notes) > NOTES else ""
        self.notes.show_text("\n".join(found.notes[:NOTES]) + more)
        unit = "row" if found.pictures is None else "image"
        rows = f"{len(found.answer):,} {unit if len(found.answer) == 1 else unit + 's'}"
        self._what.set_text(f"{name} · {rows} · answers for {' '.join(found.target.split())}")
        self.table.show_rows(_columns(found, _forms(self._trained), self.devicePixelRatioF()), len(found.answer))
        self._file.setCurrentIndex(1)
        if found.pictures is not None:
            self.table.setCurrentIndex(self.table.model().index(0, 0))
            self._show_one(self.table.table.source_row(0))
        explain(self.save, enabled=True, tip=SAVE_TIP)

    def _save(self) -> None:
        settings, found = Settings(), self.predictions
        if found is None:
            return
        stem = Path(self._source.name).stem if self._source is not None else "table"
        proposed = str(Path(settings.get("files/folder")) / f"{stem}-predictions.csv")
        path, _ = QFileDialog.getSaveFileName(self, "Save the predictions", proposed, "Table (*.csv)")
        if path:
            settings.set("files/folder", str(Path(path).parent))
            done = Notice(
                "success", f"Saved {Path(path).name}", f"{len(found.answer):,} rows with their answers.", key="predict"
            )
            self._session.save_predictions(found, path, lambda _path: self._session.notice.emit(done))


def _forms(trained: Trained | None) -> Mapping[str, Sequence[str]]:
    """How the columns of dates are written, by name."""
    features = trained.prepared.preparation.features if trained is not None else ()
    return {feature.name: feature.forms for feature in features if isinstance(feature, DateFeature)}


def _columns(found: Predictions, forms: Mapping[str, Sequence[str]], ratio: float = 1.0) -> list[Column]:
    """The answer first, then how sure it is, then what it was asked for."""
    answers, pictures = found.answer, found.pictures

    def picture(row: int) -> QPixmap | None:
        shown = pictures is not None and row < len(pictures)
        return scaled(to_image(pictures[row]), PICTURE, ratio) if shown and pictures is not None else None

    classes = found.task != "regression"
    columns = [
        Column(" ".join(found.target.split()), lambda i: _text(answers[i]), lambda: np.array(answers), strong=True,
               numeric=not classes, tip="The network's answer.", picture=None if pictures is None else picture)
    ]  # fmt: skip
    if found.task == "labels":
        columns += _label_columns(found)
    elif found.probabilities is not None:
        tip = "The probability that the network gives its answer. It may be sure and wrong."
        columns.append(_share_column("Confidence", found.probabilities.max(axis=1), tip))
    for j, name in enumerate(found.input_names):
        numeric = are_numbers([row[j] for row in found.inputs[:SAMPLED]])
        columns.append(
            Column(
                " ".join(name.split()),
                partial(_input, found, j),
                partial(_keys, found, j, forms.get(name)),
                numeric=numeric,
            )
        )
    return columns


def _share_column(name: str, shares: np.ndarray, tip: str) -> Column:
    return Column(" ".join(name.split()), lambda i: percent(float(shares[i])), lambda: shares, numeric=True, tip=tip,
                  share=lambda i: float(shares[i]))  # fmt: skip


def _label_columns(found: Predictions) -> list[Column]:
    """The probability of each label, of many labels the likeliest ones."""
    assert found.probabilities is not None
    p = found.probabilities
    order = np.argsort(-p.mean(axis=0), kind="stable")[:MOST_LABELS]
    tip = "The probability of this label by itself; from 50 % on it is answered."
    return [_share_column(found.classes[k], p[:, k], tip) for k in sorted(order)]


def _input(found: Predictions, column: int, row: int) -> str | None:
    return found.inputs[row][column]


def _text(answer: str | float) -> str:
    return (" ".join(answer.split()) or NONE) if isinstance(answer, str) else theme.number(answer)


def _keys(found: Predictions, column: int, forms: Sequence[str] | None) -> np.ndarray:
    """Dates, where there are forms, and numbers by size with missing ones last, else texts by the alphabet."""
    cells = [row[column] for row in found.inputs]
    if forms is not None:
        moments = [dates.moment(cell, forms) if cell is not None else None for cell in cells]
        return np.array([np.inf if at is None else at for at in moments])
    try:
        return np.array([float(cell) if cell is not None else np.inf for cell in cells])
    except ValueError:
        return np.array([cell or "" for cell in cells])
