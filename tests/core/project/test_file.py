"""The project file: what is saved comes back, on this computer and elsewhere."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import __version__
from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, NumberTarget, Preparation
from core.data.schema import Prepared
from core.errors import UserInputError
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.network import Network
from core.optimizers import Nesterov
from core.project import data_files, file
from core.project.atomic import previous_version
from core.project.file import SavedProject
from core.spec import DataSource, DataSpec, Project, TrainingConfig, mlp, sequential
from core.training.snapshot import Curve, History, Mark

PREPARATION = Preparation(
    (NumberFeature("height", 1.7, 1.71, 0.1), CategoryFeature("colour", ("red", "größer", "<b>"), "red")),
    ClassTarget("kind", ("a", "b", "=1+1")),
)
NETWORK = sequential(Input(shape=(4,)), Dense(units=5, activation="tanh", l2=0.1), Dropout(rate=None), Dense(units=3))


def curve(n: int, seed: int) -> Curve:
    values = np.random.default_rng(seed).normal(size=(3, n)).astype(np.float32)
    values[0, 0] = np.nan  # a diverged run has such points
    return Curve(np.arange(n, dtype=np.int64) * 3, *values)


def saved(data: Path | None = None) -> SavedProject:
    source = DataSource("file", path=str(data)) if data else DataSource("sample", name="iris")
    project = Project(
        name="Blumen 花",
        data=DataSpec(source, target="kind", excluded=("id",), kinds={"zip": "category"}, validation=0.1),
        network=mlp(4, (7,), 3),  # the design moved on after the training
        training=TrainingConfig(optimizer=Nesterov(momentum=0.8), learning_rate=0.03, batch_size=0),
        layout={"l0": (1.5, -20.0), "l1": (0.0, 3.25)},
    )
    weights = Network.of(NETWORK).init(7)
    prepared = Prepared(
        folder="somewhere", fingerprint="abc", task="classification", target="kind",
        feature_names=("height", "red", "größer", "<b>"), row_shape=(4,), outputs=3, classes=("a", "b", "=1+1"),
        rows={"train": 60, "validation": 20, "test": 20}, preparation=PREPARATION, warnings=("one column left out",),
    )  # fmt: skip
    return SavedProject(
        project=project,
        weights={id: {k: v.astype(np.float32) for k, v in named.items()} for id, named in weights.items()},
        trained_network=NETWORK,
        loss="softmax_cross_entropy",
        history=History(
            {"loss/train": curve(9, 1), "gradient/l1": curve(4, 2)}, (Mark(3, "learning rate 0.01 → 0.001"),)
        ),
        prepared=prepared,
        optimizer={"slot/0": np.arange(6, dtype=np.float32)},
    )


def test_everything_comes_back(tmp_path: Path) -> None:
    before = saved()
    file.save(tmp_path / "a.chainrule", before)
    after = file.load(tmp_path / "a.chainrule")
    assert after.project == before.project
    assert after.trained_network == NETWORK
    assert after.loss == "softmax_cross_entropy"
    assert after.prepared == replace(before.prepared, folder="")
    assert after.history.marks == before.history.marks
    assert set(after.history.curves) == set(before.history.curves)
    for name, expected in before.history.curves.items():
        for part in ("step", "mean", "low", "high"):
            np.testing.assert_array_equal(getattr(after.history.curves[name], part), getattr(expected, part))
    assert after.weights is not None
    assert before.weights is not None
    assert {k: set(v) for k, v in after.weights.items()} == {"l1": {"W", "b"}, "l3": {"W", "b"}}
    np.testing.assert_array_equal(after.weights["l3"]["W"], before.weights["l3"]["W"])
    np.testing.assert_array_equal(after.optimizer["slot/0"], before.optimizer["slot/0"])
    assert after.read_only == ""


def test_the_reopened_model_answers_as_before(tmp_path: Path) -> None:
    before = saved()
    file.save(tmp_path / "a.chainrule", before)
    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    answers = file.load(tmp_path / "a.chainrule").model().answers(x)
    np.testing.assert_array_equal(answers, before.model().answers(x))
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-6)


def test_a_regression_and_an_untrained_project(tmp_path: Path) -> None:
    target = NumberTarget("price", 100.0, 20.0)
    prepared = replace(
        saved().prepared,
        task="regression",
        classes=(),
        outputs=1,
        preparation=replace(PREPARATION, target=target),
    )
    file.save(tmp_path / "a.chainrule", SavedProject(Project(), prepared=prepared))
    after = file.load(tmp_path / "a.chainrule")
    assert after == SavedProject(Project(), prepared=replace(prepared, folder=""))
    with pytest.raises(UserInputError, match="not been trained"):
        after.model()


def test_equal_projects_give_equal_bytes_and_saving_again_changes_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "a.chainrule", tmp_path / "b.chainrule"
    file.save(first, saved())
    file.save(second, file.load(first))
    assert first.read_bytes() == second.read_bytes()


def test_the_previous_version_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.chainrule"
    file.save(path, SavedProject(Project(name="one")))
    file.save(path, SavedProject(Project(name="two")))
    assert file.load(path).project.name == "two"
    assert file.load(previous_version(path)).project.name == "one"


def test_project_and_data_move_together(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "data").mkdir(parents=True)
    (here / "data" / "t.csv").write_text("a,b\n1,2\n")
    file.save(here / "p.chainrule", saved(here / "data" / "t.csv"), embed_data=False)
    here.rename(there)
    source = file.load(there / "p.chainrule").project.data.source
    assert source.path == str(there / "data" / "t.csv")


def test_a_project_that_moved_alone_finds_its_data_where_they_were(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("a,b\n1,2\n")
    file.save(tmp_path / "p.chainrule", saved(data), embed_data=False)
    (tmp_path / "deep" / "down").mkdir(parents=True)
    moved = (tmp_path / "p.chainrule").rename(tmp_path / "deep" / "down" / "p.chainrule")
    assert file.load(moved).project.data.source.path == str(data)
    data.unlink()
    assert file.load(moved).project.data.source.path == str(data)  # named, so that the refusal can say which file


def test_small_data_travel_inside_and_large_data_do_not(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("a,b\n1,2\n")
    path = tmp_path / "p.chainrule"
    file.save(path, saved(data))
    data.unlink()
    found = file.load(path, data_folder=tmp_path / "cache").project.data.source.path
    assert Path(found).read_text() == "a,b\n1,2\n"
    assert Path(found).name == "t.csv"
    assert Path(found).is_relative_to(tmp_path / "cache")
    data.write_bytes(b"1" * (data_files.EMBED_BYTES + 1))
    file.save(path, saved(data))
    data.unlink()
    assert file.load(path, data_folder=tmp_path / "cache").project.data.source.path == str(data)


@pytest.mark.skipif(os.name == "nt", reason="names that Windows forbids")
def test_data_of_an_odd_name_travel_too(tmp_path: Path) -> None:
    data = tmp_path / os.fsdecode(b'a:b\\c "\xff".csv')
    data.write_text("a,b\n1,2\n")
    path = tmp_path / "p.chainrule"
    file.save(path, saved(data))
    assert file.load(path).project.data.source.path == str(data)
    data.unlink()
    found = Path(file.load(path, data_folder=tmp_path / "cache").project.data.source.path)
    assert found.read_text() == "a,b\n1,2\n"
    assert found.suffix == ".csv"


def test_saving_says_where_it_cannot(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="does not exist"):
        file.save(tmp_path / "gone" / "p.chainrule", saved())
    with pytest.raises(UserInputError, match="cannot be opened"):
        file.load(tmp_path / "gone.chainrule")
    with pytest.raises(UserInputError, match="cannot be opened"):
        file.load(tmp_path)


def test_the_program_version_is_written(tmp_path: Path) -> None:
    file.save(tmp_path / "a.chainrule", saved())
    assert f"Chainrule {__version__}".encode() in _member(tmp_path / "a.chainrule", "project.json")


def _member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)
