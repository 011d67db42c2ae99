"""Every layer through every format: each example of each registered layer, in a small network, on rows with padding.

A program for NumPy, MLX or PyTorch runs in a Python of its own, one for all programs of a library, which saves the time
of starting it again and again.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import keys
from core.data.preprocess import NumberFeature, NumberTarget, Preparation
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.export import mlx_format, pytorch_format, run
from core.export.base import HeldOut, Reloaded
from core.export.program_rules.numpy_rules import DIALECT as NUMPY
from core.export.program_rules.writing import Dialect, outline, weights_again
from core.export.receipt import receipt
from core.export.result import Receipt
from core.layers import Layer, Shape, layer_types
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.network import Network
from core.spec import Edge, LayerSpec, NetworkSpec

ROWS = 24
LAYERS = layer_types()


def more(kind: str) -> tuple[tuple[Layer, tuple[Shape, ...]], ...]:
    """What a layer's own examples leave out and a format may do in another way."""
    if kind == "conv2d":  # one channel and no overlap: PyTorch must not take its strides for another layout
        grey = LAYERS[kind](filters=3, kernel=(1, 4), stride=(1, 4), padding="valid", use_bias=False)
        return ((grey, ((8, 7, 1),)),)
    if kind not in ("simple_rnn", "lstm", "gru"):
        return ()
    plain = (LAYERS[kind](units=3, skip_padding=False, reverse=reverse) for reverse in (False, True))
    bent = (LAYERS[kind](units=2, activation="relu", skip_padding=False),) if kind == "simple_rnn" else ()
    return tuple((layer, ((5, 2),)) for layer in (*plain, *bent))


CASES = {
    f"{kind}-{i}": example
    for kind, cls in LAYERS.items()
    for i, example in enumerate((*cls.examples(), *more(kind)))
    if kind != "input"
}
REFUSED = {"coreml": {"simple_rnn", "lstm", "gru"}}
LIBRARIES = {"numpy": "numpy", "mlx": "mlx", "pytorch": "torch"}
# Where a library lives in another Python than this one, e.g. CHAINRULE_PYTHON_FOR_TORCH=/some/venv/bin/python.
PYTHON_FOR = {library: os.environ.get(f"CHAINRULE_PYTHON_FOR_{library.upper()}", "") for library in LIBRARIES.values()}

RUNNER = """
import importlib.util, json, sys, traceback
import numpy as np

found = {}
for name, (program, columns) in json.load(open(sys.argv[1])).items():
    try:
        spec = importlib.util.spec_from_file_location("model", program)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows = [dict(zip(columns, cells)) for cells in zip(*columns.values())]
        found[name] = module.predict(rows)[1].tolist()
    except Exception:
        found[name] = traceback.format_exc()
json.dump(found, open(sys.argv[2], "w"))
"""


def network_of(layer: Layer, shapes: tuple[Shape, ...]) -> NetworkSpec:
    """Input → layer → Dense 1; a layer of several inputs is fed by as many branches."""
    reshape, flatten = LAYERS["reshape"], LAYERS["flatten"]
    specs, edges = [LayerSpec("in", "input", Input(shape=shapes[0]))], []
    sources = ["in"]
    if len(shapes) > 1:
        specs[0] = LayerSpec("in", "input", Input(shape=(3,)))
        sources = [f"b{i}" for i in range(len(shapes))]
        for i, shape in enumerate(shapes):
            dense = Dense(units=math.prod(shape), activation="tanh")
            specs += [LayerSpec(f"d{i}", f"branch {i}", dense), LayerSpec(f"b{i}", f"b {i}", reshape(shape=shape))]
            edges += [Edge("in", f"d{i}"), Edge(f"d{i}", f"b{i}")]
    specs.append(LayerSpec("layer", "The Layer", layer))
    edges += [Edge(source, "layer") for source in sources]
    last = "layer"
    if len(layer.output_shape(*shapes)) > 1:
        specs.append(LayerSpec("flat", "flat", flatten()))
        edges.append(Edge("layer", "flat"))
        last = "flat"
    specs.append(LayerSpec("out", "output", Dense(units=1, activation="linear")))
    return NetworkSpec((*specs,), (*edges, Edge(last, "out")))


