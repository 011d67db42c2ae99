"""Asking a Core ML file for its answers: by Core ML itself on a Mac, elsewhere by reading its specification in NumPy.

The second way follows the documented meaning of every step, from the file alone; it cannot speak for Apple's runtime,
and the receipt says so.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.data.preprocess import CategoryFeature, LabelsTarget, TextFeature
from core.evaluation.rows import number_of
from core.export import coreml_layers
from core.export.bags import counts
from core.export.base import HeldOut, Reloaded, classes_of, input_name
from core.model import TrainedModel

Values = dict[str, Any]
NOTE = "Core ML runs on Apple's systems alone: here its file was read step by step and computed in 64 bits."


def answer(path: Path, model: TrainedModel, rows: HeldOut) -> Reloaded:
    """The file's answers for the rows; see `core.export.base.Exporter`."""
    from core.export.coreml_format import coremltools

    ct = coremltools()
    columns = _typed(model, rows)
    if sys.platform == "darwin":
        runtime = ct.models.MLModel(str(path), compute_units=ct.ComputeUnit.CPU_ONLY)
        found = [runtime.predict({name: column[i] for name, column in columns.items()}) for i in range(len(rows.x))]
        return Reloaded(np.array([_plain(row, model) for row in found]), f"Core ML by coremltools {ct.__version__}")
    spec = ct.proto.Model_pb2.Model()
    spec.ParseFromString(path.read_bytes())
    return Reloaded(_computed(spec, columns), "Chainrule reader of Core ML files, 64-bit", NOTE)


def _typed(model: TrainedModel, rows: HeldOut) -> dict[str, list[Any]]:
    """Cells as the file's inputs: NaN or "" where missing."""
    made: dict[str, list[Any]] = {}
    if rows.images is not None:
        return {"image": list(rows.images)}
    for feature in model.preparation.features:
        column = rows.columns[feature.name]
        if isinstance(feature, TextFeature):
            made[input_name(feature)] = [counts(cell, feature.width).astype(np.float64) for cell in column]
        elif isinstance(feature, CategoryFeature):
            made[input_name(feature)] = [cell or "" for cell in column]
        else:
            numbers = (number_of(cell) for cell in column)
            made[input_name(feature)] = [math.nan if number is None else number for number in numbers]
    return made


def _plain(row: Values, model: TrainedModel) -> list[float]:
    classes = classes_of(model)
    if not classes:
        return [float(np.ravel(row["prediction"])[0])]
    p = row["probabilities"]
    if isinstance(model.preparation.target, LabelsTarget):
        return [float(value) for value in np.ravel(p)]
    return [float(p[label]) for label in classes]


# --- reading the specification


def _computed(spec: Any, columns: dict[str, list[Any]]) -> np.ndarray:
    """All steps over all rows at once: (rows, outputs)."""
    values: Values = dict(columns)
    pipeline = spec.pipelineClassifier.pipeline if spec.HasField("pipelineClassifier") else spec.pipeline
    for step in pipeline.models:
        kind = step.WhichOneof("Type")
        inputs = {entry.name: values[entry.name] for entry in step.description.input}
        if kind in _NETWORKS:
            arrays = {name: np.asarray(value) for name, value in inputs.items()}
            values |= coreml_layers.network(getattr(step, kind), arrays, [e.name for e in step.description.output])
        else:
            values[step.description.output[0].name] = _STEPS[kind](getattr(step, kind), [*inputs.values()])
    return np.asarray(values[spec.description.output[0].name])


def _vectorizer(spec: Any, inputs: list[Any]) -> np.ndarray:
    parts = [np.asarray(part, np.float64).reshape(len(part), -1) for part in inputs]
    sizes = [entry.inputDimensions for entry in spec.inputList]
    if [part.shape[1] for part in parts] != sizes:
        raise RuntimeError("the Core ML file joins parts of other sizes")
    return np.concatenate(parts, axis=1)


def _imputer(spec: Any, inputs: list[Any]) -> np.ndarray:
    x = inputs[0]
    return np.where(np.isnan(x), np.array(spec.imputedDoubleArray.vector), x)


def _scaler(spec: Any, inputs: list[Any]) -> np.ndarray:
    return (inputs[0] + np.array(spec.shiftValue)) * np.array(spec.scaleValue)


def _mapping(spec: Any, inputs: list[Any]) -> list[int]:
    table = dict(spec.stringToInt64Map.map)
    return [table.get(text, spec.int64Value) for text in inputs[0]]


def _hot(spec: Any, inputs: list[Any]) -> np.ndarray:
    return np.array([[float(i == label) for label in spec.int64Categories.vector] for i in inputs[0]])


_NETWORKS = ("neuralNetworkClassifier", "neuralNetwork")
_STEPS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "featureVectorizer": _vectorizer,
    "imputer": _imputer,
    "scaler": _scaler,
    "categoricalMapping": _mapping,
    "oneHotEncoder": _hot,
}
