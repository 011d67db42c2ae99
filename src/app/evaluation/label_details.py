"""The cards under the scores of several labels a row: each label by itself, and the rows told worst."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSizePolicy

from app import theme
from app.evaluation.confusion import ConfusionMatrix
from app.evaluation.table import Column, Table
from app.evaluation.wording import GLOSSARY
from app.widgets import Card, ElidedLabel
from core.evaluation.labels import NONE
from core.evaluation.result import Evaluation

MATRIX_HEIGHT = 262
FEW_HEIGHT = 200  # of a table that shows all its labels at once
MATRIX_HELP = "Of the label that is chosen in the table."
LISTED = 4  # labels of a row that are written out


def shown(name: str) -> str:
    return " ".join(name.split())


def joined(e: Evaluation, marks: np.ndarray) -> str:
    """The labels of a row in words; of many the first."""
    names = [shown(e.classes[k]) for k in np.flatnonzero(marks)]
    more = f" +{len(names) - LISTED}" if len(names) > LISTED else ""
    return (", ".join(names[:LISTED]) or NONE) + more


class LabelScores(QObject):
    """A table of all labels, and a card with the confusion matrix of the one that is chosen in it."""

    def __init__(self, evaluation: Evaluation, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._evaluation = evaluation
        self.table = label_table(evaluation)
        self.table.current_changed.connect(self.show_label)
        self.card = Card(margin=14, spacing=6)
        self._title = ElidedLabel(role="title")
        self._reading = ElidedLabel(role="muted")
        self.matrix = ConfusionMatrix()
        self.matrix.read.connect(self._read)
        self.card.body.addWidget(self._title)
        self.card.body.addWidget(self._reading)
        self.card.body.addWidget(self.matrix, 1)
        self.card.setMinimumHeight(MATRIX_HEIGHT)
        self.table.selectRow(0)
        self.show_label(0)

    @property
    def few(self) -> bool:
        """Whether the table needs no more room than its rows."""
        return self.table.natural_height() <= FEW_HEIGHT

    def show_label(self, k: int) -> None:
        """The 2 × 2 counts of label k: rows that have it or not, by whether it was answered."""
        e = self._evaluation
        if e.confusion is None or not 0 <= k < len(e.classes):
            return
        name = shown(e.classes[k])
        self._title.set_text(f"Confusion matrix of “{name}”")
        self.matrix.show_counts(e.confusion[k], (f"not {name}", name))
        self._read("")

    def _read(self, text: str) -> None:
        self._reading.set_text(text or MATRIX_HELP)


def label_table(e: Evaluation) -> Table:
    assert e.per_class is not None
    names, scores = list(e.per_class), np.array(list(e.per_class.values()), float)
    made = Table("Scores by label")
    columns = [Column("Label", lambda i: shown(names[i]), lambda: np.array(names), strong=True)]
    for j, name in enumerate(("precision", "recall", "f1")):
        columns.append(_share(name, scores[:, j]))
    rows, support = scores[:, 3], GLOSSARY["label_support"]
    columns.append(Column("Rows", lambda i: f"{int(rows[i]):,}", lambda: rows, numeric=True, tip=support))
    made.show_rows(columns, len(names))
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    if made.natural_height() <= FEW_HEIGHT:
        made.setFixedHeight(made.natural_height() + 4)
    else:
        made.setMinimumHeight(FEW_HEIGHT)
    return made


def _share(name: str, shares: np.ndarray) -> Column:
    title = {"f1": "F1"}.get(name, name.capitalize())
    return Column(
        title, lambda i: theme.number(round(float(shares[i]), 3)), lambda: shares, numeric=True,
        tip=GLOSSARY[f"label_{name}"], share=lambda i: float(shares[i]),
    )  # fmt: skip


def worst_columns(e: Evaluation, at: np.ndarray) -> list[Column]:
    """What is true of the rows `at`, what was answered, and in how many labels they differ."""
    if e.truth is None or e.predicted is None:
        return []
    truth, answer = e.truth[at], e.predicted[at]
    wrong = (truth != answer).sum(axis=1)
    return [
        Column("True", lambda i: joined(e, truth[i]), lambda: truth.sum(axis=1), strong=True),
        Column("Answered", lambda i: ("✗ " if wrong[i] else "") + joined(e, answer[i]), lambda: answer.sum(axis=1),
               tip="✗ marks a row with a wrong label; one without it is right, but not surely so."),
        Column("Wrong", lambda i: f"{int(wrong[i])}", lambda: wrong, numeric=True,
               tip="How many labels of the row were told wrong."),
    ]  # fmt: skip
