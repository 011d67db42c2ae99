"""Each operation is one step: applied, undone and redone in order, the project is what it was each time."""

from dataclasses import replace

import pytest

from app.canvas import operations
from core.errors import UserInputError
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.spec import Edge, NetworkSpec
from core.validation import Fix

PLACES = {"l0": (0.0, 0.0), "l1": (200.0, 0.0), "l2": (400.0, 0.0), "l3": (600.0, 0.0)}


def select_then(operation, *ids):
    def run(document):
        document.select(*ids)
        operation(document)

    return run


OPERATIONS = {
    "insert": lambda d: operations.insert(d, "dense"),
    "insert behind": lambda d: operations.insert_behind(d, "dropout", "l3"),
    "insert on edge": lambda d: operations.insert_on_edge(d, "dropout", Edge("l0", "l1")),
    "insert at": lambda d: operations.insert_at(d, "dense", (50.0, 300.0), PLACES, source="l1"),
    "remove": lambda d: operations.remove(d, ["l1", "l2"]),
    "remove edge": lambda d: operations.remove_edge(d, Edge("l1", "l2")),
    "connect": lambda d: operations.connect(d, "l0", "l2"),
    "duplicate": select_then(operations.duplicate, "l2", "l1"),
    "move": lambda d: operations.move_in_order(d, "l1", 1),
    "rename": lambda d: operations.rename(d, "l1", "first"),
    "place": lambda d: operations.place_cards(d, PLACES, "Move hidden 1"),
    "repair": lambda d: operations.repair(d, Fix("Set units to 10", "l3", {"units": 10})),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_undo_and_redo_in_order(document, name):
    before = document.project
    OPERATIONS[name](document)
    after = document.project
    assert after != before
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.project == before
    document.undo_stack.redo()
    assert document.project == after


def test_a_whole_session_of_edits_undoes_step_by_step(document):
    states = [document.project]
    for operation in OPERATIONS.values():
        if operation is OPERATIONS["connect"]:
            document.select("l0")
        try:
            operation(document)
        except (UserInputError, KeyError, ValueError):
            continue  # a layer it needs is gone by now
        if document.project != states[-1]:
            states.append(document.project)
    assert len(states) > 6
    for state in reversed(states[:-1]):
        document.undo_stack.undo()
        assert document.project == state
    for state in states[1:]:
        document.undo_stack.redo()
        assert document.project == state


def test_a_new_layer_is_selected_and_stands_before_the_output(document):
    id = operations.insert(document, "dropout")
    assert document.selected == (id,)
    assert document.project.network.targets(id) == ("l3",)
    assert isinstance(document.project.network.layer(id).layer, Dropout)


def test_a_new_input_takes_the_shape_of_the_data(document):
    document.edit_network(lambda _: NetworkSpec(), "empty")
    id = operations.insert(document, "input")
    assert document.project.network.layer(id).layer == Input(shape=(2,))


def test_a_second_input_is_not_offered(document):
    assert "input" not in [cls.kind for cls in operations.offered_kinds(document)]
    document.edit_network(lambda _: NetworkSpec(), "empty")
    assert operations.offered_kinds(document)[0].kind == "input"


def test_after_a_deletion_a_neighbour_is_selected(document):
    operations.remove(document, ["l1"])
    assert document.selected == ("l2",)
    assert document.project.network.sources("l2") == ("l0",)


def test_cards_placed_by_hand_stay_when_a_layer_comes_or_goes(document):
    operations.place_cards(document, PLACES, "Move")
    id = operations.insert_on_edge(document, "dropout", Edge("l0", "l1"))
    layout = document.project.layout
    assert {i: layout[i] for i in PLACES} == PLACES
    assert id in layout
    operations.remove(document, [id])
    assert document.project.layout == PLACES


def test_layers_that_change_places_change_cards_too(document):
    operations.place_cards(document, PLACES, "Move")
    operations.move_in_order(document, "l1", 1)
    assert document.project.layout["l1"] == PLACES["l2"]
    assert document.project.layout["l2"] == PLACES["l1"]


def test_a_layer_dropped_beside_the_network_is_loose_where_it_was_dropped(document):
    id = operations.insert_at(document, "dense", (53.0, 301.0), PLACES)
    network = document.project.network
    assert not network.sources(id)
    assert not network.targets(id)
    assert document.project.layout[id] == (56, 304)
    assert document.project.layout["l2"] == PLACES["l2"]


def test_arranging_forgets_places_only(document):
    operations.place_cards(document, PLACES, "Move")
    network = document.project.network
    operations.arrange(document)
    assert document.project.layout == {}
    assert document.project.network is network


def test_refusals_leave_no_trace(document):
    before = document.project
    with pytest.raises(UserInputError):
        operations.connect(document, "l2", "l1")
    with pytest.raises(UserInputError):
        operations.rename(document, "l1", "output")
    assert document.project is before
    assert document.undo_stack.count() == 0


def test_a_network_is_laid_out_for_the_data(document):
    document.edit_network(lambda _: NetworkSpec(), "empty")
    operations.start_network(document)
    assert document.report.ok


def test_reading_order_puts_what_is_loose_last(document):
    document.apply(lambda p: replace(p, layout={}), "same")
    loose = operations.insert_at(document, "dense", (0.0, 300.0), PLACES)
    assert operations.in_order(document) == ("l0", "l1", "l2", "l3", loose)
