"""Where columns, tiles and cards stand, for an area of a given size. Pixels at 100 %, no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.lens.structure import Column, Structure, sample

Box = tuple[float, float, float, float]  # left, top, width, height

MARGIN, TOP, BOTTOM = 28.0, 64.0, 52.0
PITCH, LEAST_PITCH, TILE_SHARE, LARGEST_TILE = 52.0, 19.0, 0.76, 40.0
MOST_TILES, SAMPLED_TILES = 16, 12  # a column of more units than the first shows as many as the second
NAMES = (84.0, 112.0)  # most room for the names of features or classes, with the decision surface and without
CARD = {False: (0.205, 240.0), True: (0.3, 360.0)}  # share of the width and most pixels, small and large
STEP_X = (84.0, 220.0)  # least and most between columns; below it the picture grows wider than the area
PICTURE, MATRIX, STRIP = 88.0, (64.0, 150.0), (64.0, 132.0)  # a strip: least and most width
MAP_TILE, LARGE_MAP, MAP_GAP = 40.0, 64.0, 6.0
POINTS, MOST_PLANES = (150.0, 132.0), 3  # planes of labels below each other: width and height of one, and how many
HEADING, FOOTING = 46.0, 18.0  # words over and under columns that stand below each other
LEAST_SHARE, AIR = 26.0, 40.0  # height of such a column; between columns


@dataclass(frozen=True)
class Placed:
    """A column in its place. units: which are drawn; boxes: (n, 4) of their tiles, or the one of a matrix or picture.

    flat: whether its units are single numbers, and no maps or strips.
    names_left, names_right: room for the units' names, 0 where they are not written.
    """

    units: tuple[int, ...]
    boxes: np.ndarray
    hidden: int
    names_left: float = 0.0
    names_right: float = 0.0
    flat: bool = True

    @property
    def left(self) -> float:
        return float(self.boxes[:, 0].min())

    @property
    def right(self) -> float:
        return float((self.boxes[:, 0] + self.boxes[:, 2]).max())

    @property
    def top(self) -> float:
        return float(self.boxes[:, 1].min())

    @property
    def bottom(self) -> float:
        return float((self.boxes[:, 1] + self.boxes[:, 3]).max())

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    def anchors(self, side: str) -> np.ndarray:
        """(n, 2) points where edges leave ("right") or arrive ("left")."""
        left, top, width, height = self.boxes.T
        return np.stack([left + width if side == "right" else left, top + height / 2], axis=1)


@dataclass(frozen=True)
class Layout:
    """columns in the order of the structure; card: the decision surface; width, height of all; step: the least
    from column to column."""

    columns: tuple[Placed, ...] = ()
    card: Box | None = None
    width: float = 0.0
    height: float = 0.0
    step: float = 0.0


def layout(structure: Structure, width: float, height: float, *, card: bool, large: bool = False) -> Layout:
    """Everything within the area where that can be read, wider than it where it could not.

    card: the answer as a whole stands at the right; large: with numbers to read in it.
    """
    if not structure.columns:
        return Layout(width=width, height=height)
    room = max(80.0, height - TOP - BOTTOM)
    shares = [_share(structure, column, room) for column in structure.columns]
    counts = [_count(column, share) for column, share in zip(structure.columns, shares, strict=True)]
    neurons = [n for c, n in zip(structure.columns, counts, strict=True) if c.form == "neurons"]
    pitch = min(PITCH, room / max(1, *neurons, 1))
    tile = min(LARGEST_TILE, pitch * TILE_SHARE)
    sizes = [_size(c, n, share, tile) for c, n, share in zip(structure.columns, counts, shares, strict=True)]
    share, most_side = CARD[large]
    side = min(most_side, max(120.0, min(share * width, 0.7 * room))) if card else 0.0
    most = NAMES[0] if card else NAMES[1]
    names_left = 0.0 if card else _names(structure, first=True, tile=tile, most=most)
    names_right = _names(structure, first=False, tile=tile, most=most)
    left = MARGIN + names_left
    taken = (side + 24.0 if card else 0.0) + names_right + MARGIN
    rows = [_map_rows(share, size[1]) for share, size in zip(shares, sizes, strict=True)]
    wide = _widths(structure, counts, sizes, rows)
    steps = [max(STEP_X[0], (a + b) / 2 + AIR) for a, b in pairwise(wide)]
    spare = (width - left - taken - wide[0] / 2 - wide[-1] / 2 - sum(steps)) / max(1, len(steps))
    steps = [max(step, min(step + spare, STEP_X[1])) for step in steps]
    used = left + wide[0] / 2 + sum(steps) + wide[-1] / 2 + taken
    shift = max(0.0, (width - used) / 2)
    placed = []
    for column, count, size, row in zip(structure.columns, counts, sizes, rows, strict=True):
        at = (shift + left + wide[0] / 2 + sum(steps[: column.rank]), _lane(structure, column, room))
        ends = (names_left if column.rank == 0 else 0.0, names_right if column.rank == structure.ranks - 1 else 0.0)
        placed.append(_place(column, count, row, at, size, pitch, ends))
    middle = TOP + room / 2
    box = (shift + used - MARGIN - side, middle - side / 2 - 10.0, side, side) if card else None
    return Layout(tuple(placed), box, max(width, used), height, min(steps, default=STEP_X[1]))


def _peers(structure: Structure, column: Column) -> list[Column]:
    return [c for c in structure.columns if c.rank == column.rank]


def _share(structure: Structure, column: Column, room: float) -> float:
    """Height that a column has for its tiles: where several stand below each other each needs room for its words."""
    lanes = len(_peers(structure, column))
    return room if lanes == 1 else max(LEAST_SHARE, (room + HEADING) / lanes - HEADING - FOOTING)


def _count(column: Column, share: float) -> int:
    """Tiles drawn in a column, as many as can be read."""
    if column.form == "neurons":
        most = MOST_TILES if column.units <= MOST_TILES else SAMPLED_TILES
        return min(column.units, max(2, int(share / LEAST_PITCH)), most)
    if column.form == "maps":
        side_by_side = 2 if column.most == MOST_TILES else 1
        return min(column.units, column.most, side_by_side * _map_rows(share, MAP_TILE))
    return 1


def _map_rows(share: float, height: float) -> int:
    return max(1, int((share + MAP_GAP) / (height + MAP_GAP)))


def _size(column: Column, count: int, share: float, tile: float) -> tuple[float, float]:
    """Width and height of one tile of a column."""
    if column.form == "neurons":
        return tile, tile
    if column.form == "maps":
        height = LARGE_MAP if count * (LARGE_MAP + MAP_GAP) <= share and count <= 3 else MAP_TILE
        return _fit(column.shape[1] / column.shape[0], height, height)
    if column.form == "strip":
        steps, channels = column.shape
        return min(STRIP[1], max(STRIP[0], 6.0 * steps)), min(share, 128.0, max(24.0, 8.0 * channels))
    if column.form == "points":
        return POINTS[0], min(share, POINTS[1] * min(len(column.tokens), MOST_PLANES))
    if column.form == "picture":
        flat = (column.grid.rows, column.grid.columns) if column.grid else (1, 1)
        rows, across = column.shape[:2] if len(column.shape) == 3 else flat
        return _fit(across / rows, PICTURE, min(PICTURE, share))
    return MATRIX[0], min(share, MATRIX[1])


def _fit(ratio: float, width: float, height: float) -> tuple[float, float]:
    """The largest box of that ratio of width to height, which is never a mere line."""
    ratio = min(6.0, max(1 / 6.0, ratio))
    return (width, width / ratio) if width / ratio <= height else (height * ratio, height)


def _lane(structure: Structure, column: Column, room: float) -> float:
    """Centre of a column's share of the height: columns of one rank stand below each other."""
    peers = _peers(structure, column)
    if len(peers) == 1:
        return TOP + room / 2
    lane = (room + HEADING) / len(peers)
    return TOP - HEADING + lane * peers.index(column) + HEADING + (lane - HEADING - FOOTING) / 2


