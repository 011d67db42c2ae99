"""Several labels a row on the command line: what scripts rely on."""

import csv
import json

import numpy as np
import pytest

from core import cli
from core.backend.choose import probe

LABELS = ("sun", "rain", "snow")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """run("train", "joined.csv") → (exit code, stdout, stderr), beside two files that say the same."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(2).normal(size=(200, 3))
    truth = np.stack([x[:, 0] > 0, x[:, 1] > 0, (x[:, 1] > 0) & (x[:, 2] > 0.2)], axis=1)
    joined = [";".join(name for name, has in zip(LABELS, row, strict=True) if has) for row in truth]
    apart = [["yes" if has else "no" for has in row] for row in truth]
    for name, head, told in (("joined", ["weather"], [[cell] for cell in joined]), ("apart", list(LABELS), apart)):
        with open(f"{name}.csv", "w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerow(["a", "b", "c", *head])
            csv.writer(stream).writerows([*row, *cells] for row, cells in zip(x, told, strict=True))

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.headless(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def test_from_joined_labels_to_predictions(run, tmp_path) -> None:
    code, out, _ = run("train", "joined.csv", "--task", "labels", "--epochs", "60", "--out", "w.chainrule", "--json")
    told = json.loads(out)
    assert (code, told["task"], told["target"]) == (0, "labels", "weather")
    final = told["final"]
    losses = {"train_loss", "validation_loss", "test_loss"}
    assert final.keys() >= losses | {"test_subset_accuracy", "test_micro_f1", "test_macro_f1", "test_hamming_loss"}
    assert final["test_subset_accuracy"] > 0.8
    evaluated = json.loads(run("evaluate", "w.chainrule", "--json")[1])
    assert evaluated["metrics"]["micro_f1"] == final["test_micro_f1"]
    assert evaluated["labels"].keys() == {"rain", "snow", "sun"}
    assert evaluated["labels"]["rain"].keys() == {"precision", "recall", "f1", "support"}
    on_all = json.loads(run("evaluate", "w.chainrule", "--data", "joined.csv", "--json")[1])
    assert on_all["rows"] == 200  # rows with an empty cell among them
    predicted = json.loads(run("predict", "w.chainrule", "joined.csv", "--json")[1])
    assert [";".join(found) for found in predicted["labels"]] == predicted["answer"]
    assert run("predict", "w.chainrule", "joined.csv", "--out", "p.csv")[0] == 0
    head = (tmp_path / "p.csv").read_text().splitlines()[0]
    assert head == "a,b,c,predicted weather,probability of rain,probability of snow,probability of sun"


def test_columns_of_truth_values_named_one_by_one(run) -> None:
    targets = [word for name in LABELS for word in ("--target", name)]
    code, out, _ = run("train", "apart.csv", *targets, "--epochs", "60", "--out", "w.chainrule", "--json")
    told = json.loads(out)
    assert (code, told["task"], told["target"]) == (0, "labels", "sun, rain, snow")
    assert told["final"]["test_subset_accuracy"] > 0.8
    again = json.loads(run("train", "w.chainrule", "--epochs", "2", "--json")[1])  # the project knows its targets
    assert (again["task"], again["rows"]) == ("labels", told["rows"])
    other = json.loads(run("train", "w.chainrule", "--target", "sun", "--epochs", "2", "--json")[1])
    assert other["task"] == "classification"
    profile = json.loads(run("inspect", "apart.csv", *targets, "--json")[1])
    assert profile["targets"] == list(LABELS)
    words = run("inspect", "apart.csv", *targets)[1]
    assert words.count("← target") == 3


@pytest.mark.parametrize(("arguments", "says"), [
    (("apart.csv", "--target", "sun", "--target", "a"), "neither|yes and no"),
    (("apart.csv", "--target", "sun", "--target", "wind"), "There is no column"),
    (("apart.csv", "--target", "sun", "--target", "rain", "--task", "regression"), "labels only"),
    (("joined.csv", "--loss", "hinge"), "several labels"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_words(run, arguments, says) -> None:
    code, _, err = run("train", *arguments)
    assert code == 2
    assert any(part in err for part in says.split("|"))


def test_both_backends_learn_the_same(run) -> None:
    if probe().name != "mlx":
        pytest.skip(probe().why)
    settings = ("--epochs", "10", "--class-weights", "balanced", "--label-smoothing", "0.1", "--json")
    found = [json.loads(run("train", "joined.csv", "--backend", b, *settings)[1])["final"] for b in ("numpy", "mlx")]
    assert found[0] == pytest.approx(found[1], abs=1e-4)
