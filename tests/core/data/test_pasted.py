"""Tables from the clipboard: what spreadsheets, browsers and editors give, and what is no table."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from core.data import load, pasted
from core.errors import UserInputError
from core.project import atomic
from core.project import file as project_file
from core.project.file import SavedProject
from core.spec import DataSource, DataSpec, Project

SHEET = 'size\tcity\tnote\n1.5\tKöln\t\n-2\tMálaga\t"two\nlines"\n\t東京\ta, b\n'
HTML = (
    "<meta charset='utf-8'><table border=1><thead><tr><th>size<th>city</thead>"
    "<tr><td>1.5</td><td>K&ouml;ln <b>am</b><br>Rhein</td></tr><tr><td>2<td>&lt;b&gt;</table>"
)


def read(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str | None, ...], ...]]:
    profile = load.inspect(DataSpec(DataSource("file", pasted.NAME, str(path))))
    assert profile.name == "Pasted table"
    return tuple(column.name for column in profile.columns), profile.preview


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_cells_of_a_spreadsheet(tmp_path: Path, end: str) -> None:
    path = pasted.save(SHEET.replace("\n", end), "<table><tr><td rowspan=2>", folder=tmp_path)
    names, rows = read(path)
    assert names == ("size", "city", "note")
    assert rows == (("1.5", "Köln", None), ("-2", "Málaga", "two\nlines"), (None, "東京", "a, b"))


def test_a_plain_table_of_a_page(tmp_path: Path) -> None:
    names, rows = read(pasted.save("size city 1.5 Köln", HTML, folder=tmp_path))
    assert (names, rows) == (("size", "city"), (("1.5", "Köln am Rhein"), ("2", "<b>")))


@pytest.mark.parametrize(
    ("text", "names"),
    [("a,b\n1,2\n3,4\n", ("a", "b")), ("a;b\n1,5;2\n3,5;4\n", ("a", "b")), ("x\n1\n2\n3\n", ("x",))],
)
def test_text_of_rows(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    path = pasted.save(text, folder=tmp_path)
    assert path.suffix == ".csv"
    assert read(path)[0] == names


@pytest.mark.parametrize(
    ("text", "html", "said"),
    [
        ("", "", "no table on the clipboard"),
        ("one line, of words", "", "no table on the clipboard"),
        ("A sentence that was copied.\nAnd another one, which goes on.\nThe end of it all.", "", "no table"),
        ("", "<table><tr><td colspan=2>a</td></tr><tr><td>1<td>2</table>", "cannot be pasted"),
        ("", "<table><tr><td><table><tr><td>1</table></table>", "cannot be pasted"),
        ("", "<table><tr><th>alone</table>", "cannot be pasted"),
        ("a\tb\n" + "x" * (pasted.MOST_BYTES + 1), "", "too much for the clipboard"),
    ],
    ids=["nothing", "a line", "sentences", "merged", "nested", "one row", "giant"],
)
def test_what_is_no_table(tmp_path: Path, text: str, html: str, said: str) -> None:
    with pytest.raises(UserInputError, match=said) as refused:
        pasted.save(text, html, folder=tmp_path)
    assert refused.value.where == "clipboard"
    assert refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_the_same_cells_are_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "data"))
    first = pasted.save(SHEET)
    assert first == pasted.save(SHEET) != pasted.save(SHEET.replace("1.5", "1.6"))
    assert first.is_relative_to(tmp_path / "data")
    assert first.name == "Pasted table.tsv"


def test_a_project_carries_what_was_pasted(tmp_path: Path) -> None:
    path = pasted.save(SHEET, folder=tmp_path / "pasted")
    source = DataSource("file", pasted.NAME, str(path))
    source = DataSource("file", pasted.NAME, str(path), load.content_hash(source))
    project_file.save(tmp_path / "p.chainrule", SavedProject(Project(data=DataSpec(source))))
    path.unlink()
    data = project_file.load(tmp_path / "p.chainrule", data_folder=tmp_path / "kept").project.data
    assert data is not None
    assert load.inspect(data).rows == 3


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(UserInputError):
        pasted.save(SHEET, folder=tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserInputError, match="could not be kept"):
        pasted.save(SHEET, folder=tmp_path / "file" / "pasted")
