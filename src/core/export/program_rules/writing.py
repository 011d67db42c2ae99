"""The outline of an exported network in Python: a line for every layer, and the functions that the lines call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Template

import numpy as np

from core.data.preprocess import ClassTarget, LabelsTarget
from core.export.python_code import variables
from core.export.walk import Place, places, plan_of, row_shape
from core.layers import Shape
from core.model import TrainedModel
from core.project.weights import Weights, from_arrays


@dataclass(frozen=True)
class Saved:
    """How one array is kept: under LAYER.`name`, with its axes in the order `axes`; () as it is."""

    name: str
    axes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Step:
    """What a layer becomes: an expression, which may be just its input; for a module, also what `__init__` makes.

    saved: by the name of a parameter or state. extra: arrays that the library wants beside ours, by name.
    """

    value: str
    made: str = ""
    saved: Mapping[str, Saved] = field(default_factory=dict)
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Dialect:
    """What differs between the libraries.

    label and library: its name for people and for `import`; arrays: the module with its functions. activations: our
    name → a call with {} for its argument. rules: by kind of layer. pieces: functions and classes of the program by
    name, whose texts may have $placeholders from `words`.
    """

    label: str
    library: str
    arrays: str
    activations: Mapping[str, str]
    rules: Mapping[str, Callable[[Place, Dialect], Step]]
    pieces: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outline:
    """made: lines for `__init__`; lines: of the forward pass; result: the expression that it returns."""

    made: tuple[str, ...]
    lines: tuple[str, ...]
    result: str
    inputs: Shape
    outputs: int
    arrays: Mapping[str, np.ndarray]


def outline(model: TrainedModel, dialect: Dialect) -> Outline:
    """Raises UserInputError for a layer without a rule."""
    plan = plan_of(model, format=f"{dialect.label} code", kinds=dialect.rules)
    made: list[str] = []
    lines: list[str] = []
    arrays: dict[str, np.ndarray] = {}

    def write(place: Place) -> str:
        step = dialect.rules[place.layer.kind](place, dialect)
        if step.made:
            made.append(f"self.{place.name} = {step.made}")
        arrays.update(_kept(place, step))
        if step.value in (*place.xs, "x"):
            return step.value
        lines.append(f"{place.name} = {step.value}")
        return place.name

    result = places(model, plan, "x", write)
    return Outline(tuple(made), tuple(lines), result, row_shape(plan), plan.output_shape[0], arrays)


def _kept(place: Place, step: Step) -> dict[str, np.ndarray]:
    found = {f"{place.name}.{name}": np.asarray(array, np.float32) for name, array in step.extra.items()}
    for name, array in place.p.items():
        how = step.saved.get(name, Saved(name))
        turned = array.transpose(how.axes) if how.axes else array
        found[f"{place.name}.{how.name}"] = np.asarray(turned, np.float32)
    return found


def weights_again(model: TrainedModel, dialect: Dialect, arrays: Mapping[str, np.ndarray], where: str) -> Weights:
    """The inverse of `Outline.arrays`, from what a file holds."""
    ids = {variable: id for id, variable in variables(model.network).items()}
    flat: dict[str, np.ndarray] = {}

    def read(place: Place) -> str:
        step = dialect.rules[place.layer.kind](place, dialect)
        for name in place.p:
            how = step.saved.get(name, Saved(name))
            array = arrays.get(f"{place.name}.{how.name}")
            if array is not None:
                flat[f"{ids[place.name]}/{name}"] = array.transpose(np.argsort(how.axes)) if how.axes else array
        return ""

    places(model, plan_of(model, format=dialect.label, kinds=dialect.rules), "x", read)
    return from_arrays(model.network, flat, where=where)


def pieces_for(text: str, dialect: Dialect) -> str:
    """The functions and classes that the text calls, and those that they call, each before its first use."""
    words = {"np": dialect.arrays, **dialect.words}
    texts = {name: Template(piece).substitute(words) for name, piece in dialect.pieces.items()}
    used: set[str] = set()
    reached = text
    while True:
        more = [name for name in texts if name not in used and re.search(rf"(?<![\w.]){name}[()]", reached)]
        if not more:
            return "\n".join(texts[name] for name in texts if name in used)
        used.update(more)
        reached = "\n".join(texts[name] for name in more)


def results(model: TrainedModel) -> str:
    """Lines from the raw outputs z, a NumPy array, to what `predict` returns."""
    if isinstance(model.preparation.target, LabelsTarget):
        labels = "[[name for name, yes in zip(CLASSES, row) if yes] for row in p >= 0.5]"
        return f"p = 0.5 * np.tanh(0.5 * z) + 0.5\nreturn {labels}, p"
    if not isinstance(model.preparation.target, ClassTarget):
        if model.loss == "poisson":  # z is the logarithm of the count in units of the scale
            return "y = np.exp(z) * SCALE\nreturn y[:, 0].tolist(), y"
        return "y = z * SCALE + MEAN\nreturn y[:, 0].tolist(), y"
    labels = "return [CLASSES[i] for i in p.argmax(axis=1)], p"
    if model.loss == "binary_cross_entropy":
        return f"yes = 0.5 * np.tanh(0.5 * z) + 0.5\np = np.concatenate([1 - yes, yes], axis=1)\n{labels}"
    return f"p = np.exp(z - z.max(axis=1, keepdims=True))\np /= p.sum(axis=1, keepdims=True)\n{labels}"


def sizes(shape: Shape) -> str:
    """A shape behind the batch axis, for a docstring or an argument: "8, 8, 1"."""
    return ", ".join(str(n) for n in shape)
