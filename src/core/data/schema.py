"""What is known about a table: values that travel from the jobs process to the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.preprocess import Preparation


@dataclass(frozen=True)
class ColumnProfile:
    """One column as found.

    kind: "number", "category", "boolean" (of two labels such as yes and no), "date", "text", "identifier", "constant"
    or "empty"; reason: why, in words.
    usable: whether it can be a feature. missing, invalid: counts of cells. distinct: number of different values.
    minimum .. standard_deviation: of the valid cells, numbers only; of dates minimum and maximum, in seconds since
    1970. categories: most frequent first, with counts (at most 64). histogram: counts in equal bins between minimum and
    maximum (numbers, dates) or of the first categories.
    """

    name: str
    kind: str
    reason: str = ""
    usable: bool = True
    missing: int = 0
    invalid: int = 0
    distinct: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    standard_deviation: float | None = None
    categories: tuple[tuple[str, int], ...] = ()
    histogram: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something a person should know or decide. severity: "info", "warning" or "error" (blocks training).

    action: "" or what one click does: "exclude" (the column), "category", "number" or "text" (read it as that kind),
    "keep one" or "keep all" (of rows that repeat), "balance" (the weights of classes, in training), "log" or "no log"
    (log(1 + x) of the column), "embedding" (of its labels).
    """

    severity: str
    text: str
    column: str = ""
    action: str = ""
    action_label: str = ""


@dataclass(frozen=True)
class RejectedRow:
    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class ImageFacts:
    """What is known of images besides the columns "image" and target.

    kind: for people. height, width, channels: what the network gets, guessed or chosen; guessed: the guess. sizes:
    (width, height, count) as found, the most frequent first; sizes_count: how many different ones. colour: how many may
    hold colours. targets: the labels to choose from. With one entry an image: names, of the files; labels, the index in
    `classes`, -1 where unknown, or numbers for a regression; part, 0 train, 1 validation, 2 test as the source says, -1
    where the split decides; usable, whether it could be read.
    """

    kind: str
    height: int
    width: int
    channels: int
    guessed: tuple[int, int, int]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    labels: np.ndarray
    part: np.ndarray
    usable: np.ndarray
    sizes: tuple[tuple[int, int, int], ...] = ()
    sizes_count: int = 0
    colour: int = 0
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loading:
    """How far the pixels of a source are decoded: those of the first `done` images stand in the .npy file at `path`,
    one `shape` of `dtype` each; images that could not be read are black there.
    """

    path: str
    shape: tuple[int, int, int]
    dtype: str
    done: int


@dataclass(frozen=True)
class Together:
    """How several files became one table. text: in words.

    part: the column that says train, validation or test; file: the column with the name of the file; target: the
    column of the answers. "" where there is none.
    """

    how: str
    text: str
    part: str = ""
    file: str = ""
    target: str = ""


@dataclass(frozen=True)
class TableProfile:
    """A table as found: shape, how it was read, columns, guesses, findings and its first rows as text.

    target, task: the guess, or the person's choice where it was given; target_reason in words. preview[i][j]: cell of
    row i, column j as text, None where missing. source_note: where bundled data comes from. format: for people, "CSV
    and TSV". parts: the sheets, tables, arrays or members of the file to choose from, empty where there is nothing to
    choose; part: the one that this is. decimal_comma: whether "1,5" is a number. Several labels a row: targets are all
    columns that tell them where they are more than the target, separator is what joins them in the target's cells.
    together: how several files became it. shapes: what else than this the source can be read as, "images" or "table".
    """

    name: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    target: str
    task: str
    target_reason: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: bool = True
    sha256: str = ""
    findings: tuple[Finding, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    preview: tuple[tuple[str | None, ...], ...] = ()
    source_note: str = ""
    format: str = ""
    part: str = ""
    parts: tuple[str, ...] = ()
    decimal_comma: bool = False
    targets: tuple[str, ...] = ()
    separator: str = ""
    images: ImageFacts | None = None
    together: Together | None = None
    shapes: tuple[str, ...] = ()

    @property
    def predicted(self) -> tuple[str, ...]:
        """Names of all columns that are to be predicted."""
        return self.targets or (self.target,)

    def column(self, name: str) -> ColumnProfile:
        """Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class Prepared:
    """Arrays ready to train on, kept as .npy files in `folder` and opened memory-mapped by `load`.

    fingerprint: hash of content and specification. feature_names: one per prepared input value. rows: counts by part
    ("train", "validation", "test"). outputs: units that the last layer needs with the automatic loss.
    """

    folder: str
    fingerprint: str
    task: str
    target: str
    feature_names: tuple[str, ...]
    row_shape: tuple[int, ...]
    outputs: int
    classes: tuple[str, ...]
    rows: dict[str, int]
    preparation: Preparation
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """x: (rows, *row_shape) float32; y: (rows,) int32 class index, (rows, 1) float32 scaled target, or (rows, labels)
    float32 of 0 and 1.

    row_numbers: (rows,) int64 position in the source, counted from 0.
    """

    x: np.ndarray
    y: np.ndarray
    row_numbers: np.ndarray


@dataclass(frozen=True)
class Arrays:
    """The three parts of a split."""

    train: Part
    validation: Part
    test: Part


NO_PART = 255


@dataclass(frozen=True)
class View:
    """Which rows of a table are looked at, in which order. column: the one to sort by, -1 for the order of the source.
    containing: a text that rows have to hold, or "".
    """

    column: int = -1
    descending: bool = False
    containing: str = ""


@dataclass(frozen=True)
class Page:
    """Rows that follow each other in a view, as they are written; None where a cell is empty. numbers: of the rows in
    the source, from 0. parts: of each row 0 train, 1 validation, 2 test, or NO_PART.
    """

    numbers: tuple[int, ...]
    rows: tuple[tuple[str | None, ...], ...]
    parts: bytes
