"""What is wrong with a design, as data: badges for the canvas, refusals for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from core import repairs
from core.errors import SpecError
from core.layers import Shape
from core.layers.embed_columns import EmbedColumns
from core.layers.input import Input
from core.repairs import Fix
from core.spec import LayerSpec, NetworkSpec

__all__ = ["Badge", "Fix", "Report", "check", "input_shapes", "output_layers"]


@dataclass(frozen=True)
class Badge:
    """One finding. severity is "error" (blocks training) or "warning"; layer_id "" = the whole network.

    fix: the repair that most likely is meant; others: what else would mend it.
    """

    layer_id: str
    severity: str
    title: str
    text: str = ""
    fix: Fix | None = None
    others: tuple[Fix, ...] = ()

    @property
    def fixes(self) -> tuple[Fix, ...]:
        return (self.fix, *self.others) if self.fix is not None else self.others


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
    network: NetworkSpec, *, row_shape: Shape | None = None, outputs: int | None = None, target: str = "target",
    codes: repairs.Codes | None = None,
) -> Report:  # fmt: skip
    """Every finding about a network, given what the data asks: the shape of a row and the number of outputs.

    codes: (position, how many) of the values of a row that are codes of labels; None where the data are not known.
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
        _check_layer(network, network.layer(id), order, shapes, badges)
    badges += _ends(network, shapes, row_shape, outputs, target)
    badges += _codes(network, codes) if codes is not None else ()
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


def _check_layer(
    network: NetworkSpec, spec: LayerSpec, order: tuple[str, ...], shapes: dict[str, Shape], badges: list[Badge]
) -> None:
    sources = network.sources(spec.id)
    least, most = spec.layer.arity
    if len(sources) < least:
        badges.append(_missing(network, spec, order, shapes))
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
        own = (Fix(err.fix[0], spec.id, err.fix[1]),) if err.fix else ()
        found = (*own, *repairs.for_shapes(network, spec, shapes)) if sources else own
        badges.append(Badge(spec.id, "error", "Shapes do not fit", err.text, *_first(found[: repairs.MOST])))


def _first(fixes: tuple[Fix, ...]) -> tuple[Fix | None, tuple[Fix, ...]]:
    """The repair to offer first, and the others."""
    return (fixes[0], fixes[1:]) if fixes else (None, ())


def _missing(network: NetworkSpec, spec: LayerSpec, order: tuple[str, ...], shapes: Mapping[str, Shape]) -> Badge:
    sources, label, least = network.sources(spec.id), spec.layer.label, spec.layer.arity[0]
    if not sources:
        return Badge(spec.id, "error", "Not connected", "Connect the output of another layer to it, or delete it.")
    text = f"{label} joins at least {least} inputs and has {len(sources)}. Draw a connection to it from another layer."
    fixes = repairs.for_missing(network, spec, order, shapes)
    return Badge(spec.id, "error", "Needs another input", text, *_first(fixes))


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
        text = "Only one layer may be the last. Lead it into another, as Add or Concat do, or take it out."
        found += [
            Badge(s.id, "error", "A second output", text, Fix(f"Take {s.name} out", s.id, remove=True))
            for s in ends[:-1]
        ]
    elif ends[0].id == first.id:
        found.append(Badge(first.id, "error", "Nothing to train", "Add a layer after the input."))
    elif outputs is not None and ends[0].id in shapes and shapes[ends[0].id] != (outputs,):
        found.append(_wrong_outputs(network, ends[0], shapes, outputs, target))
    return found


def _codes(network: NetworkSpec, codes: repairs.Codes) -> list[Badge]:
    """Whether the codes of labels, and nothing else, are looked up right behind the input."""
    inputs = [spec for spec in network.layers if isinstance(spec.layer, Input)]
    if len(inputs) != 1 or not network.targets(inputs[0].id):
        return []
    first = inputs[0]
    after = [network.layer(id) for id in network.targets(first.id)]
    found = next((spec for spec in after if isinstance(spec.layer, EmbedColumns)), None)
    if found is None:
        if not codes:
            return []
        few = "One value of a row is a code" if len(codes) == 1 else f"{len(codes):,} values of a row are codes"
        text = f"{few} of labels: a name, not a size. A layer must look {'it' if len(codes) == 1 else 'them'} up."
        return [Badge(first.id, "error", "Codes are not embedded", text, repairs.for_codes(first, None, codes))]
    layer = found.layer
    assert isinstance(layer, EmbedColumns)
    have = dict(zip(layer.columns, layer.tokens, strict=False))
    if have == dict(codes):
        return []
    title, text = "Does not fit the data", "Other values of a row are codes of labels than those it looks up."
    if not codes:
        title, text = "Nothing to embed", "No column of the data is prepared as an embedding."
    return [Badge(found.id, "error", title, text, repairs.for_codes(first, found, codes))]


def _wrong_outputs(
    network: NetworkSpec, last: LayerSpec, shapes: Mapping[str, Shape], outputs: int, target: str
) -> Badge:
    wanted = "1 output" if outputs == 1 else f"{outputs} outputs"
    fix = repairs.for_outputs(network, last, shapes, outputs)
    title = f"{repairs.shape_text(shapes[last.id])} instead of {wanted}"
    return Badge(last.id, "error", title, f"The {target} asks for {wanted}.", fix)
