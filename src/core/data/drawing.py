"""Points drawn by hand on the square [-1, 1]²: in classes, or as a curve with one input and one number.

A drawing is the points themselves: (x, y, class) or (x, y), kept in the project, in the order in which they were drawn.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import UserInputError

MOST_POINTS = 5000
FEWEST_POINTS = 8
LABELS = ("A", "B", "C", "D", "E", "F")
DIGITS = 4

Point = tuple[float, ...]  # x, y and, in classes, the index of the class
Points = tuple[Point, ...]


@dataclass(frozen=True)
class DrawnInfo:
    """name in files; label and description for people; task; the column to predict, which is the last one."""

    name: str
    label: str
    description: str
    task: str
    target: str


_KINDS: dict[str, DrawnInfo] = {
    info.name: info
    for info in (
        DrawnInfo(
            "classes", "Drawn points", "Paint classes onto a plane and see how a network parts them.",
            "classification", "class",
        ),
        DrawnInfo(
            "curve", "Drawn curve", "Draw a line: one input, one number, and the curve that a network finds.",
            "regression", "y",
        ),
    )
}  # fmt: skip


def drawings() -> tuple[DrawnInfo, ...]:
    return tuple(_KINDS.values())


def drawing(name: str) -> DrawnInfo:
    """Raises UserInputError for an unknown name."""
    if name not in _KINDS:
        raise UserInputError(f"There is no drawing {name!r}.", remedy=f"Use one of: {', '.join(_KINDS)}.")
    return _KINDS[name]


def point(x: float, y: float, index: int | None = None) -> Point:
    """A point of the square, rounded as it is kept; beyond the border it lies on it."""
    at = (round(min(max(x, -1.0), 1.0), DIGITS) + 0.0, round(min(max(y, -1.0), 1.0), DIGITS) + 0.0)
    return at if index is None else (*at, index)


def lacking(name: str, points: Points) -> str:
    """What is still to be drawn before anything can be learned, in a sentence; "" where there is enough."""
    classes = drawing(name).task == "classification"
    if not points:
        return "Draw some points first: click on the plane, or drag."
    if classes and len({p[2] for p in points}) < 2:
        return "Draw points of a second class: there is nothing to tell apart yet."
    if len(points) < FEWEST_POINTS:
        return f"Draw a few more points: at least {FEWEST_POINTS} are needed."
    if not classes and (len({p[0] for p in points}) < 2 or len({p[1] for p in points}) < 2):
        return "Draw points beside each other: a curve needs more than one place."
    return ""


def near(points: Points, x: float, y: float, radius: float) -> np.ndarray:
    """(n,) whether each point lies within `radius` of (x, y)."""
    if not points:
        return np.zeros(0, bool)
    at = np.array([p[:2] for p in points])
    return np.hypot(at[:, 0] - x, at[:, 1] - y) <= radius


def columns(name: str, points: Points) -> dict[str, list[str]]:
    """The cells as text, by column, the target last. Raises UserInputError for what is no such drawing."""
    checked(name, points)
    found = {"x": [_text(p[0]) for p in points]}
    if drawing(name).task == "classification":
        return found | {"y": [_text(p[1]) for p in points], "class": [LABELS[int(p[2])] for p in points]}
    return found | {"y": [_text(p[1]) for p in points]}


def to_csv(name: str, points: Points) -> bytes:
    """The table of a drawing as a CSV file: UTF-8, commas, a header row."""
    text, cells = io.StringIO(newline=""), columns(name, points)
    writer = csv.writer(text)
    writer.writerow(cells)
    writer.writerows(zip(*cells.values(), strict=True))
    return text.getvalue().encode("utf-8")


def from_columns(cells: Mapping[str, Sequence[str]]) -> Points:
    """The points of a generated table, x, y and classes, scaled into the square so that its shape stays.

    Raises:
        UserInputError: other columns, too many points or too many classes.
    """
    names = list(cells)
    labels = sorted(set(cells[names[-1]]))
    if len(names) != 3 or len(labels) > len(LABELS):
        raise UserInputError("Only points of a plane in a few classes can be drawn on.")
    if len(cells[names[0]]) > MOST_POINTS:
        raise UserInputError(f"At most {MOST_POINTS:,} points can be drawn on.", remedy="Generate fewer points.")
    xy = np.array([cells[names[0]], cells[names[1]]], float).T
    low, high = xy.min(axis=0), xy.max(axis=0)
    xy = (xy - (low + high) / 2) / max(float((high - low).max()) / 2, 1e-9) * 0.95
    index = (labels.index(label) for label in cells[names[-1]])
    return tuple(point(float(x), float(y), i) for (x, y), i in zip(xy, index, strict=True))


def checked(name: str, points: Points) -> Points:
    """`points`, fit for a drawing of that name; raises UserInputError otherwise."""
    classes = drawing(name).task == "classification"
    if len(points) > MOST_POINTS:
        raise UserInputError(f"A drawing of {len(points):,} points is too large.", reason=f"It holds {MOST_POINTS:,}.")
    for p in points:
        place = len(p) == 2 + classes and all(-1 <= v <= 1 for v in p[:2])
        if not place or (classes and p[2] not in range(len(LABELS))):
            reason = f"A point is x and y between -1 and 1{' and the number of its class' if classes else ''}."
            remedy = "Clear the drawing and draw it again."
            raise UserInputError(
                f"{p!r} is no point of this drawing.", where=drawing(name).label, reason=reason, remedy=remedy
            )
    return points


def points_from_json(raw: Any) -> Points:
    """Points as `DataSource` keeps them, from lists of numbers; raises TypeError or ValueError."""
    if not isinstance(raw, (list, tuple)) or len(raw) > MOST_POINTS:
        raise ValueError(f"at most {MOST_POINTS:,} points are read")
    return tuple(_point(each) for each in raw)


def _point(raw: Any) -> Point:
    numbers = isinstance(raw, (list, tuple)) and len(raw) in (2, 3) and all(type(v) in (int, float) for v in raw)
    if not numbers or not all(math.isfinite(v) and abs(v) <= 1000 for v in raw):
        raise TypeError(f"{raw!r} is no point")
    return (float(raw[0]), float(raw[1]), *(int(v) for v in raw[2:]))


def _text(value: float) -> str:
    return f"{value:.{DIGITS}f}"
