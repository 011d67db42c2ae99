"""The command line on images: the same commands, a folder or an archive in place of a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import cli

from .data.images_made import class_files, folder, zipped


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "pets", class_files(each=20))
    zipped(tmp_path, class_files(each=20), "pets.zip")

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.headless(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.mark.parametrize("data", ["pets", "pets.zip"])
def test_from_images_to_answers(run, data: str) -> None:
    code, out, _ = run("inspect", data, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["rows"], found["task"], found["images"]["width"]) == (40, "classification", 8)
    more = ("--epochs", "3", "--image-size", "12x10", "--augment", "flip=sideways,rotate=5")
    code, out, _ = run("train", data, *more, "--out", "p.chainrule", "--json")
    assert code == 0
    assert json.loads(out)["network"]["layers"][0]["shape"] == [10, 12, 1]
    code, out, _ = run("evaluate", "p.chainrule", "--json")
    assert json.loads(out)["rows"] == 8
    code, out, _ = run("evaluate", "p.chainrule", "--data", data, "--json")
    assert json.loads(out)["rows"] == 40
    code, out, _ = run("predict", "p.chainrule", "pets/cat", "--json")
    assert json.loads(out)["files"] == [f"{i}.png" for i in range(20)]
    code, out, _ = run("predict", "p.chainrule", "pets/cat/3.png")
    assert out.startswith("3.png: ")
    assert run("predict", "p.chainrule", "pets", "--out", "answers.csv")[0] == 0
    assert Path("answers.csv").read_text().splitlines()[0].startswith("file,predicted class")
    assert run("export", "p.chainrule", "--format", "onnx")[0] == 0


@pytest.mark.parametrize(("arguments", "says"), [
    (("train", "pets", "--image-size", "big"), "no size of images"),
    (("train", "pets", "--image-size", "5000"), "cannot have this size"),
    (("train", "pets", "--augment", "spin=3"), "Unknown setting 'spin'"),
    (("train", "pets", "--augment", "rotate=far"), "not a number"),
    (("train", "pets", "--augment", "zoom=7"), "must be"),
    (("train", "pets/cat"), "Nothing says"),
])  # fmt: skip
def test_bad_wishes_are_refused_in_words(run, arguments: tuple[str, ...], says: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert says in err
