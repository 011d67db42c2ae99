"""Core ML: a pipeline that takes the columns of the source, for apps on Apple's devices.

Numbers are gathered, imputed and scaled, texts are mapped to an index and one-hot encoded, all are joined, and a neural
network answers. The pieces are those of https://apple.github.io/coremltools/mlmodel/.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core import __version__
from core.data.preprocess import CategoryFeature, ClassTarget, Feature, ImageFeature, NumberFeature
from core.errors import UserInputError
from core.export import coreml_reader
from core.export.base import Exporter, FormatInfo, index_of_label, input_name
from core.export.coreml_rules import RULES
from core.export.coreml_rules.builder import Network
from core.export.walk import Place, check_size, places, plan_of
from core.model import TrainedModel
from core.project.atomic import atomic_write

IMAGE = "image"
VERSION = 4  # iOS 13, macOS 10.15: the first with layers for arrays of any rank


def coremltools() -> Any:
    """The library; raises UserInputError where it is not installed or does not work."""
    logging.getLogger("coremltools").setLevel(logging.CRITICAL)  # it complains on every machine that is no Mac
    try:
        import coremltools
        import coremltools.models.neural_network
        import coremltools.proto
    except Exception as err:  # absent, or broken on this machine in whatever way
        raise UserInputError(
            "Exporting to Core ML needs coremltools.",
            reason=f"It could not be loaded: {err}.",
            remedy='Install it with: pip install "chainrule[coreml]"',
        ) from err
    return coremltools


def build(model: TrainedModel) -> Any:
    """The model as a Core ML specification; raises UserInputError for a layer without a rule."""
    plan = plan_of(model, format="Core ML", kinds=RULES)
    check_size(model, "Core ML")
    ct = coremltools()
    image = model.preparation.image
    if image is None:
        steps, size = _preparation(ct, model.preparation.features)
        network, x = Network(ct, model, (size,)), "/x"
    else:
        steps, network = [], Network(ct, model, image.shape, IMAGE)
        x = _image(network, image)

    def write(place: Place) -> str:
        return RULES[place.layer.kind](network, replace(place, name=f"/network/{place.name}"))

    last = network.finished(places(model, plan, x, write))
    spec = _pipeline(ct, model, last)
    pipeline = spec.pipelineClassifier.pipeline if isinstance(model.preparation.target, ClassTarget) else spec.pipeline
    for step in (*steps, last):
        pipeline.models.add().CopyFrom(step)
    return spec


def _pipeline(ct: Any, model: TrainedModel, last: Any) -> Any:
    """The outer description: the columns as inputs, and the outputs of the last step."""
    spec = ct.proto.Model_pb2.Model(specificationVersion=VERSION)
    if model.preparation.image is not None:
        _describe_image(spec, model.preparation.image)
    for feature in model.preparation.features:
        entry = spec.description.input.add(name=input_name(feature))
        if isinstance(feature, NumberFeature):
            entry.type.doubleType.SetInParent()
            entry.shortDescription = "A number; NaN where it is missing."
        else:
            entry.type.stringType.SetInParent()
            entry.shortDescription = "A text; empty where it is missing."
    for output in last.description.output:
        spec.description.output.add().CopyFrom(output)
    spec.description.predictedFeatureName = last.description.predictedFeatureName
    spec.description.predictedProbabilitiesName = last.description.predictedProbabilitiesName
    about = spec.description.metadata
    about.shortDescription = f"{model.name}: tells {model.preparation.target.name}."
    about.author = f"Chainrule {__version__}"
    return spec


def _describe_image(spec: Any, image: ImageFeature) -> None:
    entry = spec.description.input.add(name=IMAGE)
    entry.type.multiArrayType.shape.extend(image.shape)
    entry.type.multiArrayType.dataType = entry.type.multiArrayType.FLOAT32
    colours = "red, green, blue" if image.channels > 1 else "grey"
    entry.shortDescription = f"Pixels by row, column and channel ({colours}), 0 is black, {image.white:g} white."


# --- preparation


def _image(network: Network, image: ImageFeature) -> str:
    """x' = (x - mean) / scale of pixels: (height, width, channels)."""
    shape = (1, 1, image.channels)
    mean = network.constant(np.array(image.mean).reshape(shape) * -1.0, "/prepare/mean")
    scale = network.constant(1.0 / np.array(image.scale).reshape(shape), "/prepare/scale")
    return network.multiply([network.add([IMAGE, mean], "/prepare/centred"), scale], "/prepare/x")


