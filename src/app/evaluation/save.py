"""An evaluation taken away: scores or rows as CSV, the page as a picture."""

from __future__ import annotations

import csv
import io
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, QPoint
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QWidget

from app import theme
from core.evaluation.result import Evaluation

SCALE = 2


def safe(text: str) -> str:
    """A cell that a spreadsheet will not run as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def scores_csv(evaluation: Evaluation, target: str) -> bytes:
    """Metrics; for classes also scores of each and the confusion matrix, one table under the other."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("metric", "value"))
    table.writerow(("target", safe(target)))
    table.writerow((f"{evaluation.part}_rows", evaluation.rows))
    table.writerows((name, f"{value:.9g}") for name, value in evaluation.metrics.items())
    if evaluation.per_class:
        table.writerow(())
        table.writerow(("class", "precision", "recall", "f1", "support"))
        for name, (*shares, support) in evaluation.per_class.items():
            table.writerow((safe(name), *(f"{share:.9g}" for share in shares), support))
    if evaluation.task == "labels" and evaluation.confusion is not None:
        table.writerow(())
        table.writerow(("label", "true negatives", "false positives", "false negatives", "true positives"))
        for name, counts in zip(evaluation.classes, evaluation.confusion.reshape(-1, 4), strict=True):
            table.writerow((safe(name), *map(int, counts)))
    elif evaluation.confusion is not None:
        table.writerow(())
        table.writerow(("true \\ predicted", *map(safe, evaluation.classes)))
        for name, counts in zip(evaluation.classes, evaluation.confusion, strict=True):
            table.writerow((safe(name), *map(int, counts)))
    return out.getvalue().encode()


def rows_csv(evaluation: Evaluation, target: str) -> bytes:
    """One line a test row: its number in the source counted from 1, the truth, the answer."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    if evaluation.task == "labels":
        _label_rows(table, evaluation)
        return out.getvalue().encode()
    classes = evaluation.task == "classification"
    table.writerow(("row", safe(target), "predicted", "confidence" if classes else "error"))
    assert evaluation.row_numbers is not None
    for i, number in enumerate(evaluation.row_numbers):
        table.writerow((int(number) + 1, *_answer(evaluation, i)))
    return out.getvalue().encode()


def _label_rows(table: Any, e: Evaluation) -> None:
    """For every label whether it is true, 1 or 0, and the probability that the network gave it."""
    assert e.truth is not None
    assert e.confidence is not None
    assert e.row_numbers is not None
    names = [safe(name) for name in e.classes]
    table.writerow(("row", *names, *(f"probability of {name}" for name in e.classes)))
    for number, truth, p in zip(e.row_numbers, e.truth, e.confidence, strict=True):
        table.writerow((int(number) + 1, *map(int, truth), *(f"{float(value):.6g}" for value in p)))


def _answer(e: Evaluation, i: int) -> tuple[str, str, str]:
    assert e.truth is not None
    assert e.predicted is not None
    if e.task == "classification":
        assert e.confidence is not None
        truth, predicted = e.classes[int(e.truth[i])], e.classes[int(e.predicted[i])]
        return safe(truth), safe(predicted), f"{float(e.confidence[i]):.6g}"
    truth_value, value = float(e.truth[i]), float(e.predicted[i])
    return f"{truth_value:.9g}", f"{value:.9g}", f"{value - truth_value:.9g}"


def picture(widget: QWidget) -> bytes:
    """The widget as a PNG, sharp on any screen, on the colour of the page."""
    made = QPixmap(widget.size() * SCALE)
    made.setDevicePixelRatio(SCALE)
    made.fill(theme.current().bg)
    widget.render(made, QPoint())
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    made.save(buffer, "PNG")
    return bytes(buffer.data().data())
