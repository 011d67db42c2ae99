"""Pure edits: each takes a value and returns a new one. Undo keeps the old value; nothing here remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core import values
from core.errors import UserInputError
from core.layers import Layer
from core.spec import Edge, LayerSpec, NetworkSpec
from core.validation import Fix


def fresh_id(network: NetworkSpec) -> str:
    """An id no layer has: "l7" after "l6"; ids of deleted layers may return only if they were the newest."""
    taken = [int(s.id[1:]) for s in network.layers if s.id[:1] == "l" and s.id[1:].isdecimal()]
    return f"l{max(taken, default=-1) + 1}"


def fresh_name(network: NetworkSpec, layer: Layer) -> str:
    names = {s.name for s in network.layers}
    stem = "hidden" if layer.kind == "dense" else layer.label.lower()
    if layer.arity[1] == 0 and stem not in names:
        return stem
    return next(name for i in range(1, len(names) + 2) if (name := f"{stem} {i}") not in names)


def add_layer(network: NetworkSpec, layer: Layer, *, name: str = "", id: str = "") -> NetworkSpec:
    """The layer added, not connected."""
    spec = LayerSpec(id or fresh_id(network), name or fresh_name(network, layer), layer)
    return replace(network, layers=(*network.layers, spec))


def insert_after(network: NetworkSpec, source: str, layer: Layer, *, name: str = "") -> NetworkSpec:
    """The layer placed behind `source`: it takes over all that `source` fed."""
    id = fresh_id(network)
    moved = tuple(Edge(id, e.target) if e.source == source else e for e in network.edges)
    added = add_layer(network, layer, name=name, id=id)
    return replace(added, edges=(*moved, Edge(source, id)))


def insert_on_edge(network: NetworkSpec, edge: Edge, layer: Layer, *, name: str = "") -> NetworkSpec:
    """The layer placed on one connection."""
    id = fresh_id(network)
    at = network.edges.index(edge)
    edges = (*network.edges[:at], Edge(id, edge.target), *network.edges[at + 1 :], Edge(edge.source, id))
    return replace(add_layer(network, layer, name=name, id=id), edges=edges)


def append(network: NetworkSpec, layer: Layer, *, after: str = "", name: str = "") -> NetworkSpec:
    """The layer where a person who names no place most likely means it.

    Behind `after`, or before the output layer if that is the one named or none is: its units fit the data and
    should stay last. An input goes in front of the first layer that lacks one.
    """
    ends = [s.id for s in network.layers if not network.targets(s.id)]
    if layer.arity[1] == 0:
        return _in_front(network, layer, name)
    if not ends:
        return add_layer(network, layer, name=name)
    place = after if network.has(after) else ends[-1]
    feeding = network.sources(place)
    if place in ends and len(feeding) == 1:
        return insert_on_edge(network, Edge(feeding[0], place), layer, name=name)
    return insert_after(network, place, layer, name=name)


def _in_front(network: NetworkSpec, layer: Layer, name: str) -> NetworkSpec:
    id = fresh_id(network)
    starving = [s.id for s in network.layers if len(network.sources(s.id)) < s.layer.arity[0]]
    usual = name or fresh_name(network, layer)
    added = replace(network, layers=(LayerSpec(id, usual, layer), *network.layers))
    return replace(added, edges=(*network.edges, Edge(id, starving[0]))) if starving else added


def remove_layers(network: NetworkSpec, *ids: str) -> NetworkSpec:
    """The layers gone; what fed a removed layer now feeds what it fed, so that a chain stays a chain.

    A bridge takes the place of the connection it replaces, so that the order of a layer's inputs is kept;
    bridges that the fed layer has no room for are left out.
    """
    for id in ids:
        sources = network.sources(id)
        edges: list[Edge] = []
        for edge in network.edges:
            if edge.source == id:
                room = _room(network, edge.target) + 1
                known = {*network.edges, *edges}
                edges += [Edge(s, edge.target) for s in sources if Edge(s, edge.target) not in known][:room]
            elif edge.target != id:
                edges.append(edge)
        layers = tuple(s for s in network.layers if s.id != id)
        network = NetworkSpec(layers, tuple(edges))
    return network


def _room(network: NetworkSpec, id: str) -> int:
    """How many more inputs the layer takes; a number beyond any network where it takes them without end."""
    most = network.layer(id).layer.arity[1]
    return len(network.layers) if most is None else most - len(network.sources(id))


def connect(network: NetworkSpec, source: str, target: str) -> NetworkSpec:
    """The connection added. Raises UserInputError where it closes a circle, stands already or finds no room.

    A layer of one input lets go of the one it had, as the gesture means.
    """
    most = network.layer(target).layer.arity[1]
    if most == 0:
        raise UserInputError("An input takes nothing from other layers.")
    if Edge(source, target) in network.edges:
        raise UserInputError("These layers are connected already.")
    if source == target or source in _reachable(network, target):
        raise UserInputError("This would close a circle: a layer cannot feed itself.")
    kept = network.edges
    if most == 1:
        kept = tuple(e for e in kept if e.target != target)
    elif _room(network, target) <= 0:
        label = network.layer(target).layer.label
        raise UserInputError(f"{label} takes {most} inputs and has them.", remedy="Remove one of them first.")
    return replace(network, edges=(*kept, Edge(source, target)))


def _reachable(network: NetworkSpec, start: str) -> set[str]:
    seen, todo = set(), [start]
    while todo:
        for target in network.targets(todo.pop()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def disconnect(network: NetworkSpec, edge: Edge) -> NetworkSpec:
    return replace(network, edges=tuple(e for e in network.edges if e != edge))


def set_hypers(network: NetworkSpec, id: str, **changes: Any) -> NetworkSpec:
    """Hyper-parameters of one layer changed; raises UserInputError for an illegal value."""
    spec = network.layer(id)
    legal = {k: values.checked(type(spec.layer), k, v, where=spec.name) for k, v in changes.items()}
    return _swap(network, replace(spec, layer=replace(spec.layer, **legal)))


def repaired(network: NetworkSpec, fix: Fix) -> NetworkSpec:
    """The repair that a finding proposes, done."""
    network = set_hypers(network, fix.layer_id, **fix.hypers) if fix.hypers else network
    before = fix.source
    for layer in fix.insert:
        id = fresh_id(network)
        if fix.source:
            network = insert_on_edge(network, Edge(before, fix.layer_id), layer)
        else:
            network = insert_after(network, before or fix.layer_id, layer)
        before = id
    network = connect(network, fix.connect, fix.layer_id) if fix.connect else network
    return remove_layers(network, fix.layer_id) if fix.remove else network


def put_earlier(network: NetworkSpec, edge: Edge) -> NetworkSpec:
    """The connection one place earlier among the inputs of its target, where that order counts."""
    mine = [e for e in network.edges if e.target == edge.target]
    place = mine.index(edge)
    if place == 0:
        return network
    swap = {edge: mine[place - 1], mine[place - 1]: edge}
    return replace(network, edges=tuple(swap.get(e, e) for e in network.edges))


def rename(network: NetworkSpec, id: str, name: str) -> NetworkSpec:
    """Raises UserInputError for an empty name or one that another layer has."""
    name = " ".join(name.split())
    if not name:
        raise UserInputError("A layer needs a name.")
    if any(s.name == name and s.id != id for s in network.layers):
        raise UserInputError(f"Another layer is called {name!r}.", remedy="Names tell plots and exports apart.")
    return _swap(network, replace(network.layer(id), name=name))


def _swap(network: NetworkSpec, new: LayerSpec) -> NetworkSpec:
    return replace(network, layers=tuple(new if s.id == new.id else s for s in network.layers))


def duplicate(network: NetworkSpec, *ids: str) -> NetworkSpec:
    """Copies of the layers, in the order given, placed one behind the other after the last of them.

    A second input would only be a fault, so inputs are not copied.
    """
    copied = [id for id in ids if network.layer(id).layer.arity[1] != 0]
    place = copied[-1] if copied else ""
    for id in copied:
        copy = fresh_id(network)
        network = insert_after(network, place, network.layer(id).layer)
        place = copy
    return network


def move(network: NetworkSpec, id: str, by: int) -> NetworkSpec:
    """In a chain, the layer changes places with the one `by` = -1 before or +1 after it.

    The input stays first. Raises nothing: a move that makes no sense gives the network as it was.
    """
    before, after = network.sources(id), network.targets(id)
    other = before if by < 0 else after
    if len(other) != 1 or by not in (-1, 1):
        return network
    first, second = (other[0], id) if by < 0 else (id, other[0])
    if (
        network.layer(first).layer.kind == "input"
        or network.sources(second) != (first,)
        or network.targets(first) != (second,)
    ):
        return network
    swap = {first: second, second: first}
    edges = tuple(Edge(swap.get(e.source, e.source), swap.get(e.target, e.target)) for e in network.edges)
    return replace(network, edges=edges)
