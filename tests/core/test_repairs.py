"""Every repair that is offered mends what it was offered for, in one click."""

from __future__ import annotations

from typing import ClassVar

import pytest

from core import edits
from core.layers import Layer
from core.layers.add import Add
from core.layers.attention import Attention
from core.layers.concat import Concat
from core.layers.conv1d import Conv1D
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.global_avg_pool import GlobalAvgPool
from core.layers.input import Input
from core.layers.lstm import LSTM
from core.layers.max_pool import MaxPool
from core.layers.reshape import Reshape
from core.spec import Edge, LayerSpec, NetworkSpec, sequential
from core.validation import Badge, Fix, check


def labels(badge: Badge) -> list[str]:
    return [fix.label for fix in badge.fixes]


def faults(network: NetworkSpec, **data: object) -> list[Badge]:
    return [b for b in check(network, **data).badges if b.severity == "error"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "layer", "offered"),
    [
        ((8, 8, 3), Dense(), ["Insert Flatten"]),
        ((12, 4), Dense(), ["Insert Flatten"]),
        ((64,), Conv2D(), ["Insert Reshape 8×8×1"]),
        ((192,), Conv2D(), ["Insert Reshape 8×8×3"]),
        ((64,), MaxPool(), ["Insert Reshape 8×8×1", "Insert Reshape 64×1", "Insert Embedding 1,000 × 16"]),
        ((10,), Conv1D(), ["Insert Reshape 10×1", "Insert Embedding 1,000 × 16"]),
        ((10,), LSTM(), ["Insert Reshape 10×1", "Insert Embedding 1,000 × 16"]),
        ((10,), Attention(heads=4), ["Insert Embedding 1,000 × 16"]),
        ((9, 5), Conv2D(), ["Insert Reshape 9×5×1"]),
        ((8, 6, 3), LSTM(), ["Insert Reshape 48×3"]),
        ((10,), Conv2D(), []),
    ],
)
def test_what_is_offered_between_two_shapes(shape: tuple[int, ...], layer: Layer, offered: list[str]) -> None:
    network = sequential(Input(shape=shape), layer)
    (badge,) = faults(network)
    assert badge.layer_id == "l1"
    assert labels(badge) == offered
    for fix in badge.fixes:
        mended = edits.repaired(network, fix)
        assert faults(mended) == []
        assert mended.sources("l1") == ("l2",)


def test_a_recurrent_layer_before_dense_may_give_its_last_state_only() -> None:
    network = sequential(Input(shape=(6, 3)), LSTM(sequences=True), Dropout(), Dense(units=2))
    (badge,) = faults(network)
    assert labels(badge) == ["Give the last state only (hidden 1)", "Insert Flatten"]
    mended = edits.repaired(network, badge.fixes[0])
    assert mended.layer("l1").layer == LSTM(sequences=False)
    assert faults(mended) == []


def test_a_recurrent_layer_behind_another_asks_for_every_step() -> None:
    network = sequential(Input(shape=(6, 3)), LSTM(units=4), LSTM(units=4), Dense(units=2))
    badge = faults(network)[0]
    assert labels(badge)[0] == "Give every step (hidden 1)"
    assert faults(edits.repaired(network, badge.fixes[0])) == []


def block(first: Layer, second: Layer, join: Layer, shape: tuple[int, ...]) -> NetworkSpec:
    """input → a → b → join, a → join."""
    layers = {"in": Input(shape=shape), "a": first, "b": second, "join": join}
    specs = tuple(LayerSpec(id, id, layer) for id, layer in layers.items())
    pairs = (("in", "a"), ("a", "b"), ("b", "join"), ("a", "join"))
    return NetworkSpec(specs, tuple(Edge(*pair) for pair in pairs))


