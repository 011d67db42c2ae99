"""Generated data: the same for the same seed, solvable where it should be, harder with more noise."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from core.data import load
from core.data.generators import MOST_ROWS, generate, generators
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

FIRST_VERSION = {
    "spirals": "393105f0c6ab",
    "xor": "12efad8bb3d5",
    "circles": "fd3b51d6b5e0",
    "gaussians": "fce93e447872",
    "plane": "6e78ec1c7446",
}
NAMES = [info.name for info in generators()]


def made(
    name: str, *, rows: int = 400, noise: float = 0.1, seed: int = 7, **choices: int | float | str
) -> tuple[np.ndarray, np.ndarray]:
    """(rows, 2) points and (rows,) targets."""
    columns = list(generate(name, rows=rows, noise=noise, seed=seed, choices=choices).values())
    return np.array(columns[:2], float).T, np.array(columns[-1])


def neighbours(name: str, noise: float) -> float:
    """How often the nearest other point has the same label: what any good classifier can reach."""
    points, labels = made(name, rows=600, noise=noise)
    distance = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    return float((labels[distance.argmin(axis=1)] == labels).mean())


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name: str) -> None:
    first, again = generate(name, rows=50, noise=0.2, seed=3), generate(name, rows=50, noise=0.2, seed=3)
    assert first == again
    assert first != generate(name, rows=50, noise=0.2, seed=4)


@pytest.mark.parametrize("info", generators(), ids=NAMES)
def test_profiles_are_ready_to_train(info) -> None:
    source = DataSource("generator", info.name, rows=info.rows, noise=info.noise)
    profile = load.inspect(DataSpec(source))
    assert (profile.name, profile.rows, profile.task) == (info.label, info.rows, info.task)
    assert profile.target == profile.columns[-1].name
    assert [column.name for column in profile.columns[:2]] == ["x", "y"]
    assert not [finding for finding in profile.findings if finding.severity != "info"]
    assert profile.source_note


@pytest.mark.parametrize("name", [info.name for info in generators() if info.task == "classification"])
def test_classes_are_even(name: str) -> None:
    _, labels = made(name)
    counts = np.unique(labels, return_counts=True)[1]
    assert counts.min() >= 0.8 * counts.max()


def test_two_spirals_can_be_told_apart_at_their_usual_noise() -> None:
    assert neighbours("spirals", 0.0) == 1.0
    assert neighbours("spirals", 0.1) >= 0.98
    assert neighbours("spirals", 1.0) < 0.8


def test_noise_makes_it_harder() -> None:
    for name in ("circles", "gaussians"):
        assert neighbours(name, 0.02) > 0.95 > neighbours(name, 0.6)


def test_xor_is_labelled_by_the_sign_of_the_product() -> None:
    points, labels = made("xor", noise=0.0)
    assert set(labels[points.prod(axis=1) > 0]) == {"same"}
    assert set(labels[points.prod(axis=1) < 0]) == {"different"}


def test_the_plane_is_a_plane() -> None:
    points, z = made("plane", noise=0.0)
    found, *_ = np.linalg.lstsq(np.c_[points, np.ones(len(points))], z.astype(float), rcond=None)
    np.testing.assert_allclose(found, [2, -1, 0.5], atol=1e-5)
    points, z = made("plane", rows=5000, noise=0.3)
    assert (z.astype(float) - points @ [2, -1] - 0.5).std() == pytest.approx(0.3, rel=0.05)


def test_moons_lie_on_their_half_circles() -> None:
    points, labels = made("moons", noise=0.0)
    upper, lower = points[labels == "upper"], points[labels == "lower"]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=1e-5)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, atol=1e-5)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


@pytest.mark.parametrize("squares", [2, 3, 8])
def test_neighbouring_fields_of_a_checkerboard_differ(squares: int) -> None:
    points, labels = made("checkerboard", rows=3000, noise=0.0, squares=squares)
    column, row = np.floor((points + 1) / 2 * squares).astype(int).T
    assert set(labels[(column + row) % 2 == 0]) == {"dark"}
    assert set(labels[(column + row) % 2 == 1]) == {"light"}


@pytest.mark.parametrize("cycles", [1.0, 2.5])
def test_the_sine_has_one_input_and_its_noise_is_that_of_y(cycles: float) -> None:
    columns = generate("sine", rows=4000, noise=0.2, seed=1, choices={"cycles": cycles})
    assert list(columns) == ["x", "y"]
    x, y = (np.array(cells, float) for cells in columns.values())
    assert (y - np.sin(np.pi * cycles * x)).std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize(
    ("shape", "height"),
    [
        ("hills", lambda x, y: np.sin(np.pi * x) * np.cos(np.pi * y)),
        ("saddle", lambda x, y: x**2 - y**2),
        ("bump", lambda x, y: np.exp(-4 * (x**2 + y**2))),
        ("ripples", lambda x, y: np.cos(3 * np.pi * np.hypot(x, y)) / (1 + 2 * np.hypot(x, y))),
    ],
)
def test_curved_surfaces(shape: str, height) -> None:
    points, z = made("surface", noise=0.0, shape=shape)
    np.testing.assert_allclose(z.astype(float), height(*points.T), atol=1e-5)


def test_spirals_wind_as_often_as_asked() -> None:
    points, labels = made("spirals", rows=2000, noise=0.0, turns=3.0)
    arm = points[labels == "first"]
    radius = np.hypot(*arm.T)
    turned = radius * 3.0 * 2 * np.pi
    np.testing.assert_allclose(np.c_[np.cos(turned), np.sin(turned)] * radius[:, None], arm, atol=1e-4)


@pytest.mark.parametrize("classes", range(2, 7))
def test_gaussians_of_so_many_classes_stand_at_the_corners_of_a_polygon(classes: int) -> None:
    points, labels = made("gaussians", rows=6000, noise=0.0, classes=classes)
    names = set(labels)
    assert len(names) == classes
    middles = np.array([points[labels == name].mean(axis=0) for name in names])
    np.testing.assert_allclose(np.hypot(*middles.T), 1, atol=0.03)


@pytest.mark.parametrize(("name", "classes"), [("circles", {}), ("moons", {}), ("gaussians", {"classes": 5})])
def test_imbalance_is_how_often_the_first_class_outnumbers_the_last(name: str, classes: dict[str, int]) -> None:
    _, labels = made(name, rows=3000, imbalance=10.0, **classes)
    counts = np.unique(labels, return_counts=True)[1]
    assert counts.max() / counts.min() == pytest.approx(10, rel=0.05)
    assert counts.sum() == 3000


def test_every_class_is_there_and_no_row_too_many_in_small_tables() -> None:
    for rows in (6, 7, 11):
        _, labels = made("gaussians", rows=rows, classes=6, imbalance=50.0)
        assert (len(labels), len(set(labels))) == (rows, 6)
    assert len(made("gaussians", rows=4, classes=6)[1]) == 4


def test_points_of_the_first_version_stay_the_same() -> None:
    """A project keeps only the settings: another arithmetic would give it other rows."""
    sums = {
        name: hashlib.sha256(repr(generate(name, rows=101, noise=0.15, seed=5)).encode()).hexdigest()[:12]
        for name in ("spirals", "xor", "circles", "gaussians", "plane")
    }
    assert sums == FIRST_VERSION


def test_choices_enter_the_content_hash_only_where_they_are_unusual() -> None:
    plain = DataSource("generator", "spirals")
    told = json.dumps(["spirals", 400, 0.1, 7]).encode()
    assert load.content_hash(plain) == hashlib.sha256(told).hexdigest()  # as before there were choices
    assert load.content_hash(replace(plain, choices={"turns": 1.5})) == load.content_hash(plain)
    assert load.content_hash(replace(plain, choices={"turns": 2.0})) != load.content_hash(plain)


def test_every_choice_is_described_for_people() -> None:
    for info in generators():
        for _, told in info.fields:
            assert told.label
            assert told.help.endswith(".")
            assert told.choices or told.suggestions


@pytest.mark.parametrize(
    ("name", "choices"),
    [("gaussians", {"classes": 7}), ("gaussians", {"clouds": 2}), ("xor", {"turns": 1.0}), ("surface", {"shape": "x"})],
)
def test_choices_that_do_not_exist_are_refused(name: str, choices: dict[str, object]) -> None:
    with pytest.raises(UserInputError):
        generate(name, rows=100, noise=0.1, seed=1, choices=choices)


@pytest.mark.parametrize(
    "settings", [{"rows": 3}, {"rows": MOST_ROWS + 1}, {"noise": -0.1}, {"noise": 99.0}, {"noise": float("nan")}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UserInputError):
        generate("xor", **{"rows": 100, "noise": 0.1, "seed": 7, **settings})
