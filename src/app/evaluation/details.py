"""The cards under the scores: where classes are confused, how numbers are missed, and the worst rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.evaluation.confusion import ConfusionMatrix
from app.evaluation.curve import HELP, Curve, CurvePlot
from app.evaluation.inputs import Cells
from app.evaluation.label_details import LabelScores, worst_columns
from app.evaluation.plots import PredictedPlot, ResidualPlot
from app.evaluation.table import Column, Table, are_numbers
from app.evaluation.wording import GLOSSARY, hits
from app.evaluation.worst_pictures import worst_pictures
from app.pictures import Pictures
from app.widgets import Card, ElidedLabel, label
from app.words import percent
from core.evaluation.result import Evaluation

MATRIX_HELP = "Ringed: right answers. The stronger the blue, the larger the share of its row."
FEW = 12
PLOT_HELP = "Every point is a test row. On the dashed line it would be answered exactly."


def details(
    evaluation: Evaluation, target: str, inputs: Cells, curve: Curve | None = None, pictures: Pictures | None = None
) -> QWidget:
    """Everything below the scores, in two columns; curve: of a network with one input; pictures: of rows as images."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    side = QVBoxLayout()
    side.setSpacing(12)
    if evaluation.task == "labels":
        scores = LabelScores(evaluation, made)
        each = _titled("By label", scores.table, "Each label is a question of its own.")
        side.addWidget(each, 0 if scores.few else 3)
        side.addWidget(scores.card, 2)
        row.addLayout(side, 1)
        worst = worst_table(evaluation, target, inputs)
        row.addWidget(_titled("Most wrong", worst, "Rows with the largest loss."), 1)
        return made
    classes = evaluation.task == "classification"
    row.addWidget(_matrix(evaluation) if classes else _predicted(evaluation, target, curve), 1)
    table = class_table(evaluation) if classes else None
    side.addWidget(_titled("By class", table) if table is not None else _residuals(evaluation), 0 if classes else 1)
    if pictures is not None:
        wall = worst_pictures(evaluation, pictures, _listed(evaluation))
        told = "Images with the largest loss, what was answered and what is true."
        side.addWidget(_titled("Most wrong", wall, told), 1)
    else:
        worst = worst_table(evaluation, target, inputs)
        side.addWidget(_titled("Most wrong", worst, "Rows with the largest loss."), 1)
    row.addLayout(side, 1)
    return made


def _titled(title: str, body: QWidget, text: str = "") -> Card:
    card = Card(margin=0, spacing=0)
    head = QHBoxLayout()
    head.setContentsMargins(14, 10, 14, 6)
    head.setSpacing(10)
    head.addWidget(label(title, "title"))
    head.addWidget(ElidedLabel(text, "muted"), 1)
    card.body.addLayout(head)
    card.body.addWidget(body, 1)
    card.body.setContentsMargins(1, 1, 1, 6)
    return card


def _matrix(e: Evaluation) -> Card:
    assert e.confusion is not None
    card = Card(margin=14, spacing=8)
    matrix, reading = ConfusionMatrix(), ElidedLabel(MATRIX_HELP, "muted")
    matrix.read.connect(lambda text: reading.set_text(text or MATRIX_HELP))
    matrix.show_counts(e.confusion, e.classes)
    card.body.addWidget(label("Confusion matrix", "title"))
    card.body.addWidget(reading)
    card.body.addWidget(matrix, 1)
    return card


def _predicted(e: Evaluation, target: str, curve: Curve | None) -> Card:
    assert e.truth is not None
    assert e.predicted is not None
    card = Card(margin=14, spacing=8)
    if curve is not None:  # the eye judges a line through points better than points about a diagonal
        card.body.addWidget(label("Prediction over the input", "title"))
        card.body.addWidget(ElidedLabel(HELP, "muted"))
        card.body.addWidget(CurvePlot(curve), 1)
        return card
    plot = PredictedPlot()
    plot.show_rows(e.truth, e.predicted, target)
    card.body.addWidget(label("Predicted against true", "title"))
    card.body.addWidget(ElidedLabel(PLOT_HELP, "muted"))
    card.body.addWidget(plot, 1)
    return card


