"""Targets of several labels a row: read from cells that join them, or from several columns of truth values.

An empty cell of joined labels says that the row has none of them; "NA" and its like say that nobody knows, and such
rows are left out, as are those where any of several columns has no value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.budget import DEFAULT, require
from core.data import cells, separators
from core.data.preprocess import LabelsTarget
from core.data.profile import LISTED_CATEGORIES, Column
from core.data.schema import Finding
from core.data.table import Table
from core.data.truths import FALSE, TRUE, WORDS, truth

MOST_LABELS = 1000
FEW_LABELS = 10  # a small table may have no more rows than these
MOST_CELLS = 2**20  # different cells of joined labels
RARE = 10  # rows with a label below which little can be learned of it
LISTED = 6
BINS = 16


@dataclass(frozen=True)
class Labels:
    """target: its names. columns: where it is read. counts: rows with each label, in the order of the classes.

    rows: those whose labels are known; empty: those of them whose cell is empty. blocked: why nothing can be learned.
    """

    target: LabelsTarget
    columns: tuple[Column, ...]
    counts: tuple[int, ...] = ()
    rows: int = 0
    empty: int = 0
    blocked: str = ""

    @property
    def by_count(self) -> dict[str, int]:
        """Rows with each label, the most frequent first."""
        order = sorted(range(len(self.counts)), key=lambda k: (-self.counts[k], k))
        return {self.target.classes[k]: self.counts[k] for k in order}


def told_apart(table: Table, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns, each with what joins several labels in its cells, as far as the first rows show it."""
    return tuple(
        replace(column, separator=separators.guess(row[column.index] for row in table.preview))
        if table.textual[column.index] and column.kind in ("category", "text", "identifier")
        else column
        for column in columns
    )


def name_of(columns: Sequence[str]) -> str:
    """What several columns are called together."""
    return ", ".join(columns) if len(columns) <= 3 else f"{columns[0]}, {columns[1]} … ({len(columns):,} labels)"


def find(table: Table, columns: tuple[Column, ...], separator: str) -> Labels:
    """The labels of a joined column, or of several columns of truth values; separator "": guessed."""
    if len(columns) > 1:
        return _of_columns(columns)
    return _of_cells(table, columns[0], separator)


# --- columns of truth values


def _of_columns(columns: tuple[Column, ...]) -> Labels:
    names = tuple(column.name for column in columns)
    target = LabelsTarget(name_of(names), names, columns=names)
    if len(names) > MOST_LABELS:
        return Labels(target, columns, blocked=_too_many(len(names)))
    for column in columns:
        strange = [label for label in column.labels if truth(label) is None]
        if strange or not column.labels:
            held = f"“{strange[0]}”" if strange else "no truth values"
            why = f"“{column.name}” holds {held}: several columns are labels where their cells are {WORDS}."
            return Labels(target, columns, blocked=why)
    counts = tuple(sum(n for label, n in column.labels.items() if truth(label)) for column in columns)
    rows = min(column.filled if _says_no(column) else column.facts.rows for column in columns)
    return _checked(Labels(target, columns, counts, rows))


def _says_no(column: Column) -> bool:
    """Whether absence is written out; else an empty cell says it, as where only those that apply have an x."""
    return any(truth(label) is False for label in column.labels)


def _truths(table: Table, column: Column) -> str:
    """SQL: 1, 0 or -1 where nobody knows."""
    word = f"lower(trim({table.label(column.index, column.kept)}))"
    yes, no = (", ".join(map(cells.sql_text, words)) for words in (TRUE, FALSE))
    return f"CASE WHEN {word} IN ({yes}) THEN 1 WHEN {word} IN ({no}) THEN 0 ELSE {-1 if _says_no(column) else 0} END"


# --- cells that join labels


@dataclass(frozen=True)
class _Cells:
    """The different cells of a column: their labels, by how many rows each stands in; hashes tell which is where."""

    labels: list[tuple[str, ...]]
    counts: list[int]
    hashes: np.ndarray
    known: list[bool] = field(default_factory=list)


