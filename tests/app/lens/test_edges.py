"""The lines between neurons: strength, sign, sampling, and which one the cursor means."""

import numpy as np
import pytest

from app.lens.decision import answers, at_point, class_rgb, upsample
from app.lens.edges import LEVELS, MOST_EDGES, build
from app.lens.layout import layout
from app.lens.structure import structure
from core.spec import mlp


def built(inputs: int = 2, hidden: tuple[int, ...] = (3,), outputs: int = 2, **tensors: np.ndarray):
    found = structure(mlp(inputs, hidden, outputs), None)
    placed = layout(found, 900, 500, card=False)
    return found, placed, build(found, placed, {k.replace("__", "/"): v for k, v in tensors.items()}, "weights")


def test_every_weight_is_an_edge_in_its_place() -> None:
    w1, w2 = np.arange(6.0).reshape(2, 3) - 2, np.arange(6.0).reshape(3, 2)
    found, placed, edges = built(weights__l1__W=w1, weights__l2__W=w2)
    assert len(edges) == 12
    for k in range(12):
        link = found.links[edges.link[k]]
        matrix = w1 if link.weights == "l1" else w2
        assert edges.value[k] == matrix[edges.source[k], edges.target[k]]
        box = placed.columns[link.source].boxes[edges.source[k]]
        assert edges.start[k].tolist() == [box[0] + box[2], box[1] + box[3] / 2]
    assert edges.level[np.abs(edges.value) == 5].tolist() == [LEVELS - 1]


def test_before_training_edges_are_there_and_faint() -> None:
    _, _, edges = built()
    assert len(edges) == 12
    assert np.isnan(edges.value).all()
    assert (edges.level == 0).all()


def test_before_training_no_neuron_stands_alone() -> None:
    _, _, edges = built(12, (16,), 2)
    assert (edges.link == 0).sum() == 12 * 16, "there is nothing yet to choose the strongest by"


def test_of_many_edges_the_strongest_are_drawn() -> None:
    w = np.random.default_rng(0).normal(size=(16, 16))
    _, _, edges = built(16, (16,), 2, weights__l1__W=w)
    first = edges.link == 0
    assert first.sum() == MOST_EDGES
    assert np.abs(edges.value[first]).min() >= np.sort(np.abs(w).ravel())[-MOST_EDGES]


def test_a_matrix_of_another_shape_is_not_drawn_as_if_it_fitted() -> None:
    _, _, edges = built(weights__l1__W=np.ones((1, 1)), weights__l2__W=np.ones(7))
    assert np.isnan(edges.value).all()


def test_a_whole_column_stands_for_its_units() -> None:
    w = np.full((784, 4), 2.0)
    _, _, edges = built(784, (4,), 2, weights__l1__W=w)
    first = edges.link == 0
    assert edges.source[first].tolist() == [-1] * 4
    np.testing.assert_allclose(edges.value[first], 2.0)


def test_the_cursor_finds_the_edge_under_it() -> None:
    _, _, edges = built(weights__l1__W=np.ones((2, 3)), weights__l2__W=np.ones((3, 2)))
    for k in range(len(edges)):
        near = edges.start[k] + np.array([6.0, 0.0])
        found = edges.nearest(*near, reach=5.0)
        assert found is not None
        np.testing.assert_array_equal(edges.start[found], edges.start[k])
        middle = (edges.start[k] + edges.end[k]) / 2
        assert edges.nearest(*middle, reach=2.0) is not None
    assert edges.nearest(-50.0, 10.0, reach=5.0) is None


def test_a_neuron_touches_the_edges_that_begin_or_end_in_it() -> None:
    found, _, edges = built(weights__l1__W=np.ones((2, 3)), weights__l2__W=np.ones((3, 2)))
    assert edges.touching(found, 1, 2).sum() == 2 + 2
    assert edges.touching(found, 0, 1).sum() == 3


def test_upsampling_keeps_corners_and_lines() -> None:
    line = np.add.outer(np.arange(5.0), 2 * np.arange(5.0))[None]
    fine = upsample(line, 33)
    assert fine[0, 0, 0] == 0
    assert fine[0, -1, -1] == pytest.approx(12)
    np.testing.assert_allclose(np.diff(fine[0], axis=1), 8 / 32)


def test_a_point_is_read_between_the_grid() -> None:
    surface = np.add.outer(np.arange(3.0), 10 * np.arange(3.0))[None]
    extent = np.array([0.0, 4.0, 0.0, 2.0])
    assert at_point(surface, extent, 1.0, 0.5)[0] == pytest.approx(5.5)
    assert at_point(surface, extent, 99.0, -99.0)[0] == pytest.approx(20.0)


def test_outputs_become_probabilities() -> None:
    logits = np.array([[[2.0]], [[0.0]]])
    assert answers(logits, "classification").sum() == pytest.approx(1.0)
    assert answers(np.zeros((1, 1, 1)), "classification").ravel().tolist() == [0.5, 0.5]
    assert answers(logits, "regression") is logits


def test_a_class_that_leads_by_nothing_is_the_ground() -> None:
    colours, ground = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], float), np.array([10, 20, 30], float)
    even = np.full((3, 1, 1), 1 / 3)
    sure = np.array([0.0, 1.0, 0.0]).reshape(3, 1, 1)
    assert class_rgb(even, colours, ground).ravel().tolist() == [10, 20, 30]
    assert class_rgb(sure, colours, ground).ravel().tolist() == [0, 255, 0]
