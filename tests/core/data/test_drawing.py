"""Points drawn by hand: kept as data, read like any table, refused where they are none."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.data import drawing, load
from core.data.generators import generate
from core.errors import UserInputError
from core.spec import DataSource, DataSpec


def classes(count: int = 40) -> DataSource:
    points = tuple(drawing.point(i / 20 - 1, (i * 7 % 11) / 11, i % 2) for i in range(count))
    return DataSource("drawn", "classes", points=points)


def curve(count: int = 40) -> DataSource:
    return DataSource(
        "drawn", "curve", points=tuple(drawing.point(i / 20 - 1, (i / 20 - 1) ** 2) for i in range(count))
    )


def spec(source: DataSource) -> DataSpec:
    info = drawing.drawing(source.name)
    return DataSpec(source, target=info.target, task=info.task)


def test_classes_are_read_as_a_table() -> None:
    profile = load.inspect(spec(classes()))
    assert (profile.name, profile.rows, profile.task, profile.target) == ("Drawn points", 40, "classification", "class")
    assert [column.name for column in profile.columns] == ["x", "y", "class"]
    prepared = load.prepare(spec(classes()))
    assert (prepared.row_shape, prepared.classes) == ((2,), ("A", "B"))


def test_a_curve_has_one_input_and_a_number() -> None:
    prepared = load.prepare(spec(curve()))
    assert (prepared.row_shape, prepared.task, prepared.target) == ((1,), "regression", "y")


def test_the_content_hash_is_that_of_the_points_in_their_order() -> None:
    one, again = classes(), classes()
    assert load.content_hash(one) == load.content_hash(again)
    assert load.content_hash(one) != load.content_hash(replace(one, points=one.points[::-1]))
    assert load.content_hash(one) != load.content_hash(classes(39))


def test_points_survive_the_way_through_json_exactly() -> None:
    for source in (classes(), curve()):
        there = json.dumps(spec(source).to_json())
        assert DataSpec.from_json(json.loads(there)) == spec(source)
        assert load.content_hash(DataSpec.from_json(json.loads(there)).source) == load.content_hash(source)


def test_sources_without_points_are_written_as_before() -> None:
    plain = DataSpec(DataSource("generator", "xor")).to_json()["source"]
    assert set(plain) == {"kind", "name", "path", "sha256", "rows", "noise", "seed"}


@pytest.mark.parametrize(
    "points",
    [
        "12", [1], [[0.0]], [[0.0, 0.0, 0, 0]], [[0.0, "1"]], [[float("inf"), 0.0]], [[True, 0.0]],
        [[0.0, 0.0]] * (drawing.MOST_POINTS + 1),
    ],
)  # fmt: skip
def test_what_is_no_list_of_points_is_refused_when_a_project_is_read(points: object) -> None:
    data = {**spec(curve()).to_json(), "source": {"kind": "drawn", "name": "curve", "points": points}}
    with pytest.raises(UserInputError):
        DataSpec.from_json(data)


@pytest.mark.parametrize(
    ("name", "points"),
    [("classes", ((0.0, 0.0),)), ("curve", ((0.0, 0.0, 1),)), ("curve", ((0.0, 1.5),)), ("classes", ((0.0, 0.0, 6),))],
)
def test_points_of_another_kind_of_drawing_or_off_the_plane_are_refused(name: str, points: drawing.Points) -> None:
    with pytest.raises(UserInputError):
        load.inspect(DataSpec(DataSource("drawn", name, points=points)))
    with pytest.raises(UserInputError):
        drawing.drawing("circle")


def test_what_is_lacking_is_said_until_there_is_enough() -> None:
    said = [drawing.lacking("classes", classes(n).points) for n in (0, 1, 4, 8)]
    assert said[0].startswith("Draw some points first")
    assert "second class" in said[1]
    assert "at least 8" in said[2]
    assert not said[3]
    upright = tuple(drawing.point(0.0, y / 10) for y in range(9))
    assert "beside each other" in drawing.lacking("curve", upright)
    with pytest.raises(UserInputError, match="second class"):
        load.inspect(spec(classes(1)))


def test_points_beyond_the_border_lie_on_it() -> None:
    assert drawing.point(3.0, -1.00001, 2) == (1.0, -1.0, 2)
    assert str(drawing.point(-0.000001, 0.0)) == "(0.0, 0.0)"


def test_the_eraser_reaches_as_far_as_its_radius() -> None:
    points = (drawing.point(0, 0, 0), drawing.point(0.1, 0, 0), drawing.point(0.5, 0, 1))
    np.testing.assert_array_equal(drawing.near(points, 0.0, 0.0, 0.1), [True, True, False])
    assert drawing.near((), 0.0, 0.0, 1.0).tolist() == []


def test_a_drawing_saved_as_csv_reads_back_as_the_same_rows(tmp_path) -> None:
    path = tmp_path / "drawn.csv"
    path.write_bytes(drawing.to_csv("classes", classes().points))
    profile = load.inspect(DataSpec(DataSource("file", path=str(path))))
    assert (profile.rows, profile.target, profile.task) == (40, "class", "classification")
    assert profile.preview == load.inspect(spec(classes())).preview


def test_generated_points_can_be_drawn_on() -> None:
    points = drawing.from_columns(generate("moons", rows=100, noise=0.1, seed=1))
    drawing.checked("classes", points)
    xy = np.array([p[:2] for p in points])
    assert np.abs(xy).max() == pytest.approx(0.95, abs=1e-3)
    assert {p[2] for p in points} == {0, 1}
    with pytest.raises(UserInputError):
        drawing.from_columns(generate("sine", rows=100, noise=0.1, seed=1))
    with pytest.raises(UserInputError):
        drawing.from_columns(generate("moons", rows=drawing.MOST_POINTS + 1, noise=0.1, seed=1))


def test_a_point_elsewhere_is_refused_with_what_a_point_is() -> None:
    for name, points in (("classes", ((0.5, -0.5),)), ("curve", ((2.5, 0.5),))):
        with pytest.raises(UserInputError, match="is no point") as err:
            drawing.checked(name, points)
        assert "between -1 and 1" in err.value.reason
        assert err.value.remedy
