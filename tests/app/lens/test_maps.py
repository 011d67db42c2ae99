"""Images and sequences in the lens: every layer, at any size, in pictures of what it makes of one row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeSession
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from app import theme
from app.lens import hover, ribbons
from app.lens.layout import layout
from app.lens.network_view import NetworkLens
from app.lens.structure import Structure, structure
from core.backend.numpy import NumpyOps
from core.layers import Layer, Shape, layer_types
from core.layers.add import Add
from core.layers.batch_norm import BatchNorm
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.flatten import Flatten
from core.layers.global_avg_pool import GlobalAvgPool
from core.layers.input import Input
from core.layers.lstm import LSTM
from core.layers.max_pool import MaxPool
from core.network import Network
from core.spec import Edge, LayerSpec, NetworkSpec, sequential
from core.training.snapshot import History, Snapshot


@pytest.fixture(autouse=True)
def themed(qapp):
    theme.install(qapp, "light")


@pytest.fixture
def session(qapp) -> FakeSession:
    return FakeSession().with_data()


@pytest.fixture
def lens(qtbot: QtBot, session: FakeSession) -> NetworkLens:
    made = NetworkLens(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(720, 430)
    made.show()
    return made


CNN = sequential(
    Input(shape=(8, 8, 1)), Conv2D(filters=8), MaxPool(), Conv2D(filters=40), GlobalAvgPool(), Dense(units=10)
)
RESIDUAL = NetworkSpec(
    tuple(
        LayerSpec(id, id, layer)
        for id, layer in {
            "in": Input(shape=(8, 8, 1)), "stem": Conv2D(filters=4), "a": Conv2D(filters=4), "b": Conv2D(filters=4),
            "add": Add(), "flat": Flatten(), "out": Dense(units=2),
        }.items()
    ),
    tuple(Edge(*pair.split()) for pair in ("in stem", "stem a", "a b", "b add", "stem add", "add flat", "flat out")),
)  # fmt: skip


def play(session: FakeSession, network: NetworkSpec, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A snapshot of that network with the real outputs of one row."""
    compiled, ops = Network.of(network), NumpyOps(np.float32)
    params = compiled.init(1)
    shape = next(spec.layer.shape for spec in network.layers if isinstance(spec.layer, Input))
    x = np.abs(rng.normal(size=(1, *shape))).astype(np.float32)
    ys, _, _ = compiled.forward(ops, params, x, train=False)
    tensors = {f"activation/{id}": np.asarray(ys[i])[0] for id, i in compiled.outputs.items()}
    tensors |= {f"weights/{id}/{name}": array for id, arrays in params.items() for name, array in arrays.items()}
    prepared = replace(session.document.prepared, row_shape=shape, feature_names=())
    session.document.set_prepared(prepared)
    session.document.edit_network(lambda _: network, "other network")
    session.running_network = network
    session.running_network_changed.emit()
    session.engine.set_state("running")
    session.engine.play(Snapshot(1, "running", 1, 10, 5, 10, 1.0, 10.0, None, {}, History(), tensors=tensors))
    return tensors


def single(layer: Layer, shapes: tuple[Shape, ...]) -> NetworkSpec:
    """input → layer → Flatten → Dense, with a second way into a layer that takes several inputs."""
    layers = {"in": Input(shape=shapes[0]), "x": layer, "flat": Flatten(), "out": Dense(units=2)}
    pairs = [("in", "x"), ("x", "flat"), ("flat", "out")]
    if len(shapes) > 1:
        layers["side"] = Dropout(rate=0.1)
        pairs += [("in", "side"), ("side", "x")]
    return NetworkSpec(tuple(LayerSpec(i, i, made) for i, made in layers.items()), tuple(Edge(*p) for p in pairs))


def point_everywhere(lens: NetworkLens) -> None:
    for placed in lens.view.layout.columns:
        for left, top, width, height in placed.boxes.tolist():
            target = hover.find(lens.view, QPointF(left + width / 2, top + height / 2))
            assert target is not None
            lens._point(target)
            assert lens._card.text()
    lens.grab()
    lens._point(None)


@pytest.mark.parametrize("kind", [kind for kind in layer_types() if kind != "input"])
def test_every_layer_is_shown_and_told_at_any_size(lens, session, kind) -> None:
    rng = np.random.default_rng(0)
    for layer, shapes in layer_types()[kind].examples()[:4]:
        play(session, single(layer, shapes[:1] * (2 if layer.arity[0] > 1 else 1)), rng)
        for size in ((720, 430), (240, 180), (1600, 900)):
            lens.resize(*size)
            lens._refresh()
            lens.grab()
        point_everywhere(lens)


