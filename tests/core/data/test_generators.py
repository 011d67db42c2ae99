"""Generated data: the same for the same seed, solvable where it should be, harder with more noise."""

import numpy as np
import pytest

from core.data import load
from core.data.generators import MOST_ROWS, generate, generators
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

NAMES = [info.name for info in generators()]


def made(name: str, *, rows: int = 400, noise: float = 0.1, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """(rows, 2) points and (rows,) targets."""
    columns = list(generate(name, rows=rows, noise=noise, seed=seed).values())
    return np.array(columns[:2], float).T, np.array(columns[2])


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


@pytest.mark.parametrize(
    "settings", [{"rows": 3}, {"rows": MOST_ROWS + 1}, {"noise": -0.1}, {"noise": 99.0}, {"noise": float("nan")}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UserInputError):
        generate("xor", **{"rows": 100, "noise": 0.1, "seed": 7, **settings})
