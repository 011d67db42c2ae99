"""Files opened lately: in the menu and on the welcome, with place and time; what is gone can be found."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app import find_file, recent
from app.recent import Recent
from app.recent_row import RecentRow
from app.settings import RECENT_FILES, Settings
from core.spec import DataSource, DataSpec


def use(session, path: Path, *also: Path) -> None:
    source = DataSource("file", path.name, str(path), also=tuple(map(str, also)))
    session.document.apply(lambda p: replace(p, data=DataSpec(source)), f"Use {path.name}")


@pytest.fixture
def tables(tmp_path) -> list[Path]:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path in paths:
        path.write_text("x\n1\n")
    return paths


def test_name_place_and_time_come_back(tmp_path) -> None:
    settings = Settings(tmp_path)
    recent.remember(settings, "/data/train.csv", name="train.csv and 1 more", also=("/data/test, b.csv",))
    settings.add_recent("/old/of an earlier version.csv")
    settings.save()
    old, new = recent.listed(Settings(tmp_path))
    assert (new.name, new.also, new.place) == ("train.csv and 1 more", ("/data/test, b.csv",), "/data")
    assert abs(new.when - time.time()) < 60
    assert (old.name, old.when, old.moment()) == ("of an earlier version.csv", 0.0, "")
    for i in range(2 * RECENT_FILES):
        recent.remember(settings, f"/data/{i}.csv")
    assert len(recent.listed(settings)) == len(settings.get("files/details")) == RECENT_FILES
    recent.clear(settings)
    assert recent.listed(settings) == ()


def test_details_that_somebody_broke_are_left_out(tmp_path) -> None:
    settings = Settings(tmp_path)
    settings.add_recent("/a.csv")
    settings.set("files/details", ("{", '{"path": "/a.csv"}', "[1]", '{"path": "/a.csv", "also": 3}'))
    assert recent.listed(settings) == (Recent("/a.csv", "a.csv"),)


def test_the_moment_in_words() -> None:
    noon = time.mktime((2024, 3, 10, 12, 0, 0, 0, 0, -1))
    assert Recent("/a", "a", when=noon).moment(noon + 60) == "today, 12:00"
    assert Recent("/a", "a", when=noon).moment(noon + 86_400) == "yesterday, 12:00"
    assert "24" in Recent("/a", "a", when=noon).moment(noon + 9 * 86_400)
    assert Recent(str(Path.home() / "data" / "t.csv"), "t.csv").place == str(Path("~/data"))


def test_the_welcome_lists_them_and_opens_all_files_of_one(qtbot, window, session, tables) -> None:
    use(session, tables[0], tables[1])
    welcome = window.body.welcome
    row = welcome.findChildren(RecentRow)[-1]
    words, moment = window.actions_.recent_menu.actions()[0].text().split("\t")
    assert words == f"a.csv — {window.files.recents[0].place}"
    assert moment.startswith("today, ")
    qtbot.mouseClick(row.open, Qt.MouseButton.LeftButton)
    assert session.calls == [("open_paths", [str(tables[0]), str(tables[1])])]
    welcome.clear_asked.emit()
    assert window.files.recents == ()
    assert welcome.recent.isHidden()


def test_what_is_gone_is_grey_and_can_be_found(qtbot, window, session, tables, monkeypatch, tmp_path) -> None:
    use(session, tables[2])
    moved = tmp_path / "new" / "renamed.csv"
    moved.parent.mkdir()
    tables[2].rename(moved)
    window.actions_.recent_menu.aboutToShow.emit()
    gone, find, *_ = window.actions_.recent_menu.actions()
    assert (gone.text().split("\t")[0], gone.isEnabled()) == ("c.csv — not there", False)
    asked = []

    def answer(_window, _title, start, _kinds):
        asked.append(start)
        return str(moved), ""

    monkeypatch.setattr(find_file.QFileDialog, "getOpenFileName", answer)
    find.trigger()
    assert asked == [str(tmp_path)]
    assert session.calls == [("open_paths", [str(moved)])]
    assert str(tables[2]) not in window.files.recent


def test_nothing_is_lost_where_nobody_finds_it(window, session, tables, monkeypatch) -> None:
    use(session, tables[0])
    tables[0].unlink()
    monkeypatch.setattr(find_file.QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    window.files.open_recent(window.files.recents[0])
    assert session.calls == []
    assert window.files.recent == (str(tables[0]),)
