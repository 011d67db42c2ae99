"""ONNX: raw columns in, answers out, in any runtime."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from core.data.preprocess import CategoryFeature, NumberFeature, Preparation
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.export import onnx_format
from core.export.onnx_format import build, feeds
from core.export.receipt import made_up
from core.export.run import export_with_receipt
from core.layers.dense import Dense
from core.model import TrainedModel
from core.project.facts import preparation_from_json, preparation_to_json


@pytest.mark.parametrize("runtime", ["onnxruntime", "reference"])
def test_the_file_answers_as_the_network(model: TrainedModel, tmp_path: Path, monkeypatch: Any, runtime: str) -> None:
    if runtime == "reference":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    result = export_with_receipt("onnx", model, tmp_path / "m.onnx")
    assert result.receipt.passed, result.receipt
    assert result.receipt.max_abs_difference < 5e-6
    assert result.receipt.reference.startswith({"onnxruntime": "onnxruntime", "reference": "ONNX reference"}[runtime])
    assert result.bytes == (tmp_path / "m.onnx").stat().st_size
    assert result.files == (str(tmp_path / "m.onnx"),)


def test_versions_are_those_that_runtimes_accept(zoo: SimpleNamespace) -> None:
    made = build(zoo.MODELS["gelu"]())
    assert made.ir_version == 8
    assert {entry.domain: entry.version for entry in made.opset_import} == {"": 17, "ai.onnx.ml": 2}
    onnx.checker.check_model(made, full_check=True)
    assert not made.functions
    assert all(not t.external_data for t in made.graph.initializer)


def test_inputs_are_the_columns_and_outputs_have_names(zoo: SimpleNamespace) -> None:
    made = build(zoo.MODELS["tanh"]())
    kinds = {value.name: value.type.tensor_type.elem_type for value in made.graph.input}
    assert kinds == {
        "sepal length (cm)": onnx.TensorProto.FLOAT,
        "colour": onnx.TensorProto.STRING,
        "année": onnx.TensorProto.DOUBLE,  # float32 cannot tell its values apart well enough
        "label_input": onnx.TensorProto.FLOAT,  # the graph's own output is called label
        "NA": onnx.TensorProto.STRING,
        "</script>": onnx.TensorProto.FLOAT,
    }
    assert [value.name for value in made.graph.output] == ["label", "probabilities"]
    facts = {prop.key: prop.value for prop in made.metadata_props}
    assert json.loads(facts["classes"]) == list(zoo.CLASSES.classes)
    assert facts["target"] == "kind"
    assert {"input": "label_input", "column": "label", "kind": "number"} in json.loads(facts["inputs"])
    assert [value.name for value in build(zoo.MODELS["regression"]()).graph.output] == ["prediction"]


def test_missing_unknown_and_marked_cells(zoo: SimpleNamespace) -> None:
    model = zoo.MODELS["tanh"]()
    cells: dict[str, tuple[str | None, ...]] = {
        "sepal length (cm)": ("5.1", None, "nan", "5.1", "x"),
        "colour": ("red", None, "?", "green", "a, \"b\"\n'c'"),
        "année": ("2001.5", None, "", "1999", "2000"),
        "label": ("0.01", None, "NA", "0.012", "0"),
        "NA": ("NA", None, "", "7", "2.5"),
        "</script>": ("-2e6", None, "-", "0", "-1000000.5"),
    }
    x, _ = prepared_rows(model.preparation, cells)
    made = build(model)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    label, p = session.run(["label", "probabilities"], feeds(made, SimpleNamespace(columns=cells)))
    expected = model.answers(x)
    np.testing.assert_allclose(p, expected, atol=1e-6)
    assert list(label) == [zoo.CLASSES.classes[i] for i in expected.argmax(axis=1)]
    assert label.shape == (5,)


def test_a_batch_of_any_size_and_none(zoo: SimpleNamespace) -> None:
    model = zoo.MODELS["regression"]()
    made = build(model)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    for rows in (0, 1, 7):
        columns = {name: cells[:rows] for name, cells in made_up(model.preparation, "").columns.items()}
        shape = {v.name: np.zeros((0, 1), np.float32) for v in made.graph.input}
        feed = feeds(made, SimpleNamespace(columns=columns))
        feed = {name: a if rows else a.reshape(shape[name].shape) for name, a in feed.items()}
        assert session.run(["prediction"], feed)[0].shape == (rows, 1)


def test_low_bits_of_a_large_mean_survive(zoo: SimpleNamespace) -> None:
    """Values that float32 holds exactly, around a mean that it does not."""
    features = (NumberFeature("t", 100.0, 100.03, 0.5), NumberFeature("s", 1e9, 1_700_000_000.3, 60.0))
    model = zoo.trained(zoo.chain(Dense(units=4, activation="linear")))
    network = replace(model.network.layers[0].layer, shape=(2,))
    spec = replace(model.network, layers=(replace(model.network.layers[0], layer=network), *model.network.layers[1:]))
    rng = np.random.default_rng(0)
    weights = {"l1": {"W": rng.normal(size=(2, 4)).astype(np.float32), "b": np.zeros(4, np.float32)}}
    narrow = replace(model, network=spec, weights=weights, preparation=Preparation(features, zoo.CLASSES))
    columns = {"t": ("99.5", "100.25", "101"), "s": ("1700000000", "1700000030", "1699999999.5")}
    x, _ = prepared_rows(narrow.preparation, columns)
    made = build(narrow)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    found = session.run(["probabilities"], feeds(made, SimpleNamespace(columns=columns)))[0]
    np.testing.assert_allclose(found, narrow.answers(x), atol=3e-7)


def test_categories_alone_and_numbers_alone(zoo: SimpleNamespace, tmp_path: Path) -> None:
    for features in (
        (CategoryFeature("a", ("x", "y", "z", "w", "v"), "x"), CategoryFeature("b", ("1", "2", "3", "4", "5"), "2")),
        tuple(NumberFeature(f"n{i}", 0.0, float(i), 1.0) for i in range(10)),
    ):
        model = zoo.trained(zoo.chain(Dense(units=4, activation="linear")))
        model = replace(model, preparation=Preparation(features, zoo.CLASSES))
        assert export_with_receipt("onnx", model, tmp_path / "m.onnx").receipt.passed


def test_layers_of_one_name_do_not_collide(zoo: SimpleNamespace, tmp_path: Path) -> None:
    model = zoo.renamed(zoo.MODELS["gelu"](), {"l1": "same", "l2": "same", "l3": "prepare"})
    assert export_with_receipt("onnx", model, tmp_path / "m.onnx").receipt.passed


def test_a_layer_without_a_rule_is_refused_by_name(zoo: SimpleNamespace, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delitem(onnx_format.RULES, "activation")
    with pytest.raises(UserInputError, match="Activation layers cannot be exported as ONNX"):
        export_with_receipt("onnx", zoo.MODELS["activation layers and dropout"](), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_equal_models_give_equal_files(zoo: SimpleNamespace) -> None:
    one, two = (build(zoo.MODELS["silu"]()).SerializeToString(deterministic=True) for _ in range(2))
    assert one == two


def test_a_project_of_an_earlier_version_gives_the_same_file(zoo: SimpleNamespace) -> None:
    """Byte by byte as it was before columns could be dates, words, marked or embedded, but for the version."""
    model = zoo.MODELS["regression"]()
    saved = preparation_to_json(model.preparation)
    assert {key for feature in saved["features"] for key in feature} == {
        "kind", "name", "fill", "mean", "scale", "categories",
    }  # fmt: skip
    weights = {id: {k: np.full_like(v, 0.25) for k, v in arrays.items()} for id, arrays in model.weights.items()}
    made = build(replace(model, weights=weights, preparation=preparation_from_json(saved)))
    made.producer_version = ""
    assert made.metadata_props.pop().key == "made_by"
    digest = hashlib.sha256(made.SerializeToString(deterministic=True)).hexdigest()
    assert digest == "88cf825900a5f07bc04808cbd4550e70ad6ce8d12363dcde25ade02ebddd7c48"


def test_importing_core_does_not_load_onnx() -> None:
    import subprocess

    heavy = ("onnx", "onnxruntime", "mlx", "torch", "duckdb", "coremltools")
    code = f"import sys, core.export.run as r; r.formats(); print([m for m in {heavy} if m in sys.modules])"
    source = Path(onnx_format.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