def _residuals(e: Evaluation) -> Card:
    assert e.truth is not None
    assert e.predicted is not None
    plot = ResidualPlot()
    plot.show_rows(e.truth, e.predicted)
    errors = e.predicted - e.truth
    lean = f"Mean {theme.number(float(errors.mean()))}, standard deviation {theme.number(float(errors.std()))}"
    card = _titled("Errors", plot, lean)
    card.body.setContentsMargins(6, 1, 8, 6)
    return card


def class_table(e: Evaluation) -> Table:
    assert e.per_class is not None
    names, scores = list(e.per_class), np.array(list(e.per_class.values()), float)
    made = Table("Scores by class")
    columns = [Column("Class", lambda i: " ".join(names[i].split()), lambda: np.array(names), strong=True)]
    columns += [_share_column(name, scores[:, j]) for j, name in enumerate(("Precision", "Recall", "F1"))]
    columns.append(
        Column("Rows", lambda i: f"{int(scores[i, 3]):,}", lambda: scores[:, 3], numeric=True, tip=GLOSSARY["support"])
    )
    made.show_rows(columns, len(names))
    made.setFixedHeight(min(made.natural_height() + 4, 236))
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made


def _share_column(name: str, shares: np.ndarray) -> Column:
    return Column(
        name, lambda i: theme.number(round(float(shares[i]), 3)), lambda: shares, numeric=True,
        tip=GLOSSARY[name.lower()], share=lambda i: float(shares[i]),
    )  # fmt: skip


def _text_column(name: str, cells: Sequence[str]) -> Column:
    return Column(" ".join(name.split()), lambda i: cells[i], numeric=are_numbers(cells))


def worst_table(e: Evaluation, target: str, inputs: Cells) -> Table:
    """The worst first; sorting does not change which rows they are."""
    place = e.places()
    known = [n for n in e.worst if n in place][: _listed(e)]
    at, numbers = np.array([place[n] for n in known], int), np.array(known, int)
    columns = [
        Column("Row", lambda i: f"{numbers[i] + 1:,}", lambda: numbers, numeric=True, tip="Row of the table, from 1.")
    ]
    own = {"classification": _class_columns, "labels": worst_columns}.get(e.task, _number_columns)
    columns += own(e, at)
    columns += [_text_column(name, cells) for name, cells in inputs.items()]
    made = Table(f"Rows of {target} that are most wrong")
    made.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    made.show_rows(columns, len(at))
    made.setMinimumHeight(110)
    return made


def _listed(e: Evaluation) -> int:
    """All wrong answers; where there are few, some that are right by a hair."""
    return max(FEW, e.rows - hits(e)) if e.task == "classification" else len(e.worst)


def _class_columns(e: Evaluation, at: np.ndarray) -> list[Column]:
    if e.truth is None or e.predicted is None or e.confidence is None:
        return []
    truth, answer, sure = e.truth[at].astype(int), e.predicted[at].astype(int), e.confidence[at]
    return [
        Column("True", lambda i: " ".join(e.classes[truth[i]].split()), lambda: truth, strong=True),
        Column("Answered", lambda i: ("" if truth[i] == answer[i] else "✗ ") + " ".join(e.classes[answer[i]].split()),
               lambda: answer, tip="✗ marks a wrong answer; one without it is right, but not surely so."),
        Column("Confidence", lambda i: percent(float(sure[i])), lambda: sure, numeric=True,
               tip="The probability that the network gives its answer. Sure and wrong is the worst.",
               share=lambda i: float(sure[i])),
    ]  # fmt: skip


def _number_columns(e: Evaluation, at: np.ndarray) -> list[Column]:
    assert e.truth is not None
    assert e.predicted is not None
    truth, answer = e.truth[at], e.predicted[at]
    error = answer - truth
    return [
        Column("True", lambda i: theme.number(truth[i]), lambda: truth, numeric=True, strong=True),
        Column("Answered", lambda i: theme.number(answer[i]), lambda: answer, numeric=True),
        Column("Error", lambda i: f"{'+' if error[i] > 0 else ''}{theme.number(error[i])}", lambda: np.abs(error),
               numeric=True, tip="Predicted − true."),
    ]  # fmt: skip
