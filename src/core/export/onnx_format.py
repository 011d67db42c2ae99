"""ONNX: one graph that takes the columns of the source as they are and answers with labels or values.

Imputation, scaling and one-hot are part of the graph, and so are the calendar and the class names. ONNX has no operator
that reads a date or hashes a word: these two are left to whoever asks. Versions are pinned to what runtimes in use
accept: IR 8, opset 17, ai.onnx.ml 2. Specification: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import __version__
from core.data.preprocess import ClassTarget, ImageFeature, LabelsTarget, NumberTarget
from core.export.base import Exporter, FormatInfo, HeldOut, Reloaded, classes_of
from core.export.onnx_prepare import ML, described, fed, prepared, unlike
from core.export.onnx_rules import RULES
from core.export.onnx_rules.graph import Graph
from core.export.walk import Place, check_size, places, plan_of
from core.model import TrainedModel
from core.project.atomic import atomic_write

if TYPE_CHECKING:
    import onnx

IR_VERSION, OPSET, ML_OPSET = 8, 17, 2
IMAGE = "image"


def build(model: TrainedModel) -> onnx.ModelProto:
    """The model as a checked ONNX graph; raises UserInputError for a layer without a rule."""
    import onnx
    from onnx import helper

    plan = plan_of(model, format="ONNX", kinds=RULES)
    check_size(model, "ONNX")
    graph = Graph()

    def write(place: Place) -> str:
        return RULES[place.layer.kind](graph, replace(place, name=f"/network/{place.name}"))

    image, features = model.preparation.image, model.preparation.features
    x = prepared(graph, features) if image is None else _image(graph, image)
    z = places(model, plan, x, write)
    outputs = _answers(graph, model, z)
    nodes = graph.needed([output.name for output in outputs])
    made = helper.make_model(
        helper.make_graph(nodes, model.name or "network", graph.inputs, outputs, graph.constants),
        producer_name="Chainrule",
        producer_version=__version__,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
        doc_string=_description(model),
    )
    helper.set_model_props(made, _facts(model))
    onnx.checker.check_model(made, full_check=True)
    return made


# --- what a person finds in the file


def _facts(model: TrainedModel) -> dict[str, str]:
    image = model.preparation.image
    columns = [described(feature) for feature in model.preparation.features]
    if image is not None:
        shape = {"height": image.height, "width": image.width, "channels": image.channels, "white": image.white}
        columns = [{"input": IMAGE, "column": image.name, "kind": "image", **shape}]
    return {
        "task": _TASKS[type(model.preparation.target)],
        "target": model.preparation.target.name,
        "classes": json.dumps(classes_of(model), ensure_ascii=False),
        "inputs": json.dumps(columns, ensure_ascii=False),
        "made_by": f"Chainrule {__version__}",
    }


_TASKS = {ClassTarget: "classification", NumberTarget: "regression", LabelsTarget: "multi-label classification"}
_OUTPUTS = {
    ClassTarget: "label (text) and probabilities",
    NumberTarget: "prediction, in the unit of the target",
    LabelsTarget: "label, 1 for every label whose probability is at least 0.5, else 0, and probabilities",
}


def _description(model: TrainedModel) -> str:
    what = _OUTPUTS[type(model.preparation.target)]
    image = model.preparation.image
    if image is not None:
        colours = "red, green and blue" if image.channels > 1 else "grey"
        return (
            f"Tells {model.preparation.target.name} from images: {IMAGE}, of shape (rows, {image.height}, "
            f"{image.width}, {image.channels}), pixels in {colours} from 0, black, to {image.white:g}, white. "
            f"Output: {what}."
        )
    return (
        f"Tells {model.preparation.target.name} from the columns of a table. Every input is one column as it stands in "
        "the source, of shape (rows, 1): numbers with NaN where missing, texts with the empty text where missing. "
        f"{unlike(model.preparation.features)}Output: {what}."
    )


# --- preparation


def _image(graph: Graph, image: ImageFeature) -> str:
    """x' = (x - mean) / scale of pixels, a mean and a scale for each channel, which is the last axis."""
    x = graph.image(IMAGE, image.shape)
    x = graph.add("Sub", x, graph.constant(image.mean, "/prepare/mean"), out="/prepare/centred")
    return graph.add("Div", x, graph.constant(image.scale, "/prepare/scale"), out="/prepare/x")


# --- answers