def _of_cells(table: Table, column: Column, separator: str) -> Labels:
    separator = separator or column.separator or _likeliest(table, column)
    target = LabelsTarget(column.name, (), separator)
    if column.facts.distinct > MOST_CELLS:
        why = f"“{column.name}” holds {column.facts.distinct:,} different cells, too many to be labels."
        return Labels(target, (column,), blocked=why)
    found = _different(table, column, separator)
    totals: dict[str, int] = {}
    for labels, n in zip(found.labels, found.counts, strict=True):
        for label in labels:
            totals[label] = totals.get(label, 0) + n
    classes = tuple(sorted(totals, key=cells.natural))
    target = replace(target, classes=classes[:MOST_LABELS])
    if len(classes) > MOST_LABELS:
        return Labels(target, (column,), blocked=_too_many(len(classes)))
    rows = sum(n for n, known in zip(found.counts, found.known, strict=True) if known)
    pairs = zip(found.labels, found.counts, found.known, strict=True)
    empty = sum(n for labels, n, known in pairs if known and not labels)
    return _checked(Labels(target, (column,), tuple(totals[label] for label in classes), rows, empty))


def _likeliest(table: Table, column: Column) -> str:
    text = _text(table, column)
    found = table.row([f"count(*) FILTER (contains({text}, {cells.sql_text(s)}))" for s in separators.SEPARATORS])
    counts = {s: n for s, n in zip(separators.SEPARATORS, found, strict=True) if isinstance(n, int)}
    return separators.likeliest(counts)


def _text(table: Table, column: Column) -> str:
    """SQL: the cell as text, "" where it is empty."""
    return f"coalesce({table.label(column.index, cells.MISSING)}, '')"


def _different(table: Table, column: Column, separator: str) -> _Cells:
    query = f"SELECT cell, count(*), hash(cell) FROM (SELECT {_text(table, column)} AS cell FROM cells) GROUP BY cell"
    rows = sorted(table.work.con.execute(query).fetchall())
    unknown = cells.MISSING - column.kept - {""}
    known = [text not in unknown for text, _, _ in rows]
    labels = [separators.split(text, separator) if is_ else () for (text, _, _), is_ in zip(rows, known, strict=True)]
    hashes = np.array([hashed for _, _, hashed in rows], np.uint64)
    return _Cells(labels, [int(n) for _, n, _ in rows], hashes, known)


# --- what is wrong, what should be known


def _too_many(count: int) -> str:
    return f"There are {count:,} labels; at most {MOST_LABELS:,} can be told: choose another target or separator."


def _checked(found: Labels) -> Labels:
    name = found.target.name
    if len(found.columns) == 1 and found.counts and None not in map(truth, found.target.classes):
        why = f"“{name}” says yes or no, which is one label: choose the other columns of labels too, or another task."
    elif len(found.counts) < 2:
        why = f"“{name}” holds one label only: choose another target, or what joins its labels."
    elif not any(0 < n < found.rows for n in found.counts):
        why = f"All rows have the same labels of “{name}”: there is nothing to tell apart. Choose another target."
    elif FEW_LABELS < len(found.counts) > found.rows / 2:
        why = f"Nearly every row has a label of its own in “{name}”: choose another target, or another task."
    else:
        return found
    return replace(found, blocked=why)


def findings(found: Labels) -> list[Finding]:
    """What a person should know of the labels before training."""
    if found.blocked:
        return []
    target, told, at = found.target, [], found.columns[0].name
    total = found.columns[0].facts.rows
    if found.rows < total:
        text = f"The labels of {_rows(total - found.rows)} are not known: they cannot be learned from."
        told.append(Finding("warning", text, at))
    if found.empty:
        have = "has an empty cell and counts" if found.empty == 1 else "have an empty cell and count"
        text = f"{_rows(found.empty, capital=True)} {have} as having none of the labels of “{target.name}”."
        told.append(Finding("info", text, at))
    shares = dict(zip(target.classes, found.counts, strict=True))
    told += _group([k for k, n in shares.items() if n >= found.rows], "in every row: nothing can be learned of", at)
    told += _group([k for k, n in shares.items() if n == 0], "in no row: nothing can be learned of", at)
    rare = [f"{k} ({n:,})" for k, n in shares.items() if 0 < n < min(RARE, found.rows)]
    told += _group(rare, f"in fewer than {RARE} rows: little can be learned of", at)
    return told


