"""Where columns, tiles and cards stand, for an area of a given size. Pixels at 100 %, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.lens.structure import Column, Structure, sample

Box = tuple[float, float, float, float]  # left, top, width, height

MARGIN, TOP, BOTTOM = 28.0, 64.0, 52.0
PITCH, LEAST_PITCH, TILE_SHARE, LARGEST_TILE = 52.0, 19.0, 0.76, 40.0
MOST_TILES, SAMPLED_TILES = 16, 12  # a column of more units than the first shows as many as the second
NAMES = (84.0, 112.0)  # most room for the names of features or classes, with the decision surface and without
STEP_X = (84.0, 220.0)  # least and most between columns; below it the picture grows wider than the area
PICTURE, MATRIX = 88.0, (64.0, 150.0)


@dataclass(frozen=True)
class Placed:
    """A column in its place. units: which are drawn; boxes: (n, 4) of their tiles, or the one of a matrix or picture.

    names_left, names_right: room for the units' names, 0 where they are not written.
    """

    units: tuple[int, ...]
    boxes: np.ndarray
    hidden: int
    names_left: float = 0.0
    names_right: float = 0.0

    @property
    def top(self) -> float:
        return float(self.boxes[:, 1].min())

    @property
    def bottom(self) -> float:
        return float((self.boxes[:, 1] + self.boxes[:, 3]).max())

    @property
    def centre(self) -> float:
        return float(self.boxes[0, 0] + self.boxes[0, 2] / 2)

    def anchors(self, side: str) -> np.ndarray:
        """(n, 2) points where edges leave ("right") or arrive ("left")."""
        left, top, width, height = self.boxes.T
        return np.stack([left + width if side == "right" else left, top + height / 2], axis=1)


@dataclass(frozen=True)
class Layout:
    """columns in the order of the structure; card: the decision surface; width, height of all; step between columns."""

    columns: tuple[Placed, ...] = ()
    card: Box | None = None
    width: float = 0.0
    height: float = 0.0
    step: float = 0.0


def layout(structure: Structure, width: float, height: float, *, card: bool) -> Layout:
    """Everything within the area where that can be read, wider than it where it could not."""
    if not structure.columns:
        return Layout(width=width, height=height)
    room = max(80.0, height - TOP - BOTTOM)
    middle = TOP + room / 2
    counts = _counts(structure, room)
    pitch = min(PITCH, room / max(1, *counts))
    tile = min(LARGEST_TILE, pitch * TILE_SHARE)
    side = min(240.0, max(120.0, min(0.205 * width, 0.6 * room))) if card else 0.0
    most = NAMES[0] if card else NAMES[1]
    names_left = 0.0 if card else _names(structure, first=True, tile=tile, most=most)
    names_right = _names(structure, first=False, tile=tile, most=most)
    left = MARGIN + names_left
    taken = (side + 24.0 if card else 0.0) + names_right + MARGIN
    first, last = _widths(structure, tile)
    step = (width - left - taken - first / 2 - last / 2) / max(1, structure.ranks - 1)
    step = min(max(step, STEP_X[0]), STEP_X[1])
    used = left + first / 2 + step * (structure.ranks - 1) + last / 2 + taken
    shift = max(0.0, (width - used) / 2)
    placed = []
    for column, count in zip(structure.columns, counts, strict=True):
        centre = shift + left + first / 2 + step * column.rank
        ends = (names_left if column.rank == 0 else 0.0, names_right if column.rank == structure.ranks - 1 else 0.0)
        placed.append(_place(column, count, centre, _lane(structure, column, middle, room), pitch, tile, ends))
    box = (shift + used - MARGIN - side, middle - side / 2 - 10.0, side, side) if card else None
    return Layout(tuple(placed), box, max(width, used), height, step)


def _counts(structure: Structure, room: float) -> list[int]:
    """Tiles drawn in each column, as many as can be read."""
    lanes = [sum(c.rank == other.rank for other in structure.columns) for c in structure.columns]
    fit = [max(2, int(room / lane / LEAST_PITCH)) for lane in lanes]
    most = [MOST_TILES if c.units <= MOST_TILES else SAMPLED_TILES for c in structure.columns]
    counts = [min(c.units, *limits) for c, *limits in zip(structure.columns, fit, most, strict=True)]
    return [n if c.form == "neurons" else 1 for c, n in zip(structure.columns, counts, strict=True)]


def _lane(structure: Structure, column: Column, middle: float, room: float) -> float:
    """Centre of a column's share of the height: columns of one rank stand below each other."""
    peers = [c for c in structure.columns if c.rank == column.rank]
    return middle + room * ((peers.index(column) + 0.5) / len(peers) - 0.5)


def _names(structure: Structure, *, first: bool, tile: float, most: float) -> float:
    """Room beside the tiles of the first or last rank for the names of their units."""
    rank = 0 if first else structure.ranks - 1
    named = [c.labels for c in structure.columns if c.rank == rank and c.form == "neurons" and c.labels]
    longest = max((len(name) for labels in named for name in labels), default=0)
    return min(most, 14.0 + 6.5 * longest) if longest and tile >= 12 else 0.0


def _widths(structure: Structure, tile: float) -> tuple[float, float]:
    """Widths of the first and the last rank."""
    forms = {"neurons": tile, "matrix": MATRIX[0], "picture": PICTURE}
    widest = [max(forms[c.form] for c in structure.columns if c.rank == r) for r in (0, structure.ranks - 1)]
    return widest[0], widest[1]


def _place(
    column: Column, count: int, centre: float, middle: float, pitch: float, tile: float, names: tuple[float, float]
) -> Placed:
    if column.form == "neurons":
        units = sample(column.units, count)
        tops = middle + pitch * (np.arange(len(units)) - (len(units) - 1) / 2) - tile / 2
        boxes = np.stack([np.full(len(units), centre - tile / 2), tops, *np.full((2, len(units)), tile)], axis=1)
        return Placed(units, np.round(boxes), column.units - len(units), *names)
    width, height = MATRIX
    if column.form == "picture":
        rows, across = (column.grid.rows, column.grid.columns) if column.grid else (1, 1)
        width, height = PICTURE * min(1.0, across / rows), PICTURE * min(1.0, rows / across)
    box = np.round(np.array([[centre - width / 2, middle - height / 2, width, height]]))
    return Placed((), box, 0)
