"""How an exported file is used elsewhere: a few lines to copy, with the columns of the person's own table."""

from __future__ import annotations

from pathlib import PurePath

from core.data.preprocess import ClassTarget, Feature, NumberFeature, Preparation
from core.export.base import input_name

WIDTH = 44  # characters of a line, so that a narrow card shows it whole

_ONNX = """\
import numpy as np
import onnxruntime

row = {row}
session = onnxruntime.InferenceSession({file})
types = {{
    "tensor(double)": np.float64,
    "tensor(string)": object,
}}
feed = {{}}
for i in session.get_inputs():
    kind = types.get(i.type, np.float32)
    feed[i.name] = np.array([[row[i.name]]], kind)
{answer} = session.run(None, feed)
print({answer})
"""
_PROGRAM = """\
# For a CSV file, in a terminal:
# python {file}/model.py new.csv > answers.csv
import sys

sys.path.insert(0, {quoted})
from model import predict

row = {row}
{answer} = predict([row])
print({shown})
"""
_COREML = """\
import coremltools

row = {row}
model = coremltools.models.MLModel({file})
print(model.predict(row))
"""
_WEIGHTS = """\
import json
from safetensors.numpy import load_file

# "LAYER/W": (inputs, outputs), "LAYER/b": (outputs,)
weights = load_file({file})
# the network, and how a row is prepared for it
with open({sidecar}, encoding="utf-8") as file:
    model = json.load(file)
print({{name: array.shape for name, array in weights.items()}})
"""


def snippet(format: str, path: str, preparation: Preparation) -> str:
    """Python that loads `path` and answers for a row of usual values; "" for a format without any."""
    name = PurePath(path).name
    classes = isinstance(preparation.target, ClassTarget)
    graph, row = _row(preparation, by_input=True), _row(preparation, by_input=False)
    if format == "onnx":
        return _ONNX.format(
            file=_literal(name), row=graph, answer="label, probabilities" if classes else "(prediction,)"
        )
    if format in ("numpy", "pytorch", "mlx"):
        answer, shown = ("labels, probabilities",) * 2 if classes else ("values, _", "values")
        return _PROGRAM.format(file=name, quoted=_literal(name), row=row, answer=answer, shown=shown)
    if format == "coreml":
        return _COREML.format(file=_literal(name), row=graph)
    if format == "safetensors":
        return _WEIGHTS.format(file=_literal(name), sidecar=_literal(f"{name}.json"))
    return ""


def _row(preparation: Preparation, *, by_input: bool) -> str:
    """A dictionary in lines of readable length."""
    lines = [""]
    for feature in preparation.features:
        name = input_name(feature) if by_input else feature.name
        cell = f"{_literal(name)}: {_cell(feature)}, "
        if lines[-1] and len(lines[-1]) + len(cell) > WIDTH:
            lines.append("")
        lines[-1] += cell
    return "{\n" + "".join(f"    {line.rstrip()}\n" for line in lines) + "}"


def _cell(feature: Feature) -> str:
    return f"{float(feature.mean):.4g}" if isinstance(feature, NumberFeature) else _literal(feature.fill)


def _literal(text: str) -> str:
    """A Python string; quotes and what cannot be seen are escaped."""
    plain = text.isprintable() and not set('"\\') & set(text)
    return f'"{text}"' if plain else repr(text)
