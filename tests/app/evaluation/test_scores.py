"""Scores in words, inputs read back, tables saved."""

from __future__ import annotations

import csv
import io

import made
import numpy as np
import pytest

from app.evaluation.inputs import decoded
from app.evaluation.save import rows_csv, safe, scores_csv
from app.evaluation.table import Column, TableModel, are_numbers
from app.evaluation.wording import GLOSSARY, interval, scores, verdict
from core.data.schema import Part
from core.evaluation.rows import prepared_rows


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"), [(28, 30, 0.787, 0.982), (0, 10, 0.0, 0.278), (100, 100, 0.963, 1.0)]
)
def test_the_interval_is_that_of_wilson(hits: int, rows: int, low: float, high: float) -> None:
    assert interval(hits, rows) == pytest.approx((low, high), abs=1e-3)


def test_accuracy_stands_beside_the_simplest_guess() -> None:
    found = scores(made.class_evaluation())[0]
    assert (found.name, found.value) == ("Accuracy", "95.3 %")
    assert "33.3 %" in found.note
    assert found.baseline == pytest.approx(1 / 3)
    assert GLOSSARY["accuracy"] in found.help


def test_a_network_no_better_than_the_largest_class_is_called_so() -> None:
    assert "not clearly better than" in verdict(made.class_evaluation(right=0.0), "species")
    assert "no better than" in verdict(made.class_evaluation(right=0.0, seed=4), "species")
    assert "better" not in verdict(made.class_evaluation(), "species")
    assert "No better" in verdict(made.number_evaluation(noise=500), "progression")


def test_cells_come_back_from_the_arrays_as_they_went_in() -> None:
    preparation = made.iris_preparation()
    columns = {"sepal_length": ("5.1", "6.3"), "sepal_width": ("3.5", "2.9"), "petal_length": ("1.4", None)}
    x, _ = prepared_rows(preparation, columns | {"garden": ("north", "west")})
    found = decoded(preparation, Part(x, np.zeros(2), np.array([40, 7])), [7, 40])
    assert found["sepal_length"] == ["6.3", "5.1"]
    assert found["petal_length"] == ["3.76", "1.4"]
    assert found["garden"] == ["other", "north"]
    assert decoded(preparation, Part(x, np.zeros(2), np.array([40, 7])), [8]) == {}


def test_saved_scores_hold_metrics_classes_and_confusion() -> None:
    evaluation = made.class_evaluation(("=cmd()", "no"), 40)
    table = list(csv.reader(io.StringIO(scores_csv(evaluation, "answer").decode())))
    assert ["target", "answer"] in table
    assert ["accuracy", f"{evaluation.metrics['accuracy']:.9g}"] in table
    assert evaluation.confusion is not None
    assert ["'=cmd()", *(str(n) for n in evaluation.confusion[0])] in table


def test_saved_rows_hold_truth_answer_and_confidence() -> None:
    evaluation = made.class_evaluation()
    table = list(csv.DictReader(io.StringIO(rows_csv(evaluation, "species").decode())))
    assert evaluation.row_numbers is not None
    assert evaluation.truth is not None
    assert len(table) == evaluation.rows
    assert table[5]["row"] == str(evaluation.row_numbers[5] + 1)
    assert table[5]["species"] == evaluation.classes[evaluation.truth[5]]
    right = sum(line["species"] == line["predicted"] for line in table)
    assert right / len(table) == pytest.approx(evaluation.metrics["accuracy"])


def test_saved_numbers_hold_the_error() -> None:
    line = next(csv.DictReader(io.StringIO(rows_csv(made.number_evaluation(), "y").decode())))
    assert float(line["error"]) == pytest.approx(float(line["predicted"]) - float(line["y"]), abs=1e-5)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\tx"])
def test_a_spreadsheet_does_not_run_what_a_cell_says(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_a_table_sorts_by_its_keys_and_back() -> None:
    model = TableModel()
    cells = ["9", "10", "1"]
    model.show([Column("n", lambda i: cells[i], lambda: np.array([float(c) for c in cells]))], 3)
    model.sort(0)
    assert [model.source_row(i) for i in range(3)] == [2, 0, 1]
    model.sort(-1)
    assert [model.source_row(i) for i in range(3)] == [0, 1, 2]


def test_columns_of_numbers_are_known_by_their_cells() -> None:
    assert are_numbers(["1", None, "-2.5", "1e-3", "1,234"])
    assert not are_numbers(["1", "north"])
    assert not are_numbers([None])
