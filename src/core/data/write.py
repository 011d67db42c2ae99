"""Predictions as a CSV file that a spreadsheet may open safely."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from core.data import cells
from core.evaluation.result import Predictions
from core.project.atomic import atomic_write

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_predictions_csv(path: Path, predictions: Predictions) -> None:
    """The inputs, the answer under "predicted NAME", and the probability of each class; UTF-8 with commas.

    Text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection); numbers do not.

    Raises:
        UserInputError: the disk refuses.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    classes = () if predictions.probabilities is None else predictions.classes
    chances = [f"probability of {label}" for label in classes]
    head = [*predictions.input_names, f"predicted {predictions.target}", *chances]
    writer.writerow([escaped(name) for name in head])
    writer.writerows(_rows(predictions))
    atomic_write(path, text.getvalue().encode("utf-8"))


def _rows(predictions: Predictions) -> Iterator[list[str]]:
    for i, answer in enumerate(predictions.answer):
        inputs = predictions.inputs[i] if predictions.inputs else ()
        chances = () if predictions.probabilities is None else predictions.probabilities[i]
        told = escaped(answer) if isinstance(answer, str) else f"{answer:.7g}"
        yield [*(escaped(cell or "") for cell in inputs), told, *(f"{p:.6f}" for p in chances)]


def escaped(text: str) -> str:
    """`text`, harmless in a spreadsheet."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) and cells.number(text) is None else text