def _answers(graph: Graph, model: TrainedModel, z: str) -> list[onnx.ValueInfoProto]:
    from onnx import TensorProto, helper

    target = model.preparation.target
    if isinstance(target, LabelsTarget):
        return _labels(graph, z, len(target.classes))
    if not isinstance(target, ClassTarget):
        if model.loss == "poisson":  # z is the logarithm of the count in units of the scale
            rate = graph.add("Exp", z, out="/answer/rate")
            graph.add("Mul", rate, graph.constant(target.scale, "/answer/scale"), out="prediction")
            return [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["rows", 1])]
        y = graph.add("Mul", z, graph.constant(target.scale, "/answer/scale"), out="/answer/scaled")
        graph.add("Add", y, graph.constant(target.mean, "/answer/mean"), out="prediction")
        return [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["rows", 1])]
    if model.loss == "binary_cross_entropy":
        yes = graph.add("Sigmoid", z, out="/answer/yes")
        no = graph.add("Sub", graph.constant(1.0, "/answer/one"), yes, out="/answer/no")
        p = graph.add("Concat", no, yes, out="probabilities", axis=1)
    else:
        p = graph.add("Softmax", z, out="probabilities", axis=-1)
    best = graph.add("ArgMax", p, out="/answer/index", axis=1, keepdims=0)
    graph.add(
        "LabelEncoder", best, out="label", domain=ML,
        keys_int64s=list(range(len(target.classes))), values_strings=list(target.classes), default_string="",
    )  # fmt: skip
    return [
        helper.make_tensor_value_info("label", TensorProto.STRING, ["rows"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", len(target.classes)]),
    ]


def _labels(graph: Graph, z: str, count: int) -> list[onnx.ValueInfoProto]:
    """Each label by itself: its probability, and whether it is answered."""
    from onnx import TensorProto, helper

    p = graph.add("Sigmoid", z, out="probabilities")
    likely = graph.add("GreaterOrEqual", p, graph.constant(0.5, "/answer/half"), out="/answer/likely")
    graph.add("Cast", likely, out="label", to=TensorProto.INT64)
    return [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["rows", count]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", count]),
    ]


# --- writing and reading again


def _write(model: TrainedModel, path: Path) -> tuple[Path, ...]:
    atomic_write(path, build(model).SerializeToString(deterministic=True))
    return (path,)


def _answer(path: Path, model: TrainedModel, rows: HeldOut) -> Reloaded:
    """The file's answers by onnxruntime where it is installed, else by ONNX's reference evaluator."""
    import onnx

    proto = onnx.load(path, load_external_data=False)
    run, reference = _runtime(path)
    found = run(feeds(proto, rows))
    if "prediction" in found:
        return Reloaded(np.asarray(found["prediction"], np.float64), reference)
    p = np.asarray(found["probabilities"], np.float64)
    facts = {prop.key: prop.value for prop in proto.metadata_props}
    classes = json.loads(facts["classes"])
    if facts["task"] == _TASKS[LabelsTarget]:
        agree = np.array_equal(found["label"], p >= 0.5)
    else:
        agree = [classes[i] for i in p.argmax(axis=1)] == list(found["label"])
    if not agree:
        raise RuntimeError("the labels of the ONNX file do not belong to its probabilities")
    return Reloaded(p, reference)


def feeds(proto: onnx.ModelProto, rows: HeldOut) -> dict[str, np.ndarray]:
    """Text cells as the graph's inputs: numbers of its own type, NaN or "" where missing, seconds, counts of words."""
    from onnx import TensorProto

    inputs = json.loads({prop.key: prop.value for prop in proto.metadata_props}["inputs"])
    if inputs[0]["kind"] == "image":
        assert rows.images is not None
        return {IMAGE: rows.images}
    kinds = {TensorProto.FLOAT: np.float32, TensorProto.DOUBLE: np.float64, TensorProto.STRING: object}
    types = {value.name: kinds[value.type.tensor_type.elem_type] for value in proto.graph.input}
    return {entry["input"]: fed(entry, rows.columns[entry["column"]], types[entry["input"]]) for entry in inputs}


def _runtime(path: Path) -> tuple[Callable[[dict[str, np.ndarray]], dict[str, Any]], str]:
    try:
        import onnxruntime
    except Exception:  # absent, or broken on this machine in whatever way
        import onnx
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(str(path))
        reference = f"ONNX reference evaluator {onnx.__version__}"
        return lambda feed: dict(zip(evaluator.output_names, evaluator.run(None, feed), strict=True)), reference
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return (
        lambda feed: dict(zip(names, session.run(None, feed), strict=True)),
        f"onnxruntime {onnxruntime.__version__}",
    )


EXPORTER = Exporter(
    FormatInfo(
        "onnx",
        "ONNX",
        ".onnx",
        "Runs nearly everywhere: Python, C++, C#, Java, JavaScript, phones. Takes numbers and labels of your table, or "
        "the pixels of an image, as they are; preparation and class names are inside.",
    ),
    _write,
    _answer,
    RULES,
)
