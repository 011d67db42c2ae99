"""Training rows are varied by keys: the same at every run and after every resume, and only training rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import suggest
from core.backend.choose import choose
from core.data import load
from core.data.augmentation import Augmentation, Augmenter
from core.engine.messages import TrainingTask
from core.errors import UserInputError
from core.spec import DataSpec, TrainingConfig
from core.training import checkpoint
from core.training.trainer import Trainer

from ..data.images_made import class_files, folder, source

ALL = Augmentation(flip="both", shift=0.2, rotate=30.0, zoom=0.2, brightness=0.5, noise=0.1)
X = np.random.default_rng(0).normal(size=(6, 9, 8, 3)).astype(np.float32)
ROWS = np.array([4, 1, 9, 0, 3, 7])


def test_nothing_is_changed_by_default() -> None:
    assert not Augmentation()
    assert np.array_equal(Augmenter(Augmentation(), seed=1, total=10)(X, epoch=0, rows=ROWS), X)


def test_a_row_is_varied_alike_whatever_stands_beside_it() -> None:
    how = replace(ALL, noise=0.0)
    together = Augmenter(how, seed=1, total=10)(X, epoch=3, rows=ROWS)
    alone = Augmenter(how, seed=1, total=10)(X[2:3], epoch=3, rows=ROWS[2:3])
    assert np.array_equal(together[2:3], alone)
    for other in ({"epoch": 4}, {"seed": 2}):
        vary = Augmenter(how, seed=other.get("seed", 1), total=10)
        assert not np.array_equal(vary(X, epoch=other.get("epoch", 3), rows=ROWS), together)


def test_the_given_rows_are_left_as_they_are() -> None:
    before = X.copy()
    for how in (ALL, Augmentation(brightness=0.5), Augmentation(flip="both"), Augmentation(noise=0.1)):
        Augmenter(how, seed=1, total=10)(X, epoch=0, rows=ROWS)
        assert np.array_equal(X, before)


def test_flips_mirror_about_half_of_the_images_exactly() -> None:
    many = np.random.default_rng(1).normal(size=(400, 5, 4, 1)).astype(np.float32)
    found = Augmenter(Augmentation(flip="sideways"), seed=1, total=400)(many, epoch=0, rows=np.arange(400))
    mirrored = (found == many[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (found == many).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 150 < mirrored.sum() < 250


def _warped_slowly(image: np.ndarray, how: Augmentation, draws: dict[str, float]) -> np.ndarray:
    """One image, pixel by pixel, from the definition."""
    height, width, _ = image.shape
    angle = np.radians(how.rotate * (2 * draws["turn"] - 1))
    zoom = 1 + how.zoom * (2 * draws["zoom"] - 1)
    up, across = how.shift * height * (2 * draws["up"] - 1), how.shift * width * (2 * draws["across"] - 1)
    y = np.empty_like(image)
    for i in range(height):
        for j in range(width):
            a, b = i - (height - 1) / 2, j - (width - 1) / 2
            a = -a if how.flip == "both" and draws["down"] < 0.5 else a
            b = -b if how.flip != "none" and draws["flip"] < 0.5 else b
            row = (np.cos(angle) * a - np.sin(angle) * b) / zoom + up + (height - 1) / 2
            column = (np.sin(angle) * a + np.cos(angle) * b) / zoom + across + (width - 1) / 2
            row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
            top, left = int(row), int(column)
            below, right = min(top + 1, height - 1), min(left + 1, width - 1)
            dy, dx = row - top, column - left
            upper = image[top, left] * (1 - dx) + image[top, right] * dx
            lower = image[below, left] * (1 - dx) + image[below, right] * dx
            y[i, j] = upper * (1 - dy) + lower * dy
    return y


@pytest.mark.parametrize("how", [
    Augmentation(rotate=40.0), Augmentation(shift=0.3), Augmentation(zoom=0.4),
    Augmentation(flip="both", shift=0.1, rotate=20.0, zoom=0.2),
])  # fmt: skip
def test_images_are_warped_as_defined(how: Augmentation) -> None:
    vary = Augmenter(how, seed=5, total=10)
    found = vary(X, epoch=2, rows=ROWS)
    table = vary._draws(2, ROWS)
    for k, image in enumerate(X):
        expected = _warped_slowly(image.astype(np.float64), how, {name: float(v[k]) for name, v in table.items()})
        assert np.allclose(found[k], expected, atol=1e-4)


def test_noise_on_tables_spares_what_stands_for_categories() -> None:
    x = np.zeros((2000, 3), np.float32)
    columns = np.array([1.0, 0.0, 1.0], np.float32)
    found = Augmenter(Augmentation(noise=0.1), seed=1, total=2000, columns=columns)(x, epoch=0, rows=np.arange(2000))
    assert np.allclose(found.std(0), [0.1, 0.0, 0.1], atol=0.01)
    assert np.allclose(found.mean(0), 0.0, atol=0.02)


def _task(tmp_path: Path, **how: object) -> TrainingTask:
    place = folder(tmp_path / "images", class_files(("a", "b", "c"), each=12, colour=True))
    prepared = load.prepare(DataSpec(source(place)), cache=tmp_path / "cache")
    config = TrainingConfig(epochs=4, batch_size=8, backend="numpy", dropout=0.1)
    return TrainingTask(suggest.network_for(prepared, config), config, prepared, augmentation=Augmentation(**how))  # type: ignore[arg-type]


@pytest.mark.parametrize("at", [1, 4, 7])
def test_a_resumed_run_meets_the_same_variations(tmp_path: Path, at: int) -> None:
    task = _task(tmp_path, flip="both", rotate=20.0, shift=0.1, noise=0.1)
    backend = choose("numpy")
    whole, first = Trainer(task, backend), Trainer(task, backend)
    for trainer, batches in ((whole, 100), (first, at)):
        for _ in range(batches):
            trainer.train_batch()
    checkpoint.write(first, tmp_path / "c.safetensors")
    again = Trainer(task, backend)
    checkpoint.restore(again, tmp_path / "c.safetensors")
    while not again.ended:
        again.train_batch()
    assert np.array_equal(again.step.flat(), whole.step.flat())
    plain = Trainer(replace(task, augmentation=Augmentation()), backend)
    while not plain.ended:
        plain.train_batch()
    assert not np.array_equal(plain.step.flat(), whole.step.flat())


def test_validation_rows_are_never_varied(tmp_path: Path) -> None:
    backend = choose("numpy")
    varied, plain = (Trainer(_task(tmp_path, **how), backend) for how in ({"brightness": 2.0, "noise": 1.0}, {}))
    assert varied.measure(varied.validation) == plain.measure(plain.validation)


def test_a_table_trains_with_noise(make_task) -> None:
    task = replace(make_task("iris"), augmentation=Augmentation(noise=0.1, rotate=20.0))
    one, two = Trainer(task, choose("numpy")), Trainer(task, choose("numpy"))
    for trainer in (one, two):
        trainer.train_batch()
    assert np.array_equal(one.step.flat(), two.step.flat())


def test_amounts_beyond_reason_are_refused() -> None:
    from core import values

    for name, value in (("shift", 0.9), ("rotate", -1.0), ("flip", "inside out"), ("noise", float("nan"))):
        with pytest.raises(UserInputError):
            values.from_json(Augmentation, {name: value})
