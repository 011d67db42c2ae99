"""The command line on real data: exit codes, the fields that scripts rely on, refusals without a traceback."""

import json
import shutil
import statistics
from pathlib import Path
from queue import SimpleQueue

import pytest

from core import cli, commands, console
from core.data import drawing
from core.engine.messages import Begin, Shutdown, Stop
from core.project import file as project_file
from core.project.file import SavedProject
from core.resources import resource_path
from core.spec import DataSource, DataSpec, Project
from core.training.thread import TrainingThread

INPUT = {"id": "l0", "name": "input", "kind": "input", "shape": [4]}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The working folder of the test, with iris.csv in it."""
    shutil.copy(resource_path("data", "iris.csv"), tmp_path / "iris.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    """run("train", "iris.csv") → (exit code, stdout, stderr)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.headless(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def test_from_data_to_a_verified_export(run, folder) -> None:
    code, out, _ = run("train", "iris.csv", "--epochs", "30", "--out", "iris.chainrule", "--json")
    trained = json.loads(out)
    assert code == 0
    wanted = {"task", "backend", "device", "rows", "epochs", "steps", "seconds", "final", "parameters"}
    assert trained.keys() >= wanted
    assert trained["rows"].keys() == {"train", "validation", "test"}
    assert trained["final"].keys() >= {"train_loss", "validation_loss", "test_loss", "test_accuracy"}
    code, out, _ = run("evaluate", "iris.chainrule", "--json")
    assert json.loads(out)["metrics"]["accuracy"] == trained["final"]["test_accuracy"]
    assert run("predict", "iris.chainrule", "iris.csv", "--out", "answers.csv")[0] == 0
    assert len((folder / "answers.csv").read_text().splitlines()) == 151
    code, out, _ = run("export", "iris.chainrule", "--format", "safetensors", "--json")
    exported = json.loads(out)
    assert exported.keys() >= {"path", "bytes", "receipt"}
    assert exported["receipt"]["max_abs_difference"] <= 1e-5
    code, out, _ = run("check-gradients", "iris.chainrule", "--json")
    assert code == 0
    assert all(entry.keys() >= {"what", "backend", "relative_error"} for entry in json.loads(out))


def test_regression_names_its_measures(run) -> None:
    code, out, _ = run("train", "sample:diabetes", "--epochs", "3", "--json")
    assert code == 0
    assert json.loads(out)["final"].keys() >= {"test_rmse", "test_r2", "test_loss"}


def network_json(**hidden) -> str:
    layers = [INPUT, {"id": "l1", "name": "hidden", "kind": "dense", **hidden}]
    return json.dumps({"layers": layers, "edges": [["l0", "l1"]]})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "iris.csv", "--epochs", "0"), "at most 1,000,000"),
        (("train", "iris.csv", "--epochs", str(10**400)), "--epochs"),
        (("train", "iris.csv", "--batch-size", "none"), "--batch-size"),
        (("train", "iris.csv", "--learning-rate", "nan"), "finite"),
        (("train", "iris.csv", "--activation", "bent"), "--activation"),
        (("train", "iris.csv", "--optimizer", "magic"), "adam"),
        (("train", "iris.csv", "--target", "nothing"), "nothing"),
        (("train", "iris.csv", "--hidden", "a,b"), "64,32"),
        (("train", "iris.csv", "--hidden", "900000,900000"), "too large for this computer"),
        (("train", "iris.csv", "--validation", "0.6", "--test", "0.6"), "shares"),
        (("train", "iris.csv", "--network", "broken.json"), "broken.json"),
        (("train", "iris.csv", "--network", "giant.json"), "Units"),
        (("train", "iris.csv", "--network", "crowd.json"), "1,000 layers"),
        (("train", "nothing.csv"), "nothing.csv"),
        (("predict", "iris.csv", "iris.csv"), "not a project"),
        (("evaluate", "nothing.chainrule"), "nothing.chainrule"),
        (("export", "iris.csv", "--format", "onnx"), "not a project"),
        (("check-gradients", "iris.csv"), "not a project"),
    ],
)
def test_bad_input_is_refused_in_words(run, folder, arguments, says) -> None:
    (folder / "broken.json").write_text('{"layers": [')
    (folder / "giant.json").write_text(network_json(units=10**400))
    crowd = [{"id": f"l{i}", "name": f"{i}", "kind": "activation"} for i in range(1, 2000)]
    (folder / "crowd.json").write_text(json.dumps({"layers": [INPUT, *crowd], "edges": []}))
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err


