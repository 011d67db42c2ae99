"""Advice, and the reduction of large matrices: what is plain computing in the inspector."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import spirals_prepared

from app import theme
from app.inspector.advice import advice
from app.inspector.heat_map import HeatMap, strongest
from app.inspector.histogram import LogHistogram
from app.inspector.live import health
from core.spec import Project, TrainingConfig, mlp
from core.validation import check


def titles(network, **training):
    project = Project(network=network, training=TrainingConfig(**training))
    return [a.title for a in advice(project, check(network), spirals_prepared())]


def test_a_sensible_network_needs_no_advice():
    assert titles(mlp(2, (8, 8), 2)) == []


@pytest.mark.parametrize(
    ("network", "training", "title"),
    [
        (mlp(2, (64, 64), 2), {}, "Large for these data"),
        (mlp(2, (8,), 2, activation="linear"), {}, "Nothing bends"),
        (mlp(2, (4,) * 9, 2, activation="sigmoid"), {}, "Gradients may vanish"),
        (mlp(2, (8,), 2), {"epochs": 3}, "Few steps"),
    ],
)
def test_what_is_worth_knowing_is_said(network, training, title):
    assert titles(network, **training) == [title]


def test_a_large_network_that_is_held_back_is_no_warning():
    network = mlp(2, (64, 64), 2)
    project = Project(network=network, training=TrainingConfig(dropout=0.2))
    assert [a.kind for a in advice(project, check(network), spirals_prepared())] == ["info"]


def test_a_faulty_network_gets_repairs_not_advice():
    network = replace(mlp(2, (64, 64), 2), edges=())
    project = Project(network=network)
    assert advice(project, check(network), spirals_prepared()) == ()


def test_reduction_keeps_the_strongest_number_of_each_block():
    matrix = np.zeros((100, 60), np.float32)
    matrix[37, 20], matrix[80, 59] = -5, 3
    small = strongest(matrix, 10, 6)
    assert small.shape == (10, 6)
    assert sorted(small[small != 0]) == [-5, 3]


@pytest.mark.parametrize(("ratio", "word"), [(1e-6, "slow"), (1e-3, "healthy"), (0.5, "fast")])
def test_update_ratios_in_words(ratio, word):
    assert health(ratio)[0] == word


def test_a_heat_map_is_symmetric_about_zero(qtbot):
    made = HeatMap()
    qtbot.addWidget(made)
    made.resize(200, 100)
    made.show_array(np.array([[-1.0, 0.0, 1.0]], np.float32))
    made.resize(made.width(), made.heightForWidth(made.width()))
    image = made.grab().toImage()
    colours = [image.pixelColor(made.cell_rect(0, i).center().toPoint()) for i in range(3)]
    tokens = theme.current()
    assert colours == [tokens.negative, tokens.panel, tokens.positive]


def test_a_large_matrix_is_drawn_as_an_image(qtbot):
    made = HeatMap()
    qtbot.addWidget(made)
    made.show_array(np.random.default_rng(0).normal(size=(784, 256)).astype(np.float32))
    assert made.heightForWidth(256) <= 128
    assert not made.grab().isNull()


def test_the_histogram_counts_by_powers_of_ten_and_its_axis_only_grows(qtbot):
    made = LogHistogram()
    qtbot.addWidget(made)
    made.show_array(np.array([1e-3, 2e-3, 0.0, -5e-2], np.float32))
    assert (made.low, made.high) == (-3, -1)
    assert made.counts.sum() == 3
    assert made.zeros == 0.25
    made.show_array(np.array([1e-1], np.float32))
    assert (made.low, made.high) == (-3, 0)
    made.show_array(np.zeros(4, np.float32))
    assert made.counts.sum() == 0
    assert not made.grab().isNull()
