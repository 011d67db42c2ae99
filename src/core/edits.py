"""Pure edits: each takes a value and returns a new one. Undo keeps the old value; nothing here remembers anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core import values
from core.errors import UserInputError
from core.layers import Layer
from core.spec import Edge, LayerSpec, NetworkSpec


def fresh_id(network: NetworkSpec) -> str:
    """An id no layer has: "l7" after "l6"; ids of deleted layers may return only if they were the newest."""
    taken = [int(s.id[1:]) for s in network.layers if s.id[:1] == "l" and s.id[1:].isdecimal()]
    return f"l{max(taken, default=-1) + 1}"


def fresh_name(network: NetworkSpec, layer: Layer) -> str:
    names = {s.name for s in network.layers}
    stem = "hidden" if layer.kind == "dense" else layer.label.lower()
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


def remove_layers(network: NetworkSpec, *ids: str) -> NetworkSpec:
    """The layers gone; what fed a removed layer now feeds what it fed, so that a chain stays a chain."""
    for id in ids:
        sources, targets = network.sources(id), network.targets(id)
        kept = tuple(e for e in network.edges if id not in (e.source, e.target))
        bridges = tuple(Edge(s, t) for t in targets for s in sources if Edge(s, t) not in kept)
        layers = tuple(s for s in network.layers if s.id != id)
        network = replace(network, layers=layers, edges=(*kept, *bridges))
    return network


def connect(network: NetworkSpec, source: str, target: str) -> NetworkSpec:
    """The connection added. Raises UserInputError where it would close a circle or stands already."""
    if Edge(source, target) in network.edges:
        raise UserInputError("These layers are connected already.")
    if source == target or source in _reachable(network, target):
        raise UserInputError("This would close a circle: a layer cannot feed itself.")
    most = network.layer(target).layer.arity[1]
    kept = network.edges
    if most == 1:
        kept = tuple(e for e in kept if e.target != target)  # a single input is replaced, as the gesture means
    elif most == 0:
        raise UserInputError("An input takes nothing from other layers.")
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


def duplicate(network: NetworkSpec, id: str) -> NetworkSpec:
    """A copy placed behind the original."""
    return insert_after(network, id, network.layer(id).layer)


def move(network: NetworkSpec, id: str, by: int) -> NetworkSpec:
    """In a chain, the layer changes places with the one `by` = -1 before or +1 after it; the network itself otherwise.

    The input stays first. Raises nothing: a move that makes no sense changes nothing.
    """
    before, after = network.sources(id), network.targets(id)
    other = before if by < 0 else after
    if len(other) != 1 or by not in (-1, 1):
        return network
    first, second = (other[0], id) if by < 0 else (id, other[0])
    if network.layer(first).layer.kind == "input" or network.sources(second) != (first,) or network.targets(first) != (second,):
        return network
    swap = {first: second, second: first}
    edges = tuple(Edge(swap.get(e.source, e.source), swap.get(e.target, e.target)) for e in network.edges)
    return replace(network, edges=edges)