@pytest.mark.parametrize(
    ("first", "second", "shape", "label"),
    [
        (Conv2D(filters=4), Conv2D(filters=6), (8, 8, 1), "Insert a 1×1 convolution to 8×8×4"),
        (Conv2D(filters=4), Conv2D(filters=6, stride=(2, 2)), (8, 8, 1), "Insert a 1×1 convolution to 4×4×6"),
        (Dense(units=4), Dense(units=6), (3,), "Insert a Dense layer to 4"),
    ],
)
def test_shapes_that_cannot_be_added_are_projected(first: Layer, second: Layer, shape: tuple, label: str) -> None:
    network = block(first, second, Add(), shape)
    (badge,) = faults(network)
    assert labels(badge) == [label]
    mended = edits.repaired(network, badge.fixes[0])
    assert faults(mended) == []
    assert len(mended.sources("join")) == 2


def test_an_image_beside_a_row_is_flattened_to_be_joined() -> None:
    network = block(Conv2D(filters=2), GlobalAvgPool(), Concat(), (4, 4, 1))
    (badge,) = faults(network)
    assert labels(badge) == ["Insert Flatten"]
    assert faults(edits.repaired(network, badge.fixes[0])) == []


def test_a_merge_with_one_input_is_connected_or_taken_out() -> None:
    chain = sequential(Input(shape=(4,)), Dense(units=4), Dense(units=4), Dense(units=2))
    network = edits.insert_after(chain, "l2", Add())
    (badge,) = faults(network)
    assert badge.title == "Needs another input"
    assert labels(badge) == ["Connect hidden 1 too", "Take add 1 out"]
    joined, out = (edits.repaired(network, fix) for fix in badge.fixes)
    assert joined.sources("l4") == ("l2", "l1")
    assert faults(joined) == []
    assert set(out.edges) == set(chain.edges)


class TestOutputs:
    data: ClassVar[dict[str, object]] = {"row_shape": (8, 8, 1), "outputs": 10}

    def mended(self, *layers: Layer) -> tuple[str, NetworkSpec]:
        network = sequential(Input(shape=(8, 8, 1)), *layers)
        (badge,) = faults(network, **self.data)
        return badge.fixes[0].label, edits.repaired(network, badge.fixes[0])

    @pytest.mark.parametrize(
        ("layers", "label"),
        [
            ((GlobalAvgPool(),), "Add Dense 10"),
            ((Conv2D(filters=4),), "Add Flatten and Dense 10"),
            ((GlobalAvgPool(), Dense(units=3), Dropout()), "Set units of hidden 2 to 10"),
            ((Reshape(shape=(64, 1)), LSTM(units=5)), "Add Dense 10"),
        ],
    )
    def test_the_end_is_brought_to_what_the_data_ask(self, layers: tuple[Layer, ...], label: str) -> None:
        said, network = self.mended(*layers)
        assert said == label
        assert faults(network, **self.data) == []


def test_a_spare_end_can_be_taken_out() -> None:
    network = block(Dense(units=4), Dense(units=4), Add(), (3,))
    network = edits.disconnect(network, Edge("b", "join"))
    network = edits.disconnect(network, Edge("a", "join"))
    network = edits.connect(edits.add_layer(network, Dense(units=2), id="end"), "a", "end")
    badge = next(b for b in check(network).badges if b.title == "A second output")
    assert edits.repaired(network, badge.fixes[0]) == edits.remove_layers(network, badge.layer_id)


def test_the_order_of_inputs_can_be_changed() -> None:
    network = block(Dense(units=4), Dense(units=4), Concat(), (3,))
    turned = edits.put_earlier(network, Edge("a", "join"))
    assert turned.sources("join") == ("a", "b")
    assert edits.put_earlier(turned, Edge("a", "join")) == turned


def test_a_repair_of_hyper_parameters_still_sets_them() -> None:
    network = sequential(Input(shape=(4,)), Dense(units=3))
    assert edits.repaired(network, Fix("Set units to 5", "l1", {"units": 5})).layer("l1").layer == Dense(units=5)
