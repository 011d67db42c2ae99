"""Cards never overlap, read from left to right, and stay where a person put them."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import edits, layout
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.spec import Edge, LayerSpec, NetworkSpec, mlp


def network_of(count: int, edges: list[tuple[int, int]]) -> NetworkSpec:
    layers = tuple(LayerSpec(f"l{i}", f"layer {i}", Dense() if i else Input()) for i in range(count))
    return NetworkSpec(layers, tuple(Edge(f"l{a}", f"l{b}") for a, b in edges))


def overlaps(places: dict[str, layout.Point]) -> list[tuple[str, str]]:
    return [
        (a, b)
        for a, (ax, ay) in places.items()
        for b, (bx, by) in places.items()
        if a < b and abs(ax - bx) < layout.CARD_WIDTH and abs(ay - by) < layout.CARD_HEIGHT
    ]


FORK = network_of(5, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)])


def test_a_chain_on_one_line() -> None:
    places = layout.arrange(mlp(2, (8, 8), 2), per_row=4)
    assert list(places.values()) == [(i * layout.STEP_X, 0) for i in range(4)]


def test_a_long_chain_wraps_like_text() -> None:
    places = layout.arrange(mlp(2, (8,) * 5, 2), per_row=3)
    assert places["l3"] == (0, layout.STEP_Y)
    assert places["l6"] == (0, 2 * layout.STEP_Y)


def test_branches_stand_one_above_the_other_and_meet_in_the_middle() -> None:
    places = layout.arrange(FORK, per_row=9)
    assert places["l1"][0] == places["l2"][0]
    assert places["l1"][1] < places["l2"][1]
    assert places["l0"][1] == places["l3"][1] == (places["l1"][1] + places["l2"][1]) / 2


def test_barycentre_uncrosses_the_branches() -> None:
    crossed = network_of(7, [(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 6)])
    places = layout.arrange(crossed, per_row=9)
    above = places["l1"][1] < places["l2"][1]
    assert (places["l4"][1] < places["l3"][1]) == above
    assert (places["l6"][1] < places["l5"][1]) == above


def test_a_layer_stands_right_of_all_that_feed_it() -> None:
    skipping = network_of(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert layout.columns(skipping) == ((("l0",), ("l1",), ("l2",), ("l3",)),)


def test_what_is_not_connected_stands_below() -> None:
    loose = edits.add_layer(mlp(2, (8,), 2), Dropout(), id="loose")
    places = layout.arrange(loose, per_row=9)
    assert places["loose"] == (0, layout.STEP_Y)


def test_a_circle_is_drawn_too() -> None:
    circle = network_of(3, [(0, 1), (1, 2), (2, 1)])
    assert set(layout.arrange(circle, per_row=9)) == {"l0", "l1", "l2"}


def test_a_thousand_layers_do_not_exhaust_the_stack() -> None:
    deep = network_of(1200, [(i, i + 1) for i in range(1199)][::-1])
    assert len(layout.columns(replace(deep, layers=deep.layers[::-1]))[0]) == 1200


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 9).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=14))
    ),
    st.integers(1, 6),
    st.dictionaries(st.integers(0, 8), st.tuples(st.integers(-5, 5), st.integers(-5, 5)), max_size=2),
)
def test_no_two_cards_overlap(drawn: tuple[int, list[tuple[int, int]]], per_row: int, by_hand: dict) -> None:
    count, edges = drawn
    network = network_of(count, edges)
    assert overlaps(layout.arrange(network, per_row=per_row)) == []
    placed = {f"l{i}": (x * 400.0, y * 200.0) for i, (x, y) in by_hand.items()}
    if len(set(placed.values())) == len(placed):
        places = layout.positions(network, placed, per_row=per_row)
        assert overlaps(places) == []
        assert {id: places[id] for id in placed if network.has(id)} == {
            id: at for id, at in placed.items() if network.has(id)
        }


def test_a_card_put_between_two_finds_room_beside_them() -> None:
    network = mlp(2, (8,), 2)
    placed = layout.arrange(network, per_row=9)
    inserted = edits.insert_after(network, "l0", Dropout())
    places = layout.positions(inserted, placed, per_row=9)
    x, y = places["l3"]
    assert placed["l0"][0] < x < placed["l1"][0]
    assert abs(y) >= layout.CARD_HEIGHT


def test_what_was_placed_once_never_moves_by_itself() -> None:
    network = mlp(2, (8,), 2)
    placed = layout.arrange(network, per_row=9)
    fewer = layout.settled(edits.remove_layers(network, "l1"), placed)
    assert fewer == {id: at for id, at in placed.items() if id != "l1"}
    more = layout.settled(edits.append(network, Dropout()), placed)
    assert {id: more[id] for id in placed} == placed
    assert set(more) == {*placed, "l3"}
    assert layout.settled(network, {}) == {}


@pytest.mark.parametrize(
    ("hidden", "area", "per_row"),
    [((8, 8), (696, 360), 4), ((64, 128, 64), (856, 430), 5), ((8,) * 8, (696, 360), 4)],
)
def test_wrapping_suits_the_window(hidden: tuple[int, ...], area: tuple[int, int], per_row: int) -> None:
    assert layout.best_per_row(mlp(2, hidden, 2), *area) == per_row


def test_forty_layers_still_show_at_a_readable_scale() -> None:
    network = mlp(2, (8,) * 38, 2)
    wide, high = layout.size(network, per_row=layout.best_per_row(network, 856, 430))
    assert min(856 / wide, 430 / high) > 0.6


def test_snapping_goes_to_the_grid() -> None:
    assert layout.snapped((13.0, -3.9)) == (16, 0)


def inception() -> NetworkSpec:
    """Three layers in a row, then four branches of two that meet, then two more."""
    branches = [edge for i in range(4) for edge in ((2, 3 + i), (3 + i, 7 + i), (7 + i, 11))]
    return network_of(14, [(0, 1), (1, 2), *branches, (11, 12), (12, 13)])


@pytest.mark.parametrize("per_row", [4, 5, 6])
def test_rows_end_where_one_connection_goes_on(per_row: int) -> None:
    """A fork and its merge stay on one row where they fit there."""
    network = inception()
    places = layout.arrange(network, per_row=per_row)
    middle = {id: at[1] for id, at in places.items()}
    assert middle["l2"] == middle["l11"]
    for edge in network.edges:
        broken = places[edge.target][0] <= places[edge.source][0]
        assert not broken or len(network.targets(edge.source)) == 1
    assert overlaps(places) == []


def test_a_fork_longer_than_a_row_is_broken_too() -> None:
    network = network_of(9, [(i, i + 1) for i in range(8)] + [(0, 8)])
    places = layout.arrange(network, per_row=3)
    assert max(x for x, _ in places.values()) == 2 * layout.STEP_X
    assert overlaps(places) == []


def test_columns_stand_farther_apart_where_they_are_asked_to() -> None:
    places = layout.arrange(mlp(2, (8,), 2), per_row=4, step_x=240)
    assert [x for x, _ in places.values()] == [0, 240, 480]


def test_a_thousand_layers_are_wrapped_in_no_time() -> None:
    chain = network_of(600, [(i, i + 1) for i in range(599)])
    began = time.perf_counter()
    layout.best_per_row(chain, 800, 500)
    assert time.perf_counter() - began < 5
