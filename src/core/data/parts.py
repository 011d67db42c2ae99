"""The training, validation and test rows of a table, as its specification wants them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from core.data.folds import borders, deal, deal_groups
from core.data.images.labels import SPLITS
from core.data.split import Parts, quantiles, split, split_groups, split_times
from core.data.store import PARTS
from core.data.times import moments
from core.errors import UserInputError
from core.spec import DataSpec

if TYPE_CHECKING:
    from core.data.table import Table  # the window asks for names alone and loads no DuckDB

Rows = dict[str, np.ndarray]
Found = tuple[Rows, tuple[str, ...]]


def parts_of(table: Table, spec: DataSpec, known: np.ndarray, classes: np.ndarray | None, *, where: str) -> Found:
    """Row numbers by part, and what was left out, in words.

    known: numbers of the rows that can be used, ascending. classes: of these rows, what a stratified split spreads
    evenly: see `strata`.

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
        chosen = None if spec.split == "random" else classes
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


def strata(y: np.ndarray, spec: DataSpec, *, numbers: bool) -> np.ndarray | None:
    """What a stratified split spreads evenly over its parts: the classes, or tenths of numbers where that is asked."""
    if not numbers:
        return y
    return quantiles(y) if spec.split == "quantile" else None


def fold_of(table: Table, spec: DataSpec, parts: Rows, classes: np.ndarray | None, *, where: str) -> Rows:
    """`parts` with what trains and validates divided anew: fold `spec.fold` of `spec.folds` validates, as `split` says.

    classes: of all rows of the table, as for `parts_of`. Of a split by time, later folds are in no part.

    Raises:
        UserInputError: too few rows, groups or times for so many folds.
    """
    rows = np.union1d(parts["train"], parts["validation"])
    if spec.split == "time":
        times = moments(table, table.names.index(spec.split_by))[rows]
        order = np.argsort(times, kind="stable")
        found = borders(times[order], spec.folds)
        if found is None:
            _too_few(f"“{spec.split_by}” holds too few different times for {spec.folds} folds.", where)
        first, second = found[spec.fold : spec.fold + 2]
        return {**parts, "train": np.sort(rows[order[:first]]), "validation": np.sort(rows[order[first:second]])}
    if spec.split == "group":
        groups = _groups(table, table.names.index(spec.split_by), rows)
        if groups.max(initial=-1) + 1 < spec.folds:
            _too_few(f"“{spec.split_by}” holds too few groups for {spec.folds} folds.", where)
        fold = deal_groups(groups, spec.folds, seed=spec.seed)
    else:
        fold = dealt(rows, spec, classes, where=where)
    return {**parts, "train": rows[fold != spec.fold], "validation": rows[fold == spec.fold]}


def dealt(rows: np.ndarray, spec: DataSpec, classes: np.ndarray | None, *, where: str) -> np.ndarray:
    """(len(rows),) the fold of each of these rows, at random, or by class unless the split is plainly random."""
    if len(rows) < spec.folds:
        _too_few(f"There are too few rows for {spec.folds} folds.", where)
    chosen = None if classes is None or spec.split == "random" else classes[rows]
    return deal(len(rows), spec.folds, seed=spec.seed, classes=chosen)


def _too_few(text: str, where: str) -> NoReturn:
    raise UserInputError(text, where=where, remedy="Use fewer folds, or more data.")


def check_images(spec: DataSpec) -> None:
    """Raises UserInputError where images are to be split by a column: they have none."""
    if spec.split_by:
        raise UserInputError("Images have no columns to be split by.", where="data", remedy="Split them at random.")


def _by_group(table: Table, i: int, known: np.ndarray, spec: DataSpec, where: str) -> Parts:
    groups = _groups(table, i, known)
    if not groups.any():
        _refuse(f"“{spec.split_by}” holds one group only.", where)
    return split_groups(groups, validation=spec.validation, test=spec.test, seed=spec.seed)


def _groups(table: Table, i: int, rows: np.ndarray) -> np.ndarray:
    """The number of each row's group: equal cells are a group, and so are all the empty ones."""
    hashes = table.arrays([f"hash({table.label(i)})"])[0][rows]
    _, firsts, found = np.unique(hashes, return_index=True, return_inverse=True)
    # Numbered by their first rows, which lasts when the way of hashing changes.
    numbers: np.ndarray = np.argsort(np.argsort(firsts))[found]
    return numbers


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
        if part == "validation" and spec.folds:
            continue  # a fold validates
        if not len(parts[part]) and (share or spec.split == "column"):
            told.append(f"“{spec.split_by}” leaves no {part} rows.")
    return tuple(told)


def names_parts(labels: Iterable[str]) -> bool:
    """Whether these are all the labels of a column that tells rows to train from others."""
    found = {SPLITS.get(label.strip().lower()) for label in labels}
    return "train" in found and len(found) > 1 and None not in found


def _refuse(text: str, where: str, remedy: str = "") -> NoReturn:
    raise UserInputError(text, where=where, reason="It cannot split the rows.", remedy=remedy or "Split another way.")
