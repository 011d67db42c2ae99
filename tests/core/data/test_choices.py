"""What a person chooses for a column, and what becomes of it, as JSON: kept exactly, or refused where malformed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.data.choices import ColumnChoice
from core.data.preprocess import (
    CategoryFeature,
    ClassTarget,
    DateFeature,
    Feature,
    NumberFeature,
    Preparation,
    TextFeature,
)
from core.errors import UserInputError
from core.project.facts import preparation_from_json, preparation_to_json
from core.spec import DataSource, DataSpec

FEATURES: tuple[Feature, ...] = (
    NumberFeature("age", 41.5, 40.0, 9.0),
    NumberFeature("income", 1.0, 2.0, 3.0, log=True, indicator=True),
    CategoryFeature("town", ("Ulm", "Wien"), "Ulm"),
    CategoryFeature("street", ("", "a", "b"), "", other=True),
    CategoryFeature("shop", ("a", "b", "c"), "a", embedded=True, indicator=True),
    DateFeature("when", ("time", "week"), 1.5e9, 1.6e9, 1e7, ("%d.%m.%Y",), indicator=True),
    TextFeature("note", 4),
)
TARGET = ClassTarget("y", ("no", "yes"))


def test_features_come_back_from_json() -> None:
    made = Preparation(FEATURES, TARGET)
    told = json.loads(json.dumps(preparation_to_json(made)))
    assert preparation_from_json(told) == made
    plain = {"kind": "category", "name": "town", "categories": ["Ulm", "Wien"], "fill": "Ulm"}
    assert told["features"][2] == plain, "what earlier versions do not know is left out"


def test_widths_and_names_agree() -> None:
    names = {feature.name: feature.input_names() for feature in FEATURES}
    assert {feature.name: feature.width for feature in FEATURES} == {k: len(v) for k, v in names.items()}
    assert names["income"] == ("income", "income is missing")
    assert names["street"] == ("street is missing", "street=a", "street=b", "street is another")
    assert names["shop"] == ("shop", "shop is missing")
    assert names["when"] == ("when time", "when week sin", "when week cos", "when is missing")


def test_noise_meets_scaled_numbers_only() -> None:
    marked = Preparation(FEATURES, TARGET).numbers
    expected = np.zeros(len(marked), np.float32)
    expected[[0, 1, 3 + 2 + 4 + 2]] = 1.0
    np.testing.assert_array_equal(marked, expected)


@pytest.mark.parametrize(
    "change",
    [
        {"indicator": 1},
        {"parts": ["week", "time"]},
        {"parts": []},
        {"parts": ["hour"]},
        {"forms": "x"},
        {"scale": 0.0},
        {"fill": None},
        {"kind": "moment"},
    ],
)
def test_malformed_dates_are_refused(change: dict[str, object]) -> None:
    told = preparation_to_json(Preparation((FEATURES[5],), TARGET))
    told["features"][0] |= change
    with pytest.raises(UserInputError):
        preparation_from_json(told)


@pytest.mark.parametrize("width", [0, -1, 2**40, True, "8"])
def test_malformed_texts_are_refused(width: object) -> None:
    told = preparation_to_json(Preparation((FEATURES[6],), TARGET))
    told["features"][0]["width"] = width
    with pytest.raises(UserInputError):
        preparation_from_json(told)


CHOICES = {
    "": ColumnChoice(scaling="robust", indicator=True),
    "a": ColumnChoice(),
    "b": ColumnChoice(missing="own", encoding="embedding", rare=3),
    "c": ColumnChoice(parts=("time", "day"), width=32),
}


def test_choices_come_back_from_json() -> None:
    spec = DataSpec(DataSource("sample", "iris"), columns=CHOICES)
    assert DataSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert spec.choice("a") == ColumnChoice()
    assert spec.choice("of no choice") == CHOICES[""]
    assert "columns" not in replace(spec, columns={}).to_json()
    assert "columns" not in replace(spec, columns={"a": ColumnChoice()}).to_json(), "as usual is no choice"


@pytest.mark.parametrize(
    "told",
    [
        {"missing": "guess"},
        {"scaling": 1},
        {"encoding": "hash"},
        {"rare": -1},
        {"rare": True},
        {"width": 2**20},
        {"parts": ["hour"]},
        {"parts": [1]},
        {"indicator": "yes"},
        {"speed": 3},
        [],
        "x",
    ],
)
def test_malformed_choices_are_refused(told: object) -> None:
    data = DataSpec(DataSource("sample", "iris")).to_json() | {"columns": {"a": told}}
    with pytest.raises(UserInputError):
        DataSpec.from_json(data)
