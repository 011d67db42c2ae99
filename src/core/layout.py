"""Where cards stand when nobody has placed them: the graph from left to right, wrapped into rows like text.

Columns are the layers' longest path from an input; the order within a column follows the barycentre of what
feeds it (Sugiyama, Tagawa and Toda 1981). Numbers are pixels of the canvas at 100 %, places centres of cards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.spec import NetworkSpec

Point = tuple[float, float]
Column = tuple[str, ...]

CARD_WIDTH, CARD_HEIGHT = 148, 64
STEP_X, STEP_Y = 200, 112  # from centre to centre: 52 pixels between cards for the shape, 48 between rows
SNAP = 8  # half the pitch of the dot grid
CUT_COST = 2.0  # rows that one broken connection of a fork is worth
MOST_PER_ROW = 24  # of a network that is wrapped: more could not be read
SINGLE_ROW_SCALE = 0.85  # a network that fits on one line at this scale is not wrapped: text stays above 11 pixels


def columns(network: NetworkSpec) -> tuple[tuple[Column, ...], ...]:
    """Ids by connected part, column and place in the column; the part with an input first, then the larger.

    Connections that close a circle count for nothing, so that a faulty network can be drawn too.
    """
    ranks = _ranks(network)
    order = {spec.id: i for i, spec in enumerate(network.layers)}
    parts = _parts(network)
    first = {spec.id for spec in network.layers if spec.layer.arity[1] == 0}
    parts.sort(key=lambda part: (not first & set(part), -len(part), order[part[0]]))
    return tuple(_ordered(network, part, ranks) for part in parts)


def _ranks(network: NetworkSpec) -> dict[str, int]:
    """Longest path from a layer without sources; an explicit stack, so that depth has no limit."""
    ranks: dict[str, int] = {}
    for start in (spec.id for spec in network.layers):
        stack, open_ids = [start], set[str]()
        while stack:
            id = stack[-1]
            open_ids.add(id)
            waiting = [s for s in network.sources(id) if s not in ranks and s not in open_ids]
            if id in ranks or not waiting:
                stack.pop()
                open_ids.discard(id)
                known = [ranks[s] for s in network.sources(id) if s in ranks]
                ranks.setdefault(id, 1 + max(known, default=-1))
            else:
                stack.append(waiting[0])
    return ranks


def _parts(network: NetworkSpec) -> list[list[str]]:
    """Ids by weakly connected part, each in the network's order."""
    part_of = {spec.id: i for i, spec in enumerate(network.layers)}
    for edge in network.edges:
        keep, drop = sorted((part_of[edge.source], part_of[edge.target]))
        if keep != drop:
            part_of = {id: keep if part == drop else part for id, part in part_of.items()}
    parts: dict[int, list[str]] = {}
    for id, part in part_of.items():
        parts.setdefault(part, []).append(id)
    return list(parts.values())


def _ordered(network: NetworkSpec, part: Sequence[str], ranks: Mapping[str, int]) -> tuple[Column, ...]:
    found: list[list[str]] = [[] for _ in range(1 + max(ranks[id] for id in part))]
    for id in part:
        found[ranks[id]].append(id)
    found = [column for column in found if column]
    for _ in range(2):  # a sweep forward and one back settles what people draw
        _sweep(found, network.sources)
        _sweep(found[::-1], network.targets)
    return tuple(tuple(column) for column in found)


def _sweep(found: list[list[str]], neighbours: Callable[[str], tuple[str, ...]]) -> None:
    """Sorts each column, in place, by the mean place of the neighbours in columns before it."""
    place: dict[str, float] = {}
    for column in found:
        middle = (len(column) - 1) / 2
        wish = {id: i - middle for i, id in enumerate(column)}
        for id in column:
            met = [place[n] for n in neighbours(id) if n in place]
            wish[id] = sum(met) / len(met) if met else wish[id]
        column.sort(key=wish.__getitem__)
        place |= {id: i - middle for i, id in enumerate(column)}


Cuts = tuple[int, ...]  # connections that cross the gap before each column


def _cuts(network: NetworkSpec, part: tuple[Column, ...]) -> Cuts:
    place = {id: x for x, column in enumerate(part) for id in column}
    found = [0] * (len(part) + 1)
    for edge in network.edges:
        if edge.source in place:
            for x in range(place[edge.source] + 1, place[edge.target] + 1):
                found[x] += 1
    return tuple(found)


def _breaks(cuts: Cuts, per_row: int) -> tuple[int, ...]:
    """Where rows end: as few rows and broken connections as can be, so that a fork and its merge stay together.

    Of equal ways the one that fills earlier rows, as text does.
    """
    count = len(cuts) - 1
    best: list[tuple[float, int]] = [(0.0, 0)] * (count + 1)  # from each column on: cost, columns of its row
    for start in range(count - 1, -1, -1):
        ends = range(start + 1, min(count, start + per_row) + 1)
        costs = [(1 + best[end][0] + (CUT_COST * (cuts[end] - 1) if end < count else 0), -end) for end in ends]
        cost, end = min(costs)
        best[start] = (cost, -end - start)
    found, at = [], 0
    while at < count:
        at += best[at][1]
        found.append(at)
    return tuple(found)


