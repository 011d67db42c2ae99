"""How an exported file is used elsewhere: a few lines to copy, with the columns of the person's own table."""

from __future__ import annotations

from pathlib import PurePath

from core.data.preprocess import ClassTarget, Feature, NumberFeature, Preparation
from core.export.base import input_name

MOST_COLUMNS = 40

_ONNX = """\
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession({file})
row = {row}
types = {{"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(string)": object}}
feed = {{i.name: np.array([[row[i.name]]], types[i.type]) for i in session.get_inputs()}}
{answer} = session.run(None, feed)
print({answer})
"""
_PROGRAM = """\
# For a CSV file, in a terminal:  python {file}/model.py new.csv > answers.csv
import sys

sys.path.insert(0, {quoted})
from model import predict

{answer} = predict([{row}])
print({answer})
"""
_COREML = """\
import coremltools

model = coremltools.models.MLModel({file})
print(model.predict({row}))
"""
_WEIGHTS = """\
import json
from safetensors.numpy import load_file

weights = load_file({file})  # "LAYER/W": (inputs, outputs), "LAYER/b": (outputs,)
with open({sidecar}, encoding="utf-8") as file:
    model = json.load(file)  # the network and the preparation of a row
print({{name: array.shape for name, array in weights.items()}})
"""


def snippet(format: str, path: str, preparation: Preparation) -> str:
    """Python that loads `path` and answers for a row of usual values; "" for a format without any."""
    name = PurePath(path).name
    many = len(preparation.features) > MOST_COLUMNS
    classes = isinstance(preparation.target, ClassTarget)
    graph = _row(preparation, by_input=True) if not many else "{...}  # every column of the table"
    row = _row(preparation, by_input=False) if not many else "{...}"
    if format == "onnx":
        return _ONNX.format(
            file=_literal(name), row=graph, answer="label, probabilities" if classes else "(prediction,)"
        )
    if format in ("numpy", "pytorch", "mlx"):
        answer = "labels, probabilities" if classes else "values, _"
        return _PROGRAM.format(file=name, quoted=_literal(name), row=row, answer=answer)
    if format == "coreml":
        return _COREML.format(file=_literal(name), row=graph)
    if format == "safetensors":
        return _WEIGHTS.format(file=_literal(name), sidecar=_literal(f"{name}.json"))
    return ""


def _row(preparation: Preparation, *, by_input: bool) -> str:
    cells = (f"{_literal(input_name(f) if by_input else f.name)}: {_cell(f)}" for f in preparation.features)
    return f"{{{', '.join(cells)}}}"


def _cell(feature: Feature) -> str:
    return f"{float(feature.mean):.4g}" if isinstance(feature, NumberFeature) else _literal(feature.fill)


def _literal(text: str) -> str:
    """A Python string; quotes and what cannot be seen are escaped."""
    plain = text.isprintable() and not set('"\\') & set(text)
    return f'"{text}"' if plain else repr(text)