def forms(found: Structure) -> list[str]:
    return [column.form for column in found.columns]


def test_an_image_is_maps_until_it_is_flat() -> None:
    found = structure(CNN, None)
    assert forms(found) == ["picture", "maps", "maps", "maps", "neurons", "neurons"]
    assert [column.units for column in found.columns] == [1, 8, 8, 40, 40, 10]
    assert [link.kind for link in found.links] == ["whole", "each", "whole", "each", "dense"]


def test_a_sequence_is_a_strip() -> None:
    found = structure(sequential(Input(shape=(9, 3)), LSTM(units=4, sequences=True), LSTM(units=5), Dense()), None)
    assert forms(found) == ["strip", "strip", "neurons", "neurons"]
    assert {link.kind for link in found.links[:2]} == {"whole"}


def test_deep_networks_join_norms_to_what_they_follow() -> None:
    body = [layer for _ in range(8) for layer in (Conv2D(filters=4), BatchNorm())]
    deep = structure(sequential(Input(shape=(4, 4, 1)), *body, GlobalAvgPool(), Dense()), None)
    assert len(deep.columns) == 11
    shallow = structure(sequential(Input(shape=(4, 4, 1)), *body[:2], GlobalAvgPool(), Dense()), None)
    assert len(shallow.columns) == 5


@pytest.mark.parametrize("size", [(696, 360), (1200, 600), (300, 160)])
@pytest.mark.parametrize("network", [CNN, RESIDUAL], ids=["chain", "residual"])
def test_tiles_never_overlap(network, size) -> None:
    placed = layout(structure(network, None), *size, card=False)
    boxes = np.concatenate([column.boxes for column in placed.columns])
    left, top = boxes[:, :2].T
    right, bottom = left + boxes[:, 2], top + boxes[:, 3]
    apart = (right[:, None] <= left) | (right <= left[:, None]) | (bottom[:, None] <= top) | (bottom <= top[:, None])
    assert (apart | np.eye(len(boxes), dtype=bool)).all()


def test_maps_show_the_row_with_its_first_line_at_the_top(lens, session) -> None:
    tensors = play(session, CNN, np.random.default_rng(0))
    lens._refresh()
    assert np.array_equal(lens.view.maps(1)[3][::-1], tensors["activation/l1"][:, :, 3])
    assert np.array_equal(lens.view.picture(0), tensors["activation/l0"][:, :, 0])


def test_a_map_tells_its_kernels(lens, session) -> None:
    tensors = play(session, CNN, np.random.default_rng(0))
    lens._refresh()
    content = hover.content(lens.view, hover.Target("neuron", 3, 2), lens._canvas.palette)
    assert content.title == "hidden 3 · channel 3 of 40"
    assert content.beside is not None
    norm = float(np.linalg.norm(tensors["weights/l3/W"][..., 2]))
    assert ("‖W‖ of 8 kernels", theme.number(norm)) in [row[:2] for row in content.rows]
    pooled = hover.content(lens.view, hover.Target("neuron", 2, 2), lens._canvas.palette)
    assert pooled.image is not None
    assert pooled.beside is None


def test_a_shortcut_is_one_line_around_what_it_skips(lens, session) -> None:
    play(session, RESIDUAL, np.random.default_rng(0))
    lens._refresh()
    view = lens.view
    skip = next(link for _, link in ribbons.links(view) if link.target - link.source > 1)
    path = ribbons.path(view, skip, 0)
    passed = view.layout.columns[skip.source + 1 : skip.target]
    points = [path.pointAtPercent(i / 200) for i in range(201)]
    for placed in passed:
        assert not any(placed.left < p.x() < placed.right and placed.top - 40 < p.y() < placed.bottom for p in points)


def test_only_dense_layers_colour_their_edges(lens, session) -> None:
    play(session, CNN, np.random.default_rng(0))
    lens._refresh()
    edges, links = lens.view.edges, lens.view.structure.links
    known = {links[n].kind for n in np.unique(edges.link[np.isfinite(edges.value)]).tolist()}
    assert known == {"dense"}
    assert "whole" not in {links[n].kind for n in np.unique(edges.link).tolist()}
