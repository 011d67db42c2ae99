"""Whole networks as people build them: they fork and join, take images and sequences, and go through every format."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, NumberTarget, Preparation
from core.export import run
from core.export.onnx_format import build, feeds
from core.export.receipt import made_up
from core.export.run import export_with_receipt
from core.layers import Layer, layer_types
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.network import Network
from core.spec import Edge, LayerSpec, NetworkSpec

L = layer_types()
CLASSES = ClassTarget("kind", ("plain", "größer", "=1+1"))
TOKEN = {"mean": -6.0, "scale": 1.0}  # prepared cells lie about 6


def graph(**nodes: tuple[Layer, str]) -> NetworkSpec:
    """name=(layer, names of what feeds it)."""
    specs = tuple(LayerSpec(name, name.replace("_", " "), layer) for name, (layer, _) in nodes.items())
    return NetworkSpec(specs, tuple(Edge(source, name) for name, (_, xs) in nodes.items() for source in xs.split()))


def residual() -> NetworkSpec:
    """A convolutional network with a skip connection and a gate for each channel."""
    return graph(
        image=(Input(shape=(6, 6, 2)), ""),
        first=(L["conv2d"](filters=4, activation="linear"), "image"),
        norm=(L["batch_norm"](), "first"),
        bend=(L["activation"](function="relu"), "norm"),
        second=(L["conv2d"](filters=4, stride=(1, 1), groups=2, activation="linear", dropout=0.2), "bend"),
        skip=(L["add"](), "second bend"),
        mean=(L["global_avg_pool"](), "skip"),
        gate=(Dense(units=4, activation="sigmoid"), "mean"),
        gated=(L["multiply"](), "skip gate"),
        pool=(L["max_pool"](size=3, stride=2, padding="same"), "gated"),
        flat=(L["flatten"](), "pool"),
        out=(Dense(units=3, activation="linear"), "flat"),
    )


def u_net() -> NetworkSpec:
    return graph(
        row=(Input(shape=(64,)), ""),
        image=(L["reshape"](shape=(8, 8, 1)), "row"),
        down=(L["conv2d"](filters=3, activation="gelu"), "image"),
        pool=(L["avg_pool"](), "down"),
        deep=(L["conv2d"](filters=5, dilation=(2, 2), activation="elu"), "pool"),
        norm=(L["group_norm"](groups=5), "deep"),
        up=(L["upsample"](), "norm"),
        both=(L["concat"](), "up down"),
        slope=(L["prelu"](), "both"),
        top=(L["global_max_pool"](), "slope"),
        out=(Dense(units=1, activation="linear"), "top"),
    )


def transformer() -> NetworkSpec:
    return graph(
        tokens=(Input(shape=(9,)), ""),
        words=(L["embedding"](tokens=12, width=6, padding=True), "tokens"),
        places=(L["positional_encoding"](), "words"),
        look=(L["attention"](heads=3, causal=True), "places"),
        skip=(L["add"](), "look places"),
        norm=(L["layer_norm"](), "skip"),
        wide=(L["conv1d"](filters=8, kernel=1, activation="gelu"), "norm"),
        narrow=(L["conv1d"](filters=6, kernel=1, activation="linear"), "wide"),
        again=(L["add"](), "narrow norm"),
        mean=(L["global_avg_pool"](), "again"),
        out=(Dense(units=3, activation="linear"), "mean"),
    )


def both_ways() -> NetworkSpec:
    """Recurrent layers in both directions over the same words."""
    return graph(
        tokens=(Input(shape=(7,)), ""),
        words=(L["embedding"](tokens=9, width=5, padding=True), "tokens"),
        forth=(L["lstm"](units=4, sequences=True), "words"),
        back=(L["lstm"](units=4, sequences=True, reverse=True), "words"),
        both=(L["concat"](), "forth back"),
        noise=(L["spatial_dropout"](), "both"),
        end=(L["gru"](units=5), "noise"),
        out=(Dense(units=1, activation="linear"), "end"),
    )


NETWORKS: dict[str, Callable[[], NetworkSpec]] = {
    "residual": residual, "u_net": u_net, "transformer": transformer, "both_ways": both_ways,
}  # fmt: skip


def trained(network: NetworkSpec) -> TrainedModel:
    plan, rng = Network.of(network), np.random.default_rng(8)
    weights = {
        id: {name: (np.abs(a) + 0.1 + rng.uniform(0, 0.4, a.shape) if name == "variance" else
                    1.2 * a + rng.normal(0, 0.2, a.shape)).astype(np.float32) for name, a in arrays.items()}
        for id, arrays in plan.init(8).items()
    }  # fmt: skip
    n = math.prod(plan.nodes[0].layer.output_shape())
    how = TOKEN if "words" in weights else {"mean": 0.4, "scale": 1.7}
    if n == 64:  # the last six values are a label
        some = tuple(NumberFeature(f"v {i}", 0.5, **how) for i in range(58))
        features = (*some, CategoryFeature("größe", ("a", "b", "c", "d", "e", "f"), "a"))
    else:
        features = tuple(NumberFeature(f"v {i}", 0.5, **how) for i in range(n))
    target = CLASSES if plan.output_shape == (3,) else NumberTarget("price", 120.0, 30.0)
    loss = "softmax_cross_entropy" if target is CLASSES else "mse"
    return TrainedModel("net", network, weights, Preparation(features, target), loss)


PROGRAMS = {"numpy": "numpy", "mlx": "mlx", "pytorch": "torch"}


@pytest.mark.parametrize("format", [info.name for info in run.formats()])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_file_answers_as_the_network(name: str, format: str, tmp_path: Path) -> None:
    if format == "coreml":
        pytest.importorskip("coremltools")
        if name == "both_ways":
            pytest.skip("refused by name")
    model = trained(NETWORKS[name]())
    answers = model.answers(made_up_x(model))
    assert answers.std(axis=0).min() > 1e-3 * np.abs(answers).max()  # rows differ, so that a mistake would show
    receipt = export_with_receipt(format, model, tmp_path / "m").receipt
    assert receipt.passed, receipt
    if format in PROGRAMS:  # it ran, or its library is missing and the receipt says so
        there = importlib.util.find_spec(PROGRAMS[format]) is not None
        assert receipt.reference.startswith("model.py with") is there
        assert ("not installed" in receipt.note) is not there


def made_up_x(model: TrainedModel) -> np.ndarray:
    shape = Network.of(model.network).nodes[0].layer.output_shape()
    return made_up(model.preparation, "").x.reshape(-1, *shape)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_reference_evaluator_of_onnx_agrees(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    receipt = export_with_receipt("onnx", trained(NETWORKS[name]()), tmp_path / "m.onnx").receipt
    assert receipt.passed, receipt
    assert "ONNX reference evaluator" in receipt.reference


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_of_any_size_and_none(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = trained(NETWORKS[name]())
    made = build(model)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    rows = made_up(model.preparation, "")
    full = feeds(made, rows)
    answer = session.get_outputs()[-1].name
    every = session.run([answer], full)[0]
    for n in (0, 1, 5):
        found = session.run([answer], {name: column[:n] for name, column in full.items()})[0]
        np.testing.assert_allclose(found, every[:n], atol=1e-5)


def test_images_are_turned_once_for_a_chain_of_convolutions() -> None:
    """ONNX wants channels first; between layers that all want them so, nothing is turned back and forth."""
    nodes = [node.op_type for node in build(trained(residual())).graph.node]
    start = nodes.index("Conv")
    assert nodes[start - 1] == "Transpose"
    assert nodes[start : start + 5] == ["Conv", "BatchNormalization", "Relu", "Conv", "Add"]
    outputs = [name for node in build(trained(u_net())).graph.node for name in node.output]
    assert len(outputs) == len(set(outputs))


def test_nothing_stands_in_the_graph_that_nobody_asks_for() -> None:
    for name in NETWORKS:
        made = build(trained(NETWORKS[name]())).graph
        asked = {value.name for value in made.output}
        for node in made.node:
            asked.update(node.input)
            for attribute in node.attribute:
                asked.update(name for inner in attribute.g.node for name in inner.input)
        assert {output for node in made.node if node.op_type != "Scan" for output in node.output} <= asked
        assert {constant.name for constant in made.initializer} <= asked
