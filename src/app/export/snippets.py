"""How an exported file is used elsewhere: a few lines to copy, with the columns of the person's own table."""

from __future__ import annotations

from pathlib import PurePath

from core.data import dates
from core.data.preprocess import (
    ClassTarget,
    DateFeature,
    Feature,
    ImageFeature,
    LabelsTarget,
    NumberFeature,
    NumberTarget,
    Preparation,
    TextFeature,
)
from core.export.base import input_name

WIDTH = 44  # characters of a line, so that a narrow card shows it whole

_ONNX = """\
{standard}import numpy as np
import onnxruntime

{helpers}row = {row}
session = onnxruntime.InferenceSession({file})
types = {{
    "tensor(double)": np.float64,
    "tensor(string)": object,
}}
feed = {{}}
for i in session.get_inputs():
    kind = types.get(i.type, np.float32)
    value = np.array(row[i.name], kind)
    feed[i.name] = value.reshape(1, -1)
{answer} = session.run(None, feed)
{shown}
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
{standard}import coremltools
{numpy}
{helpers}row = {row}
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
# Formats without an operator that reads a date or hashes a word take seconds and counts instead.
_SECONDS = """\
def seconds(date):
    "Since 1970; a date without a zone is UTC."
    t = datetime.fromisoformat(date)
    zone = t.tzinfo or timezone.utc
    return t.replace(tzinfo=zone).timestamp()


"""
_BAG = """\
def bag(text, buckets):
    "How many words fall into each bucket."
    counts = np.zeros(buckets)
    for word in re.findall(r"\\w+", text.lower()):
        code = zlib.crc32(word.encode())
        counts[code % buckets] += 1
    return counts


"""
# The names of the labels stand in the file.
_LABELS = """\
facts = session.get_modelmeta()
names = facts.custom_metadata_map["classes"]
names = json.loads(names)
print(dict(zip(names, label[0])))
print(dict(zip(names, probabilities[0])))"""


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
    classes = not isinstance(preparation.target, NumberTarget)
    graph, row = _row(preparation, by_input=True), _row(preparation, by_input=False)
    standard, helpers = _help(preparation, labels=format == "onnx")
    if format == "onnx":
        answer, shown = _told(preparation)
        return _ONNX.format(
            standard=standard, helpers=helpers, file=_literal(name), row=graph, answer=answer, shown=shown
        )
    if format in ("numpy", "pytorch", "mlx"):
        answer, shown = ("labels, probabilities",) * 2 if classes else ("values, _", "values")
        return _PROGRAM.format(file=name, quoted=_literal(name), row=row, answer=answer, shown=shown)
    if format == "coreml":
        numpy = "import numpy as np\n" if "np." in helpers else ""
        return _COREML.format(standard=standard, numpy=numpy, helpers=helpers, file=_literal(name), row=graph)
    if format == "safetensors":
        return _WEIGHTS.format(file=_literal(name), sidecar=_literal(f"{name}.json"))
    return ""


def _help(preparation: Preparation, *, labels: bool) -> tuple[str, str]:
    """Imports from the standard library, and functions, for what a format takes in another way than the source has it.

    labels: whether the names of labels are read from the file.
    """
    kinds = {type(feature) for feature in preparation.features}
    imports = ["import json\n"] if labels and isinstance(preparation.target, LabelsTarget) else []
    imports += ["import re\n", "import zlib\n"] if TextFeature in kinds else []
    imports += ["from datetime import datetime, timezone\n"] if DateFeature in kinds else []
    helpers = (_SECONDS if DateFeature in kinds else "") + (_BAG if TextFeature in kinds else "")
    return "".join(imports) + ("\n" if imports else ""), f"\n{helpers}" if helpers else ""


def _told(preparation: Preparation) -> tuple[str, str]:
    """What an ONNX graph gives back, and how it is shown."""
    if isinstance(preparation.target, LabelsTarget):
        return "label, probabilities", _LABELS
    answer = "label, probabilities" if isinstance(preparation.target, ClassTarget) else "(prediction,)"
    return answer, f"print({answer})"


def _image_snippet(format: str, name: str, preparation: Preparation, image: ImageFeature) -> str:
    """The same for a network that takes images."""
    classes = not isinstance(preparation.target, NumberTarget)
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
        cell = f"{_literal(name)}: {_cell(feature, by_input=by_input)}, "
        if lines[-1] and len(lines[-1]) + len(cell) > WIDTH:
            lines.append("")
        lines[-1] += cell
    return "{\n" + "".join(f"    {line.rstrip()}\n" for line in lines) + "}"


def _cell(feature: Feature, *, by_input: bool) -> str:
    if isinstance(feature, NumberFeature):
        return f"{feature.typical:.4g}"
    if isinstance(feature, DateFeature):
        moment = _literal(dates.written(feature.fill))
        return f"seconds({moment})" if by_input else moment
    if isinstance(feature, TextFeature):
        return f'bag("some words", {feature.width})' if by_input else '"some words"'
    return _literal(feature.fill)


def _literal(text: str) -> str:
    """A Python string; quotes and what cannot be seen are escaped."""
    plain = text.isprintable() and not set('"\\') & set(text)
    return f'"{text}"' if plain else repr(text)
