"""Several files as one table, where one of them is at fault: it is named, and nothing is left behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from core.data import load
from core.errors import MissingFile, UserInputError
from core.paths import cache_folder
from core.project import file as project_file
from core.project.file import SavedProject
from core.spec import DataSource, DataSpec, Project

ROWS = "a,k\n" + "1.5,x\n2.5,y\n" * 40


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pair(tmp_path: Path) -> DataSource:
    paths = [tmp_path / name for name in ("train.csv", "test.csv")]
    for path in paths:
        path.write_text(ROWS)
    return DataSource("file", "train.csv and 1 more", str(paths[0]), also=(str(paths[1]),))


def refusal(source: DataSource, **how: object) -> UserInputError:
    with pytest.raises(UserInputError) as refused:
        load.prepare(DataSpec(source), **how)
    assert [path for path in cache_folder().rglob("*") if path.is_file()] == []
    return refused.value


@pytest.mark.parametrize("which", [0, 1])
def test_one_of_two_is_gone(pair: DataSource, which: int) -> None:
    path = Path((pair.path, *pair.also)[which])
    path.unlink()
    error = refusal(pair)
    assert isinstance(error, MissingFile)
    assert (error.where, error.path) == (path.name, str(path))


@pytest.mark.parametrize("moment", ["Reading train.csv and 1 more", "Reading 3 columns"])
@pytest.mark.parametrize("which", [0, 1])
def test_one_of_two_vanishes_while_they_are_read(pair: DataSource, which: int, moment: str) -> None:
    path = Path((pair.path, *pair.also)[which])

    def remove(text: str, share: float | None) -> None:
        if text == moment:
            path.unlink(missing_ok=True)

    assert refusal(pair, progress=remove).where == path.name


def test_one_of_two_may_not_be_read(pair: DataSource, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = Path.open

    def guarded(self: Path, *how: object, **more: object):
        if str(self) == pair.also[0]:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return allowed(self, *how, **more)

    monkeypatch.setattr(Path, "open", guarded)
    error = refusal(pair)
    assert (error.where, "may not be read" in error.what) == ("test.csv", True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"), (b"\x89PNG\r\n\x1a\n" + bytes(50), ""), (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"a,k\n\0\0", "not a text"),
    ],
    ids=["empty", "picture", "document", "zero bytes"],
)  # fmt: skip
def test_one_of_two_is_no_table(pair: DataSource, content: bytes, said: str) -> None:
    Path(pair.also[0]).write_bytes(content)
    error = refusal(pair)
    assert said in error.what
    assert "test.csv" in error.where or "image" in error.what


def test_a_folder_among_files(pair: DataSource, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    source = DataSource("file", "x", pair.path, also=(str(tmp_path / "more"),))
    assert refusal(source).where == "more"


def test_a_hundred_thousand_columns_in_the_second_file(pair: DataSource) -> None:
    Path(pair.also[0]).write_text(",".join(f"c{i}" for i in range(100_000)) + "\n")
    error = refusal(pair)
    assert (error.where, "too many columns" in error.what) == ("test.csv", True)


def test_too_many_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.csv" for i in range(201)]
    for path in paths:
        path.write_text("a\n1\n")
    source = DataSource("file", "many", str(paths[0]), also=tuple(map(str, paths[1:])))
    assert "too many files" in refusal(source).what


@pytest.mark.parametrize("name", ["also", "joined", "shape"])
def test_malformed_sources_of_a_project_are_refused(pair: DataSource, name: str) -> None:
    data = DataSpec(pair).to_json()
    data["source"][name] = [1]
    with pytest.raises(UserInputError):
        DataSpec.from_json(data)


def test_a_project_that_names_more_files_than_it_carries(pair: DataSource, tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    project_file.save(path, SavedProject(Project(data=DataSpec(pair))), embed_data=False)
    for each in (pair.path, *pair.also):
        Path(each).unlink()
    found = project_file.load(path).project.data
    assert found is not None
    assert (found.source.path, found.source.also) == (pair.path, pair.also)
    assert isinstance(refusal(found.source), MissingFile)


def test_a_copy_of_the_data_beside_the_project_is_told_from_a_file_of_its_name(tmp_path: Path) -> None:
    was, home = tmp_path / "was" / "t.csv", tmp_path / "home"
    was.parent.mkdir()
    home.mkdir()
    was.write_text(ROWS)
    source = DataSource("file", "t.csv", str(was))
    known = DataSource("file", "t.csv", str(was), load.content_hash(source))
    path = home / "p.chainrule"
    project_file.save(path, SavedProject(Project(data=DataSpec(known))), embed_data=False)
    was.unlink()
    (home / "t.csv").write_text("another,table\n1,2\n")
    data = project_file.load(path).project.data
    assert data is not None
    assert data.source.path == str(was)
    (home / "t.csv").write_text(ROWS)
    data = project_file.load(path).project.data
    assert data is not None
    assert data.source.path == str(home / "t.csv")
