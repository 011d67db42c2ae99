"""What an export format is: how it is written, and how its file answers when it is read again from the disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data import cells
from core.data.pixels import normalised
from core.data.preprocess import CategoryFeature, Feature, LabelsTarget, NumberTarget, Preparation
from core.evaluation.rows import prepared_rows
from core.model import TrainedModel

Cell = str | None
OUTPUTS = ("label", "probabilities", "prediction")


@dataclass(frozen=True)
class FormatInfo:
    """name on the command line; label on screen; suffix of the file or folder; help: a sentence or two for people."""

    name: str
    label: str
    suffix: str
    help: str
    is_folder: bool = False


@dataclass(frozen=True)
class HeldOut:
    """Rows to compare on. columns: cells as text by source column; x: (rows, values), the same rows as prepared here.

    rows: how many come first that are real rows the training never saw; those after them are variations of them with
    missing and unknown cells. note: where the rows come from, if that needs saying. images: instead of columns, pixels
    (rows, height, width, channels) as float32, not yet normalised.
    """

    columns: Mapping[str, tuple[Cell, ...]]
    x: np.ndarray
    rows: int
    note: str = ""
    images: np.ndarray | None = None

    def prepared(self, preparation: Preparation) -> np.ndarray:
        """x made again from the cells or the pixels."""
        if self.images is not None and preparation.image is not None:
            return normalised(self.images, preparation.image)
        return prepared_rows(preparation, self.columns)[0]


@dataclass(frozen=True)
class Reloaded:
    """What the file answers: probabilities (rows, classes) or values (rows, 1), and who read it."""

    answers: np.ndarray
    reference: str
    note: str = ""


@dataclass(frozen=True)
class Exporter:
    """One format: one file in this folder, with this as its `EXPORTER`.

    write(model, path) → the files written, each atomically. answer(path, model, rows) reads them again, independent of
    what was in memory; `model` serves only names and the shape of the question. kinds: of layers that there is a rule
    for; None: any.
    """

    info: FormatInfo
    write: Callable[[TrainedModel, Path], tuple[Path, ...]]
    answer: Callable[[Path, TrainedModel, HeldOut], Reloaded]
    kinds: Collection[str] | None = None

    def holds(self, kind: str) -> bool:
        """Whether a layer of that kind can be exported so."""
        return self.kinds is None or kind in self.kinds


def classes_of(model: TrainedModel) -> tuple[str, ...]:
    """Class labels by index, or those of which a row may have several; () for a number."""
    target = model.preparation.target
    return () if isinstance(target, NumberTarget) else target.classes


def separator_of(target: LabelsTarget) -> str:
    """What stands between the labels of a row where they are written in one cell."""
    return target.separator or "|"


def input_name(feature: Feature) -> str:
    """A column's name as the input of a graph, out of the way of the graph's own names, which begin with a slash."""
    taken = feature.name in OUTPUTS or feature.name.startswith("/") or not feature.name
    return f"{feature.name}_input" if taken else feature.name


def index_of_label(feature: CategoryFeature) -> dict[str, int]:
    """What stands in a cell → index of its label. Missing marks mean `fill`, unless training saw them as labels."""
    index = {label: i for i, label in enumerate(feature.categories)}
    return {mark: index.get(feature.fill, index_of_unknown(feature)) for mark in sorted(cells.MISSING)} | index


def index_of_unknown(feature: CategoryFeature) -> int:
    """That of a label which is not among the categories: -1, or behind them all where the others have a value."""
    return len(feature.categories) if feature.other and not feature.embedded else -1


def missing_marks(feature: CategoryFeature) -> list[str]:
    """What stands in a cell that counts as missing."""
    return sorted(cells.MISSING.difference(feature.categories))