def test_where_to_save_is_looked_at_before_the_work(run, monkeypatch) -> None:
    def never(*_args) -> None:
        raise AssertionError("trained for nothing")

    monkeypatch.setattr("core.training.headless.train_here", never)
    code, _, err = run("train", "iris.csv", "--out", "nowhere/iris.chainrule")
    assert code == 2
    assert "folder" in err
    assert run("train", "iris.csv", "--out", ".")[0] == 2


def test_an_activation_changes_the_projects_own_network(run) -> None:
    run("train", "iris.csv", "--hidden", "7,5", "--epochs", "1", "--out", "iris.chainrule")
    code, out, _ = run("train", "iris.chainrule", "--activation", "silu", "--epochs", "1", "--json")
    dense = [layer for layer in json.loads(out)["network"]["layers"] if layer["kind"] == "dense"]
    assert code == 0
    assert [(layer["units"], layer["activation"]) for layer in dense] == [(7, "silu"), (5, "silu"), (3, "linear")]


def test_what_is_no_number_is_null_in_json(capsys, monkeypatch) -> None:
    monkeypatch.setattr(commands, "inspect", lambda _options: ({"a": [float("nan"), (float("inf"), 1.5)]}, ""))
    assert cli.headless(["inspect", "x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"a": [None, [None, 1.5]]}


def test_names_that_the_terminal_cannot_write_do_not_end_the_program(run, folder, monkeypatch) -> None:
    name = "zäh\udcff.csv"  # what Python makes of a file name outside of UTF-8
    monkeypatch.setattr(commands, "inspect", lambda _options: ({"name": name}, name))
    code, out, _ = run("inspect", "x", "--json")
    assert (code, json.loads(out)["name"]) == (0, name)


def test_too_little_memory_is_no_defect(run, monkeypatch) -> None:
    def hungry(_options) -> None:
        raise MemoryError

    monkeypatch.setattr(commands, "inspect", hungry)
    code, _, err = run("inspect", "x")
    assert code == 2
    assert "memory" in err


def test_interrupted_before_the_first_step_saves_nothing(run, folder, monkeypatch) -> None:
    def stopped(task, _progress):
        events: SimpleQueue = SimpleQueue()
        thread = TrainingThread(events.put)
        thread.start()
        for command in (Begin(1, task), Stop(1), Shutdown()):
            thread.send(command)
        thread.join()
        return events.get()

    monkeypatch.setattr("core.training.headless.train_here", stopped)
    code, _, err = run("train", "iris.csv", "--out", "iris.chainrule")
    assert code == 130
    assert "interrupted" in err
    assert not (folder / "iris.chainrule").exists()


def test_folds_are_told_beside_the_run(run) -> None:
    code, out, err = run("train", "iris.csv", "--folds", "3", "--epochs", "4", "--json")
    answer = json.loads(out)
    plain = json.loads(run("train", "iris.csv", "--epochs", "4", "--json")[1])
    assert code == 0
    assert {k: answer[k] for k in plain if k != "seconds"} == {k: v for k, v in plain.items() if k != "seconds"}
    assert [fold["fold"] for fold in answer["folds"]] == [1, 2, 3]
    assert answer["rows"]["test"] == answer["folds"][0]["rows"]["test"]
    accuracies = [fold["validation_accuracy"] for fold in answer["folds"]]
    assert answer["mean"]["validation_accuracy"] == pytest.approx(statistics.mean(accuracies))
    assert answer["std"]["validation_accuracy"] == pytest.approx(statistics.stdev(accuracies))
    assert {"validation_loss", "test_accuracy", "test_macro_f1"} <= answer["mean"].keys() == answer["std"].keys()
    lines = err.splitlines()
    head = next(i for i, line in enumerate(lines) if line.split()[:2] == ["fold", "rows"])
    assert [line.split()[0] for line in lines[head + 1 : head + 6]] == ["1", "2", "3", "mean", "std"]
    assert "On other rows of this kind" in err
    code, out, err = run("train", "iris.csv", "--folds", "1")
    assert (code, out) == (2, "")
    assert "divided into 1 folds" in err


def test_a_saved_project_has_its_curves(run) -> None:
    run("train", "iris.csv", "--epochs", "2", "--out", "iris.chainrule")
    assert "loss/train" in project_file.load("iris.chainrule").history.curves


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "iris.csv", "--epochs", "1", "--out", "iris.csv"),
        ("predict", "iris.chainrule", "iris.csv", "--out", "./iris.csv"),
        ("predict", "iris.chainrule", "iris.csv", "--out", "iris.chainrule"),
        ("export", "iris.chainrule", "--format", "onnx", "--out", "iris.chainrule"),
    ],
)
def test_what_is_read_is_never_replaced(run, folder, arguments) -> None:
    run("train", "iris.csv", "--epochs", "1", "--out", "iris.chainrule")
    before = [(folder / name).read_bytes() for name in ("iris.csv", "iris.chainrule")]
    code, _, err = run(*arguments)
    assert code == 2
    assert "replace" in err
    assert [(folder / name).read_bytes() for name in ("iris.csv", "iris.chainrule")] == before


