"""Targets of several labels: what joins them, columns of truth values, what rows say, how they are split."""

import csv
import io
import json
import time

import numpy as np
import pytest

from core.data import labels, load, separators, store
from core.data.folds import deal
from core.data.preprocess import LabelsTarget
from core.data.split import split
from core.errors import UserInputError
from core.project.facts import preparation_from_json, preparation_to_json
from core.resources import resource_path
from core.spec import DataSpec

GENRES = ("comedy", "drama", "horror", "war")


def films(join: str = "|", rows: int = 120, *, empty: bool = True) -> tuple[list[list[str]], np.ndarray]:
    """(cells a row, truth): two numbers and the labels that follow from them."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(rows, 2))
    truth = np.stack([x[:, 0] > 0, x[:, 1] > 0.3, x[:, 0] + x[:, 1] > 0.5, x[:, 0] < -1.5], axis=1)
    if not empty:
        truth[:, 0] |= ~truth.any(axis=1)
    told = [join.join(name for name, has in zip(GENRES, row, strict=True) if has) for row in truth]
    return [[f"{a:.3f}", f"{b:.3f}", cell] for (a, b), cell in zip(x, told, strict=True)], truth


def written(rows: list[list[str]], head: tuple[str, ...] = ("x", "y", "genres")) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([head, *rows])
    return out.getvalue()


# --- what joins labels


@pytest.mark.parametrize("join", ["|", ";", ", ", " ", " | "])
def test_what_joins_labels_is_found(join: str) -> None:
    assert separators.guess(row[2] for row in films(join)[0]) == join.strip() or join


@pytest.mark.parametrize("cells", [
    ["Iris setosa", "Iris virginica", "Iris versicolor"] * 20,
    ["New York", "Los Angeles", "San Francisco", "San Diego", "Chicago"] * 10,
    ["Paris, France", "Lyon, France", "Rome, Italy", "Milan, Italy", "Nice, France"] * 10,
    ["1,5", "2,5", "1,25", "3", "4,5"] * 10,
    ["2024-01-05 10:00", "2024-01-06 11:00", "2024-01-05 11:00"] * 10,
    [f"a sentence with the number {i} and the words number {i % 7}" for i in range(60)],
    [f"Smith, {name}" for name in ["John", "Ann", "Mary", "Paul", "Eve", "Max", "Tom", "Kim", "Lea", "Ben"]] * 3,
    [f"tag{i}|tag{i + 1}" for i in range(60)],
    ["yes", "no"] * 30,
    ["a|b"] * 5,
])  # fmt: skip
def test_what_looks_like_it_but_is_none(cells: list[str]) -> None:
    assert separators.guess(cells) == ""


def test_cells_fall_apart_into_labels_that_stand_once() -> None:
    assert separators.split(" drama| comedy |drama||", "|") == ("drama", "comedy")
    assert separators.split("a  b", " ") == ("a", "b")
    assert separators.split("", "|") == ()


# --- the guess, and what a person chooses


def test_a_column_of_joined_labels_is_seen(inspect) -> None:
    profile = inspect(written(films()[0]))
    assert (profile.target, profile.task, profile.separator) == ("genres", "labels", "|")
    assert "joined by “|”" in profile.target_reason
    truth = films()[1]
    column = profile.column("genres")
    assert dict(column.categories) == dict(zip(GENRES, truth.sum(axis=0).tolist(), strict=True))
    assert any("none of the labels" in finding.text for finding in profile.findings)


def test_a_target_of_that_kind_is_found_by_its_name(inspect) -> None:
    rows = [[x, cell, "red" if k % 3 else "blue"] for k, (x, _, cell) in enumerate(films()[0])]
    profile = inspect(written(rows, ("x", "tags", "colour")))
    assert (profile.target, profile.task) == ("tags", "labels")


def test_another_task_or_separator_can_be_chosen(inspect) -> None:
    content = written(films()[0])
    assert inspect(content, target="genres", task="classification").task == "classification"
    other = inspect(content, target="genres", separator=";")
    assert (other.task, other.separator) == ("labels", ";")
    assert "drama|horror" in dict(other.column("genres").categories)


def test_labels_without_a_separator_in_sight_are_one_a_row(file) -> None:
    rows = [["1.5" if k % 2 else "0.5", "cat" if k % 2 else "dog"] for k in range(40)]
    made = load.prepare(DataSpec(file(written(rows, ("x", "pet"))), task="labels"))
    assert made.classes == ("cat", "dog")


@pytest.mark.parametrize(("settings", "says"), [
    ({"target": "x", "targets": ("y",)}, "yes and no"),
    ({"target": "x", "task": "labels"}, "label of its own"),
    ({"target": "same", "task": "labels"}, "one label only"),
    ({"target": "both", "task": "labels", "separator": "|"}, "same labels"),
    ({"target": "flag", "task": "labels"}, "which is one label"),
])  # fmt: skip
def test_what_cannot_be_learned_is_refused(file, settings, says) -> None:
    rows = [[f"{k}.5", f"{k * 7 % 31}", f"{k % 13}", "a", "p|q", "yn"[k % 2]] for k in range(30)]
    spec = DataSpec(file(written(rows, ("x", "y", "z", "same", "both", "flag"))), **settings)
    profile = load.inspect(spec)
    assert says in profile.findings[0].text
    assert profile.findings[0].severity == "error"
    with pytest.raises(UserInputError, match=says):
        load.prepare(spec)


def test_rare_and_constant_labels_are_told(inspect) -> None:
    rows = [[str(k % 17), "always|" + ("often" if k % 2 else "") + ("|rare" if k < 3 else "")] for k in range(60)]
    told = " ".join(f.text for f in inspect(written(rows, ("x", "tags"))).findings)
    assert "in every row: nothing can be learned of it: always." in told
    assert "fewer than 10 rows: little can be learned of it: rare (3)" in told


def test_a_column_that_says_a_label_is_told(inspect) -> None:
    rows, truth = films(rows=300)
    leaking = [[a, "1" if has else "0", cell] for (a, _, cell), has in zip(rows, truth[:, 2], strict=True)]
    told = [f for f in inspect(written(leaking, ("x", "spoiler", "genres"))).findings if f.column == "spoiler"]
    assert ["horror" in f.text and f.action == "exclude" for f in told] == [True]
    pairs = zip(rows, truth, strict=True)
    columns = [[a, "1" if t[2] else "0", *("yes" if has else "no" for has in t[1:3])] for (a, *_), t in pairs]
    content = written(columns, ("x", "spoiler", "drama", "horror"))
    told = [f for f in inspect(content, target="drama", targets=("horror",)).findings if f.column == "spoiler"]
    assert len(told) == 1


# --- what rows say


def arrays_of(made) -> dict[int, list[float]]:
    found = store.load(made)
    parts = (found.train, found.validation, found.test)
    return {int(n): y.tolist() for part in parts for n, y in zip(part.row_numbers, part.y, strict=True)}


@pytest.mark.parametrize("join", ["|", ", ", " "])
def test_joined_cells_become_the_labels_of_their_rows(file, join) -> None:
    rows, truth = films(join)
    rows[7][2], rows[9][2] = "NA", f"  {join} horror{join}"
    truth[9] = [False, False, True, False]
    made = load.prepare(DataSpec(file(written(rows)), target="genres", separator=join.strip() or " "))
    target = made.preparation.target
    assert target == LabelsTarget("genres", GENRES, join.strip() or " ")
    assert (made.task, made.classes, made.outputs) == ("labels", GENRES, 4)
    found = arrays_of(made)
    assert 7 not in found  # nobody knows; an empty cell says none of them
    assert len(found) == len(rows) - 1
    assert all(found[i] == truth[i].tolist() for i in found)
    assert "A row without a target was left out." in made.warnings


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("yes", "no"), ("TRUE", "False"), ("x", ""), ("1.0", "0")])
def test_columns_of_truth_values_are_labels(file, yes, no) -> None:
    rows, truth = films()
    cells = [[a, b, *(yes if has else no for has in row)] for (a, b, _), row in zip(rows, truth, strict=True)]
    spec = DataSpec(file(written(cells, ("x", "y", *GENRES))), target="war", targets=GENRES[:3])
    made = load.prepare(spec)
    assert made.preparation.target.columns == made.classes == ("war", *GENRES[:3])
    assert made.feature_names == ("x", "y")
    found = arrays_of(made)
    assert len(found) == len(rows)
    assert all(found[i] == truth[i][[3, 0, 1, 2]].tolist() for i in found)
    assert load.inspect(spec).targets == ("war", *GENRES[:3])


def test_a_row_with_an_unknown_label_is_left_out(file) -> None:
    cells = [[str(k), "yes" if k % 2 else "no", ("no", "yes", "no", "?")[k % 4]] for k in range(40)]
    spec = DataSpec(file(written(cells, ("x", "a", "b"))), target="a", targets=("b",))
    assert sorted(arrays_of(load.prepare(spec))) == [k for k in range(40) if k % 4 != 3]


@pytest.mark.parametrize("apart", [False, True])
def test_another_file_is_read_by_the_same_rules(file, apart) -> None:
    rows, truth = films(", ")
    if apart:
        cells = [[a, b, *("yes" if has else "no" for has in row)] for (a, b, _), row in zip(rows, truth, strict=True)]
        content, settings = written(cells, ("x", "y", *GENRES)), {"target": "comedy", "targets": GENRES[1:]}
    else:
        content, settings = written(rows), {"target": "genres"}
    source = file(content)
    made = load.prepare(DataSpec(source, **settings))
    part = load.load_with_target(source, made.preparation)
    np.testing.assert_array_equal(part.y, truth.astype(np.float32))
    assert part.y.dtype == np.float32


def test_labels_that_training_never_saw_play_no_part() -> None:
    target = LabelsTarget("tags", ("a", "b"), "|")
    y = labels.values(target, {"tags": ("a|new", None, "NA", "b | a")})
    np.testing.assert_array_equal(y, [[1, 0], [0, 0], [-1, -1], [1, 1]])


def test_a_blank_column_says_nothing() -> None:
    target = LabelsTarget("a, b", ("a", "b"), columns=("a", "b"))
    y = labels.values(target, {"a": ("yes", "no", "yes"), "b": (None, None, None)})
    assert (y == -1).all()
    marks = labels.values(target, {"a": ("yes", "no", "yes"), "b": ("x", None, None)})
    np.testing.assert_array_equal(marks, [[1, 1], [0, 0], [1, 0]])


# --- what is kept


@pytest.mark.parametrize("target", [
    LabelsTarget("tags", ("a", "b"), ";"),
    LabelsTarget("a, b", ("a", "b"), columns=("a", "b")),
])  # fmt: skip
def test_a_project_remembers_the_labels(file, target) -> None:
    made = load.prepare(DataSpec(file(written(films()[0]))))
    kept = {**preparation_to_json(made.preparation), "target": preparation_to_json(made.preparation)["target"]}
    assert preparation_from_json(json.loads(json.dumps(kept))) == made.preparation
    other = type(made.preparation)(made.preparation.features, target)
    assert preparation_from_json(json.loads(json.dumps(preparation_to_json(other)))) == other


def test_the_settings_go_into_json_only_where_they_say_something(file) -> None:
    plain = DataSpec(file("a,b\n1,2\n"))
    assert not {"targets", "separator"} & plain.to_json().keys()
    spec = DataSpec(plain.source, target="a", targets=("b", "c"), separator=";", task="labels")
    assert DataSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    with pytest.raises(UserInputError, match="all different"):
        DataSpec.from_json({**spec.to_json(), "targets": ["b", "a"]})


# --- the split


def test_every_label_keeps_its_share_in_every_part() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random((1000, 12)) < rng.uniform(0.005, 0.4, 12)).astype(np.int8)
    parts = split(1000, validation=0.2, test=0.2, seed=7, classes=y)
    assert np.sort(np.concatenate(parts)).tolist() == list(range(1000))
    totals = y.sum(axis=0)
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        assert abs(len(part) - 1000 * share) <= 8
        assert np.abs(y[part].sum(axis=0) - share * totals).max() <= 5
    assert (y[parts[0]].sum(axis=0)[totals > 0] > 0).all()
    again = split(1000, validation=0.2, test=0.2, seed=7, classes=y)
    assert all((a == b).all() for a, b in zip(parts, again, strict=True))
    assert not np.array_equal(parts[2], split(1000, validation=0.2, test=0.2, seed=8, classes=y)[2])


def test_a_label_of_one_row_trains() -> None:
    y = np.zeros((50, 3), np.int8)
    y[4, 0] = y[::2, 1] = y[[1, 9], 2] = 1
    for seed in range(5):
        train, _, _ = split(50, validation=0.3, test=0.3, seed=seed, classes=y)
        assert y[train].any(axis=0).all()


def test_folds_share_the_labels_evenly() -> None:
    y = (np.random.default_rng(3).random((600, 8)) < 0.15).astype(np.int8)
    fold = deal(600, 5, seed=7, classes=y)
    counts = np.stack([y[fold == k].sum(axis=0) for k in range(5)])
    assert np.ptp(counts, axis=0).max() <= 3
    assert np.ptp(np.bincount(fold)) <= 8


def test_a_million_rows_are_split_at_once() -> None:
    y = (np.random.default_rng(1).random((1_000_000, 20)) < 0.1).astype(np.int8)
    began = time.process_time()
    parts = split(len(y), validation=0.2, test=0.2, seed=7, classes=y)
    assert time.process_time() - began < 10
    assert abs(len(parts[0]) - 600_000) < 100


# --- on real data


def digits() -> str:
    """The handwritten digits, each with what is true of its number."""
    with resource_path("data", "digits.csv").open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    at = head.index("digit")
    kinds = {"even": "02468", "prime": "2357", "above 4": "56789"}
    told = ["|".join(kind for kind, those in kinds.items() if row[at] in those) for row in rows]
    return written([[*row[:at], *row[at + 1 :], cell] for row, cell in zip(rows, told, strict=True)],
                   (*head[:at], *head[at + 1 :], "labels"))  # fmt: skip


def test_what_is_true_of_handwritten_digits_is_learned(file) -> None:
    from core.engine.messages import TrainingTask
    from core.evaluation.evaluate import evaluate
    from core.model import TrainedModel
    from core.spec import TrainingConfig
    from core.suggest import network_for
    from core.training.headless import train_here

    made = load.prepare(DataSpec(file(digits())))
    assert (made.task, made.classes) == ("labels", ("above 4", "even", "prime"))
    config = TrainingConfig(epochs=25, batch_size=64, learning_rate=0.003)
    network = network_for(made, config)
    ended = train_here(TrainingTask(network, config, made))
    model = TrainedModel("digits", network, ended.weights, made.preparation, "multi_label_cross_entropy")
    found = evaluate(model, store.load(made).test)
    assert ended.snapshot.metric == "micro_f1"
    assert found.metrics["subset_accuracy"] > 0.9
    assert found.metrics["micro_f1"] > 0.95
    assert found.metrics["baseline_subset_accuracy"] < 0.35
