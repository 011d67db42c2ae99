"""A part is evaluated in pieces: the same figures, and no more memory for more rows than their answers take."""

import tracemalloc
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from core.data.preprocess import ClassTarget, LabelsTarget, NumberFeature, NumberTarget, Preparation, Target
from core.data.schema import Part
from core.evaluation import pieces
from core.evaluation.evaluate import evaluate
from core.evaluation.result import Evaluation, places
from core.layers.dense import Dense
from core.layers.input import Input
from core.model import TrainedModel
from core.spec import sequential

CLASSES = tuple("abcdefghij")
TARGETS = {
    "softmax_cross_entropy": ClassTarget("kind", CLASSES),
    "multi_label_cross_entropy": LabelsTarget("kinds", CLASSES[:3], columns=CLASSES[:3]),
    "mse": NumberTarget("price", 100.0, 10.0),
}


def identity(n: int, target: Target, loss: str) -> TrainedModel:
    network = sequential(Input(shape=(n,)), Dense(units=n, activation="linear"))
    weights = {"l1": {"W": np.eye(n, dtype=np.float32), "b": np.zeros(n, np.float32)}}
    features = tuple(NumberFeature(f"x{i}", 0.0, 0.0, 1.0) for i in range(n))
    return TrainedModel("test", network, weights, Preparation(features, target), loss)


def made(loss: str, rows: int) -> tuple[TrainedModel, Part]:
    rng = np.random.default_rng(5)
    target = TARGETS[loss]
    if isinstance(target, NumberTarget):
        x = rng.normal(size=(rows, 1)).astype(np.float32)
        y = (x + rng.normal(size=(rows, 1))).astype(np.float32)
    else:
        x = np.round(rng.normal(size=(rows, len(target.classes))), 1).astype(np.float32)  # with ties
        several = isinstance(target, LabelsTarget)
        y = (x > rng.random(x.shape)).astype(np.float32) if several else rng.integers(0, 10, rows).astype(np.int32)
    return identity(x.shape[1], target, loss), Part(x, y, rng.permutation(3 * rows)[:rows].astype(np.int64))


@pytest.mark.parametrize("loss", TARGETS)
def test_pieces_give_what_the_whole_gives(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, part = made(loss, 500)
    whole = evaluate(model, part)
    monkeypatch.setattr(pieces, "PIECE_ROWS", 37)
    found = evaluate(model, part)
    assert found.metrics == pytest.approx(whole.metrics, rel=1e-12)
    for field in fields(Evaluation):
        mine, wanted = getattr(found, field.name), getattr(whole, field.name)
        if field.name != "metrics":
            assert np.array_equal(mine, wanted) if isinstance(mine, np.ndarray) else mine == wanted, field.name


def test_the_worst_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    model, part = made("mse", 500)
    monkeypatch.setattr(pieces, "PIECE_ROWS", 37)
    errors = np.abs(part.x[:, 0].astype(np.float64) - part.y[:, 0])
    assert list(evaluate(model, part).worst) == part.row_numbers[np.argsort(-errors)[:50]].tolist()


def test_rows_in_a_memory_map_are_measured_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their logits in float64 alone would be 16 MB."""
    monkeypatch.setattr(pieces, "PIECE_ROWS", 4096)
    model = identity(10, TARGETS["softmax_cross_entropy"], "softmax_cross_entropy")
    rows = np.arange(200_000)
    np.save(tmp_path / "x.npy", np.eye(10, dtype=np.float32)[rows % 10])
    part = Part(np.load(tmp_path / "x.npy", mmap_mode="r"), (rows % 7).astype(np.int32), rows)
    tracemalloc.start(1)
    try:
        found = evaluate(model, part)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10e6
    kept = (found.truth, found.predicted, found.confidence, found.row_numbers)
    assert [values.dtype for values in kept if values is not None] == [np.uint8, np.uint8, np.float32, np.int32]


def test_numbers_of_single_rows_are_short_where_there_are_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    model, part = made("mse", 500)
    whole = evaluate(model, part)
    monkeypatch.setattr(pieces, "EXACT_ROWS", 499)
    found = evaluate(model, part)
    assert found.metrics == whole.metrics
    assert (whole.predicted.dtype, found.predicted.dtype) == (np.float64, np.float32)  # type: ignore[union-attr]


def test_a_few_rows_are_found_among_many() -> None:
    assert places(np.array([40, 7, 300, 12], np.int32), (300, 5, 40)) == {300: 2, 40: 0}
    assert Evaluation("regression", "test", 0, {}).places() == {}
