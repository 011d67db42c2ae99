"""ONNX for preparing the columns of a table: from the graph's inputs to x, the row that the network takes.

Numbers and labels enter as they stand in the source. ONNX has no operator that reads a date or hashes a word, so dates
enter as seconds and texts as counts of words; `described` says in the file how these are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np

from core.data import dates
from core.data.preprocess import CategoryFeature, DateFeature, Feature, NumberFeature, TextFeature
from core.evaluation.rows import number_of
from core.export import bags, onnx_dates
from core.export.base import Cell, index_of_label, index_of_unknown, input_name, missing_marks
from core.export.onnx_rules.graph import Graph

ML = "ai.onnx.ml"
# A column whose mean is this many deviations away from zero loses too much of its 24 bits as float32.
FLOAT32_REACH = 256.0
DATE_RULE = "Seconds since 1970-01-01 00:00 UTC; a time without a zone counts as UTC; NaN where missing."


def described(feature: Feature) -> dict[str, Any]:
    """What the metadata say about the input of one column."""
    found: dict[str, Any] = {"input": input_name(feature), "column": feature.name}
    if isinstance(feature, DateFeature):
        return found | {"kind": "date", "rule": DATE_RULE, "forms": list(feature.forms)}
    if isinstance(feature, TextFeature):
        return found | {"kind": "text", "width": feature.width, "rule": bags.RULE}
    return found | {"kind": "number" if isinstance(feature, NumberFeature) else "category"}


def unlike(features: Sequence[Feature]) -> str:
    """A sentence for people about columns that do not enter as they stand in the source; "" where there are none."""
    kinds = {type(feature) for feature in features}
    said = ["dates as seconds since 1970-01-01 UTC, NaN where missing"] if DateFeature in kinds else []
    said += ["running text as counts of its words by bucket, of shape (rows, width)"] if TextFeature in kinds else []
    return f"But {', and '.join(said)}: how is told in the metadata, under inputs. " if said else ""


def fed(entry: Mapping[str, Any], column: Sequence[Cell], dtype: Any) -> np.ndarray:
    """Text cells of one column as its input, which the metadata describe by `entry`."""
    kind = entry["kind"]
    if kind == "category":
        return np.array([[cell or ""] for cell in column], object).reshape(-1, 1)
    if kind == "text":
        return np.array([bags.counts(cell, entry["width"]) for cell in column], dtype).reshape(-1, entry["width"])
    numbers = [dates.moment(cell or "", entry["forms"]) if kind == "date" else number_of(cell) for cell in column]
    return np.array([[np.nan if number is None else number] for number in numbers], dtype).reshape(-1, 1)


def prepared(graph: Graph, features: tuple[Feature, ...]) -> str:
    """Input nodes and everything up to x: (rows, values). Neighbouring numbers, or dates, are prepared together."""
    parts: list[str] = []
    for _, numbered in groupby(enumerate(features), _way):
        run = list(numbered)
        i, first = run[0]
        if isinstance(first, NumberFeature):
            numbers = [cast(NumberFeature, feature) for _, feature in run]
            parts.append(_numbers(graph, numbers, f"/prepare/numbers_{len(parts)}"))
        elif isinstance(first, DateFeature):
            moments = [cast(DateFeature, feature) for _, feature in run]
            parts.append(onnx_dates.prepared(graph, moments, f"/prepare/dates_{len(parts)}"))
        elif isinstance(first, TextFeature):
            parts.append(_text(graph, first, f"/prepare/text_{i}"))
        else:
            parts.append(_category(graph, first, f"/prepare/category_{i}"))
    return graph.add("Concat", *parts, out="/prepare/x", axis=1)


def is_wide(feature: NumberFeature) -> bool:
    """Whether the column needs float64, as years do, or times in seconds, or numbers of any size by their logarithm."""
    return feature.log or abs(feature.mean) > FLOAT32_REACH * feature.scale


def _way(numbered: tuple[int, Feature]) -> tuple[object, ...]:
    """Equal for neighbours that are prepared together."""
    i, feature = numbered
    if isinstance(feature, NumberFeature):
        return "number", is_wide(feature), feature.log
    return ("date",) if isinstance(feature, DateFeature) else ("alone", i)


def _numbers(graph: Graph, run: Sequence[NumberFeature], name: str) -> str:
    """x' = (x - mean) / scale with missing values filled, or the same of log(1 + max(x, 0)).

    The mean comes off in two parts, which keeps its low bits.
    """
    from onnx import TensorProto

    kind, dtype = (TensorProto.DOUBLE, np.float64) if is_wide(run[0]) else (TensorProto.FLOAT, np.float32)
    x, missing = graph.filled({input_name(f): f.fill for f in run}, kind, dtype, name)
    mean = np.array([f.mean for f in run])
    high = mean.astype(dtype)
    if run[0].log:
        x = graph.add("Max", x, graph.constant([0.0], f"{name}/zero", dtype), out=f"{name}/positive")
        x = graph.add("Add", x, graph.constant([1.0], f"{name}/one", dtype), out=f"{name}/above_one")
        x = graph.add("Log", x, out=f"{name}/log")
    x = graph.add("Sub", x, graph.constant(high, f"{name}/mean", dtype), out=f"{name}/centred")
    x = graph.add("Sub", x, graph.constant(mean - high, f"{name}/mean_rest", dtype), out=f"{name}/centred_fully")
    x = graph.add("Div", x, graph.constant([f.scale for f in run], f"{name}/scale", dtype), out=f"{name}/scaled")
    x = graph.add("Cast", x, out=name, to=TensorProto.FLOAT) if kind == TensorProto.DOUBLE else x
    if not any(f.indicator for f in run):
        return x
    gaps = graph.add("Cast", missing, out=f"{name}/gaps", to=TensorProto.FLOAT)
    order = [place for k, f in enumerate(run) for place in ((k, len(run) + k) if f.indicator else (k,))]
    return graph.ordered([x, gaps], order, f"{name}/with_gaps")


def _category(graph: Graph, feature: CategoryFeature, name: str) -> str:
    """One-hot: the label's index, compared with every index; unknown is -1 and equals none, or is the last."""
    from onnx import TensorProto

    index = index_of_label(feature)
    column = graph.column(input_name(feature), TensorProto.STRING)
    unknown = index_of_unknown(feature)
    found = graph.add(
        "LabelEncoder", column, out=f"{name}/index", domain=ML,
        keys_strings=list(index), values_int64s=list(index.values()), default_int64=unknown,
    )  # fmt: skip
    if feature.embedded:
        code = graph.add("Add", found, graph.constant([1], f"{name}/first", np.int64), out=f"{name}/code")
        x = graph.add("Cast", code, out=name, to=TensorProto.FLOAT)
    else:
        every = graph.constant([list(range(feature.width - feature.indicator))], f"{name}/every_index", np.int64)
        x = graph.add("Cast", graph.add("Equal", found, every, out=f"{name}/is"), out=name, to=TensorProto.FLOAT)
    if not feature.indicator:
        return x
    marks = missing_marks(feature)
    gap = graph.add(
        "LabelEncoder", column, out=f"{name}/gap", domain=ML,
        keys_strings=marks, values_floats=[1.0] * len(marks), default_float=0.0,
    )  # fmt: skip
    return graph.add("Concat", x, gap, out=f"{name}/with_gap", axis=1)


def _text(graph: Graph, feature: TextFeature, name: str) -> str:
    """Counts of words divided by their length as a vector, which is at least 1 where there is a word."""
    x = graph.row(input_name(feature), feature.width)
    length = graph.add("ReduceL2", x, out=f"{name}/length", axes=[1], keepdims=1)
    length = graph.add("Max", length, graph.constant([1.0], f"{name}/one"), out=f"{name}/at_least_one")
    return graph.add("Div", x, length, out=name)
