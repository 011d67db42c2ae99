"""Fitting every feature to the training rows, and writing x of all parts into arrays on disk.

Columns pass through memory a few at a time, and rows a piece at a time where a column becomes many values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.data import fit, long, store
from core.data.choices import USUAL_WIDTH
from core.data.preprocess import CategoryFeature, Feature, TextFeature
from core.data.profile import Column
from core.data.progress import Progress
from core.data.table import LONG_ROWS, MISSING, Table
from core.data.words import WordCounter
from core.spec import DataSpec

COLUMNS_AT_ONCE = 64  # written side by side, because one column alone touches every page of the array
HELD_BYTES = 256 * 2**20
KEPT_BYTES = 64 * 2**20  # of columns that are kept from fitting to writing
PIECE_VALUES = 2_000_000
TEXTS_AT_ONCE = 10_000

Found = dict[int, Feature | None]
Rows = Callable[[np.ndarray], np.ndarray]  # row numbers -> (rows, width) float32


def write_features(
    table: Table, columns: Sequence[Column], spec: DataSpec, parts: Mapping[str, np.ndarray], folder: Path,
    check_size: Callable[[int], None], progress: Progress,
) -> tuple[Feature, ...]:  # fmt: skip
    """The features of all columns that the training rows have a value of, with x of every part written.

    check_size: is asked before, with the bytes that x will take.
    """
    if table.rows > LONG_ROWS and long.ascending(parts):
        return long.write_features(table, columns, spec, parts, folder, check_size, progress)
    train = parts["train"]
    early, kept = _fit_early(table, columns, spec, train)
    columns = [column for column in columns if early.get(column.index, True)]
    width = sum(found.width if (found := early.get(column.index)) else 1 for column in columns)
    check_size(sum(map(len, parts.values())) * width * 4)
    arrays = {part: store.new_array(folder, part, "x", (len(rows), width), np.float32) for part, rows in parts.items()}
    writer = _Writer(arrays, parts)
    reading = fit.read_features(table, [c for c in columns if c.kind != "text" and c.index not in kept])
    features: list[Feature] = []
    for k, column in enumerate(columns):
        progress("Preparing columns", k / len(columns))
        feature = early.get(column.index)
        if isinstance(feature, TextFeature):
            writer.write_texts(feature, _texts(table, column), table.rows)
        else:
            values = kept.pop(column.index) if column.index in kept else next(reading)
            feature = feature or fit.fit_feature(
                values, train, choice=spec.choice(column.name), log=column.name in spec.logs
            )
            assert feature is not None
            writer.hold(feature, values)
        features.append(feature)
    writer.flush()
    return tuple(features)


def _fit_early(
    table: Table, columns: Sequence[Column], spec: DataSpec, train: np.ndarray
) -> tuple[Found, dict[int, fit.Values]]:
    """Features of which the width must be known before the arrays are made; and what was read, where it is not much."""
    found: Found = {}
    kept: dict[int, fit.Values] = {}
    held = 0
    for column in columns:
        choice = spec.choice(column.name)
        if column.kind == "text":
            found[column.index] = TextFeature(column.name, choice.width or USUAL_WIDTH)
        elif column.kind != "number" or (choice.indicator and column.profile.missing + column.profile.invalid):
            values = fit.read_feature(table, column)
            feature = fit.fit_feature(values, train, choice=choice, log=column.name in spec.logs)
            found[column.index] = feature
            held += values.raw.nbytes
            if feature is not None and held <= KEPT_BYTES:
                kept[column.index] = values
    return found, kept


def _texts(table: Table, column: Column) -> Iterator[list[str | None]]:
    cursor = table.work.con.cursor()
    try:
        cursor.execute(f"SELECT {table.label(column.index)} FROM cells")
        while found := cursor.fetchmany(TEXTS_AT_ONCE):
            yield [text for (text,) in found]
    finally:
        cursor.close()


class _Writer:
    """Puts columns side by side into x of every part, in the order in which they come."""

    def __init__(self, arrays: Mapping[str, np.ndarray], parts: Mapping[str, np.ndarray]) -> None:
        self._arrays, self._parts = arrays, parts
        self._held: list[tuple[int, Rows]] = []
        self._bytes = 0
        self._at = 0

    def hold(self, feature: Feature, values: fit.Values) -> None:
        """Categories wait as places, since their values may be a thousand times as many; all others as values."""
        if isinstance(feature, CategoryFeature):
            rows, size = _category_rows(feature, values)
        else:
            made = fit.transform(feature, values)
            rows, size = made.__getitem__, made.nbytes
        self._held.append((feature.width, rows))
        self._bytes += size
        if len(self._held) == COLUMNS_AT_ONCE or self._bytes >= HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        width = sum(width for width, _ in self._held)
        if not width:
            return
        step = max(1, PIECE_VALUES // width)
        for part, chosen in self._parts.items():
            x = self._arrays[part]
            for start in range(0, len(chosen), step):
                some = chosen[start : start + step]
                block = np.concatenate([rows(some) for _, rows in self._held], axis=1)
                x[start : start + step, self._at : self._at + width] = block
        self._held, self._bytes = [], 0
        self._at += width

    def write_texts(self, feature: TextFeature, texts: Iterator[list[str | None]], rows: int) -> None:
        """texts: of all rows in their order, some at a time."""
        self.flush()
        count = WordCounter(feature.width)
        places = {part: _places(chosen, rows) for part, chosen in self._parts.items()}
        start = 0
        for some in texts:
            values = count(some)
            for part, place in places.items():
                at = place[start : start + len(some)]
                self._arrays[part][at[at >= 0], self._at : self._at + feature.width] = values[at >= 0]
            start += len(some)
        self._at += feature.width


def _category_rows(feature: CategoryFeature, values: fit.Values) -> tuple[Rows, int]:
    places = fit.codes_of(feature, values).astype(np.int32)
    missing = np.equal(values.raw, MISSING)
    return lambda rows: feature.values(places[rows], missing=missing[rows]), places.nbytes + missing.nbytes


def _places(chosen: np.ndarray, rows: int) -> np.ndarray:
    """(rows,) where each row stands in a part, -1 where it does not."""
    found = np.full(rows, -1, np.int64)
    found[chosen] = np.arange(len(chosen))
    return found
