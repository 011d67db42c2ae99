"""A network as columns and links; a picture where the input is one."""

import numpy as np
import pytest

from app.lens.layout import MOST_TILES, SAMPLED_TILES, layout
from app.lens.structure import image_grid, sample, structure
from core.data.preprocess import ClassTarget, NumberFeature, Preparation
from core.data.schema import Prepared
from core.layers.activation import Activation
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.spec import Edge, NetworkSpec, mlp, sequential


def prepared(names: tuple[str, ...], classes: tuple[str, ...] = ("a", "b")) -> Prepared:
    features = tuple(NumberFeature(n, 0.0, 0.0, 1.0) for n in names)
    rows = {"train": 6, "validation": 2, "test": 2}
    preparation = Preparation(features, ClassTarget("t", classes))
    return Prepared("", "f", "classification", "t", names, (len(names),), len(classes), classes, rows, preparation)


def test_layers_that_only_bend_or_silence_join_the_layer_before() -> None:
    network = sequential(Input(shape=(2,)), Dense(units=3, activation="linear"), Activation(function="tanh"),
                         Dropout(rate=0.2), Dense(units=2, activation="linear"))  # fmt: skip
    found = structure(network, None)
    assert [c.ids for c in found.columns] == [("l0",), ("l1", "l2", "l3"), ("l4",)]
    assert found.columns[1].detail == "tanh 3 · dropout 0.2"
    assert found.columns[1].scale == 1.0
    assert [(k.source, k.target, k.weights) for k in found.links] == [(0, 1, "l1"), (1, 2, "l4")]
    assert found.column_of("l3") == 1


def test_units_carry_the_names_of_the_data() -> None:
    found = structure(mlp(2, (4,), 2), prepared(("x", "y"), ("inner", "outer")))
    assert found.columns[0].labels == ("x", "y")
    assert found.columns[0].detail == "x, y"
    assert found.columns[-1].labels == ("inner", "outer")
    assert found.columns[-1].detail == "softmax 2"


def test_a_faulty_design_is_drawn_as_far_as_it_holds() -> None:
    network = mlp(2, (4, 3), 2)
    broken = NetworkSpec(network.layers, (Edge("l0", "l1"), Edge("l2", "l3")))
    assert [c.id for c in structure(broken, None).columns] == ["l0", "l1"]
    assert structure(NetworkSpec(), None).columns == ()


def test_wide_and_deep_networks_are_not_opened() -> None:
    wide = structure(mlp(784, (1000,), 10), None)
    assert [c.form for c in wide.columns] == ["picture", "matrix", "neurons"]
    deep = structure(mlp(2, (4,) * 20, 2), None)
    assert {c.form for c in deep.columns[1:-1]} == {"matrix"}
    assert deep.columns[0].form == deep.columns[-1].form == "neurons"


def test_pixel_names_make_a_picture_even_with_constant_pixels_left_out() -> None:
    names = [f"pixel_{r}_{c}" for r in range(8) for c in range(8)]
    kept = [n for n in names if n not in ("pixel_0_0", "pixel_4_7")]
    grid = image_grid(kept)
    assert grid is not None
    assert (grid.rows, grid.columns) == (8, 8)
    filled = grid.fill(np.ones(len(kept)), -5.0)
    assert filled[0, 0] == filled[4, 7] == -5.0
    assert filled.sum() == 62 - 10


@pytest.mark.parametrize(
    "names",
    [
        ["sepal length", "petal length"],
        [f"x{i}" for i in range(20)],
        [f"q_{i}_{i}" for i in range(12)],  # a diagonal covers no picture
        ["a_1_1"] * 9,
    ],
)
def test_other_names_make_no_picture(names: list[str]) -> None:
    assert image_grid(names) is None


def test_a_sample_holds_the_first_and_the_last() -> None:
    assert sample(5, 12) == (0, 1, 2, 3, 4)
    chosen = sample(128, 12)
    assert chosen[0] == 0
    assert chosen[-1] == 127
    assert len(set(chosen)) == 12


@pytest.mark.parametrize(("width", "height"), [(728, 460), (888, 520), (400, 300), (1600, 900)])
def test_nothing_overlaps_or_leaves_the_area(width: int, height: int) -> None:
    found = structure(mlp(2, (8, 8, 6), 2, activation="tanh"), prepared(("x", "y")))
    placed = layout(found, width, height, card=True)
    assert placed.card is not None
    centres = [c.centre for c in placed.columns]
    assert centres == sorted(centres)
    for column in placed.columns:
        tops = column.boxes[:, 1]
        assert (np.diff(tops) > column.boxes[0, 3]).all()
        assert column.top >= 40
        assert column.bottom <= height - 40
        assert column.boxes[:, 0].max() + column.boxes[0, 2] < placed.card[0]
    assert placed.card[0] + placed.card[2] <= placed.width
    if width >= 728:
        assert placed.width == width


def test_only_a_sample_of_a_wide_layer_is_placed() -> None:
    placed = layout(structure(mlp(4, (16, 64), 3), None), 900, 520, card=False)
    assert [len(c.units) for c in placed.columns] == [4, MOST_TILES, SAMPLED_TILES, 3]
    assert placed.columns[2].hidden == 64 - SAMPLED_TILES
