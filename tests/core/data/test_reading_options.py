"""How a file is read, said on the command line, kept in projects, and used again for what is asked later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import cli
from core.project import file as project_file
from core.spec import DataSource, DataSpec

from . import makers


def book(path: Path) -> None:
    rows = [["size", "kind"], *([i / 3, "big" if i > 20 else "small"] for i in range(40))]
    path.write_bytes(makers.xlsx({"About": [["words"], ["none"]], "Data": rows}))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.headless(arguments)
        return code, *capsys.readouterr()

    return call


def test_inspect_lists_the_parts(run, tmp_path: Path) -> None:
    book(tmp_path / "b.xlsx")
    code, out, _ = run("inspect", "b.xlsx", "--json")
    told = json.loads(out)
    assert (code, told["parts"], told["part"]) == (0, ["About", "Data"], "About")
    told = json.loads(run("inspect", "b.xlsx", "--part", "Data", "--json")[1])
    assert (told["rows"], told["part"], told["target"]) == (40, "Data", "kind")
    assert "--part chooses among “About”, “Data”" in run("inspect", "b.xlsx")[1]
    code, _, err = run("inspect", "b.xlsx", "--part", "Nothing")
    assert code == 2
    assert "no sheet “Nothing”" in err


def test_the_part_is_kept_in_the_project(run, tmp_path: Path) -> None:
    book(tmp_path / "b.xlsx")
    arguments = ("--part", "Data", "--epochs", "2", "--out", "p.chainrule", "--json")
    assert run("train", "b.xlsx", *arguments)[0] == 0
    saved = project_file.load(tmp_path / "p.chainrule").project
    assert saved.data is not None
    assert saved.data.source.part == "Data"
    assert run("evaluate", "p.chainrule", "--json")[0] == 0
    code, out, _ = run("predict", "p.chainrule", "b.xlsx", "--part", "Data", "--json")
    assert (code, len(json.loads(out)["answer"])) == (0, 40)
    assert run("predict", "p.chainrule", "b.xlsx")[0] == 2  # the first sheet lacks the columns


def test_a_text_is_read_as_told(run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("1,5:é\n2,5:й\n".encode("cp1251", "replace"))
    options = ("--encoding", "cp1251", "--delimiter", ":", "--no-header", "--decimal-comma")
    told = json.loads(run("inspect", "t.csv", *options, "--json")[1])
    assert (told["encoding"], told["delimiter"], told["header"]) == ("Windows-1251", ":", False)
    assert told["columns"][0]["maximum"] == 2.5
    assert run("inspect", "t.csv", "--delimiter", "tab", "--json")[0] == 0
    assert run("inspect", "t.csv", "--encoding", "klingon")[0] == 2


def test_choices_travel_as_json_and_are_left_out_where_guessed() -> None:
    plain = DataSpec(DataSource("file", path="/t.csv"))
    assert plain.to_json()["source"].keys().isdisjoint(DataSource.READING)
    told = DataSpec(DataSource("file", path="/t.csv", part="a", encoding="b", delimiter="c", header="no", decimal=","))
    assert DataSpec.from_json(json.loads(json.dumps(told.to_json()))) == told