def _names(structure: Structure, *, first: bool, tile: float, most: float) -> float:
    """Room beside the tiles of the first or last rank for the names of their units."""
    rank = 0 if first else structure.ranks - 1
    named = [c.labels for c in structure.columns if c.rank == rank and c.form == "neurons" and c.labels]
    longest = max((len(name) for labels in named for name in labels), default=0)
    return min(most, 14.0 + 6.5 * longest) if longest and tile >= 12 else 0.0


def _across(count: int, rows: int) -> int:
    """Maps side by side where not all of them fit below each other."""
    return -(-count // rows)


def _widths(structure: Structure, counts: list[int], sizes: list[tuple[float, float]], rows: list[int]) -> list[float]:
    """Width of every rank."""
    found = [0.0] * structure.ranks
    for column, count, (width, _), row in zip(structure.columns, counts, sizes, rows, strict=True):
        side_by_side = _across(count, row) if column.form == "maps" else 1
        found[column.rank] = max(found[column.rank], side_by_side * (width + MAP_GAP) - MAP_GAP)
    return found


def _place(
    column: Column, count: int, rows: int, at: tuple[float, float], size: tuple[float, float], pitch: float,
    names: tuple[float, float],
) -> Placed:  # fmt: skip
    (centre, middle), (width, height) = at, size
    if column.form == "neurons":
        units = sample(column.units, count)
        tops = middle + pitch * (np.arange(len(units)) - (len(units) - 1) / 2) - height / 2
        boxes = np.stack([np.full(len(units), centre - width / 2), tops, *np.full((2, len(units)), width)], axis=1)
        return Placed(units, np.round(boxes), column.units - len(units), *names)
    if column.form == "maps":
        units = sample(column.units, count)
        return Placed(units, np.round(_grid(count, rows, centre, middle, size)), column.units - count, flat=False)
    box = np.round(np.array([[centre - width / 2, middle - height / 2, width, height]]))
    return Placed((), box, 0, flat=column.form != "strip" and len(column.shape) <= 1)


def _grid(count: int, rows: int, centre: float, middle: float, size: tuple[float, float]) -> np.ndarray:
    """(n, 4) boxes of maps, side by side where not all fit below each other."""
    across = _across(count, rows)
    down = -(-count // across)
    x, y = np.arange(count) % across - (across - 1) / 2, np.arange(count) // across - (down - 1) / 2
    lefts, tops = centre + x * (size[0] + MAP_GAP) - size[0] / 2, middle + y * (size[1] + MAP_GAP) - size[1] / 2
    return np.stack([lefts, tops, np.full(count, size[0]), np.full(count, size[1])], axis=1)
