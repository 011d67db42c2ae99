"""The training, validation and test rows of a table, as its specification wants them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from core.data.images.labels import SPLITS
from core.data.split import Parts, split, split_groups, split_times
from core.data.store import PARTS
from core.data.times import moments
from core.errors import UserInputError
from core.spec import DataSpec

if TYPE_CHECKING:
    from core.data.table import Table  # the window asks for names alone and loads no DuckDB

Found = tuple[dict[str, np.ndarray], tuple[str, ...]]


def parts_of(table: Table, spec: DataSpec, known: np.ndarray, classes: np.ndarray | None, *, where: str) -> Found:
    """Row numbers by part, and what was left out, in words.

    known: numbers of the rows that can be used, ascending. classes: (len(known),) for a classification.

    Raises:
        UserInputError: too few rows, or a column that cannot split them so.
    """
    if len(known) < 2:
        raise UserInputError(
            "There are too few rows with a target to learn from.", where=where, reason=f"There is {len(known)}.",
            remedy="Choose another target, or use more data.",
        )  # fmt: skip
    shares = {"validation": spec.validation, "test": spec.test}
    if spec.split not in spec.COLUMN_SPLITS:
        chosen = classes if spec.split == "stratified" else None
        found = split(len(known), **shares, seed=spec.seed, classes=chosen)
        return {part: known[rows] for part, rows in zip(PARTS, found, strict=True)}, ()
    i = table.names.index(spec.split_by)
    if spec.split == "column":
        usable, parts = _named(table, i, known, where)
        if table.together is not None and table.together.part == spec.split_by and not len(parts[1]):
            parts = _validated(parts, spec, None if classes is None else classes[usable])
    elif spec.split == "time":
        usable, parts = _by_time(moments(table, i)[known], shares, spec.split_by, where)
    else:
        usable, parts = np.arange(len(known)), _by_group(table, i, known, spec, where)
    made = {part: known[usable[rows]] for part, rows in zip(PARTS, parts, strict=True)}
    return made, _told(spec, len(known) - len(usable), made)


def check_images(spec: DataSpec) -> None:
    """Raises UserInputError where images are to be split by a column: they have none."""
    if spec.split_by:
        raise UserInputError("Images have no columns to be split by.", where="data", remedy="Split them at random.")


def _by_group(table: Table, i: int, known: np.ndarray, spec: DataSpec, where: str) -> Parts:
    """Equal cells are a group, and so are all the empty ones."""
    hashes = table.arrays([f"hash({table.label(i)})"])[0][known]
    _, firsts, found = np.unique(hashes, return_index=True, return_inverse=True)
    if len(firsts) < 2:
        _refuse(f"“{spec.split_by}” holds one group only.", where)
    # Numbered by their first rows, which lasts when the way of hashing changes.
    groups = np.argsort(np.argsort(firsts))[found]
    return split_groups(groups, validation=spec.validation, test=spec.test, seed=spec.seed)


def _by_time(times: np.ndarray, shares: dict[str, float], name: str, where: str) -> tuple[np.ndarray, Parts]:
    """Rows without a time are not used: nobody knows whether they came after those that test."""
    usable = np.flatnonzero(np.isfinite(times))
    if not len(usable):
        _refuse(f"“{name}” holds neither dates nor numbers.", where)
    parts = split_times(times[usable], **shares)
    if not len(parts[1]) + len(parts[2]) and any(shares.values()):
        _refuse(f"All rows have the same time in “{name}”, so none is later than the others.", where)
    return usable, parts


def _named(table: Table, i: int, known: np.ndarray, where: str) -> tuple[np.ndarray, Parts]:
    """Rows whose cell names a part; others are not used."""
    words = list(SPLITS)
    text = f"lower(trim({table.label(i)}))"
    place = " ".join(f"WHEN '{word}' THEN {PARTS.index(SPLITS[word])}" for word in words)
    part = table.arrays([f"CASE {text} {place} ELSE -1 END"])[0][known]
    usable = np.flatnonzero(part >= 0)
    if not (part == 0).any():
        _refuse(f"No cell of “{table.names[i]}” says “train”.", where, "Write train, validation or test in each row.")
    train, validation, test = (np.flatnonzero(part[usable] == k) for k in range(3))
    return usable, (train, validation, test)


def _validated(parts: Parts, spec: DataSpec, classes: np.ndarray | None) -> Parts:
    """Files that train and test leave none to validate: a share of the training rows does."""
    train, _, test = parts
    chosen = None if classes is None else classes[train]
    kept, validation, _ = split(len(train), validation=spec.validation, test=0.0, seed=spec.seed, classes=chosen)
    return train[kept], train[validation], test


def _told(spec: DataSpec, lost: int, parts: dict[str, np.ndarray]) -> tuple[str, ...]:
    told = []
    if lost:
        rows = "One row was" if lost == 1 else f"{lost:,} rows were"
        why = "a time" if spec.split == "time" else "a part"
        told.append(f"{rows} left out, since “{spec.split_by}” does not give {why} there.")
    for part, share in (("validation", spec.validation), ("test", spec.test)):
        if not len(parts[part]) and (share or spec.split == "column"):
            told.append(f"“{spec.split_by}” leaves no {part} rows.")
    return tuple(told)


def names_parts(labels: Iterable[str]) -> bool:
    """Whether these are all the labels of a column that tells rows to train from others."""
    found = {SPLITS.get(label.strip().lower()) for label in labels}
    return "train" in found and len(found) > 1 and None not in found


def _refuse(text: str, where: str, remedy: str = "") -> NoReturn:
    raise UserInputError(text, where=where, reason="It cannot split the rows.", remedy=remedy or "Split another way.")
