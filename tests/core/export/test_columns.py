"""Every way to prepare a column, in every format: dates, words, indicators, other and embedded labels, scalings."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from core.data import dates
from core.data.preprocess import (
    DATE_PARTS,
    CategoryFeature,
    DateFeature,
    Feature,
    LabelsTarget,
    NumberFeature,
    NumberTarget,
    Preparation,
    TextFeature,
)
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.export import coreml_prepare, numpy_format, onnx_prepare
from core.export.base import HeldOut
from core.export.onnx_format import build, feeds
from core.export.onnx_rules.graph import Graph
from core.export.receipt import UNKNOWN, made_up, receipt, varied
from core.export.run import _exporters, export_with_receipt
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.spec import sequential

FORMS = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%B %d, %Y %I:%M %p", "%d-%b-%Y", "%Y-%m")
NUMBERS = ("5.1", None, "", "x", "?", "1e3", "-0.25", " 7 ", "1_000", "NA")
LABELS = ("red", None, "", "?", "green", "größer", "3", "NA", "none of them")
DATES = (
    "2024-02-29", None, "", "2023-12-31 23:59:59.999999", "1899-3-1", "0001-01-01", "9999-12-31T23:59", "-",
    "2020-01-31T18:30:05.25+01:00", "2000-02-29 00:00:00Z", "1970-01-01 00:30 -0130", "2023-02-29", "31.02.2020",
    "soon", "05.03.2021", "5.3.2021 7:45", "March 5, 2021 11:30 PM", "Mar 5, 2021 12:30 AM", "march 05, 1969 12:30 am",
    "05-mAr-2021", "05-March-2021", "2021-07", "1600-02-29", "1900-02-28", "25:00", "2021-01-01 24:00", "20210305",
)  # fmt: skip
TEXTS = ("Hello, hello World", None, "", "?", "Größe 花 GRÖSSE", "a_b c", 'one\ntwo, "three"', "x " * 50, " NA ", "!")

WAYS: dict[str, tuple[Feature, ...]] = {
    "number": (NumberFeature("a", 4.0, 3.5, 2.25, indicator=True),),
    "numbers": (
        NumberFeature("a", 4.0, 3.5, 2.25, indicator=True), NumberFeature("b", -1.0, -3.0, 40.0),  # min-max
        NumberFeature("c", 0.5, 0.0, 1.0, indicator=True),  # as they are
        NumberFeature("year", 2001.5, 2001.37, 0.31, indicator=True), NumberFeature("d", 2e9, 2e9, 0.5),
        NumberFeature("income", 12.0, 2.1, 0.7, log=True, indicator=True), NumberFeature("e", 3.0, 1.0, 1.0, log=True),
        NumberFeature("f", 0.0, 0.0, 1.0),
    ),
    "other": (CategoryFeature("a", ("red", "größer", "3"), "größer", other=True),),
    "other that are missing": (CategoryFeature("a", ("red", "3"), "gone", other=True, indicator=True),),
    "missing of its own": (CategoryFeature("a", ("", "red", "größer"), ""),),
    "missing of its own, and marked": (CategoryFeature("a", ("", "red", "größer"), "", other=True, indicator=True),),
    "a mark that is a label": (CategoryFeature("a", ("NA", "red"), "red", indicator=True),),
    "embedded": (CategoryFeature("a", ("red", "größer", "3"), "3", embedded=True),),
    "embedded and marked": (CategoryFeature("a", ("red", "3"), "3", other=True, embedded=True, indicator=True),),
    "date": (DateFeature("a", DATE_PARTS, 1.6e9, 1.5e9, 4e7, FORMS, indicator=True),),
    "dates": (
        DateFeature("a", ("time",), 1.6e9, 1.5e9, 4e7, ("%d.%m.%Y",)),
        DateFeature("b", ("year", "week"), 1.6e9 + 0.5, 0.0, 1.0, indicator=True),
        DateFeature("c", ("day",), -3.25e9, -3e9, 1e6, FORMS),
        NumberFeature("n", 0.0, 0.0, 2.0),
        DateFeature("d", ("time", "month"), 0.0, 0.0, 1e9, FORMS[3:], indicator=True),
    ),
    "text": (TextFeature("a", 7),),
    "texts": (TextFeature("a", 64), TextFeature("b", 1)),
}  # fmt: skip
WAYS["all of them"] = tuple(
    replace(feature, name=f"{name} {feature.name}") for name, features in WAYS.items() for feature in features
)
WITHOUT_DATES = [name for name, some in WAYS.items() if not any(isinstance(f, DateFeature) for f in some)]


def cells_of(features: tuple[Feature, ...]) -> dict[str, tuple[str | None, ...]]:
    """Every kind of cell for every column."""
    pools = {NumberFeature: NUMBERS, CategoryFeature: LABELS, DateFeature: DATES, TextFeature: TEXTS}
    return {
        feature.name: tuple(pools[type(feature)][(row + k) % len(pools[type(feature)])] for row in range(len(DATES)))
        for k, feature in enumerate(features)
    }


def rows_of(preparation: Preparation) -> HeldOut:
    columns = cells_of(preparation.features)
    x, _ = prepared_rows(preparation, columns)
    return HeldOut(columns, x, len(x))


def model_of(name: str, zoo: SimpleNamespace, target: Any = None) -> TrainedModel:
    features, target = WAYS[name], target or zoo.CLASSES
    outputs = 1 if isinstance(target, NumberTarget) else len(target.classes)
    values = sum(feature.width for feature in features)
    network = sequential(
        Input(shape=(values,)), Dense(units=6, activation="tanh"), Dense(units=outputs, activation="linear")
    )
    loss = "multi_label_cross_entropy" if isinstance(target, LabelsTarget) else ""
    model: TrainedModel = zoo.trained(network, target, loss=loss)
    weights = dict(model.weights)
    weights["l1"] = {k: v / max(1.0, values**0.5) for k, v in weights["l1"].items()}  # no steeper than training leaves
    return replace(model, weights=weights, preparation=Preparation(features, target))


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("exported", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def asked(rows: HeldOut) -> list[dict[str, str | None]]:
    return [dict(zip(rows.columns, cells, strict=True)) for cells in zip(*rows.columns.values(), strict=True)]


# --- what the network meets, value by value


@pytest.mark.parametrize("runtime", ["onnxruntime", "reference"])
@pytest.mark.parametrize("name", WAYS)
def test_onnx_prepares_every_value(name: str, runtime: str) -> None:
    features = WAYS[name]
    graph = Graph()
    onnx_prepare.prepared(graph, features)
    output = onnx.helper.make_tensor_value_info("/prepare/x", onnx.TensorProto.FLOAT, ["rows", "values"])
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "g", graph.inputs, [output], graph.constants),
        ir_version=8,
        opset_imports=[onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 2)],
    )
    onnx.helper.set_model_props(made, {"inputs": json.dumps([onnx_prepare.described(f) for f in features])})
    onnx.checker.check_model(made, full_check=True)
    rows = rows_of(Preparation(features, NumberTarget("y", 0.0, 1.0)))
    feed = feeds(made, rows)
    if runtime == "onnxruntime":
        found = onnxruntime.InferenceSession(made.SerializeToString()).run(None, feed)[0]
    else:
        found = ReferenceEvaluator(made).run(None, feed)[0]
    np.testing.assert_allclose(found, rows.x, rtol=2e-7, atol=2e-7)


@pytest.mark.parametrize("name", WAYS)
def test_a_program_prepares_every_value(name: str, zoo: SimpleNamespace, tmp_path: Path) -> None:
    model = model_of(name, zoo)
    program = tmp_path / "model.py"
    program.write_text(numpy_format.code(model), encoding="utf-8")
    rows = rows_of(model.preparation)
    np.testing.assert_array_equal(imported(program).prepare(asked(rows)), rows.x)


def test_the_calendar_of_onnx_is_that_of_the_world() -> None:
    """Days of ten thousand years, first and last days of months above all."""
    rng = np.random.default_rng(5)
    days = np.concatenate([rng.integers(-719_162, 2_932_896, 3000), np.arange(-719_162, 2_932_896, 365.2425 * 4)])
    t = np.floor(days) * 86_400 + rng.integers(0, 86_400, len(days)) * rng.integers(0, 2, len(days))
    feature = DateFeature("a", DATE_PARTS, 0.0, 0.0, 1e10)
    graph = Graph()
    onnx_prepare.prepared(graph, (feature,))
    output = onnx.helper.make_tensor_value_info("/prepare/x", onnx.TensorProto.FLOAT, ["rows", 9])
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "g", graph.inputs, [output], graph.constants),
        ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)],
    )  # fmt: skip
    found = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"a": t[:, None]})[0]
    np.testing.assert_allclose(found, feature.values(t), rtol=1e-7, atol=1e-7)
    dates_of = [np.datetime64(int(second), "s").astype("datetime64[D]").item() for second in t[:500]]
    year = [((date.month - 1) + (date.day - 1) / 31) / 12 for date in dates_of]
    np.testing.assert_allclose(found[:500, 1], np.sin(2 * np.pi * np.array(year)), atol=1e-6)


# --- from the cells to the answers


@pytest.mark.parametrize("format", ["onnx", "safetensors", "coreml"])
@pytest.mark.parametrize("name", WAYS)
def test_a_file_answers_as_the_network(name: str, format: str, zoo: SimpleNamespace, tmp_path: Path) -> None:
    if format == "coreml":
        pytest.importorskip("coremltools")
        if name not in WITHOUT_DATES:
            pytest.skip("refused by name")
    model = model_of(name, zoo)
    exporter = _exporters()[format]
    exporter.write(model, tmp_path / "m")
    made = receipt(exporter, tmp_path / "m", model, rows_of(model.preparation))
    assert made.max_abs_difference <= 1e-6, made


@pytest.mark.parametrize("format", ["onnx", "safetensors", "numpy", "mlx", "pytorch", "coreml"])
@pytest.mark.parametrize("told", ["classes", "number", "labels", "labels in columns"])
def test_receipts_hold(format: str, told: str, zoo: SimpleNamespace, tmp_path: Path) -> None:
    targets = {
        "classes": zoo.CLASSES,
        "number": NumberTarget("price", 123.456, 432.1),
        "labels": LabelsTarget("genre", ("drama", "größer", 'say "hi"'), separator="; "),
        "labels in columns": LabelsTarget("what it is", ("old", "new", "rare", "red"), columns=("o", "n", "r", "e")),
    }
    name = "all of them"
    if format == "coreml":
        pytest.importorskip("coremltools")
        name = "numbers"
    model = model_of(name, zoo, targets[told])
    result = export_with_receipt(format, model, tmp_path / "m")
    assert result.receipt.max_abs_difference <= 1e-6, result.receipt
    if format in ("numpy", "mlx", "pytorch"):
        ran = result.receipt.reference.startswith("model.py with")
        assert ran or (format != "numpy" and "is not installed" in result.receipt.note), result.receipt


def test_a_date_is_refused_for_core_ml_by_name(zoo: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="“a” is one") as caught:
        export_with_receipt("coreml", model_of("date", zoo), tmp_path / "m.mlmodel")
    assert "another format" in caught.value.remedy
    assert not list(tmp_path.iterdir())


# --- what a person is told


def test_inputs_of_onnx_tell_how_they_are_made(zoo: SimpleNamespace) -> None:
    made = build(model_of("all of them", zoo))
    facts = {prop.key: prop.value for prop in made.metadata_props}
    inputs = {entry["input"]: entry for entry in json.loads(facts["inputs"])}
    types = {value.name: value.type.tensor_type for value in made.graph.input}
    date, text = inputs["date a"], inputs["texts a"]
    assert types["date a"].elem_type == onnx.TensorProto.DOUBLE
    assert date["kind"] == "date"
    assert "1970-01-01" in date["rule"]
    assert date["forms"] == list(FORMS)
    assert (text["kind"], text["width"]) == ("text", 64)
    assert "CRC-32" in text["rule"]
    assert types["texts a"].elem_type == onnx.TensorProto.FLOAT
    assert [d.dim_param or d.dim_value for d in types["texts a"].shape.dim] == ["rows", 64]
    assert "seconds since 1970-01-01" in made.doc_string
    assert "counts of its words" in made.doc_string
    plain = build(model_of("numbers", zoo))
    assert "seconds" not in plain.doc_string


def test_counts_or_a_bag_of_length_1_are_the_same_to_onnx(zoo: SimpleNamespace) -> None:
    model = model_of("text", zoo)
    made = build(model)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    rows = rows_of(model.preparation)
    counted = session.run(["probabilities"], feeds(made, rows))[0]
    np.testing.assert_allclose(session.run(["probabilities"], {"a": rows.x})[0], counted, atol=1e-6)


def test_several_labels_in_onnx(zoo: SimpleNamespace) -> None:
    target = LabelsTarget("genre", ("drama", "comedy", "war"), separator="|")
    model = model_of("numbers", zoo, target)
    made = build(model)
    rows = rows_of(model.preparation)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    label, p = session.run(["label", "probabilities"], feeds(made, rows))
    np.testing.assert_allclose(p, model.answers(rows.x), atol=1e-6)
    assert label.dtype == np.int64
    np.testing.assert_array_equal(label, p >= 0.5)
    assert set(label.sum(axis=1)) - {1}, "the rows should not have one label each"
    facts = {prop.key: prop.value for prop in made.metadata_props}
    assert facts["task"] == "multi-label classification"
    assert json.loads(facts["classes"]) == ["drama", "comedy", "war"]


def test_a_program_prints_the_labels_of_a_row(zoo: SimpleNamespace, tmp_path: Path) -> None:
    model = model_of("numbers", zoo, LabelsTarget("genre", ("drama", "comedy", "war"), separator=" / "))
    export_with_receipt("numpy", model, tmp_path / "m")
    program = imported(tmp_path / "m" / "model.py")
    rows = rows_of(model.preparation)
    answers, p = program.predict(asked(rows))
    assert [[name for name, yes in zip(program.CLASSES, row, strict=True) if yes] for row in p >= 0.5] == answers
    assert program.SEPARATOR == " / "
    assert {len(answer) for answer in answers} - {1}


@pytest.mark.parametrize("name", [name for name in WAYS if name != "all of them"])
def test_a_program_holds_only_what_its_columns_need(name: str, zoo: SimpleNamespace) -> None:
    text = numpy_format.code(model_of(name, zoo))
    kinds = {type(feature) for feature in WAYS[name]}
    assert ("def moment(" in text) == ("datetime" in text) == (DateFeature in kinds)
    assert ("def bag(" in text) == ("import zlib" in text) == (TextFeature in kinds)
    assert ("def label(" in text) == (CategoryFeature in kinds)
    assert ("month_of" in text) == any(
        "%b" in form or "%B" in form for f in WAYS[name] for form in getattr(f, "forms", ())
    )
    assert "\n\n\n\n" not in text


def test_no_column_of_core_ml_has_two_inputs() -> None:
    """What a pipeline step gives has a name of its own, and every step's inputs were made before."""
    ct = pytest.importorskip("coremltools")
    features = tuple(f for f in WAYS["all of them"] if not isinstance(f, DateFeature))
    steps, order = coreml_prepare.steps(ct, features)
    made = [output.name for step in steps for output in step.description.output]
    assert len(set(made)) == len(made)
    assert sorted(order) == list(range(sum(feature.width for feature in features)))


# --- the rows of a receipt


def test_variations_leave_out_no_kind_of_column() -> None:
    preparation = Preparation(WAYS["all of them"], NumberTarget("y", 0.0, 1.0))
    source = made_up(preparation, "")
    assert all(dates.moment(cell) is not None for cell in source.columns["date a"] if cell)
    rows = varied(preparation, dict(source.columns), source.x)
    spoilt: dict[type, set[bool]] = {}
    for feature in preparation.features:
        for cell in rows.columns[feature.name][64:]:
            if cell in (None, UNKNOWN):
                spoilt.setdefault(type(feature), set()).add(cell is None)
    assert spoilt == {kind: {True, False} for kind in (NumberFeature, CategoryFeature, DateFeature, TextFeature)}
    np.testing.assert_array_equal(rows.x, prepared_rows(preparation, rows.columns)[0])
