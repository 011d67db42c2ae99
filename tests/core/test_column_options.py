"""How columns are prepared, told on the command line: kept in the project, and refused in words."""

import json
from pathlib import Path

import pytest

from core.cli import headless
from core.data.choices import ColumnChoice
from core.project import file as project_file


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "shops.csv"
    rows = "".join(
        f"{i * 7 % 50 if i % 9 else ''},t{i % 40:02},2021-{i % 12 + 1:02}-{i % 28 + 1:02},"
        f"wide and {i} sunny,{'ab'[i % 2]}\n"
        for i in range(240)
    )
    path.write_text("size,town,when,about,kind\n" + rows, "utf-8")
    return str(path)


def test_told_for_all_columns_and_for_one(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out.chainrule")
    told = ["--impute", "mean", "--scale", "robust", "--encode", "embedding", "--rare", "2", "--indicator"]
    own = ["size:scale=min-max", "when:parts=week+time", "about:kind=text", "about:width=8", "town:indicator=no"]
    flags = [part for text in own for part in ("--column", text)]
    assert headless(["train", data, *told, *flags, "--epochs", "1", "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "classification"
    saved = project_file.load(out)
    usual = ColumnChoice(missing="mean", scaling="robust", encoding="embedding", rare=2, indicator=True)
    spec = saved.project.data
    assert spec is not None
    assert spec.choice("anything") == usual
    assert spec.choice("size") == ColumnChoice(
        missing="mean", scaling="min-max", encoding="embedding", rare=2, indicator=True
    )
    assert spec.choice("when").parts == ("time", "week")
    assert spec.kinds == {"about": "text"}
    assert saved.prepared is not None
    names = saved.prepared.feature_names
    assert names[:3] == ("size", "size is missing", "town")
    assert names[3:6] == ("when time", "when week sin", "when week cos")
    assert names[6:] == tuple(f"about words {k}" for k in range(8))
    kinds = [spec.layer.kind for spec in saved.project.network.layers]
    assert kinds[:2] == ["input", "embed_columns"]
    assert headless(["evaluate", out, "--json"]) == 0
    assert headless(["predict", out, data, "--json"]) == 0


def test_own_widths_look_codes_up_too(data: str) -> None:
    assert headless(["train", data, "--encode", "embedding", "--hidden", "5", "--epochs", "1", "--json"]) == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("size", "NAME:KEY=VALUE"),
        ("size:scale=big", "min-max"),
        ("size:speed=3", "nothing to choose"),
        ("when:parts=hour", "time, year"),
        ("town:rare=-1", "whole number"),
        ("size:indicator=maybe", "yes, no"),
        ("about:width=99999", "within 0 to"),
        ("towns:rare=3", "no column"),
        ("town:kind=date", "None of its cells is a date"),
        ("town:kind=sum", "no kind of column"),
    ],
)
def test_what_cannot_be_told_is_refused(data: str, capsys: pytest.CaptureFixture[str], told: str, words: str) -> None:
    assert headless(["train", data, "--column", told, "--epochs", "1"]) == 2
    assert words in capsys.readouterr().err


def test_inspect_says_what_dates_span(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert headless(["inspect", data]) == 0
    assert "when: date, 84 distinct, 2021-01-01 to 2021-12-28" in capsys.readouterr().out
