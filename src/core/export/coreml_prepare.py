"""Core ML for preparing the columns of a table: the steps of a pipeline from its inputs to /x.

Numbers are gathered, imputed and scaled, labels are mapped to an index and one-hot encoded, counts of words are scaled
to length 1. Dates are refused: the networks of Core ML compute in 16 or 32 bits, too few for a moment in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, cast

from core.data.preprocess import CategoryFeature, DateFeature, Feature, NumberFeature, TextFeature
from core.errors import UserInputError
from core.export.bags import RULE
from core.export.base import index_of_label, index_of_unknown, input_name, missing_marks

VERSION = 4  # iOS 13, macOS 10.15: the first with layers for arrays of any rank
Part = tuple[str, Any, list[int]]  # what a step gives, its type, and the places in x of its values


def check(features: Sequence[Feature]) -> None:
    """Raises UserInputError for a column that Core ML cannot prepare."""
    for feature in features:
        if isinstance(feature, DateFeature):
            raise UserInputError(
                f"Dates cannot be exported as Core ML yet: “{feature.name}” is one.",
                reason="A network of Core ML computes in 16 or 32 bits, too few for a moment in seconds.",
                remedy="Choose another format, or leave the column out and train again.",
            )


def describe(spec: Any, feature: Feature) -> None:
    """The input for one column: its type, and what it takes."""
    entry = spec.description.input.add(name=input_name(feature))
    if isinstance(feature, NumberFeature):
        entry.type.doubleType.SetInParent()
        entry.shortDescription = "A number; NaN where it is missing."
    elif isinstance(feature, TextFeature):
        entry.type.multiArrayType.shape.append(feature.width)
        entry.type.multiArrayType.dataType = entry.type.multiArrayType.DOUBLE
        entry.shortDescription = RULE
    else:
        entry.type.stringType.SetInParent()
        entry.shortDescription = "A text; empty where it is missing."


def steps(ct: Any, features: Sequence[Feature]) -> tuple[list[Any], list[int]]:
    """The steps from the columns to /x, and for every value of the network's row its place in /x."""
    made: list[Any] = []
    parts: list[Part] = []
    starts = [0]
    for feature in features:
        starts.append(starts[-1] + feature.width)
    for _, numbered in groupby(enumerate(features), _way):
        run = list(numbered)
        i, first = run[0]
        if isinstance(first, NumberFeature):
            found = _numbers(ct, {starts[k]: cast(NumberFeature, feature) for k, feature in run}, f"/numbers_{i}")
        elif isinstance(first, TextFeature):
            found = _text(ct, first, starts[i], f"/text_{i}")
        else:
            found = _category(ct, cast(CategoryFeature, first), starts[i], f"/category_{i}")
        made += found[0]
        parts += found[1]
    joined = _step(ct, {name: kind for name, kind, _ in parts}, "/x", ct.models.datatypes.Array(starts[-1]))
    for name, _, at in parts:
        joined.featureVectorizer.inputList.add(inputColumn=name, inputDimensions=len(at))
    places = [place for _, _, at in parts for place in at]
    return [*made, joined], sorted(range(len(places)), key=places.__getitem__)


def _way(numbered: tuple[int, Feature]) -> tuple[object, ...]:
    """Equal for neighbours that are prepared together."""
    i, feature = numbered
    return ("number", feature.log) if isinstance(feature, NumberFeature) else ("alone", i)


def _step(ct: Any, inputs: Mapping[str, Any], output: str, kind: Any) -> Any:
    """A pipeline step with named, typed ends."""
    from coremltools.models._interface_management import set_transform_interface_params

    spec = ct.proto.Model_pb2.Model(specificationVersion=VERSION)
    return set_transform_interface_params(spec, list(inputs.items()), [(output, kind)])


def _numbers(ct: Any, run: Mapping[int, NumberFeature], name: str) -> tuple[list[Any], list[Part]]:
    """Gathered, missing ones filled, their logarithm taken where it is wanted, then scale · (x + shift)."""
    features = [*run.values()]
    log = features[0].log
    array = ct.models.datatypes.Array(len(run))
    made = [_gathered(ct, features, f"{name}/columns")]
    made.append(_filled(ct, f"{name}/columns", [f.fill for f in features], f"{name}/filled"))
    made += [_logarithm(ct, len(run), f"{name}/filled", f"{name}/log")] if log else []
    scale = [1.0 / f.scale for f in features]
    made.append(_scaled(ct, f"{name}/log" if log else f"{name}/filled", [-f.mean for f in features], scale, name))
    parts: list[Part] = [(name, array, [*run])]
    marked = {place + 1: feature for place, feature in run.items() if feature.indicator}
    if marked:
        made += _gaps(ct, [*marked.values()], f"{name}/gaps")
        parts.append((f"{name}/gaps", ct.models.datatypes.Array(len(marked)), [*marked]))
    return made, parts


def _gathered(ct: Any, features: Sequence[NumberFeature], name: str) -> Any:
    types = ct.models.datatypes
    gathered = _step(ct, {input_name(f): types.Double() for f in features}, name, types.Array(len(features)))
    for feature in features:
        gathered.featureVectorizer.inputList.add(inputColumn=input_name(feature), inputDimensions=1)
    return gathered


