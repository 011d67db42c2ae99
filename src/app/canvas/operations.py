"""What a person can do to the network: each function is one undoable step, whichever view it came from.

Errors are `UserInputError` and leave the document as it was; the view shows them in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from app.canvas import groups
from app.document import Document
from core import edits, layout, repairs
from core.layers import Layer, layer_types
from core.layers.input import Input
from core.layout import Point
from core.spec import Edge, NetworkSpec, Project
from core.suggest import network_for
from core.validation import Fix


def new_layer(document: Document, kind: str) -> Layer:
    """A layer of that kind as it comes from the palette; an input takes the shape of the data."""
    layer, prepared = layer_types()[kind](), document.prepared
    return replace(layer, shape=prepared.row_shape) if isinstance(layer, Input) and prepared else layer


def offered_kinds(document: Document) -> tuple[type[Layer], ...]:
    """Layer types that can be added now, by group, those with weights first: a second input would only be a fault."""
    has_input = any(s.layer.arity[1] == 0 for s in document.project.network.layers)
    offered = [cls for cls in layer_types().values() if not (has_input and cls.arity[1] == 0)]
    return tuple(sorted(offered, key=lambda cls: (groups.rank(groups.group_of(cls)), not cls.penalized, cls.label)))


def would_fit(document: Document, cls: type[Layer]) -> bool:
    """Whether `insert` would put a layer of that kind behind one whose output it takes."""
    network, shapes = document.project.network, document.report.shapes
    place = document.selection
    if not place or not network.targets(place):
        ends = [place] if place else [s.id for s in network.layers if not network.targets(s.id)][:1]
        place = next((source for id in ends for source in network.sources(id)), place)
    least = max(1, cls.arity[0])
    return place in shapes and repairs.fits(cls(), *(shapes[place],) * least)


def _change(document: Document, edit: Callable[[NetworkSpec], NetworkSpec], text: str) -> None:
    """One step on the network; cards that a person placed stay, new ones find room."""

    def both(p: Project) -> Project:
        network = edit(p.network)
        return replace(p, network=network, layout=layout.settled(network, p.layout))

    document.apply(both, text)


def _add(document: Document, edit: Callable[[NetworkSpec], NetworkSpec], layer: Layer) -> str:
    """A step that adds one layer, which is then the selected one. Returns its id."""
    before = {s.id for s in document.project.network.layers}
    _change(document, edit, f"Add {layer.label}")
    (id,) = {s.id for s in document.project.network.layers} - before
    document.select(id)
    return id


def insert(document: Document, kind: str, *, after: str | None = None) -> str:
    """A layer behind `after`, by default behind the selected layer, else before the output layer."""
    layer = new_layer(document, kind)
    place = document.selection if after is None else after
    return _add(document, lambda n: edits.append(n, layer, after=place), layer)


def insert_behind(document: Document, kind: str, source: str) -> str:
    """A layer behind `source` even where that is the output: what is dropped there is meant there."""
    layer = new_layer(document, kind)
    return _add(document, lambda n: edits.insert_after(n, source, layer), layer)


def insert_on_edge(document: Document, kind: str, edge: Edge) -> str:
    layer = new_layer(document, kind)
    return _add(document, lambda n: edits.insert_on_edge(n, edge, layer), layer)


def insert_at(
    document: Document, kind: str, at: Point, places: Mapping[str, Point], *, source: str = "", target: str = ""
) -> str:
    """A layer at a point of the canvas, connected to `source` or `target` where one is given.

    `places` is where the cards stand: they stay there, for the person now decides what stands where.
    """
    layer = new_layer(document, kind)

    def edit(p: Project) -> Project:
        id = edits.fresh_id(p.network)
        network = edits.add_layer(p.network, layer, id=id)
        network = edits.connect(network, source, id) if source else network
        network = edits.connect(network, id, target) if target else network
        fixed = {**places, id: layout.snapped(at)} if places else p.layout
        return replace(p, network=network, layout=fixed)

    id = edits.fresh_id(document.project.network)
    document.apply(edit, f"Add {layer.label}")
    document.select(id)
    return id


def start_network(document: Document) -> None:
    """A sensible network for the data, where there is none yet."""
    prepared = document.prepared
    if prepared is not None:
        _change(document, lambda _: network_for(prepared, document.project.training), "Lay out a network")


def remove(document: Document, ids: Sequence[str]) -> None:
    """The layers gone and the gap closed; a neighbour is then selected, so that deleting can go on by keyboard."""
    network = document.project.network
    gone = [id for id in in_order(document) if id in ids]
    if not gone:
        return
    name = network.layer(gone[0]).name
    text = f"Delete {name}" if len(gone) == 1 else f"Delete {len(gone)} layers"
    near = [id for id in (*network.targets(gone[-1]), *network.sources(gone[0])) if id not in gone]
    _change(document, lambda n: edits.remove_layers(n, *gone), text)
    document.select(*near[:1])


def remove_edge(document: Document, edge: Edge) -> None:
    _change(document, lambda n: edits.disconnect(n, edge), "Remove connection")


def connect(document: Document, source: str, target: str) -> None:
    """Raises UserInputError where the two do not go together."""
    _change(document, lambda n: edits.connect(n, source, target), "Connect")


def duplicate(document: Document) -> None:
    """Copies of the selected layers behind the last of them, then selected themselves."""
    network = document.project.network
    chosen = [id for id in in_order(document) if id in document.selected]
    before = {s.id for s in network.layers}
    if not chosen:
        return
    text = f"Duplicate {network.layer(chosen[0]).name}" if len(chosen) == 1 else f"Duplicate {len(chosen)} layers"
    _change(document, lambda n: edits.duplicate(n, *chosen), text)
    document.select(*[id for id in in_order(document) if id not in before] or chosen)


def move_in_order(document: Document, id: str, by: int) -> None:
    """The layer and its neighbour change places, in the network and on the canvas."""

    def edit(p: Project) -> Project:
        network = edits.move(p.network, id, by)
        if network == p.network:
            return p
        neighbours = p.network.sources(id) if by < 0 else p.network.targets(id)
        swap = {id: neighbours[0], neighbours[0]: id}
        places = {i: p.layout.get(swap.get(i, i), at) for i, at in p.layout.items()}
        return replace(p, network=network, layout=places)

    where = "earlier" if by < 0 else "later"
    document.apply(edit, f"Move {document.project.network.layer(id).name} {where}")


def can_move(document: Document, id: str, by: int) -> bool:
    network = document.project.network
    return network.has(id) and edits.move(network, id, by) != network


def rename(document: Document, id: str, name: str) -> None:
    """Raises UserInputError for a name that is empty or taken."""
    document.edit_network(lambda n: edits.rename(n, id, name), f"Rename {document.project.network.layer(id).name}")


def place_cards(document: Document, places: Mapping[str, Point], text: str, *, merge_key: str = "") -> None:
    """All cards stand where `places` says. The network itself is not touched."""
    document.apply(lambda p: replace(p, layout=dict(places)), text, merge_key=merge_key)


def arrange(document: Document) -> None:
    """Forget what was placed by hand: cards stand in reading order again."""
    document.apply(lambda p: replace(p, layout={}), "Arrange cards")


def repair(document: Document, fix: Fix) -> None:
    """One click that mends; a layer that it puts in finds room, and one that it takes out leaves the selection."""
    _change(document, lambda n: edits.repaired(n, fix), fix.label)
    document.select(*(id for id in document.selected if document.project.network.has(id)))


def put_earlier(document: Document, edge: Edge) -> None:
    """The connection before the one that stands before it, among the inputs of its layer."""
    _change(document, lambda n: edits.put_earlier(n, edge), "Reorder inputs")


def in_order(document: Document) -> tuple[str, ...]:
    """Ids as they are read on the canvas: from the input on, what is not connected last."""
    parts = layout.columns(document.project.network)
    return tuple(id for part in parts for column in part for id in column)
