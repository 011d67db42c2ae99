"""Every edit makes a new value and leaves the old one alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import edits
from core.errors import UserInputError
from core.layers import Layer
from core.layers.activation import Activation
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.spec import Edge, LayerSpec, NetworkSpec, mlp
from core.validation import Fix, check


@dataclass(frozen=True)
class Merge(Layer):
    """Stands for layers of several inputs."""

    label = "Merge"
    arity = (2, 2)


CHAIN = mlp(4, (8, 6), 3)  # l0 input, l1, l2, l3 output


def chain_of(network: NetworkSpec) -> list[str]:
    """Names from the input on, following the only connection."""
    (id,) = [s.id for s in network.layers if not network.sources(s.id)]
    names = [network.layer(id).name]
    while targets := network.targets(id):
        (id,) = targets
        names.append(network.layer(id).name)
    return names


def forked() -> NetworkSpec:
    """input → a, input → b, (a, b) → merge → output."""
    ids = ("input", "a", "b", "merge", "output")
    layers = (Input(shape=(4,)), Dense(units=5), Dense(units=5), Merge(), Dense(units=3))
    edges = (("input", "a"), ("input", "b"), ("a", "merge"), ("b", "merge"), ("merge", "output"))
    specs = tuple(LayerSpec(id, id, layer) for id, layer in zip(ids, layers, strict=True))
    return NetworkSpec(specs, tuple(Edge(*pair) for pair in edges))


def test_an_edit_leaves_the_old_value_alone() -> None:
    before = mlp(4, (8, 6), 3)
    edits.remove_layers(edits.insert_after(before, "l1", Dropout()), "l2")
    assert before == CHAIN


def test_insert_after_takes_over_what_was_fed() -> None:
    assert chain_of(edits.insert_after(CHAIN, "l1", Dropout(), name="drop")) == [
        "input", "hidden 1", "drop", "hidden 2", "output",
    ]  # fmt: skip


def test_insert_on_edge_touches_one_branch_and_keeps_the_order_of_inputs() -> None:
    network = edits.insert_on_edge(forked(), Edge("a", "merge"), Dropout(), name="drop")
    new = network.layers[-1].id
    assert network.sources("merge") == (new, "b")
    assert network.sources(new) == ("a",)


class TestAppend:
    def test_before_the_output_layer_when_no_place_is_named(self) -> None:
        assert chain_of(edits.append(CHAIN, Dropout(), name="new")) == [
            "input",
            "hidden 1",
            "hidden 2",
            "new",
            "output",
        ]

    def test_before_the_output_layer_when_that_is_the_place(self) -> None:
        assert chain_of(edits.append(CHAIN, Dropout(), after="l3", name="new"))[-2:] == ["new", "output"]

    def test_behind_the_place_named(self) -> None:
        assert chain_of(edits.append(CHAIN, Dropout(), after="l0", name="new"))[:2] == ["input", "new"]

    def test_grows_a_network_from_nothing_in_any_order(self) -> None:
        network = edits.append(NetworkSpec(), Dense(units=3), name="first")
        network = edits.append(network, Activation(), name="second")
        network = edits.append(network, Input(shape=(4,)))
        assert chain_of(network) == ["input", "first", "second"]
        assert check(network, row_shape=(4,), outputs=3).ok

    def test_an_input_alone_gets_its_first_layer(self) -> None:
        network = edits.append(edits.append(NetworkSpec(), Input(shape=(4,))), Dense(units=3), name="first")
        assert chain_of(network) == ["input", "first"]


class TestRemove:
    def test_a_chain_stays_a_chain(self) -> None:
        assert chain_of(edits.remove_layers(CHAIN, "l1", "l2")) == ["input", "output"]

    def test_a_bridge_keeps_the_order_of_inputs(self) -> None:
        network = edits.insert_on_edge(forked(), Edge("a", "merge"), Dropout())
        assert edits.remove_layers(network, network.layers[-1].id).edges == forked().edges

    def test_bridges_stop_where_the_layer_behind_is_full(self) -> None:
        network = edits.remove_layers(forked(), "merge")
        assert network.sources("output") == ("a",)

    def test_a_bridge_is_not_doubled(self) -> None:
        network = edits.remove_layers(forked(), "a", "b")
        assert network.sources("merge") == ("input",)

    @given(st.lists(st.sampled_from(["l0", "l1", "l2", "l3"]), unique=True))
    def test_what_is_left_of_a_chain_is_one_chain(self, gone: list[str]) -> None:
        network = edits.remove_layers(CHAIN, *gone)
        kept = [s.name for s in CHAIN.layers if s.id not in gone]
        assert not network.layers or chain_of(network) == kept


class TestConnect:
    def test_a_single_input_is_replaced(self) -> None:
        network = edits.connect(CHAIN, "l0", "l2")
        assert network.sources("l2") == ("l0",)

    @pytest.mark.parametrize(
        ("source", "target", "says"),
        [
            ("l2", "l1", "circle"),
            ("l1", "l1", "circle"),
            ("l0", "l1", "already"),
            ("l1", "l0", "takes nothing"),
        ],
    )
    def test_refusals_say_why(self, source: str, target: str, says: str) -> None:
        with pytest.raises(UserInputError, match=says):
            edits.connect(CHAIN, source, target)

    def test_a_layer_with_all_its_inputs_takes_no_more(self) -> None:
        with pytest.raises(UserInputError, match="takes 2 inputs and has them"):
            edits.connect(forked(), "input", "merge")

    def test_disconnect_undoes_connect(self) -> None:
        bare = edits.disconnect(CHAIN, Edge("l0", "l1"))
        assert set(edits.connect(bare, "l0", "l1").edges) == set(CHAIN.edges)


class TestSetHypers:
    def test_changes_one_layer_only(self) -> None:
        network = edits.set_hypers(CHAIN, "l1", units=16, activation="tanh")
        assert network.layer("l1").layer == Dense(units=16, activation="tanh")
        assert [s for s in network.layers if s.id != "l1"] == [s for s in CHAIN.layers if s.id != "l1"]

    @pytest.mark.parametrize("changes", [{"units": 0}, {"units": 2.5}, {"activation": "cosine"}, {"dropout": 1.0}])
    def test_refuses_illegal_values_and_names_the_layer(self, changes: dict[str, object]) -> None:
        with pytest.raises(UserInputError, match="hidden 1"):
            edits.set_hypers(CHAIN, "l1", **changes)

    def test_a_finding_is_repaired(self) -> None:
        report = check(CHAIN, row_shape=(4,), outputs=5)
        fix = report.badges[0].fix
        assert isinstance(fix, Fix)
        assert check(edits.repaired(CHAIN, fix), row_shape=(4,), outputs=5).ok


class TestRename:
    def test_space_is_trimmed(self) -> None:
        assert edits.rename(CHAIN, "l1", "  first   layer ").layer("l1").name == "first layer"

    def test_its_own_name_changes_nothing(self) -> None:
        assert edits.rename(CHAIN, "l1", "hidden 1") == CHAIN

    @pytest.mark.parametrize("name", ["", "   ", "output"])
    def test_empty_and_taken_names_are_refused(self, name: str) -> None:
        with pytest.raises(UserInputError):
            edits.rename(CHAIN, "l1", name)


class TestDuplicate:
    def test_the_copy_stands_behind_and_has_a_name_of_its_own(self) -> None:
        assert chain_of(edits.duplicate(CHAIN, "l1")) == [
            "input",
            "hidden 1",
            "hidden 3",
            "hidden 2",
            "output",
        ]

    def test_several_are_copied_as_a_block(self) -> None:
        network = edits.duplicate(CHAIN, "l1", "l2")
        (fourth,) = network.targets("l2")
        (fifth,) = network.targets(fourth)
        copies = [network.layer(fourth).layer, network.layer(fifth).layer]
        assert copies == [CHAIN.layer("l1").layer, CHAIN.layer("l2").layer]
        assert network.targets(fifth) == ("l3",)

    def test_the_input_is_not_copied(self) -> None:
        assert edits.duplicate(CHAIN, "l0") == CHAIN


class TestMove:
    @pytest.mark.parametrize(("id", "by"), [("l1", 1), ("l2", -1)])
    def test_neighbours_change_places(self, id: str, by: int) -> None:
        assert chain_of(edits.move(CHAIN, id, by)) == ["input", "hidden 2", "hidden 1", "output"]

    @pytest.mark.parametrize(("id", "by"), [("l1", -1), ("l0", 1), ("l0", -1), ("l3", 1)])
    def test_the_input_stays_first_and_the_ends_stop(self, id: str, by: int) -> None:
        assert edits.move(CHAIN, id, by) == CHAIN

    def test_there_and_back_is_the_same_network(self) -> None:
        assert edits.move(edits.move(CHAIN, "l1", 1), "l1", -1) == CHAIN

    def test_across_a_fork_nothing_moves(self) -> None:
        assert edits.move(forked(), "merge", -1) == forked()


def test_ids_are_never_shared() -> None:
    network = CHAIN
    for _ in range(3):
        network = edits.append(network, Dropout())
    assert len({s.id for s in network.layers}) == len({s.name for s in network.layers}) == 7
