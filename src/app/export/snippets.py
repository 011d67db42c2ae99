"""How an exported file is used elsewhere: a few lines to copy, with the columns of the person's own table."""

from __future__ import annotations

from pathlib import PurePath

from core.data.preprocess import ClassTarget, Feature, ImageFeature, NumberFeature, Preparation
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


_READ = """\
image = Image.open("photo.png").convert("{mode}")
image = image.resize({size}, Image.Resampling.BILINEAR)
pixels = np.asarray(image, np.float32)
pixels = pixels.reshape({shape})
"""
_IMAGES = {
    "onnx": """\
import numpy as np
import onnxruntime
from PIL import Image

{read}
session = onnxruntime.InferenceSession({file})
{answer} = session.run(None, {{"image": pixels[None]}})
print({answer})
""",
    "coreml": """\
import coremltools
import numpy as np
from PIL import Image

{read}
model = coremltools.models.MLModel({file})
print(model.predict({{"image": pixels}}))
""",
} | dict.fromkeys(
    ("numpy", "pytorch", "mlx"),
    """\
# For image files, in a terminal:
# python {plain}/model.py a.png b.jpg > answers.csv
import sys

sys.path.insert(0, {file})
from model import predict, read

{answer} = predict([read("photo.png")])
print({shown})
""",
)


def snippet(format: str, path: str, preparation: Preparation) -> str:
    """Python that loads `path` and answers for a row of usual values; "" for a format without any."""
    name = PurePath(path).name
    if preparation.image is not None and format in _IMAGES:
        return _image_snippet(format, name, preparation, preparation.image)
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


def _image_snippet(format: str, name: str, preparation: Preparation, image: ImageFeature) -> str:
    """The same for a network that takes images."""
    classes = isinstance(preparation.target, ClassTarget)
    mode = "RGB" if image.channels > 1 else "L"
    read = _READ.format(mode=mode, size=(image.width, image.height), shape=image.shape)
    if image.white != 255.0:
        read += f"pixels = pixels * {image.white / 255.0:g}\n"
    answer = {"onnx": "label, probabilities" if classes else "(prediction,)"}
    usual = ("labels, probabilities",) * 2 if classes else ("values, _", "values")
    return _IMAGES[format].format(
        read=read, file=_literal(name), plain=name, answer=answer.get(format, usual[0]), shown=usual[1]
    )


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
    return f"{feature.typical:.4g}" if isinstance(feature, NumberFeature) else _literal(feature.fill)


def _literal(text: str) -> str:
    """A Python string; quotes and what cannot be seen are escaped."""
    plain = text.isprintable() and not set('"\\') & set(text)
    return f'"{text}"' if plain else repr(text)