@pytest.mark.filterwarnings("error")
def test_divergence_is_told_in_words_only(run) -> None:
    bursting = ("--optimizer", "sgd", "--learning-rate", "100", "--l2", "100")
    code, _, err = run("train", "iris.csv", "--epochs", "5", *bursting)
    assert code == 2
    assert "diverged" in err or "became" in err
    assert "Warning" not in err


def test_a_folder_can_be_exported_again(run) -> None:
    run("train", "iris.csv", "--epochs", "1", "--out", "iris.chainrule")
    for _ in range(2):
        assert run("export", "iris.chainrule", "--format", "numpy")[0] == 0


def test_a_mistyped_command_opens_no_window(folder, capsys):
    assert cli.main(["trian", "iris.csv"]) == 2
    err = capsys.readouterr().err
    assert "trian" in err
    assert "train" in err


def test_the_learning_rate_can_be_found_before_training(run) -> None:
    code, out, _ = run("train", "sample:iris", "--epochs", "3", "--learning-rate", "auto", "--json")
    answer = json.loads(out)
    assert code == 0
    found = answer["range_test"]["suggestion"]
    assert found == answer["training"]["learning_rate"]
    assert 0.001 <= found <= 0.1


def test_generated_data_are_asked_for_by_name_and_settings(run) -> None:
    code, out, _ = run("inspect", "generator:gaussians?rows=90&noise=0.2&seed=3&classes=5", "--json")
    said = json.loads(out)
    assert (code, said["rows"], said["columns"][-1]["distinct"]) == (0, 90, 5)
    assert json.loads(run("inspect", "generator:circles", "--json")[1])["rows"] == 400
    code, out, _ = run("train", "generator:moons?rows=60", "--epochs", "2", "--out", "moons.chainrule", "--json")
    assert code == 0
    code, out, _ = run("evaluate", "moons.chainrule", "--data", "generator:moons?seed=9", "--json")
    assert json.loads(out)["rows"] == 400
    for wrong in ("gaussians?classes=9", "moons?rows=many", "moons?turns=2", "nothing", "moons?rows=nan"):
        code, _, err = run("inspect", f"generator:{wrong}")
        assert code == 2
        assert err.startswith("chainrule: ")


def test_a_drawing_in_a_project_is_trained_on(run, folder) -> None:
    points = tuple(drawing.point(i / 20 - 1, (i / 20 - 1) ** 2) for i in range(40))
    data = DataSpec(DataSource("drawn", "curve", points=points), target="y", task="regression")
    project_file.save(folder / "drawn.chainrule", SavedProject(Project("drawn", data)))
    code, out, _ = run("train", "drawn.chainrule", "--epochs", "3", "--out", "trained.chainrule", "--json")
    assert (code, json.loads(out)["rows"]["train"]) == (0, 24)
    assert project_file.load(folder / "trained.chainrule").project.data == data


def test_a_network_beyond_the_memory_is_refused_before_anything_is_made(run) -> None:
    code, _, err = run("train", "sample:iris", "--hidden", "1000000,1000000")
    assert code == 2
    assert "too large for this computer" in err


def test_a_log_tells_of_long_work_now_and_then(capsys, monkeypatch) -> None:
    monkeypatch.setattr(console, "_log", console._Log())
    for i in range(100):
        console.say("Reading a", i / 100)
    console.say("Measuring a", 0.0)
    console.say("Wrote b.")
    assert capsys.readouterr().err.splitlines() == ["Reading a 0%", "Measuring a 0%", "Wrote b."]