def trained(network: NetworkSpec, seed: int = 3) -> TrainedModel:
    """Random weights and state, as training might leave them; a value without bounds as the answer."""
    plan, rng = Network.of(network), np.random.default_rng(seed)
    weights: dict[str, dict[str, np.ndarray]] = {}
    for node in plan.nodes:
        fresh = plan.init(seed).get(node.id, {})
        states = plan.state_names.get(node.id, ())
        weights[node.id] = {
            name: (np.abs(rng.normal(1, 0.4, a.shape)) + 0.2 if name in states else a + rng.normal(0, 0.3, a.shape))
            .astype(np.float32)
            for name, a in fresh.items()
        }  # fmt: skip
    n = math.prod(plan.nodes[0].layer.output_shape())
    features = tuple(NumberFeature(f"v{i}", 0.0, 0.0, 1.0) for i in range(n))
    weights = {id: arrays for id, arrays in weights.items() if arrays}
    return TrainedModel("m", network, weights, Preparation(features, NumberTarget("y", 0.0, 1.0)), "mse")


def rows_for(model: TrainedModel, values: np.ndarray) -> HeldOut:
    """values: (rows, ...) as cells of a table."""
    flat = values.reshape(len(values), -1).astype(np.float32)
    columns = {f"v{i}": tuple(repr(float(v)) for v in column) for i, column in enumerate(flat.T)}
    x, _ = prepared_rows(model.preparation, columns)
    np.testing.assert_array_equal(x, flat)
    return HeldOut(columns, x, len(x))