def _group(labels: list[str], where: str, column: str) -> list[Finding]:
    if not labels:
        return []
    listed = ", ".join(labels[:LISTED]) + (" …" if len(labels) > LISTED else "")
    which, them = ("One label stands", "it") if len(labels) == 1 else (f"{len(labels):,} labels stand", "them")
    return [Finding("warning", f"{which} {where} {them}: {listed}.", column)]


def _rows(count: int, *, capital: bool = False) -> str:
    return f"{'One' if capital else 'one'} row" if count == 1 else f"{count:,} rows"


def as_labels(found: Labels) -> Column:
    """The column as people see it: its labels with their counts."""
    column = found.columns[0]
    if len(found.columns) > 1 or found.blocked:
        return column
    listed = tuple(found.by_count.items())[:LISTED_CATEGORIES]
    joined = "a space" if found.target.separator == " " else f"“{found.target.separator}”"
    reason = f"{len(found.counts):,} labels, joined by {joined} where a cell holds several."
    profile = replace(
        column.profile, kind="category", usable=True, reason=reason, distinct=len(found.counts), categories=listed,
        histogram=tuple(n for _, n in listed[:BINS]), missing=column.facts.rows - found.rows, invalid=0,
    )  # fmt: skip
    return replace(column, profile=profile)


# --- the answers of all rows


def read(table: Table, found: Labels) -> np.ndarray:
    """(rows, labels) int8: 1 where the row has the label, 0 where not, -1 in all places of a row that is not known.

    Raises:
        UserInputError: too many rows and labels for the memory.
    """
    width = len(found.target.classes)
    what, remedy = "The labels of all rows would be too large.", "Use fewer rows or labels."
    needed, name = table.rows * width * 4, found.target.name
    require(needed, DEFAULT.array_bytes, what=what, unit="bytes", where=name, remedy=remedy)
    if found.target.separator:
        return _read_cells(table, found)
    y = np.empty((table.rows, width), np.int8)
    for k, column in enumerate(found.columns):
        y[:, k] = table.arrays([_truths(table, column)])[0]
    y[y.min(axis=1) < 0] = -1
    return y


def _read_cells(table: Table, found: Labels) -> np.ndarray:
    column = found.columns[0]
    cell = _different(table, column, found.target.separator)
    place = {label: k for k, label in enumerate(found.target.classes)}
    marks = np.zeros((len(cell.labels), len(place)), np.int8)
    for i, (labels, known) in enumerate(zip(cell.labels, cell.known, strict=True)):
        marks[i, [place[label] for label in labels]] = 1
        if not known:
            marks[i] = -1
    order = np.argsort(cell.hashes)
    hashes = table.arrays([f"hash({_text(table, column)})"])[0]
    return marks[order[np.searchsorted(cell.hashes[order], hashes)]]


def of_label(table: Table, found: Labels, label: str) -> str:
    """SQL: 1 where the row has this label, else 0 or below."""
    target = found.target
    if not target.separator:
        return f"({_truths(table, found.columns[target.classes.index(label)])})::DOUBLE"
    text = _text(table, found.columns[0])
    parts = f"string_split({text}, {cells.sql_text(target.separator)})"
    return f"list_contains(list_transform({parts}, lambda part: trim(part)), {cells.sql_text(label)})::DOUBLE"


def values(target: LabelsTarget, columns: Mapping[str, Sequence[str | None]]) -> np.ndarray:
    """As `read`, of cells of text by column name; labels that the target does not have play no part."""
    if target.separator:
        place = {label: k for k, label in enumerate(target.classes)}
        written = [(cell or "").strip() for cell in columns[target.name]]
        y = np.zeros((len(written), len(place)), np.int8)
        for i, text in enumerate(written):
            known = text in place or text not in cells.MISSING - {""}
            labels = separators.split(text, target.separator) if known else ()
            y[i, [place[label] for label in labels if label in place]] = 1
            if not known:
                y[i] = -1
        return y
    y = np.array([_told(columns[name]) for name in target.columns], np.int8).T
    y[y.min(axis=1) < 0] = -1
    return y


def _told(column: Sequence[str | None]) -> list[int]:
    """1, 0 or -1 for every cell; an empty one says no where others say yes and none says no."""
    found = [truth(cell) if cell else None for cell in column]
    blank = 0 if True in found and False not in found else -1
    return [blank if value is None else int(value) for value in found]
