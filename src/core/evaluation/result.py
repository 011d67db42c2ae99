"""Results of an evaluation and of a prediction: plain values that travel to the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """How a trained network does on rows it never saw.

    metrics by name: classification "loss", "accuracy", "macro_f1", "auc" (area under the ROC curve, where rows of two
    classes are there), "top3_accuracy" (more than five classes), "baseline_accuracy" (always the largest class);
    regression "loss", "rmse", "mae", "r2", "baseline_rmse" (always the mean), in the target's unit; several labels a
    row "loss", "subset_accuracy" (rows with all labels right), "micro_f1", "macro_f1", "hamming_loss" (share of labels
    told wrong), "auc" (mean over the labels), and "baseline_subset_accuracy", "baseline_micro_f1" and
    "baseline_hamming_loss" (the best that one and the same answer for all rows reaches).
    confusion[i, j]: rows of class i predicted as j; of several labels [k] is [[tn, fp], [fn, tp]] of label k.
    per_class: name → precision, recall, f1, support.
    truth, predicted: (rows,) in the target's unit, or indices of classes; (rows, labels) of 0 and 1. confidence:
    classification, (rows,) probability of the predicted class; labels, (rows, labels) probability of each.
    Of very many rows, numbers are in float32.
    row_numbers: (rows,) position in the source. worst: row numbers with the largest loss, worst first.
    """

    task: str
    part: str
    rows: int
    metrics: Mapping[str, float]
    classes: tuple[str, ...] = ()
    confusion: np.ndarray | None = None
    per_class: Mapping[str, tuple[float, float, float, int]] | None = None
    truth: np.ndarray | None = None
    predicted: np.ndarray | None = None
    confidence: np.ndarray | None = None
    row_numbers: np.ndarray | None = None
    worst: tuple[int, ...] = ()

    def places(self) -> dict[int, int]:
        """Where the worst rows stand among all: row number → index into truth and the others."""
        return {} if self.row_numbers is None else places(self.row_numbers, self.worst)


def places(row_numbers: np.ndarray, wanted: Sequence[int]) -> dict[int, int]:
    """Of those among a few row numbers that are there: row number → its index. Nothing is made of the others."""
    found = np.flatnonzero(np.isin(row_numbers, np.asarray(wanted, np.int64)))
    return {int(row_numbers[i]): int(i) for i in found}


@dataclass(frozen=True)
class Predictions:
    """Answers for new rows. columns and rows as text and numbers, ready for a table or a CSV file.

    answer: (rows,) class label or value, or several labels joined, "" for none of them; probabilities: (rows, classes)
    or None; of labels each stands by itself. skipped: notes on rows with cells that
    could not be read (they were imputed as in training). pictures: (rows, height, width, channels) uint8, small, of the
    first rows where rows are images.
    """

    target: str
    task: str
    answer: tuple[str | float, ...]
    classes: tuple[str, ...] = ()
    probabilities: np.ndarray | None = None
    inputs: tuple[tuple[str | None, ...], ...] = ()
    input_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: np.ndarray | None = None