def _step(ct: Any, inputs: Mapping[str, Any], output: str, kind: Any) -> Any:
    """A pipeline step with named, typed ends."""
    from coremltools.models._interface_management import set_transform_interface_params

    spec = ct.proto.Model_pb2.Model(specificationVersion=VERSION)
    return set_transform_interface_params(spec, list(inputs.items()), [(output, kind)])


def _preparation(ct: Any, features: tuple[Feature, ...]) -> tuple[list[Any], int]:
    """The steps from the columns to /x, and how many values /x has."""
    types = ct.models.datatypes
    steps: list[Any] = []
    parts: list[tuple[str, Any, int]] = []
    run: list[NumberFeature] = []
    for i, feature in enumerate((*features, None)):
        if isinstance(feature, NumberFeature) and (not run or run[0].log == feature.log):
            run.append(feature)
            continue
        if run:
            name = f"/numbers_{i}"
            steps += _numbers(ct, run, name)
            parts.append((name, types.Array(len(run)), len(run)))
        run = [feature] if isinstance(feature, NumberFeature) else []
        if isinstance(feature, CategoryFeature):
            name, size = f"/category_{i}", len(feature.categories)
            steps += _category(ct, feature, name)
            parts.append((name, types.Dictionary(types.Int64()), size))
    total = sum(size for _, _, size in parts)
    joined = _step(ct, {name: kind for name, kind, _ in parts}, "/x", types.Array(total))
    for name, _, size in parts:
        joined.featureVectorizer.inputList.add(inputColumn=name, inputDimensions=size)
    return [*steps, joined], total


def _numbers(ct: Any, run: list[NumberFeature], name: str) -> list[Any]:
    """Gathered, missing ones filled, their logarithm taken where it is wanted, then scale · (x + shift)."""
    types = ct.models.datatypes
    array = types.Array(len(run))
    gathered = _step(ct, {input_name(f): types.Double() for f in run}, f"{name}/columns", array)
    for feature in run:
        gathered.featureVectorizer.inputList.add(inputColumn=input_name(feature), inputDimensions=1)
    filled = _step(ct, {f"{name}/columns": array}, f"{name}/filled", array)
    filled.imputer.imputedDoubleArray.vector.extend(f.fill for f in run)
    filled.imputer.replaceDoubleValue = math.nan
    steps = [gathered, filled, *([_logarithm(ct, len(run), f"{name}/filled", f"{name}/log")] if run[0].log else [])]
    scaled = _step(ct, {f"{name}/log" if run[0].log else f"{name}/filled": array}, name, array)
    scaled.scaler.shiftValue.extend(-f.mean for f in run)
    scaled.scaler.scaleValue.extend(1.0 / f.scale for f in run)
    return [*steps, scaled]


def _logarithm(ct: Any, size: int, x: str, name: str) -> Any:
    """A network of one layer: log(max(x + 1, 1))."""
    array = ct.models.datatypes.Array(size)
    builder = ct.models.neural_network.NeuralNetworkBuilder(
        [(x, array)], [(name, array)], disable_rank5_shape_mapping=True
    )
    builder.add_unary(name, x, name, "log", shift=1.0, epsilon=1.0)
    return builder.spec


def _category(ct: Any, feature: CategoryFeature, name: str) -> list[Any]:
    """The label's index, -1 where unknown, and one-hot, all zeros where unknown."""
    types = ct.models.datatypes
    mapped = _step(ct, {input_name(feature): types.String()}, f"{name}/index", types.Int64())
    mapped.categoricalMapping.stringToInt64Map.map.update(index_of_label(feature))
    mapped.categoricalMapping.int64Value = -1
    hot = _step(ct, {f"{name}/index": types.Int64()}, name, types.Dictionary(types.Int64()))
    hot.oneHotEncoder.int64Categories.vector.extend(range(len(feature.categories)))
    hot.oneHotEncoder.outputSparse = True
    unknown = ct.proto.OneHotEncoder_pb2.OneHotEncoder.HandleUnknown
    hot.oneHotEncoder.handleUnknown = unknown.Value("IgnoreUnknown")
    return [mapped, hot]


def _write(model: TrainedModel, path: Path) -> tuple[Path, ...]:
    atomic_write(path, build(model).SerializeToString(deterministic=True))
    return (path,)


EXPORTER = Exporter(
    FormatInfo(
        "coreml",
        "Core ML",
        ".mlmodel",
        "For apps on Mac, iPhone and iPad: drag it into Xcode. Takes the columns of your table, or the pixels of an "
        "image, as they are. Needs coremltools.",
    ),
    _write,
    coreml_reader.answer,
    RULES,
)
