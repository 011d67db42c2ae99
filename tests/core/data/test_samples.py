"""The bundled data are what the literature knows, and their sources are named."""

import hashlib

import pytest

from core.data import load, store
from core.data.samples import sample, sample_path, samples
from core.errors import UserInputError
from core.resources import resource_path
from core.spec import DataSource, DataSpec

# rows, features, classes with their rows, means that the original publications or their documentation give
KNOWN = {
    "iris": (
        150,
        4,
        {"setosa": 50, "versicolor": 50, "virginica": 50},
        {"sepal length (cm)": 5.843, "petal width (cm)": 1.199},
    ),
    "wine": (178, 13, {"cultivar 1": 59, "cultivar 2": 71, "cultivar 3": 48}, {"alcohol": 13.0, "proline": 746.9}),
    "breast_cancer": (569, 30, {"malignant": 212, "benign": 357}, {"mean radius": 14.127, "mean area": 654.9}),
    "diabetes": (442, 10, {}, {"age": 48.518, "bmi": 26.376, "progression": 152.133}),
    "digits": (
        1797,
        64,  # three pixels of the frame are white in every digit, but belong to the picture
        {"0": 178, "1": 182, "2": 177, "3": 183, "4": 181, "5": 182, "6": 181, "7": 179, "8": 174, "9": 180},
        {"pixel_0_2": 5.2048},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_facts(name: str) -> None:
    rows, features, classes, means = KNOWN[name]
    info = sample(name)
    profile = load.inspect(DataSpec(DataSource("sample", name)))
    assert (profile.name, profile.rows, info.rows) == (info.label, rows, rows)
    assert (profile.target, profile.task) == (info.target, info.task)
    assert sum(column.usable for column in profile.columns) - 1 == features
    assert dict(profile.column(info.target).categories) == classes
    assert sum(column.missing + column.invalid for column in profile.columns) == 0
    for column, mean in means.items():
        assert profile.column(column).mean == pytest.approx(mean, abs=0.06 if mean > 100 else 0.001)
    assert profile.source_note == info.source


@pytest.mark.parametrize("name", KNOWN)
def test_every_sample_trains_as_it_is(name: str) -> None:
    made = load.prepare(DataSpec(DataSource("sample", name)))
    arrays = store.load(made)
    assert made.rows["test"] == len(arrays.test.x) == round(KNOWN[name][0] * 0.2)
    assert (
        made.classes == tuple(KNOWN[name][2])[::-1]
        if name == "breast_cancer"
        else made.classes == tuple(KNOWN[name][2])
    )


def test_all_are_listed_with_their_sources() -> None:
    assert {info.name for info in samples()} == set(KNOWN)
    sources = resource_path("data", "SOURCES.md").read_text("utf-8")
    for info in samples():
        assert f"{info.name}.csv" in sources
        assert info.source
        assert info.description


def test_nothing_was_changed_by_accident() -> None:
    texts = {name: sample_path(name).read_text("utf-8") for name in KNOWN}
    found = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()}
    assert found == {
        "iris": "f7fac79ad999fd2d",
        "wine": "7a9274e5a6b25610",
        "breast_cancer": "af399a019264f799",
        "diabetes": "204d81f03de9e7e6",
        "digits": "592cc047d0a1cc7f",
    }


def test_unknown_samples_are_refused() -> None:
    with pytest.raises(UserInputError, match="iris"):
        sample("nothing")