def _filled(ct: Any, x: str, values: Sequence[float], name: str) -> Any:
    array = ct.models.datatypes.Array(len(values))
    filled = _step(ct, {x: array}, name, array)
    filled.imputer.imputedDoubleArray.vector.extend(values)
    filled.imputer.replaceDoubleValue = math.nan
    return filled


def _scaled(ct: Any, x: str, shift: Sequence[float], scale: Sequence[float], name: str) -> Any:
    array = ct.models.datatypes.Array(len(shift))
    scaled = _step(ct, {x: array}, name, array)
    scaled.scaler.shiftValue.extend(shift)
    scaled.scaler.scaleValue.extend(scale)
    return scaled


def _logarithm(ct: Any, size: int, x: str, name: str) -> Any:
    """A network of one layer: log(max(x + 1, 1))."""
    builder = _network(ct, [(x, size)], (name, size))
    builder.add_unary(name, x, name, "log", shift=1.0, epsilon=1.0)
    return builder.spec


def _network(ct: Any, inputs: Sequence[tuple[str, int]], output: tuple[str, int]) -> Any:
    ends = ([(name, ct.models.datatypes.Array(size)) for name, size in each] for each in (inputs, [output]))
    return ct.models.neural_network.NeuralNetworkBuilder(*ends, disable_rank5_shape_mapping=True)


def _gaps(ct: Any, features: Sequence[NumberFeature], name: str) -> list[Any]:
    """1 where a number is missing, else 0: what two different values to fill it with make of it, one less the other.

    No layer has to tell NaN from numbers so. Both are brought near 0 and 1 first, which small floats hold exactly.
    """
    n = len(features)
    unit = [1.0 + abs(f.fill) + (0.0 if f.log else f.scale) for f in features]
    made = [_gathered(ct, features, f"{name}/columns")]
    for k, end in enumerate(("low", "high")):
        values = [f.fill + k * size for f, size in zip(features, unit, strict=True)]
        made.append(_filled(ct, f"{name}/columns", values, f"{name}/{end}_filled"))
        shift, scale = [-f.fill for f in features], [1.0 / size for size in unit]
        made.append(_scaled(ct, f"{name}/{end}_filled", shift, scale, f"{name}/{end}"))
    builder = _network(ct, [(f"{name}/low", n), (f"{name}/high", n)], (name, n))
    builder.add_activation("minus_low", "LINEAR", f"{name}/low", "minus_low", [-1.0, 0.5])
    builder.add_add_broadcastable("difference", [f"{name}/high", "minus_low"], "difference")
    builder.add_floor("gaps", "difference", name)
    return [*made, builder.spec]


def _category(ct: Any, feature: CategoryFeature, start: int, name: str) -> tuple[list[Any], list[Part]]:
    """The label's index, -1 where unknown, and one-hot, all zeros where unknown; or the code, which is one more."""
    types = ct.models.datatypes
    size = feature.width - feature.indicator
    index = {label: i + feature.embedded for label, i in index_of_label(feature).items()}
    made = [_mapped(ct, feature, index, index_of_unknown(feature) + feature.embedded, f"{name}/index")]
    parts: list[Part] = [(f"{name}/index", types.Int64(), [start])]
    if not feature.embedded:
        hot = _step(ct, {f"{name}/index": types.Int64()}, name, types.Dictionary(types.Int64()))
        hot.oneHotEncoder.int64Categories.vector.extend(range(size))
        hot.oneHotEncoder.outputSparse = True
        ignored = ct.proto.OneHotEncoder_pb2.OneHotEncoder.HandleUnknown.Value("IgnoreUnknown")
        hot.oneHotEncoder.handleUnknown = ignored
        made.append(hot)
        parts = [(name, types.Dictionary(types.Int64()), [*range(start, start + size)])]
    if feature.indicator:
        made.append(_mapped(ct, feature, dict.fromkeys(missing_marks(feature), 1), 0, f"{name}/gap"))
        parts.append((f"{name}/gap", types.Int64(), [start + size]))
    return made, parts


def _mapped(ct: Any, feature: CategoryFeature, index: Mapping[str, int], unknown: int, name: str) -> Any:
    types = ct.models.datatypes
    mapped = _step(ct, {input_name(feature): types.String()}, name, types.Int64())
    mapped.categoricalMapping.stringToInt64Map.map.update(index)
    mapped.categoricalMapping.int64Value = unknown
    return mapped


def _text(ct: Any, feature: TextFeature, start: int, name: str) -> tuple[list[Any], list[Part]]:
    """Counts divided by their length as a vector, which is at least 1 where there is a word."""
    import numpy as np

    x, n = input_name(feature), feature.width
    builder = _network(ct, [(x, n)], (name, n))
    builder.add_reduce_l2("length", x, "length", axes=[-1], keepdims=True)
    builder.add_load_constant_nd("one", "one", np.ones(1, np.float32), (1,))
    builder.add_max_broadcastable("at_least_one", ["length", "one"], "at_least_one")
    builder.add_divide_broadcastable("scaled", [x, "at_least_one"], name)
    return [builder.spec], [(name, ct.models.datatypes.Array(n), [*range(start, start + n)])]
