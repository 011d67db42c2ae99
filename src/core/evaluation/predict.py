"""Answers for new rows, from a file or typed in by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.data.preprocess import ClassTarget, LabelsTarget
from core.data.progress import Progress, silent
from core.errors import UserInputError
from core.evaluation.labels import CUT, label_texts
from core.evaluation.result import Predictions
from core.evaluation.rows import Cell, prepared_rows
from core.model import TrainedModel
from core.spec import DataSource


def predict(model: TrainedModel, source: DataSource, *, progress: Progress = silent) -> Predictions:
    """Answers for all rows of `source`, which must have the columns that the network was trained on.

    Raises:
        UserInputError: a source that cannot be read, or lacks a column.
    """
    if model.preparation.image is not None:
        return _predict_images(model, source, progress)
    from core.data import load  # brings DuckDB, which a row typed in by hand does not need

    x, inputs, names, notes = load.load_for_prediction(source, model.preparation, progress=progress)
    progress("Predicting", None)
    return predictions(model, x, inputs=inputs, input_names=names, notes=notes)


def _predict_images(model: TrainedModel, source: DataSource, progress: Progress) -> Predictions:
    from core.data.images import ask  # brings Pillow and what reads archives

    y, names, pictures, notes = ask.answers(source, model.preparation, model.answers, progress=progress)
    inputs = tuple((name,) for name in names)
    found = _told(model, y, inputs=inputs, input_names=("file",), notes=notes)
    return replace(found, pictures=pictures)


def predict_cells(model: TrainedModel, cells: Mapping[str, str]) -> Predictions:
    """The answer for one row typed in by hand: column name → text. A column left out or empty counts as missing.

    Raises:
        UserInputError: a column that the network does not know.
    """
    names = tuple(feature.name for feature in model.preparation.features)
    unknown = sorted(set(cells) - set(names))
    if unknown:
        raise UserInputError(f"The network has no input {unknown[0]!r}.", remedy=f"Its inputs are: {', '.join(names)}.")
    x, notes = prepared_rows(model.preparation, {name: (cells.get(name),) for name in names})
    row = tuple(cells.get(name) or None for name in names)
    return predictions(model, x, inputs=(row,), input_names=names, notes=notes)


def predictions(
    model: TrainedModel,
    x: np.ndarray,
    *,
    inputs: tuple[tuple[Cell, ...], ...] = (),
    input_names: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Predictions:
    """The model's answers for prepared rows x: (rows, *row_shape)."""
    return _told(model, model.answers(x), inputs=inputs, input_names=input_names, notes=notes)


def _told(
    model: TrainedModel, y: np.ndarray, *, inputs: tuple[tuple[Cell, ...], ...], input_names: tuple[str, ...],
    notes: tuple[str, ...],
) -> Predictions:  # fmt: skip
    """Answers (rows, classes), (rows, labels) or (rows, 1) with their names."""
    target = model.preparation.target
    if isinstance(target, ClassTarget):
        answer: tuple[str | float, ...] = tuple(target.classes[i] for i in y.argmax(axis=1))
        task, classes, p = "classification", target.classes, y
    elif isinstance(target, LabelsTarget):
        answer, task, classes, p = label_texts(target, y >= CUT), "labels", target.classes, y
    else:
        answer, task, classes, p = tuple(float(v) for v in y[:, 0]), "regression", (), None
    return Predictions(target.name, task, answer, classes, p, inputs, input_names, notes)
