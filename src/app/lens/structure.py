"""A network as columns of neurons and links between them: what the lens draws, without where. No Qt."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.embedding import Tokens, tokens_of
from core.activations import ACTIVATIONS
from core.data.schema import Prepared
from core.layers import Shape
from core.spec import LayerSpec, NetworkSpec
from core.validation import Report, check

OPEN_UNITS = 256  # wider layers are drawn as one heat map of their weights
OPEN_COLUMNS = 14  # of deeper networks so are all hidden layers
MOST_TILES, DEEP_TILES = 16, 8  # channels of an image that get a tile, and in deep networks
BOUNDED = ("tanh", "sigmoid")  # activations whose values need no scale of their own
_PIXEL = re.compile(r".*?(\d+)\D+(\d+)\D*$")


@dataclass(frozen=True)
class Grid:
    """A picture of rows × columns; cells: where each input value stands in it, counted row by row."""

    rows: int
    columns: int
    cells: tuple[int, ...]

    def fill(self, values: np.ndarray, blank: float) -> np.ndarray:
        """(..., n) values → (..., rows, columns), `blank` where there is none."""
        found = np.full((*values.shape[:-1], self.rows * self.columns), blank, float)
        found[..., list(self.cells)] = values
        return found.reshape(*values.shape[:-1], self.rows, self.columns)


@dataclass(frozen=True)
class Column:
    """A layer with those behind it that change no shape and hold no weights (activation, dropout).

    id: the layer with the weights; shown: the last of `ids`, whose output the tiles show; shape: of that output.
    form: "neurons", "matrix" (too wide to open), "picture" (an input that is too wide, or an image), "maps" (a tile for
    every channel of an image), "strip" (a sequence, time across and channels down) or "points" (labels of embedded
    columns on planes, of which `tokens` tells).
    units: values of the output, of maps and strips the channels. most: tiles drawn at most.
    labels: what the units are called: features of the input, classes of the output. scale: largest value that the
    activation can give, or None. rank: place from left to right.
    """

    id: str
    ids: tuple[str, ...]
    name: str
    detail: str
    units: int
    form: str
    rank: int
    labels: tuple[str, ...] = ()
    grid: Grid | None = None
    scale: float | None = None
    shape: Shape = ()
    most: int = MOST_TILES
    tokens: tuple[Tokens, ...] = ()

    @property
    def shown(self) -> str:
        return self.ids[-1]


@dataclass(frozen=True)
class Link:
    """One column feeds another; `weights` names the layer that computes.

    kind: "dense" (every unit feeds every unit, by a matrix), "each" (a unit or channel feeds the one in its place) or
    "whole" (anything else: convolutions, steps, flattening).
    """

    source: int
    target: int
    weights: str
    kind: str = "dense"


@dataclass(frozen=True)
class Structure:
    columns: tuple[Column, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def ranks(self) -> int:
        return 1 + max((c.rank for c in self.columns), default=-1)

    def column_of(self, layer_id: str) -> int | None:
        return next((i for i, c in enumerate(self.columns) if layer_id in c.ids), None)


def structure(network: NetworkSpec, prepared: Prepared | None) -> Structure:
    """Only layers whose shapes are known: a faulty design is drawn as far as it holds."""
    report = check(network)
    groups = _groups(network, report, joined=False)
    groups = groups if len(groups) <= OPEN_COLUMNS else _groups(network, report, joined=True)
    place = {id: i for i, ids in enumerate(groups) for id in ids}
    ranks: list[int] = []
    links: list[Link] = []
    for i, ids in enumerate(groups):
        sources = [place[s] for s in network.sources(ids[0]) if s in place]
        ranks.append(1 + max((ranks[s] for s in sources), default=-1))
        links += [Link(s, i, ids[0], _link_kind(network, report, groups[s][-1], ids[0])) for s in sources]
    deep = range(1, len(groups) - 1) if len(groups) > OPEN_COLUMNS else ()
    columns = [_column(network, report, ids, ranks[i], closed=i in deep) for i, ids in enumerate(groups)]
    columns = [_embedded(column, network, prepared) for column in columns]
    if prepared is not None and columns:
        columns = _named(columns, network, prepared)
    return Structure(tuple(columns), tuple(links))


def _link_kind(network: NetworkSpec, report: Report, source: str, target: str) -> str:
    layer, before, after = network.layer(target).layer, report.shapes[source], report.shapes[target]
    shapes = layer.parameter_shapes(*(report.shapes[s] for s in network.sources(target)))
    if layer.kind == "dense":
        return "dense"
    alone = all(len(shape) == 1 for shape in shapes.values())
    placed = len(before) in (1, 3) and len(after) in (1, 3) and before[-1:] == after[-1:]
    return "each" if alone and placed and layer.group != "shape" else "whole"


def _groups(network: NetworkSpec, report: Report, *, joined: bool) -> list[tuple[str, ...]]:
    """Ids in topological order, those that only bend or silence their one source joined to it.

    joined: norms too, which leave every value in its place, so that a deep network is not twice as wide.
    """
    groups: list[tuple[str, ...]] = []
    of: dict[str, int] = {}
    for id in (i for i in report.order if i in report.shapes):
        sources = network.sources(id)
        light = not report.parameters[id] or (joined and network.layer(id).layer.group == "normalization")
        same = len(sources) == 1 and light and report.shapes[id] == report.shapes[sources[0]]
        if same and len(network.targets(sources[0])) == 1:
            of[id] = of[sources[0]]
            groups[of[id]] += (id,)
        else:
            of[id] = len(groups)
            groups.append((id,))
    return groups


def _column(network: NetworkSpec, report: Report, ids: tuple[str, ...], rank: int, *, closed: bool) -> Column:
    specs = [network.layer(id) for id in ids]
    shape = report.shapes[ids[-1]]
    activation = _activation(specs)
    bends = f"{activation} " if activation and activation != "linear" else ""
    rest = [s.layer.describe().lower() for s in specs[1:] if s.layer.kind == "dropout"]
    size = f"{shape[0]:,}" if len(shape) == 1 else "×".join(str(n) for n in shape)
    form, units = _form(shape, is_input=specs[0].layer.kind == "input", closed=closed)
    return Column(
        ids[0], ids, specs[0].name, " · ".join([f"{bends}{size}", *rest]), units, form, rank,
        scale=1.0 if activation in BOUNDED else None, shape=shape, most=DEEP_TILES if closed else MOST_TILES,
    )  # fmt: skip


def _embedded(column: Column, network: NetworkSpec, prepared: Prepared | None) -> Column:
    """A layer that embeds columns of known labels shows these."""
    tokens = tokens_of(network.layer(column.id).layer, prepared)
    if not tokens or not all(each.labels for each in tokens):
        return column
    return replace(column, form="points", tokens=tokens)


def _form(shape: Shape, *, is_input: bool, closed: bool) -> tuple[str, int]:
    """How an output of that shape is drawn, and how many units, channels or values that is."""
    if len(shape) == 3:
        return ("picture" if is_input and shape[-1] in (1, 3) else "maps"), shape[-1]
    if len(shape) == 2:
        return "strip", shape[-1]
    units = math.prod(shape)
    if len(shape) == 1 and units <= OPEN_UNITS and not closed:
        return "neurons", units
    return ("picture" if is_input else "matrix"), units


def _activation(specs: Sequence[LayerSpec]) -> str:
    """The last function applied, "" where there is none."""
    found = ""
    for spec in specs:
        name = getattr(spec.layer, "activation", None) or getattr(spec.layer, "function", None)
        found = name if name in ACTIVATIONS else found
    return found


def _named(columns: list[Column], network: NetworkSpec, prepared: Prepared) -> list[Column]:
    """Features named at the input, classes at the output, where they fit."""
    named = list(columns)
    for i, column in enumerate(columns):
        if len(column.shape) != 1:
            continue
        is_input = network.layer(column.id).layer.kind == "input"
        if is_input and column.units == len(prepared.feature_names):
            grid = image_grid(prepared.feature_names)
            form = "picture" if grid else column.form
            detail = ", ".join(prepared.feature_names) if column.units <= 2 else column.detail
            detail = f"{grid.rows}×{grid.columns} pixels" if grid else detail
            named[i] = replace(column, labels=prepared.feature_names, grid=grid, form=form, detail=detail)
        elif not network.targets(column.shown):
            fits = column.units == len(prepared.classes)
            labels = prepared.classes if fits else (prepared.target,) if column.units == 1 else ()
            squashed = "sigmoid" if prepared.task == "labels" else "softmax"
            detail = f"{squashed} {column.units:,}" if fits and column.units > 1 else column.detail
            named[i] = replace(column, labels=labels, detail=detail)
    return named


def image_grid(names: Sequence[str]) -> Grid | None:
    """The picture that names like "pixel_3_5" cover, row by row; None for any other names.

    Pixels that never change are left out of the data, so up to a third of the picture may be missing.
    """
    places = [(int(m[1]), int(m[2])) for m in map(_PIXEL.match, names) if m]
    if len(places) < 9 or len(places) != len(names) or len(set(places)) != len(places):
        return None
    top, left = (min(place[i] for place in places) for i in (0, 1))
    rows, columns = (1 + max(place[i] for place in places) - least for i, least in ((0, top), (1, left)))
    if rows < 3 or columns < 3 or len(places) < rows * columns * 2 / 3:
        return None
    return Grid(rows, columns, tuple((r - top) * columns + c - left for r, c in places))


def sample(units: int, most: int) -> tuple[int, ...]:
    """Which of so many units are drawn: all, or `most` of them evenly spread with the first and the last."""
    if units <= most:
        return tuple(range(units))
    return tuple(round(i * (units - 1) / (most - 1)) for i in range(most)) if most > 1 else (0,)
