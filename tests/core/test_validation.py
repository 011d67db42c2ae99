"""Findings are data: where, how bad, why, and where possible a repair of one click."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import edits
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.spec import Edge, LayerSpec, NetworkSpec, mlp, sequential
from core.validation import Badge, check

SOUND = mlp(4, (8,), 3)


def only(network: NetworkSpec, **data: object) -> Badge:
    (badge,) = check(network, **data).badges  # type: ignore[arg-type]
    return badge


def test_a_sound_network_has_shapes_parameters_and_work() -> None:
    report = check(SOUND, row_shape=(4,), outputs=3)
    assert report.ok
    assert report.badges == ()
    assert report.order == ("l0", "l1", "l2")
    assert report.shapes == {"l0": (4,), "l1": (8,), "l2": (3,)}
    assert report.parameters == {"l0": 0, "l1": 4 * 8 + 8, "l2": 8 * 3 + 3}
    assert report.multiply_adds == {"l0": 0, "l1": 32, "l2": 24}


def test_without_data_nothing_is_asked_of_the_ends() -> None:
    assert check(SOUND).ok


def test_wrong_outputs_name_the_target_and_mend_with_one_click() -> None:
    badge = only(SOUND, row_shape=(4,), outputs=10, target="digit")
    assert badge.layer_id == "l2"
    assert badge.severity == "error"
    assert "digit" in badge.text
    assert badge.fix is not None
    assert badge.fix.label == "Set units to 10"
    assert check(edits.repaired(SOUND, badge.fix), row_shape=(4,), outputs=10).ok


def test_an_input_that_does_not_fit_the_data_mends_with_one_click() -> None:
    badge = only(SOUND, row_shape=(7,), outputs=3)
    assert badge.layer_id == "l0"
    assert badge.fix is not None
    assert check(edits.repaired(SOUND, badge.fix), row_shape=(7,), outputs=3).ok


def test_an_image_into_a_dense_layer_is_one_finding_where_it_happens() -> None:
    network = sequential(Input(shape=(8, 8)), Dense(units=4), Dense(units=3))
    badge = only(network)
    assert (badge.layer_id, badge.severity) == ("l1", "error")
    assert "8×8" in badge.text


def test_a_circle_is_found_not_followed() -> None:
    network = replace(SOUND, edges=(Edge("l1", "l2"), Edge("l2", "l1")))
    report = check(network)
    assert {b.layer_id for b in report.badges} == {"l1", "l2"}
    assert not report.ok


@pytest.mark.parametrize(
    ("network", "layer", "title"),
    [
        (NetworkSpec(), "", "No input"),
        (NetworkSpec((LayerSpec("a", "a", Input()),)), "a", "Nothing to train"),
        (replace(SOUND, edges=SOUND.edges[:1]), "l2", "Not connected"),
        (replace(SOUND, edges=(*SOUND.edges, Edge("l0", "l2"))), "l2", "Too many inputs"),
        (edits.add_layer(SOUND, Input(), id="i"), "i", "A second input"),
    ],
)
def test_each_fault_has_its_badge(network: NetworkSpec, layer: str, title: str) -> None:
    assert (layer, title) in [(b.layer_id, b.title) for b in check(network).badges]


def test_a_second_output_is_an_error() -> None:
    branch = edits.connect(edits.add_layer(SOUND, Dropout(), id="d"), "l1", "d")
    assert not check(branch).ok


def test_a_loose_layer_is_one_finding_and_hides_no_other() -> None:
    report = check(edits.add_layer(SOUND, Dropout(), id="loose"), row_shape=(4,), outputs=10)
    assert [(b.layer_id, b.title) for b in report.badges] == [
        ("loose", "Not connected"),
        ("l2", "3 instead of 10 outputs"),
    ]


def test_absurd_sizes_cost_nothing() -> None:
    network = mlp(10**6, (10**6,), 10**6)
    assert check(network).parameters["l1"] == 10**12 + 10**6
