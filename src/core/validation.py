"""What is wrong with a design, as data: badges for the canvas, refusals for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from core.errors import SpecError
from core.layers import Shape
from core.layers.input import Input
from core.spec import LayerSpec, NetworkSpec


@dataclass(frozen=True)
class Fix:
    """A repair of one click: set these hyper-parameters of that layer."""

    label: str
    layer_id: str
    hypers: Mapping[str, Any]


@dataclass(frozen=True)
class Badge:
    """One finding. severity is "error" (blocks training) or "warning"; layer_id "" = the whole network."""

    layer_id: str
    severity: str
    title: str
    text: str = ""
    fix: Fix | None = None


@dataclass(frozen=True)
class Report:
    """shapes: output shape by layer id, as far as known; order: ids in topological order; the rest by layer id."""

    badges: tuple[Badge, ...] = ()
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)
    multiply_adds: Mapping[str, int] = field(default_factory=dict)
    work_values: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not any(b.severity == "error" for b in self.badges)

    def of(self, layer_id: str) -> tuple[Badge, ...]:
        return tuple(b for b in self.badges if b.layer_id == layer_id)


def input_shapes(network: NetworkSpec, id: str, shapes: Mapping[str, Shape]) -> tuple[Shape, ...]:
    return tuple(shapes[source] for source in network.sources(id))


def output_layers(network: NetworkSpec) -> tuple[LayerSpec, ...]:
    """Layers that feed no other."""
    return tuple(spec for spec in network.layers if not network.targets(spec.id))


def check(
    network: NetworkSpec, *, row_shape: Shape | None = None, outputs: int | None = None, target: str = "target"
) -> Report:
    """Every finding about a network, given what the data asks: the shape of a row and the number of outputs.

    Works in Python integers and allocates no array, so absurd sizes cost nothing.
    """
    graph = {spec.id: list(network.sources(spec.id)) for spec in network.layers}
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as err:
        names = " → ".join(network.layer(id).name for id in err.args[1])
        loop = (
            Badge(id, "error", "Connected in a circle", f"{names}: a layer cannot feed itself.")
            for id in err.args[1][:-1]
        )
        return Report(badges=tuple(loop))
    badges: list[Badge] = []
    shapes: dict[str, Shape] = {}
    for id in order:
        _check_layer(network, network.layer(id), shapes, badges)
    badges += _ends(network, shapes, row_shape, outputs, target)
    parameters, work, held = {}, {}, {}
    for id in (i for i in order if i in shapes):
        layer, inputs = network.layer(id).layer, input_shapes(network, id, shapes)
        parameters[id] = sum(_product(shape) for shape in layer.parameter_shapes(*inputs).values())
        work[id] = layer.multiply_adds(*inputs)
        held[id] = layer.work_values(*inputs)
    return Report(tuple(badges), shapes, order, parameters, work, held)


def _product(shape: Shape) -> int:
    total = 1
    for n in shape:
        total *= n
    return total


def _check_layer(network: NetworkSpec, spec: LayerSpec, shapes: dict[str, Shape], badges: list[Badge]) -> None:
    sources = network.sources(spec.id)
    least, most = spec.layer.arity
    if len(sources) < least:
        badges.append(
            Badge(spec.id, "error", "Not connected", "Connect the output of another layer to it, or delete it.")
        )
        return
    if most is not None and len(sources) > most:
        badges.append(
            Badge(spec.id, "error", "Too many inputs", f"{spec.layer.label} takes {most}, not {len(sources)}.")
        )
        return
    if any(source not in shapes for source in sources):
        return  # the fault is upstream and has its own badge
    try:
        shapes[spec.id] = spec.layer.output_shape(*(shapes[source] for source in sources))
    except SpecError as err:
        fix = Fix(err.fix[0], spec.id, err.fix[1]) if err.fix else None
        badges.append(Badge(spec.id, "error", "Shapes do not fit", err.text, fix))


def _ends(
    network: NetworkSpec, shapes: Mapping[str, Shape], row_shape: Shape | None, outputs: int | None, target: str
) -> list[Badge]:
    inputs = [spec for spec in network.layers if isinstance(spec.layer, Input)]
    if not inputs:
        return [Badge("", "error", "No input", "Add an Input layer: rows enter the network there.")]
    if len(inputs) > 1:
        return [
            Badge(s.id, "error", "A second input", "This data has one input. Delete the others.") for s in inputs[1:]
        ]
    found: list[Badge] = []
    first = inputs[0]
    if row_shape is not None and shapes.get(first.id) != row_shape:
        wanted = "×".join(str(n) for n in row_shape)
        fix = Fix(f"Set shape to {wanted}", first.id, {"shape": row_shape})
        found.append(Badge(first.id, "error", "Does not fit the data", f"A row of the data is {wanted}.", fix))
    # A layer that nothing feeds has a badge of its own and is no output.
    ends = [s for s in output_layers(network) if s.id == first.id or network.sources(s.id)]
    if len(ends) > 1:
        found += [Badge(s.id, "error", "A second output", "Only one layer may be the last.") for s in ends[:-1]]
    elif ends[0].id == first.id:
        found.append(Badge(first.id, "error", "Nothing to train", "Add a layer after the input."))
    elif outputs is not None and ends[0].id in shapes and shapes[ends[0].id] != (outputs,):
        found.append(_wrong_outputs(ends[0], shapes[ends[0].id], outputs, target))
    return found


def _wrong_outputs(last: LayerSpec, shape: Shape, outputs: int, target: str) -> Badge:
    sizes = "×".join(str(n) for n in shape)
    wanted = "1 output" if outputs == 1 else f"{outputs} outputs"
    fix = Fix(f"Set units to {outputs}", last.id, {"units": outputs}) if hasattr(last.layer, "units") else None
    return Badge(last.id, "error", f"{sizes} instead of {wanted}", f"The {target} asks for {wanted}.", fix)