def values_for(layer: Layer, shapes: tuple[Shape, ...]) -> np.ndarray:
    """Rows that the layer is meant for, then some with padding before, between and after, and one of nothing else."""
    rng = keys.generator(keys.key(7, layer.kind))
    if len(shapes) > 1:
        return rng.normal(size=(ROWS, 3))
    (x,) = layer.example_inputs(rng, ROWS, *shapes)
    if x.ndim == 3:
        steps = x.shape[1]
        for row in range(ROWS // 2):
            x[row, rng.random(steps) < 0.4] = 0.0
        x[0] = 0.0
        x[1, steps // 2 :] = 0.0
        x[2, : steps // 2] = 0.0
    if layer.kind == "embedding":
        x[:3] = rng.choice([-3.0, 1e6, 2.7, 0.0, 1.2], size=x[:3].shape)
    return x


@cache
def case(name: str) -> tuple[TrainedModel, HeldOut]:
    layer, shapes = CASES[name]
    model = trained(network_of(layer, shapes))
    return model, rows_for(model, values_for(layer, shapes))


@pytest.fixture(scope="module")
def answers_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], object]:
    """(format, case) → what its program answers: an array, or why it failed."""

    @cache
    def all_of(format: str) -> dict[str, object]:
        folder = tmp_path_factory.mktemp(format)
        exporter = run._exporters()[format]
        programs = {}
        for name in CASES:
            model, rows = case(name)
            if exporter.holds(CASES[name][0].kind):
                exporter.write(model, folder / name)
                programs[name] = (str(folder / name / "model.py"), rows.columns)
        (folder / "cases.json").write_text(json.dumps(programs))
        python = PYTHON_FOR[LIBRARIES[format]] or sys.executable
        command = [python, "-c", RUNNER, str(folder / "cases.json"), str(folder / "found.json")]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return json.loads((folder / "found.json").read_text())

    def answer(format: str, name: str) -> object:
        if not PYTHON_FOR[LIBRARIES[format]]:
            pytest.importorskip(LIBRARIES[format])
        return all_of(format)[name]

    return answer


def relative(found: Receipt, model: TrainedModel, rows: HeldOut) -> float:
    """The receipt's largest difference, as a share of the largest answer where that is above 1."""
    shape = Network.of(model.network).nodes[0].layer.output_shape()
    largest = np.abs(model.answers(rows.x.reshape(len(rows.x), *shape))).max()
    return found.max_abs_difference / max(1.0, float(largest))


def check(format: str, name: str, answered: Callable[[TrainedModel, HeldOut], Reloaded], path: Path) -> None:
    model, rows = case(name)
    exporter = replace(run._exporters()[format], answer=lambda path, model, rows: answered(model, rows))
    made = receipt(exporter, path, model, rows)
    assert relative(made, model, rows) <= 1e-5, (CASES[name], made)


@pytest.mark.parametrize("format", ["onnx", "safetensors", "coreml"])
@pytest.mark.parametrize("name", CASES)
def test_a_file_answers_as_the_layer(format: str, name: str, tmp_path: Path) -> None:
    exporter = run._exporters()[format]
    model, _ = case(name)
    if format == "coreml":
        pytest.importorskip("coremltools")
    if not exporter.holds(CASES[name][0].kind):
        pytest.skip("refused by name")
    path = tmp_path / "m"
    exporter.write(model, path)
    check(format, name, lambda model, rows: exporter.answer(path, model, rows), path)


@pytest.mark.parametrize("format", ["numpy", "mlx", "pytorch"])
@pytest.mark.parametrize("name", CASES)
def test_a_program_answers_as_the_layer(
    format: str, name: str, answers_of: Callable[[str, str], object], tmp_path: Path
) -> None:
    found = answers_of(format, name)
    assert isinstance(found, list), found
    check(format, name, lambda model, rows: Reloaded(np.array(found), "a child"), tmp_path)


@pytest.mark.parametrize(
    "dialect", [NUMPY, mlx_format.DIALECT, pytorch_format.DIALECT], ids=lambda dialect: dialect.label
)
@pytest.mark.parametrize("name", CASES)
def test_the_weights_of_a_program_read_back(dialect: Dialect, name: str) -> None:
    """Where the library is missing, the receipt rests on them."""
    model, _ = case(name)
    again = weights_again(model, dialect, outline(model, dialect).arrays, "test")
    assert {id: set(arrays) for id, arrays in again.items()} == {id: set(a) for id, a in model.weights.items()}
    for id, arrays in model.weights.items():
        for weight, array in arrays.items():
            expected = array.copy()
            if id == "layer" and weight == "W" and getattr(model.network.layer(id).layer, "padding", None) is True:
                expected[0] = 0.0  # the token of padding
            np.testing.assert_array_equal(again[id][weight], expected)


@pytest.mark.parametrize("format", [info.name for info in run.formats()])
def test_every_kind_has_a_rule_or_is_known_to_have_none(format: str) -> None:
    exporter = run._exporters()[format]
    assert {kind for kind in LAYERS if not exporter.holds(kind)} == REFUSED.get(format, set())
    guide = (Path(__file__).parents[3] / "docs/guide/exports.md").read_text()
    assert all(LAYERS[kind].label in guide for kind in REFUSED.get(format, set()))


@dataclass(frozen=True)
class Strange(Layer):
    """A layer that somebody has just thought of."""

    kind = "strange"
    label = "Strange thing"


@pytest.mark.parametrize("format", [info.name for info in run.formats()])
def test_a_layer_without_a_rule_is_refused_by_name(format: str, tmp_path: Path) -> None:
    model = trained(network_of(Strange(), ((4,),)))
    with pytest.raises(UserInputError, match="Strange thing layers cannot be exported") as caught:
        run.export_with_receipt(format, model, tmp_path / "m")
    assert "another format" in caught.value.remedy
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", sorted(REFUSED["coreml"]))
def test_core_ml_refuses_recurrent_layers_by_name(kind: str, tmp_path: Path) -> None:
    model = trained(network_of(*CASES[f"{kind}-0"]))
    with pytest.raises(UserInputError, match=f"{LAYERS[kind].label} layers cannot be exported as Core ML"):
        run.export_with_receipt("coreml", model, tmp_path / "m")


def test_columns_that_do_not_fit_the_network_are_named(tmp_path: Path) -> None:
    model = trained(network_of(*CASES["conv2d-0"]))
    fewer = replace(model.preparation, features=model.preparation.features[:-1])
    with pytest.raises(UserInputError, match="59 values a row; this network takes 5×6×2"):
        run.export_with_receipt("safetensors", replace(model, preparation=fewer), tmp_path / "m")


@pytest.mark.parametrize("format", ["onnx", "coreml"])
def test_weights_beyond_what_a_file_can_hold_are_refused_first(format: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("core.export.walk.MOST_BYTES", 100)
    with pytest.raises(UserInputError, match="too large") as caught:
        run.export_with_receipt(format, trained(network_of(*CASES["conv2d-0"])), tmp_path / "m")
    assert "safetensors" in caught.value.remedy
