"""Programs around an `nn.Module`, which PyTorch and MLX write nearly alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.preprocess import ClassTarget
from core.export import script
from core.export.base import HeldOut, Reloaded, plan_of
from core.export.python_code import Program, program, variables
from core.model import TrainedModel
from core.network import Node
from core.project import tensors, weights
from core.project.atomic import atomic_write

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Dialect:
    """What differs between the libraries.

    label and library: its name for people and for `import`. activations: our name → a call with {} for its argument.
    call: the name of a module's forward method. answer: the body of `predict`, from x to z as a NumPy array.
    """

    label: str
    library: str
    needs: str
    imports: str
    call: str
    activations: Mapping[str, str]
    answer: str


@dataclass(frozen=True)
class Lines:
    """What a layer adds: a line for __init__ ("" for none) and an expression, which may be just its input."""

    made: str
    value: str


def _input(node: Node, xs: tuple[str, ...], variable: str, dialect: Dialect) -> Lines:
    return Lines("", xs[0])


def _dense(node: Node, xs: tuple[str, ...], variable: str, dialect: Dialect) -> Lines:
    layer, (shape,) = node.layer, node.inputs
    bias = "" if layer.use_bias else ", bias=False"  # type: ignore[attr-defined]
    made = f"self.{variable} = nn.Linear({shape[0]}, {layer.units}{bias})"  # type: ignore[attr-defined]
    return Lines(made, dialect.activations[layer.activation].format(f"self.{variable}({xs[0]})"))  # type: ignore[attr-defined]


def _activation(node: Node, xs: tuple[str, ...], variable: str, dialect: Dialect) -> Lines:
    return Lines("", dialect.activations[node.layer.function].format(xs[0]))  # type: ignore[attr-defined]


def _dropout(node: Node, xs: tuple[str, ...], variable: str, dialect: Dialect) -> Lines:
    """Kept, although it does nothing when predicting, so that training can go on there."""
    rate = node.layer.rate  # type: ignore[attr-defined]
    return Lines(f"self.{variable} = nn.Dropout({rate!r})", f"self.{variable}({xs[0]})") if rate else Lines("", xs[0])


RULES: dict[str, Callable[[Node, tuple[str, ...], str, Dialect], Lines]] = {
    "input": _input,
    "dense": _dense,
    "activation": _activation,
    "dropout": _dropout,
}


def code(model: TrainedModel, dialect: Dialect) -> str:
    """The text of model.py; raises UserInputError for a layer without a rule."""
    plan = plan_of(model, format=f"{dialect.label} code", kinds=tuple(RULES))
    names = variables(model.network)
    values: list[str] = []
    made, lines = [], []
    for node in plan.nodes:
        xs = tuple(values[i] for i in node.sources) or ("x",)
        variable = names[node.id]
        found = RULES[node.layer.kind](node, xs, variable, dialect)
        made += [found.made] if found.made else []
        if found.value in (*values, "x"):
            values.append(found.value)
        else:
            lines.append(f"{variable} = {found.value}")
            values.append(variable)
    inputs, outputs = plan.nodes[0].layer.output_shape()[0], plan.output_shape[0]
    network = _CLASS.format(
        made="\n".join(f"        {line}" for line in made),
        call=dialect.call,
        inputs=inputs,
        outputs=outputs,
        lines="\n".join(f"        {line}" for line in lines),
        result=values[plan.output],
    )
    parts = Program(dialect.needs, dialect.imports, network, f"{dialect.answer}\n{_results(model)}")
    return program(model, parts, files=WEIGHTS)


_CLASS = '''
class Model(nn.Module):
    def __init__(self):
        super().__init__()
{made}

    def {call}(self, x):
        """x: (rows, {inputs}) → raw outputs: (rows, {outputs})."""
{lines}
        return {result}
'''


def _results(model: TrainedModel) -> str:
    """Lines from the raw outputs z, a NumPy array, to what `predict` returns."""
    if not isinstance(model.preparation.target, ClassTarget):
        if model.loss == "poisson":  # z is the logarithm of the count in units of the scale
            return "y = np.exp(z) * SCALE\nreturn y[:, 0].tolist(), y"
        return "y = z * SCALE + MEAN\nreturn y[:, 0].tolist(), y"
    labels = "return [CLASSES[i] for i in p.argmax(axis=1)], p"
    if model.loss == "binary_cross_entropy":
        return f"yes = 0.5 * np.tanh(0.5 * z) + 0.5\np = np.concatenate([1 - yes, yes], axis=1)\n{labels}"
    return f"p = np.exp(z - z.max(axis=1, keepdims=True))\np /= p.sum(axis=1, keepdims=True)\n{labels}"


def write(model: TrainedModel, path: Path, dialect: Dialect) -> tuple[Path, ...]:
    """model.py, and the weights as `nn.Linear` keeps them: (outputs, inputs)."""
    text = code(model, dialect)
    names = variables(model.network)
    arrays = {
        f"{names[id]}.{'weight' if name == 'W' else 'bias'}": np.asarray(array.T, np.float32)
        for id, named in model.weights.items()
        for name, array in named.items()
    }
    script.folder(path)
    atomic_write(path / "model.py", text.encode())
    atomic_write(path / WEIGHTS, tensors.pack(arrays))
    return path / "model.py", path / WEIGHTS


def answer(path: Path, model: TrainedModel, rows: HeldOut, dialect: Dialect) -> Reloaded:
    def reread() -> weights.Weights:
        ids = {variable: id for id, variable in variables(model.network).items()}
        flat = {}
        for key, array in tensors.unpack((path / WEIGHTS).read_bytes(), where=WEIGHTS).items():
            variable, _, name = key.rpartition(".")
            flat[f"{ids[variable]}/{'W' if name == 'weight' else 'b'}"] = array.T
        return weights.from_arrays(model.network, flat, where=WEIGHTS)

    return script.answers(path, model, rows, library=dialect.library, label=dialect.label, reread=reread)
