"""The metric of training rows: a point for every long epoch, at a bounded cost, always of the same rows."""

import dataclasses

import numpy as np
import pytest

from core.backend.choose import choose
from core.training import train_rows
from core.training.train_rows import TrainRows
from core.training.trainer import Trainer


def test_short_epochs_are_measured_on_all_rows_now_and_then() -> None:
    rows = TrainRows(60_000)
    assert [rows.after_epoch(0.01 * k, due=k % 2 == 0) for k in range(1, 5)] == [0, 2048, 0, 2048]


@pytest.mark.parametrize(("rows", "few"), [(60, 60), (300, 100), (4000, 600), (60_000, 2048)])
def test_long_epochs_are_measured_on_a_bounded_share_every_time(rows: int, few: int) -> None:
    measured = TrainRows(rows)
    assert [measured.after_epoch(float(k), due=k == 1) for k in range(1, 4)] == [few] * 3
    assert measured.after_epoch(3.01, due=True) == few, "it does not go to and fro"


def test_a_run_that_goes_on_does_not_count_what_it_took_before() -> None:
    assert TrainRows(60_000, since=500.0).after_epoch(500.01, due=True) == 2048


def test_every_long_epoch_has_its_point(make_task, monkeypatch) -> None:
    monkeypatch.setattr(train_rows, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr("core.training.trainer.SAMPLE_SECONDS", 1e9)
    task = make_task("iris", epochs=6, dropout=0.3)
    trainer = Trainer(task, choose("numpy"))
    while not trainer.ended:
        trainer.train_batch()
    assert len(trainer.curves["metric/train"].curve().step) == 6
    plain = Trainer(dataclasses.replace(task, weights=trainer.weights(best=False)), choose("numpy"))
    rows = trainer.train
    answers = plain.step.evaluate(rows.x, rows.y)[1].argmax(axis=1)
    assert trainer.curves["metric/train"].latest == pytest.approx(np.mean(answers == rows.y))
