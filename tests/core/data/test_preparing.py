"""Choices of how columns are prepared: their formulas, on the training rows alone, and the same for new rows."""

import zlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data import load, store
from core.data.choices import ColumnChoice
from core.data.preprocess import DATE_PARTS, CategoryFeature, DateFeature, Feature, NumberFeature, TextFeature
from core.data.schema import Arrays, Prepared
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.spec import DataSource, DataSpec

from .conftest import Inspect, Make
from .test_prepare import table

ROWS = 90
NOTES = ("Great room, great view!", "too LOUD at night", "NA", "", "naïve café", "room 12 was cold", "42")


def odd_columns() -> dict[str, list[object]]:
    """Every kind of column, each with cells that are missing or unlike the others."""
    rng = np.random.default_rng(5)
    picks = rng.integers(0, 1000, (ROWS, 6))

    def gaps(cells: list[object], *strange: str) -> list[object]:
        return [
            strange[i % len(strange)] if i % 13 == 4 and strange else "" if i % 11 == 3 else c
            for i, c in enumerate(cells)
        ]

    day_first = [f"{p % 28 + 1}.{p % 12 + 1}.{2018 + p % 3} {p % 24}:{p % 60:02}" for p in picks[:, 0]]
    zoned = [f"2021-{p % 12 + 1:02}-{p % 28 + 1:02}T{p % 24:02}:00:00+02:00" for p in picks[:, 1]]
    return {
        "note": [NOTES[p % len(NOTES)] for p in picks[:, 2]],
        "size": gaps([f"{x:.3f}" for x in rng.normal(40, 9, ROWS)], "?"),
        "count": gaps([str(p // 7) for p in picks[:, 2]]),
        "flat": ["5"] * 30 + ["7"] * (ROWS - 30),
        "town": gaps([["Ulm", "Wien", "Graz", "Bern", "Linz"][min(4, p % 9)] for p in picks[:, 3]], "NA", "Köln"),
        "code": gaps([f"{p % 40:03}" for p in picks[:, 4]]),
        "sunny": gaps([["yes", "no"][p % 2] for p in picks[:, 5]]),
        "when": gaps(day_first, "soon"),
        "seen": gaps(zoned),
        "kind": [["cat", "dog"][p % 2] for p in picks[:, 1]],
    }


FEATURES = tuple(odd_columns())[:-1]
CHOICES = st.builds(
    ColumnChoice,
    missing=st.sampled_from(ColumnChoice.MISSING),
    indicator=st.booleans(),
    scaling=st.sampled_from(ColumnChoice.SCALINGS),
    encoding=st.sampled_from(ColumnChoice.ENCODINGS),
    rare=st.sampled_from([0, 0, 2, 5, 40]),
    parts=st.sets(st.sampled_from(DATE_PARTS)).map(lambda some: tuple(p for p in DATE_PARTS if p in some)),
    width=st.sampled_from([0, 1, 16]),
)


def made(source: DataSource, **chosen) -> tuple[Prepared, Arrays]:
    prepared = load.prepare(DataSpec(source, target="kind", kinds={"note": "text"}, **chosen))
    return prepared, store.load(prepared)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(columns=st.dictionaries(st.sampled_from(("", *FEATURES)), CHOICES), logs=st.sampled_from([(), ("count",)]))
def test_new_rows_meet_what_the_training_rows_met(
    tmp_path: Path, columns: dict[str, ColumnChoice], logs: tuple[str, ...]
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(table(odd_columns()), "utf-8")
    prepared, arrays = made(DataSource("file", path=str(path)), columns=columns, logs=logs)
    cells = load.read_cells(DataSource("file", path=str(path)), FEATURES)
    x, _ = prepared_rows(prepared.preparation, cells)
    assert len(prepared.feature_names) == x.shape[1] == prepared.row_shape[0]
    for part in (arrays.train, arrays.validation, arrays.test):
        np.testing.assert_array_equal(part.x, x[part.row_numbers])
    assert np.isfinite(x).all()


def feature(prepared: Prepared, name: str) -> Feature:
    return next(f for f in prepared.preparation.features if f.name == name)


def values(prepared: Prepared, arrays: Arrays, name: str) -> np.ndarray:
    """The training rows of one column as the network gets them."""
    widths = [f.width for f in prepared.preparation.features]
    k = [f.name for f in prepared.preparation.features].index(name)
    at = sum(widths[:k])
    return np.asarray(arrays.train.x[:, at : at + widths[k]])


def training_cells(arrays: Arrays, name: str) -> list[str]:
    return [str(odd_columns()[name][i]) for i in arrays.train.row_numbers]


def numbers(arrays: Arrays, name: str) -> np.ndarray:
    return np.array([float(c) if c not in ("", "?") else np.nan for c in training_cells(arrays, name)])


@pytest.mark.parametrize(
    ("missing", "expected"), [("", np.nanmedian), ("mean", np.nanmean), ("zero", lambda x: 0.0), ("own", np.nanmedian)]
)
def test_what_stands_in_for_missing_numbers(file: Make, missing: str, expected) -> None:
    prepared, arrays = made(file(table(odd_columns())), columns={"size": ColumnChoice(missing=missing)})
    size = feature(prepared, "size")
    assert isinstance(size, NumberFeature)
    assert size.fill == pytest.approx(expected(numbers(arrays, "size")))


def test_the_most_frequent_number_stands_in(file: Make) -> None:
    prepared, arrays = made(file(table(odd_columns())), columns={"count": ColumnChoice(missing="most frequent")})
    counts = Counter(c for c in training_cells(arrays, "count") if c)
    most = max(counts.values())
    count = feature(prepared, "count")
    assert isinstance(count, NumberFeature)
    assert count.fill == min(float(c) for c, n in counts.items() if n == most)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("scaling", ["", "min-max", "robust", "none"])
def test_scaling_on_the_training_rows(file: Make, scaling: str, log: bool) -> None:
    choice = ColumnChoice(scaling=scaling)
    logs = ("count",) if log else ()
    prepared, arrays = made(file(table(odd_columns())), columns={"count": choice}, logs=logs)
    x = numbers(arrays, "count")
    x = np.where(np.isnan(x), np.nanmedian(x), x)
    x = np.log1p(x) if log else x
    low, mid, high = np.quantile(x, (0.25, 0.5, 0.75))
    expected = {
        "": (x - x.mean()) / x.std(),
        "min-max": (x - x.min()) / (x.max() - x.min()),
        "robust": (x - mid) / ((high - low) / 1.349),
        "none": x,
    }[scaling]
    np.testing.assert_allclose(values(prepared, arrays, "count")[:, 0], expected, rtol=1e-5, atol=1e-5)


def test_the_middle_half_may_be_one_number(file: Make) -> None:
    rows = "".join(f"{9 if i % 10 == 0 else 5},{'ab'[i % 2]}\n" for i in range(60))
    prepared = load.prepare(DataSpec(file("v,kind\n" + rows), columns={"v": ColumnChoice(scaling="robust")}))
    found = feature(prepared, "v")
    assert isinstance(found, NumberFeature)
    assert (found.mean, 0 < found.scale < 4) == (5.0, True)


def test_an_indicator_says_what_is_missing_where_something_is(file: Make) -> None:
    prepared, arrays = made(file(table(odd_columns())), columns={"": ColumnChoice(indicator=True)})
    for name in ("size", "town", "when", "sunny"):
        gaps = [c in ("", "?", "NA", "soon") for c in training_cells(arrays, name)]
        np.testing.assert_array_equal(values(prepared, arrays, name)[:, -1], gaps)
    flat = feature(prepared, "flat")
    assert isinstance(flat, NumberFeature)
    assert not flat.indicator, "its weight would never learn"


def test_missing_may_be_a_category_of_its_own(file: Make) -> None:
    prepared, arrays = made(file(table(odd_columns())), columns={"town": ColumnChoice(missing="own")})
    town = feature(prepared, "town")
    assert isinstance(town, CategoryFeature)
    assert town.fill == ""
    gaps = [c in ("", "NA") for c in training_cells(arrays, "town")]
    np.testing.assert_array_equal(values(prepared, arrays, "town")[:, town.categories.index("")], gaps)


def test_rare_labels_share_one_input_and_so_do_unknown_ones(file: Make) -> None:
    _, arrays = made(file(table(odd_columns())))
    counts = Counter(c for c in training_cells(arrays, "town") if c not in ("", "NA"))
    least = sorted(counts.values())[1]  # as often as that is often enough
    prepared, arrays = made(file(table(odd_columns())), columns={"town": ColumnChoice(rare=least)})
    town = feature(prepared, "town")
    assert isinstance(town, CategoryFeature)
    assert set(town.categories) == {label for label, n in counts.items() if n >= least}
    assert 0 < len(town.categories) < len(counts)
    others = [counts.get(c, least) < least for c in training_cells(arrays, "town")]
    np.testing.assert_array_equal(values(prepared, arrays, "town")[:, -1], others)
    x, notes = prepared_rows(prepared.preparation, {"town": ("Atlantis",)})
    at = prepared.feature_names.index("town is another")
    assert x[0, at] == 1.0
    assert "Atlantis" in notes[0]


def test_a_rare_way_to_write_a_number_counts_as_that_number(file: Make) -> None:
    labels = ["0", "x"] * 40 + ["0.0", "y"]
    source = file("v,n,kind\n" + "".join(f"{v},{i % 5},{'ab'[i % 3 % 2]}\n" for i, v in enumerate(labels)))
    settings = {"columns": {"v": ColumnChoice(rare=5)}, "kinds": {"v": "category"}}
    prepared = load.prepare(DataSpec(source, target="kind", validation=0.0, test=0.0, **settings))
    x, _ = prepared_rows(prepared.preparation, load.read_cells(source, ("v", "n")))
    part = store.load(prepared).train
    np.testing.assert_array_equal(part.x, x[part.row_numbers])
    assert x[80, prepared.feature_names.index("v=0")] == 1.0


def test_columns_without_a_value_in_training_are_refused(file: Make) -> None:
    rows = "".join(
        f"{i},{'' if i < 40 else 'uv'[i % 2]},{'train' if i < 40 else 'test'},{'ab'[i % 2]}\n" for i in range(60)
    )
    spec = DataSpec(file("n,v,part,kind\n" + rows), target="kind", split="column", split_by="part", excluded=("n",))
    with pytest.raises(UserInputError, match="No column has a value in a row to train on"):
        load.prepare(spec)


def test_an_embedding_has_a_code_for_every_label(file: Make) -> None:
    rows = "".join(f"s{i % 200:03},{i % 7},{'ab'[i % 2]}\n" for i in range(1200))
    source = file("street,n,kind\n" + rows)
    usual = feature(load.prepare(DataSpec(source)), "street")
    every = feature(load.prepare(DataSpec(source, columns={"street": ColumnChoice(encoding="one-hot")})), "street")
    prepared = load.prepare(DataSpec(source, columns={"street": ColumnChoice(encoding="embedding")}))
    street = feature(prepared, "street")
    assert isinstance(street, CategoryFeature)
    assert (usual.width, every.width, street.width, street.codes) == (64, 200, 1, 201)
    x = store.load(prepared).train
    np.testing.assert_array_equal(x.x[:, 0], 1 + x.row_numbers % 200)
    new, _ = prepared_rows(prepared.preparation, {"street": ("s000", "nowhere", ""), "n": ("1", "1", "1")})
    assert new[:, 0].tolist() == [1.0, 0.0, 1.0 + street.categories.index(street.fill)]


def test_dates_become_the_parts_that_vary(file: Make) -> None:
    prepared, arrays = made(file(table(odd_columns())))
    when = feature(prepared, "when")
    assert isinstance(when, DateFeature)
    assert when.parts == ("time", "year", "week", "day")
    assert when.forms == ("%d.%m.%Y %H:%M",)
    x = values(prepared, arrays, "when")
    for cell, row in zip(training_cells(arrays, "when"), x, strict=True):
        if cell in ("", "soon"):
            assert row[0] == pytest.approx((when.fill - when.mean) / when.scale, rel=1e-5)
            continue
        t = datetime.strptime(cell, "%d.%m.%Y %H:%M").replace(tzinfo=UTC)
        share = (t.hour * 60 + t.minute) / 1440
        turns = [((t.month - 1) + (t.day - 1) / 31) / 12, (t.weekday() + share) / 7, share]
        circle = [f(2 * np.pi * turn) for turn in turns for f in (np.sin, np.cos)]
        np.testing.assert_allclose(row, [(t.timestamp() - when.mean) / when.scale, *circle], atol=1e-5)


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        ([f"{1950 + i // 12}-{i % 12 + 1:02}-01" for i in range(60)], ("time", "year")),
        ([f"2020-03-{i % 20 + 1:02}" for i in range(60)], ("time", "week")),
        ([f"2020-03-02 {i % 24:02}:00" for i in range(60)], ("time", "day")),
        ([f"2020-{(i * 7) % 12 + 1:02}-{i % 28 + 1:02}" for i in range(60)], ("time", "year", "week")),
    ],
)
def test_parts_that_say_nothing_are_left_out(file: Make, texts: list[str], parts: tuple[str, ...]) -> None:
    rows = "".join(f"{text},{i % 5},{'ab'[i % 2]}\n" for i, text in enumerate(texts))
    found = feature(load.prepare(DataSpec(file("when,n,kind\n" + rows))), "when")
    assert isinstance(found, DateFeature)
    assert found.parts == parts


def test_the_way_dates_are_written_is_found_over_the_whole_column(file: Make) -> None:
    """Only the last rows say that the day comes first, and that some have a time of day."""
    texts = [f"{i % 12 + 1}/{i % 12 + 1}/2020" for i in range(3000)] + ["31/5/2020", "30/5/2020 17:45"]
    rows = "".join(f"{text},{i % 5},{'ab'[i % 2]}\n" for i, text in enumerate(texts))
    prepared = load.prepare(DataSpec(file("when,n,kind\n" + rows)))
    found = feature(prepared, "when")
    assert isinstance(found, DateFeature)
    assert found.forms == ("%d/%m/%Y", "%d/%m/%Y %H:%M")


def test_words_are_counted_in_buckets(file: Make) -> None:
    prepared, arrays = made(file(table(odd_columns())), columns={"note": ColumnChoice(width=16)})
    assert feature(prepared, "note") == TextFeature("note", 16)
    x = values(prepared, arrays, "note")
    expected = np.zeros(16)
    for word in ("great", "room", "great", "view"):
        expected[zlib.crc32(word.encode()) % 16] += 1
    expected /= np.sqrt((expected**2).sum())
    at = training_cells(arrays, "note").index(NOTES[0])
    np.testing.assert_allclose(x[at], expected, rtol=1e-6)
    empty = [c in ("", "NA") for c in training_cells(arrays, "note")]
    np.testing.assert_array_equal((x == 0).all(axis=1), empty)


def test_a_wide_text_is_refused_before_it_is_made(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"word {i} of many and more of them,{'ab'[i % 2]}\n" for i in range(2000))
    source = file("note,kind\n" + rows)
    monkeypatch.setattr("core.data.load.DEFAULT", type("B", (), {"array_bytes": 1_000_000})())
    with pytest.raises(UserInputError, match="too large"):
        load.prepare(DataSpec(source, kinds={"note": "text"}))


def test_too_many_rows_to_answer_are_refused(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    source = file(table(odd_columns()))
    prepared, _ = made(source)
    assert load.load_for_prediction(source, prepared.preparation)[0].shape == (ROWS, prepared.row_shape[0])
    monkeypatch.setattr("core.data.rows.physical_memory", lambda: 1000)
    with pytest.raises(UserInputError, match="too many to prepare"):
        load.load_for_prediction(source, prepared.preparation)


def test_what_the_training_rows_do_not_say_plays_no_part(file: Make) -> None:
    """Rows to validate and test with other numbers, labels and dates leave the preparation as it is."""
    head = "size,town,when,part,kind\n"
    train = "".join(f"{i},{'ab'[i % 2]},2020-01-{i % 28 + 1:02},train,{'cd'[i % 2]}\n" for i in range(60))
    rest = "".join(f"{i},{'ab'[i % 2]},2020-01-{i % 28 + 1:02},test,{'cd'[i % 2]}\n" for i in range(30))
    other = "".join(f"{i * 1000},zz{i % 2},1990-06-{i % 28 + 1:02} 1{i % 9}:30,test,{'cd'[i % 2]}\n" for i in range(30))
    columns = {"": ColumnChoice(missing="own", rare=2, scaling="robust")}
    found = [
        load.prepare(DataSpec(file(head + train + tail, name), split="column", split_by="part", columns=columns))
        for name, tail in (("a.csv", rest), ("b.csv", other))
    ]
    assert found[0].preparation == found[1].preparation


def test_kinds_can_be_overruled(inspect: Inspect, file: Make) -> None:
    content = table(odd_columns())
    found = inspect(content, target="kind", kinds={"when": "category", "town": "text", "sunny": "category"})
    assert [found.column(name).kind for name in ("when", "town", "sunny")] == ["category", "text", "category"]
    assert all(found.column(name).usable for name in ("when", "town", "sunny"))
    for kinds, words in (({"town": "date"}, "dates"), ({"size": "text"}, "words"), ({"town": "sum"}, "no kind")):
        with pytest.raises(UserInputError, match=words):
            load.inspect(DataSpec(file(content), kinds=kinds))
    with pytest.raises(UserInputError, match="no column “towns”"):
        load.inspect(DataSpec(file(content), columns={"towns": ColumnChoice()}))


def test_projects_of_before_find_no_dates_by_themselves(file: Make) -> None:
    """Their networks were trained on what the columns were then."""
    spec = DataSpec(file(table(odd_columns())), target="kind", split="time", split_by="seen")
    told = {name: value for name, value in spec.to_json().items() if name != "dates"}
    before = DataSpec.from_json(told)
    assert DataSpec.from_json(spec.to_json()) == spec
    assert load.inspect(spec).column("when").kind == "date"
    assert load.inspect(before).column("when").kind == "category"
    assert load.inspect(replace(before, kinds={"when": "date"})).column("when").kind == "date"
    assert not any(isinstance(f, DateFeature) for f in load.prepare(before).preparation.features)


def test_findings_say_what_really_happens(inspect: Inspect) -> None:
    def told(name: str, **choice) -> str:
        found = inspect(table(odd_columns()), target="kind", columns={name: ColumnChoice(**choice)})
        return " ".join(f.text for f in found.findings if f.column == name)

    assert "the median of the training rows stands in." in told("size")
    assert "the mean of the training rows stands in, and an input says where." in told(
        "size", missing="mean", indicator=True
    )
    assert "0 stands in." in told("size", missing="zero")
    assert "the most frequent label of the training rows stands in." in told("town", missing="mean")
    assert "a category of its own" in told("town", missing="own")
    assert "no dates; they count as missing" in told("when")


def test_texts_can_be_used_at_one_click(inspect: Inspect) -> None:
    rows = "".join(f"It was night number {i} of so many,{i % 7},{'ab'[i % 2]}\n" for i in range(60))
    finding = next(f for f in inspect("note,n,kind\n" + rows).findings if f.column == "note")
    assert (finding.action, finding.action_label) == ("text", "Use as text")
