"""Predictions on disk: readable again, and harmless in a spreadsheet."""

import csv
from pathlib import Path

import numpy as np
import pytest

from core.data.write import escaped, write_predictions_csv
from core.errors import UserInputError
from core.evaluation.result import Predictions


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_defused(text: str) -> None:
    assert escaped(text) == "'" + text


@pytest.mark.parametrize("text", ["-5.2", "+7", "-1e3", "a=b", "", "plain", "5-2", " =1"])
def test_numbers_and_other_texts_stay(text: str) -> None:
    assert escaped(text) == text


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_classes_with_their_probabilities(tmp_path: Path) -> None:
    predictions = Predictions(
        target="kind",
        task="classification",
        answer=("cat", "=dog"),
        classes=("cat", "=dog"),
        probabilities=np.array([[0.75, 0.25], [0.125, 0.875]]),
        inputs=(("1,5", "-3"), (None, 'say "x"\nnow')),
        input_names=("size", "@name"),
    )
    path = tmp_path / "größe.csv"
    write_predictions_csv(path, predictions)
    assert rows(path) == [
        ["size", "'@name", "predicted kind", "probability of cat", "probability of =dog"],
        ["1,5", "-3", "cat", "0.750000", "0.250000"],
        ["", 'say "x"\nnow', "'=dog", "0.125000", "0.875000"],
    ]


def test_values(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_predictions_csv(path, Predictions("y", "regression", answer=(-1.5, 1234567.25)))
    assert rows(path) == [["predicted y"], ["-1.5"], ["1234567"]]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="does not exist"):
        write_predictions_csv(tmp_path / "none" / "out.csv", Predictions("y", "regression", answer=(1.0,)))
