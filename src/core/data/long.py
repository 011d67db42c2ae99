"""Preparing a table so long that not even one column should stand in memory several times.

What `written` does for tables of usual length, with the same result: columns are fitted one after the other, then the
rows pass by a piece at a time, and those of each part are appended to its file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data import fit, store
from core.data.choices import USUAL_WIDTH
from core.data.preprocess import Feature, TextFeature
from core.data.profile import Column
from core.data.progress import Progress
from core.data.table import PIECE_ROWS, Table
from core.data.words import WordCounter
from core.spec import DataSpec

PIECE_VALUES = 2**24


@dataclass(frozen=True)
class _Fitted:
    """labels: of a column of labels, as its codes count them. count: of a column of texts."""

    column: Column
    feature: Feature
    labels: tuple[str, ...] = ()
    count: WordCounter | None = None

    def values(self, piece: Table) -> np.ndarray:
        """(rows, width) float32 of a piece of the table."""
        if self.count is not None:
            query = f"SELECT {piece.label(self.column.index)} FROM {piece.relation}"
            return self.count([text for (text,) in piece.work.con.execute(query).fetchall()])
        if self.labels:
            codes = piece.codes(self.column.index, self.labels)
            return fit.transform(self.feature, fit.Values(self.column, codes, self.labels))
        return fit.transform(self.feature, fit.read_feature(piece, self.column))


def write_features(
    table: Table, columns: Sequence[Column], spec: DataSpec, parts: Mapping[str, np.ndarray], folder: Path,
    check_size: Callable[[int], None], progress: Progress,
) -> tuple[Feature, ...]:  # fmt: skip
    """As `written.write_features`. parts: row numbers, each ascending."""
    fitted: list[_Fitted] = []
    for k, column in enumerate(columns):
        progress("Preparing columns", k / (2 * len(columns)))
        found = _fit(table, column, spec, parts["train"])
        fitted += [found] if found is not None else []
    width = sum(each.feature.width for each in fitted)
    check_size(sum(map(len, parts.values())) * width * 4)
    with contextlib.ExitStack() as held:
        files = {
            part: held.enter_context(store.appended(folder, part, "x", (len(rows), width), np.float32))
            for part, rows in parts.items()
        }
        size = max(1, min(PIECE_ROWS, PIECE_VALUES // max(1, width)))
        for start, piece in table.pieces(size):
            progress("Preparing rows", 0.5 + start / (2 * table.rows))
            block = np.concatenate([each.values(piece) for each in fitted], axis=1)
            for part, rows in parts.items():
                mine = rows[slice(*np.searchsorted(rows, (start, start + piece.rows)))]
                block[mine - start].tofile(files[part])
    return tuple(each.feature for each in fitted)


def _fit(table: Table, column: Column, spec: DataSpec, train: np.ndarray) -> _Fitted | None:
    choice, log = spec.choice(column.name), column.name in spec.logs
    if column.kind == "text":
        width = choice.width or USUAL_WIDTH
        return _Fitted(column, TextFeature(column.name, width), count=WordCounter(width))
    if column.kind in ("number", "date"):
        seen = _seen(table, column, train)
        values = fit.Values(column, seen)
        feature = fit.fit_feature(values, None, choice=choice, log=log)
        return _Fitted(column, feature) if feature is not None else None
    values = fit.read_feature(table, column)
    feature = fit.fit_feature(values, train, choice=choice, log=log)
    return _Fitted(column, feature, values.labels) if feature is not None else None


def _seen(table: Table, column: Column, train: np.ndarray) -> np.ndarray:
    """(training rows,) float64 of a column of numbers or dates."""
    found = np.empty(len(train), np.float64)
    for start, values in _pieces(table, column):
        low, high = np.searchsorted(train, (start, start + len(values)))
        found[low:high] = values[train[low:high] - start]
    return found


def _pieces(table: Table, column: Column) -> Iterator[tuple[int, np.ndarray]]:
    for start, piece in table.pieces(PIECE_ROWS):
        yield start, fit.read_feature(piece, column).raw


def ascending(parts: Mapping[str, np.ndarray]) -> bool:
    return all(bool(np.all(rows[1:] > rows[:-1])) for rows in parts.values())
