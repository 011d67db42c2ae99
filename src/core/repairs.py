"""Repairs of one click: what would mend a layer that its inputs do not fit. Each is tried before it is offered."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import SpecError
from core.layers import Layer, Shape
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.embed_columns import EmbedColumns
from core.layers.embedding import Embedding
from core.layers.flatten import Flatten
from core.layers.reshape import Reshape
from core.spec import LayerSpec, NetworkSpec

MOST = 3  # repairs offered at once
Codes = tuple[tuple[int, int], ...]  # (position, how many) of the values of a row that are codes of labels


@dataclass(frozen=True)
class Fix:
    """A repair of one click on layer `layer_id`; each part that is given is done.

    hypers: set on the layer.  insert: layers put, in this order, on its connection from `source`, or behind the layer
    where `source` is "".  connect: a layer whose output becomes its next input.  remove: the layer goes.
    """

    label: str
    layer_id: str
    hypers: Mapping[str, Any] = field(default_factory=dict)
    insert: tuple[Layer, ...] = ()
    source: str = ""
    connect: str = ""
    remove: bool = False


def shape_text(shape: Shape) -> str:
    return "×".join(f"{n}" for n in shape)


def for_shapes(network: NetworkSpec, spec: LayerSpec, shapes: Mapping[str, Shape]) -> tuple[Fix, ...]:
    """What would let `spec` take its inputs, the likeliest first; shapes: of all that feeds it."""
    sources = network.sources(spec.id)
    found = _merging(spec, sources, shapes) if len(sources) > 1 else _single(network, spec, sources[0], shapes)
    return tuple(found)[:MOST]


def fits(layer: Layer, *inputs: Shape) -> bool:
    try:
        layer.output_shape(*inputs)
    except SpecError:
        return False
    return True


def _single(network: NetworkSpec, spec: LayerSpec, source: str, shapes: Mapping[str, Shape]) -> Iterator[Fix]:
    shape = shapes[source]
    for step, wanted, label in ((True, False, "Give the last state only"), (False, True, "Give every step")):
        reader = _reader(network, source, shapes)
        if reader is not None and reader.layer.sequences is step:  # type: ignore[attr-defined]
            turned = replace(reader.layer, sequences=wanted)  # type: ignore[call-arg]
            given = turned.output_shape(*(shapes[s] for s in network.sources(reader.id)))
            if fits(spec.layer, given):
                yield Fix(f"{label} ({reader.name})", reader.id, {"sequences": wanted})
    for between in _between(shape):
        if fits(between, shape) and fits(spec.layer, between.output_shape(shape)):
            yield Fix(f"Insert {between.describe()}", spec.id, insert=(between,), source=source)


def _reader(network: NetworkSpec, id: str, shapes: Mapping[str, Shape]) -> LayerSpec | None:
    """The layer at `id`, or before others there that keep its shape, that can give every step or the last alone."""
    while not hasattr(network.layer(id).layer, "sequences"):
        before = network.sources(id)
        if len(before) != 1 or shapes[before[0]] != shapes[id]:
            return None
        id = before[0]
    return network.layer(id)


def _between(shape: Shape) -> Iterator[Layer]:
    """Layers that give values of `shape` another one: flat, an image, a sequence."""
    if len(shape) > 1:
        yield Flatten()
    if len(shape) == 1:
        yield from (Reshape(shape=image) for image in images(shape[0]))
        yield Reshape(shape=(shape[0], 1))
        yield Embedding()
    elif len(shape) == 2:
        yield Reshape(shape=(*shape, 1))
    elif len(shape) == 3:
        yield Reshape(shape=(shape[0] * shape[1], shape[2]))


def images(count: int) -> tuple[Shape, ...]:
    """Square images of `count` values: grey (8×8×1 for 64) and coloured (8×8×3 for 192)."""
    sides = ((math.isqrt(count // channels), channels) for channels in (1, 3))
    return tuple((side, side, channels) for side, channels in sides if side > 1 and side * side * channels == count)


def _merging(spec: LayerSpec, sources: tuple[str, ...], shapes: Mapping[str, Shape]) -> Iterator[Fix]:
    """One input brought to the shape of another: a projection, as on a shortcut (He et al. 2015, §3.3), or Flatten."""
    for wanted in reversed(sources):
        for source in sources:
            between = _projection(shapes[source], shapes[wanted])
            given = [between.output_shape(shapes[s]) if s == source and between else shapes[s] for s in sources]
            if between is not None and fits(spec.layer, *given):
                what = "1×1 convolution" if isinstance(between, Conv2D) else "Dense layer"
                label = f"Insert a {what} to {shape_text(shapes[wanted])}"
                yield Fix(label, spec.id, insert=(between,), source=source)
                return
    high = [source for source in sources if len(shapes[source]) > 1]
    flat = [(math.prod(shapes[source]),) for source in sources]
    if high and fits(spec.layer, *flat):
        yield Fix("Insert Flatten", spec.id, insert=(Flatten(),), source=high[0])


def _projection(shape: Shape, wanted: Shape) -> Layer | None:
    """A linear layer from one shape to another of as many axes; None where the sizes do not divide."""
    if shape == wanted or len(shape) != len(wanted):
        return None
    if len(shape) == 1:
        return Dense(units=wanted[0], activation="linear")
    if len(shape) != 3 or any(have < want for have, want in zip(shape[:2], wanted[:2], strict=True)):
        return None
    rows, columns = (have // want for have, want in zip(shape[:2], wanted[:2], strict=True))
    return Conv2D(filters=wanted[2], kernel=(1, 1), stride=(rows, columns), activation="linear")


def for_outputs(network: NetworkSpec, last: LayerSpec, shapes: Mapping[str, Shape], outputs: int) -> Fix:
    """What lets the network end with so many outputs: units of the last Dense layer, or a Dense layer behind."""
    sized = last
    while not isinstance(sized.layer, Dense):
        before = network.sources(sized.id)
        if len(before) != 1 or shapes[before[0]] != shapes[sized.id] or len(network.targets(before[0])) != 1:
            break
        sized = network.layer(before[0])
    if isinstance(sized.layer, Dense):
        of = "" if sized is last else f" of {sized.name}"
        return Fix(f"Set units{of} to {outputs}", sized.id, {"units": outputs})
    dense = Dense(units=outputs, activation="linear")
    if len(shapes[last.id]) == 1:
        return Fix(f"Add Dense {outputs}", last.id, insert=(dense,))
    return Fix(f"Add Flatten and Dense {outputs}", last.id, insert=(Flatten(), dense))


def embedding_for(codes: Codes) -> EmbedColumns:
    """A layer for these codes; about 1.6 · tokens^0.56 numbers each, at most 16 (Howard and Gugger 2020, ch. 9)."""
    width = max(2, min(16, round(1.6 * max(count for _, count in codes) ** 0.56)))
    return EmbedColumns(columns=tuple(at for at, _ in codes), tokens=tuple(n for _, n in codes), width=width)


def for_codes(first: LayerSpec, found: LayerSpec | None, codes: Codes) -> Fix:
    """What makes the network read the codes in its data as such; found: the layer that now does, behind the input."""
    if found is None:
        layer = embedding_for(codes)
        return Fix(f"Insert {layer.label}", first.id, insert=(layer,))
    if not codes:
        return Fix(f"Take {found.name} out", found.id, remove=True)
    columns, tokens = zip(*codes, strict=True)
    return Fix("Set its columns as the data have them", found.id, {"columns": columns, "tokens": tokens})


def for_missing(
    network: NetworkSpec, spec: LayerSpec, order: tuple[str, ...], shapes: Mapping[str, Shape]
) -> tuple[Fix, ...]:
    """A layer of several inputs that has too few: another that fits beside them, and taking the layer out."""
    have = network.sources(spec.id)
    known = [id for id in order if id in shapes and id not in have]
    beside = [shapes[s] for s in have if s in shapes]
    near = [id for id in known if len(beside) == len(have) and fits(spec.layer, *beside, shapes[id])]
    after = _downstream(network, spec.id)
    partner = next((id for id in reversed(near) if id not in after), "")
    joined = (Fix(f"Connect {network.layer(partner).name} too", spec.id, connect=partner),) if partner else ()
    return (*joined, Fix(f"Take {spec.name} out", spec.id, remove=True))


def _downstream(network: NetworkSpec, start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        fresh = [t for t in network.targets(todo.pop()) if t not in seen]
        seen.update(fresh)
        todo += fresh
    return seen
