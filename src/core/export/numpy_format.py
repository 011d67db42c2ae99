"""Python with NumPy alone: a folder with a short program that a person can read, and its weights."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from core.data.preprocess import ClassTarget
from core.export import script
from core.export.base import Exporter, FormatInfo, HeldOut, Reloaded, plan_of
from core.export.python_code import Program, program, variables
from core.model import TrainedModel
from core.network import Node
from core.project import weights
from core.project.atomic import atomic_write

WEIGHTS = "weights.npz"

FUNCTIONS: dict[str, str] = {
    "relu": '''
def relu(z):
    return np.maximum(z, 0)
''',
    "leaky_relu": '''
def leaky_relu(z):
    return np.where(z > 0, z, 0.01 * z)
''',
    "elu": '''
def elu(z):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
''',
    "softplus": '''
def softplus(z):
    """log(1 + exp(z)), in a form that cannot overflow."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
''',
    "gelu": '''
def gelu(z):
    """z Φ(z), in the tanh form."""
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))
''',
    "sigmoid": '''
def sigmoid(z):
    """1 / (1 + exp(-z)), in a form that cannot overflow."""
    return 0.5 * np.tanh(0.5 * z) + 0.5
''',
    "silu": '''
def silu(z):
    return z * (0.5 * np.tanh(0.5 * z) + 0.5)
''',
    "tanh": '''
def tanh(z):
    return np.tanh(z)
''',
    "softmax": '''
def softmax(z):
    """exp(z) as shares of 1; the largest z is taken off first, which changes nothing and cannot overflow."""
    exp = np.exp(z - z.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)
''',
}  # fmt: skip

Weights = Mapping[str, np.ndarray]


def _bent(function: str, text: str) -> str:
    return text if function == "linear" else f"{function}({text})"


def _dense(node: Node, xs: tuple[str, ...], variable: str, p: Weights) -> str:
    bias = f' + w["{variable}.b"]' if "b" in p else ""
    return _bent(node.layer.activation, f'{xs[0]} @ w["{variable}.W"]{bias}')  # type: ignore[attr-defined]


def _activation(node: Node, xs: tuple[str, ...], variable: str, p: Weights) -> str:
    return _bent(node.layer.function, xs[0])  # type: ignore[attr-defined]


def _same(node: Node, xs: tuple[str, ...], variable: str, p: Weights) -> str:
    return xs[0]


RULES: dict[str, Callable[[Node, tuple[str, ...], str, Weights], str]] = {
    "input": _same,
    "dense": _dense,
    "activation": _activation,
    "dropout": _same,  # nothing happens when predicting
}


def code(model: TrainedModel) -> str:
    """The text of model.py; raises UserInputError for a layer without a rule."""
    plan = plan_of(model, format="NumPy code", kinds=tuple(RULES))
    names = variables(model.network)
    values: list[str] = []
    lines: list[str] = []
    for node in plan.nodes:
        xs = tuple(values[i] for i in node.sources) or ("x",)
        variable = names[node.id]
        text = RULES[node.layer.kind](node, xs, variable, model.weights.get(node.id, {}))
        if text in (*values, "x"):
            values.append(text)
        else:
            lines.append(f"    {variable} = {text}")
            values.append(variable)
    result, used = _results(model)
    body = "\n".join([*lines, f"    return {values[plan.output]}"])
    used += [name for name in FUNCTIONS if re.search(rf"\b{name}\(", body) and name not in used]
    functions = "\n".join(FUNCTIONS[name] for name in FUNCTIONS if name in used)
    inputs, outputs = plan.nodes[0].layer.output_shape()[0], plan.output_shape[0]
    network = (
        f"{functions}\n\ndef network(x, w):\n"
        f'    """x: (rows, {inputs}) → raw outputs: (rows, {outputs}); w: the weights by name."""\n{body}'
    )
    answer = f'with np.load(HERE / "{WEIGHTS}") as w:\n    z = network(x, w)\n{result}'
    return program(model, Program("NumPy", "import numpy as np", network, answer), files=WEIGHTS)


def _results(model: TrainedModel) -> tuple[str, list[str]]:
    """Lines from the raw outputs z to what `predict` returns, and the functions they use."""
    if not isinstance(model.preparation.target, ClassTarget):
        if model.loss == "poisson":  # z is the logarithm of the count in units of the scale
            return "y = np.exp(z) * SCALE\nreturn y[:, 0].tolist(), y", []
        return "y = z * SCALE + MEAN\nreturn y[:, 0].tolist(), y", []
    labels = "return [CLASSES[i] for i in p.argmax(axis=1)], p"
    if model.loss == "binary_cross_entropy":
        return f"p = np.concatenate([1 - sigmoid(z), sigmoid(z)], axis=1)\n{labels}", ["sigmoid"]
    return f"p = softmax(z)\n{labels}", ["softmax"]


def _write(model: TrainedModel, path: Path) -> tuple[Path, ...]:
    text = code(model)
    names = variables(model.network)
    arrays = {
        f"{names[id]}.{name}": np.asarray(array, np.float32)
        for id, named in model.weights.items()
        for name, array in named.items()
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    script.folder(path)
    atomic_write(path / "model.py", text.encode())
    atomic_write(path / WEIGHTS, buffer.getvalue())
    return path / "model.py", path / WEIGHTS


def _answer(path: Path, model: TrainedModel, rows: HeldOut) -> Reloaded:
    return script.answers(path, model, rows, library="numpy", label="NumPy", reread=lambda: _reread(path, model))


def _reread(path: Path, model: TrainedModel) -> weights.Weights:
    ids = {variable: id for id, variable in variables(model.network).items()}
    with np.load(path / WEIGHTS, allow_pickle=False) as arrays:
        found = {key: arrays[key] for key in arrays.files}
    flat = {f"{ids[key.rpartition('.')[0]]}/{key.rpartition('.')[2]}": array for key, array in found.items()}
    return weights.from_arrays(model.network, flat, where=WEIGHTS)


EXPORTER = Exporter(
    FormatInfo(
        "numpy",
        "Python with NumPy",
        "-numpy",
        "A folder with a short, readable program that needs NumPy alone, and its weights. It answers for CSV files "
        "and for rows in Python.",
        is_folder=True,
    ),
    _write,
    _answer,
)