def _rows(part: tuple[Column, ...], cuts: Cuts, per_row: int) -> list[tuple[Column, ...]]:
    ends = _breaks(cuts, per_row)
    return [part[start:end] for start, end in zip((0, *ends), ends, strict=False)]


def arrange(network: NetworkSpec, *, per_row: int, step_x: float = STEP_X) -> dict[str, Point]:
    """A place for every card, at most `per_row` columns side by side; a chain starts at (0, 0).

    step_x: from column to column, more than usual where what stands between them needs it.
    """
    places: dict[str, Point] = {}
    top = 0.0
    for part in columns(network):
        for row in _rows(part, _cuts(network, part), per_row):
            tallest = max(len(column) for column in row)
            for x, column in enumerate(row):
                offset = (tallest - len(column)) / 2
                places |= {id: (x * step_x, (top + offset + y) * STEP_Y) for y, id in enumerate(column)}
            top += tallest
    return places


def size(network: NetworkSpec, *, per_row: int) -> tuple[int, int]:
    """Width and height that `arrange` fills, cards included."""
    parts = columns(network)
    return _size([_rows(part, _cuts(network, part), per_row) for part in parts])


def _size(parts: Sequence[Sequence[tuple[Column, ...]]]) -> tuple[int, int]:
    rows = [row for part in parts for row in part]
    wide = max((len(row) for row in rows), default=1)
    high = sum(max(len(column) for column in row) for row in rows)
    return (wide - 1) * STEP_X + CARD_WIDTH, (max(high, 1) - 1) * STEP_Y + CARD_HEIGHT


def best_per_row(network: NetworkSpec, width: float, height: float) -> int:
    """How many columns to put side by side so that the network shows largest in `width` × `height` pixels.

    Rows cost a little, since the eye must jump; a last row with a lone card costs too, and so do connections of a fork
    that a row's end breaks.
    """
    parts = columns(network)
    cuts = [_cuts(network, part) for part in parts]
    longest = max((len(part) for part in parts), default=1)

    def wrapped(per_row: int) -> tuple[float, float]:
        """(scale, what its rows cost)."""
        rows = [_rows(part, cut, per_row) for part, cut in zip(parts, cuts, strict=True)]
        wide, high = _size(rows)
        most = max((len(part) for part in rows), default=1)
        lone = any(len(part) > 1 and len(part[-1]) == 1 for part in rows)
        broken = sum(cut[end] - 1 for cut in cuts for end in _breaks(cut, per_row)[:-1])
        return min(1.0, width / wide, height / high), 0.04 * (most - 1) + 0.05 * lone + 0.05 * broken

    def score(per_row: int) -> float:
        scale, cost = wrapped(per_row)
        return scale * (1 - min(0.9, cost))

    if wrapped(longest)[0] >= SINGLE_ROW_SCALE:
        return longest
    return max(range(1, min(longest, MOST_PER_ROW) + 1), key=lambda n: (score(n), n))


def snapped(point: Point) -> Point:
    """The nearest point of the grid."""
    return round(point[0] / SNAP) * SNAP, round(point[1] / SNAP) * SNAP


def positions(
    network: NetworkSpec, placed: Mapping[str, Point], *, per_row: int, step_x: float = STEP_X
) -> dict[str, Point]:
    """A place for every card: those that a person placed stay, others go beside what they connect to.

    With nothing placed this is `arrange`.
    """
    known = {spec.id: placed[spec.id] for spec in network.layers if spec.id in placed}
    if not known:
        return arrange(network, per_row=per_row, step_x=step_x)
    for id in (id for part in columns(network) for column in part for id in column):
        if id not in known:
            known[id] = _free(_wished(network, id, known), list(known.values()))
    return {spec.id: known[spec.id] for spec in network.layers}


def settled(network: NetworkSpec, placed: Mapping[str, Point]) -> dict[str, Point]:
    """`placed` for the layers that `network` has, with a fixed place for the new ones; empty stays empty.

    Once a person has placed a card nothing moves by itself any more.
    """
    return positions(network, placed, per_row=1) if any(network.has(id) for id in placed) else {}


def _wished(network: NetworkSpec, id: str, known: Mapping[str, Point]) -> Point:
    before = [known[s] for s in network.sources(id) if s in known]
    after = [known[t] for t in network.targets(id) if t in known]
    if before and after:
        both = [_mean(before), _mean(after)]
        return snapped(_mean(both))
    if before:
        x, y = _mean(before)
        return snapped((x + STEP_X, y))
    if after:
        x, y = _mean(after)
        return snapped((x - STEP_X, y))
    return snapped((min(x for x, _ in known.values()), max(y for _, y in known.values()) + STEP_Y))


def _mean(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _free(wish: Point, taken: Sequence[Point]) -> Point:
    """`wish`, or the nearest place below or above it where a card touches no other."""
    gap_x, gap_y = CARD_WIDTH + 2 * SNAP, CARD_HEIGHT + 2 * SNAP
    for i in range(2 * len(taken) + 2):
        down = (i + 1) // 2 * (1 if i % 2 else -1) * STEP_Y / 2
        spot = (wish[0], wish[1] + down)
        if not any(abs(spot[0] - x) < gap_x and abs(spot[1] - y) < gap_y for x, y in taken):
            return spot
    return wish[0], max(y for _, y in taken) + STEP_Y
