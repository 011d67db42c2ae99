"""Points of two columns for the scatter plot, with what tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from core.data import dates, store
from core.data.preprocess import ClassTarget, DateFeature, LabelsTarget, NumberFeature, NumberTarget, Preparation
from core.data.schema import Prepared, TableProfile
from core.errors import UserInputError

Drawn = NumberFeature | DateFeature
MINUTE, ROUNDED = 60, 1e-6
MOST_POINTS = 3000
MOST_SETS = 8  # of labels that are told apart by colour


@dataclass(frozen=True)
class Points:
    """x, y: (n,) float. group: (n,) class index, or None for a number target, whose values are then `value`, (n,)."""

    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] = ()
    group: np.ndarray | None = None
    value: np.ndarray | None = None


def number_columns(profile: TableProfile) -> list[str]:
    return [c.name for c in profile.columns if c.kind == "number" and c.minimum is not None]


def date_columns(profile: TableProfile) -> list[str]:
    return [c.name for c in profile.columns if c.kind == "date" and c.minimum is not None]


def from_preview(
    profile: TableProfile, x: str, y: str, forms: Mapping[str, tuple[str, ...]] | None = None
) -> Points:
    """The first rows of the table; rows where a number is missing are left out. forms: of dates, by column."""
    names = [c.name for c in profile.columns]
    told = profile.target if profile.task != "labels" else ""  # the arrays say which labels stand together
    at = [names.index(name) for name in (x, y, told) if name in names]
    rows = [[row[i] for i in at] for row in profile.preview if all(row[i] is not None for i in at)]
    of_x, of_y = (_reader(profile, name, (forms or {}).get(name, ())) for name in (x, y))
    numbers = [(of_x(cells[0]), of_y(cells[1]), cells) for cells in rows]
    kept = [(a, b, cells) for a, b, cells in numbers if a is not None and b is not None]
    px, py = (np.array([row[i] for row in kept], float) for i in (0, 1))
    if len(at) < 3:
        return Points(px, py)
    answers = [str(cells[2]) for _, _, cells in kept]
    if profile.task == "regression":
        read = [_number(answer) for answer in answers]
        return Points(px, py, value=np.array([np.nan if v is None else v for v in read], float))
    classes = tuple(sorted(set(answers)))
    return Points(px, py, classes, np.array([classes.index(a) for a in answers], int))


def from_arrays(prepared: Prepared, x: str, y: str) -> Points | None:
    """All rows, thinned evenly where they are many; None where a column is not prepared or cannot be read."""
    preparation = prepared.preparation
    target = preparation.target
    across, up = _place(preparation, x), _place(preparation, y)
    numbers = {target.name: target} if isinstance(target, NumberTarget) else {}
    if not prepared.folder or (across is None and x not in numbers) or (up is None and y not in numbers):
        return None
    try:
        arrays = store.load(prepared)
    except (OSError, ValueError, UserInputError):
        return None  # swept away with its folder: the preview still serves
    parts = (arrays.train, arrays.validation, arrays.test)
    every = max(1, -(-sum(len(part.y) for part in parts) // MOST_POINTS))
    rows, answers = (np.concatenate([getattr(part, name)[::every] for part in parts]) for name in ("x", "y"))
    px, py = (_column(rows, answers, place, numbers.get(name)) for name, place in ((x, across), (y, up)))
    if isinstance(target, ClassTarget):
        return Points(px, py, target.classes, answers.astype(int))
    if isinstance(target, LabelsTarget):
        return Points(px, py, *label_sets(target, answers))
    return Points(px, py, value=answers[:, 0] * target.scale + target.mean)


def label_sets(target: LabelsTarget, answers: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The sets of labels that rows have together, the most frequent first, and the set of each row, (n,)."""
    sets, place, counts = np.unique(answers > 0.5, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.argsort(order, kind="stable")
    kept = order[: MOST_SETS - 1] if len(order) > MOST_SETS else order
    names = [" + ".join(target.classes[k] for k in np.flatnonzero(sets[i])) or "none of them" for i in kept]
    others = ["other"] if len(kept) < len(order) else []
    return (*names, *others), np.minimum(rank[place.ravel()], len(kept))


def _column(
    rows: np.ndarray, answers: np.ndarray, place: tuple[int, Drawn] | None, target: NumberTarget | None
) -> np.ndarray:
    """A feature, or the target where it is a number, in the units of the data."""
    if place is not None:
        at, feature = place
        values = rows[:, at]
        found: np.ndarray = _moments(values, feature) if isinstance(feature, DateFeature) else feature.unscaled(values)
    else:
        assert target is not None
        found = answers[:, 0] * target.scale + target.mean
    return found


def _moments(values: np.ndarray, feature: DateFeature) -> np.ndarray:
    """Seconds since 1970; the few that 32 bits lose would make 00:00:07 of a midnight."""
    found: np.ndarray = values.astype(float) * feature.scale + feature.mean
    for step in (MINUTE, dates.DAY):
        near = np.round(found / step) * step
        found = np.where(np.abs(found - near) <= feature.scale * ROUNDED, near, found)
    return found


def _place(preparation: Preparation, name: str) -> tuple[int, Drawn] | None:
    """Where among the prepared inputs a column of numbers or of moments stands."""
    at = 0
    for feature in preparation.features:
        timed = isinstance(feature, DateFeature) and feature.parts[:1] == ("time",)
        if feature.name == name and (timed or isinstance(feature, NumberFeature)):
            return at, cast(Drawn, feature)
        at += feature.width
    return None


def _reader(profile: TableProfile, name: str, forms: tuple[str, ...]) -> Callable[[str | None], float | None]:
    if name not in date_columns(profile):
        return _number
    return lambda text: None if text is None else dates.moment(text, forms)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else np.nan
    except ValueError:
        return None
    return value if np.isfinite(value) else None
