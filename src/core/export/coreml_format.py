"""Core ML: a pipeline that takes the columns of the source, for apps on Apple's devices.

The columns are prepared step by step (`core.export.coreml_prepare`), joined, and a neural network answers. The pieces
are those of https://apple.github.io/coremltools/mlmodel/.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core import __version__
from core.data.preprocess import ClassTarget, ImageFeature, LabelsTarget
from core.errors import UserInputError
from core.export import coreml_prepare, coreml_reader
from core.export.base import Exporter, FormatInfo
from core.export.coreml_rules import RULES
from core.export.coreml_rules.builder import Network
from core.export.walk import Place, check_size, places, plan_of
from core.model import TrainedModel
from core.project.atomic import atomic_write

IMAGE = "image"


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
    coreml_prepare.check(model.preparation.features)
    ct = coremltools()
    image = model.preparation.image
    if image is None:
        steps, order = coreml_prepare.steps(ct, model.preparation.features)
        network, x = Network(ct, model, (len(order),)), "/x"
        if order != sorted(order):
            x = network.gather(x, order, "/prepare/x")
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
    spec = ct.proto.Model_pb2.Model(specificationVersion=coreml_prepare.VERSION)
    if model.preparation.image is not None:
        _describe_image(spec, model.preparation.image)
    for feature in model.preparation.features:
        coreml_prepare.describe(spec, feature)
    for output in last.description.output:
        spec.description.output.add().CopyFrom(output)
    spec.description.predictedFeatureName = last.description.predictedFeatureName
    spec.description.predictedProbabilitiesName = last.description.predictedProbabilitiesName
    about = spec.description.metadata
    about.shortDescription = f"{model.name}: tells {model.preparation.target.name}."
    about.author = f"Chainrule {__version__}"
    if isinstance(model.preparation.target, LabelsTarget):  # a classifier would keep them itself
        about.userDefined["classes"] = json.dumps(model.preparation.target.classes, ensure_ascii=False)
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


def _write(model: TrainedModel, path: Path) -> tuple[Path, ...]:
    atomic_write(path, build(model).SerializeToString(deterministic=True))
    return (path,)


EXPORTER = Exporter(
    FormatInfo(
        "coreml",
        "Core ML",
        ".mlmodel",
        "For apps on Mac, iPhone and iPad: drag it into Xcode. Takes numbers and labels of your table, or the pixels "
        "of an image, as they are. Needs coremltools.",
    ),
    _write,
    coreml_reader.answer,
    RULES,
)
