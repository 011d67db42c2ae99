"""Files that data come from, with the real processes: several at once, one that is gone, one that changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.data.together_line import TogetherLine
from app.data_files import source_of
from app.data_watch import CHANGED
from app.find_file import FindFile
from app.notice import Notice
from app.session import Session
from core.spec import DataSource

WAIT = 15_000


@pytest.fixture
def session(qtbot, tmp_path, monkeypatch) -> Iterator[Session]:
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    session = Session()
    session.notices = []
    session.notice.connect(session.notices.append)
    session.start()
    yield session
    session.shutdown()


@pytest.fixture
def until(qtbot) -> Callable[[Callable[[], object]], None]:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT)


@pytest.fixture
def file(tmp_path) -> Callable[..., str]:
    def make(name: str, start: int = 0, rows: int = 40, columns: str = "size,kind") -> str:
        path = tmp_path / "given" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"{start + i}.5,{('big', 'small')[i % 2]}" for i in range(rows))
        path.write_text("\n".join([columns, *lines]) + "\n")
        return str(path)

    return make


def last(session: Session, key: str = "data") -> Notice:
    return next(notice for notice in reversed(session.notices) if notice.key == key)


def act(notice: Notice, label: str) -> None:
    dict(notice.actions)[label]()


def test_train_and_test_dropped_together(session, until, file, qtbot) -> None:
    session.open_paths([file("train.csv"), file("test.csv", 100, 10)])
    until(lambda: session.document.prepared is not None)
    data, document = session.document.project.data, session.document
    assert (data.split, data.split_by) == ("column", "part")
    assert document.prepared.rows == {"train": 32, "validation": 8, "test": 10}
    assert document.project.name == "train"
    line = TogetherLine(session)
    qtbot.addWidget(line)
    line.refresh()
    assert not line.isHidden()
    menu = {action.text(): action for action in line.menu().actions() if action.text()}
    assert [text for text, action in menu.items() if action.isChecked()] == ["Train and test"]
    menu["Only test.csv"].trigger()
    until(lambda: document.profile is not None and document.profile.rows == 10 and document.prepared is not None)
    assert (document.project.data.split, document.project.data.source.also) == ("stratified", ())
    document.undo_stack.undo()
    until(lambda: document.prepared is not None and document.prepared.rows["test"] == 10)
    menu["One below the other"].trigger()
    until(
        lambda: (
            document.profile is not None and document.profile.together is not None and document.profile.together.file
        )
    )
    assert document.project.data.excluded == ("file",)


def test_unlike_files_are_asked_about(session, until, file) -> None:
    paths = [file("cars.csv"), file("houses.csv", columns="rooms,price")]
    session.open_paths(paths)
    until(lambda: session.notices)
    assert session.document.project.data is None
    asked = last(session)
    assert [label for label, _ in asked.actions] == ["Side by side", "Only cars.csv", "Only houses.csv"]
    act(asked, "Only houses.csv")
    until(lambda: session.document.profile is not None)
    assert session.document.profile.columns[0].name == "rooms"


def test_a_project_among_files_is_refused(session, file, tmp_path) -> None:
    session.open_paths([file("a.csv"), str(tmp_path / "p.chainrule")])
    assert last(session).title.startswith("A project was dropped together")


def test_a_missing_file_is_found_again(session, until, file, tmp_path) -> None:
    path = file("t.csv", rows=130_000)  # too large to be carried by the project
    session.open_paths([path])
    until(lambda: session.document.prepared is not None)
    assert session.save_as(str(tmp_path / "p.chainrule"))
    moved = tmp_path / "elsewhere" / "renamed.csv"
    moved.parent.mkdir()
    os.rename(path, moved)
    session.new_project()
    session.open_paths([str(tmp_path / "p.chainrule")])
    until(lambda: any(n.title == "t.csv is not there" for n in session.notices))
    asked: list[str] = []
    session.data_files.find_asked.connect(asked.append)
    act(last(session), "Find it…")
    assert asked == [path]
    other = Path(file("other.csv", start=7))
    session.data_files.relink(path, str(other))
    until(lambda: any(n.title == "other.csv holds other data" for n in session.notices))
    assert session.document.project.data.source.path == path
    session.data_files.relink(path, str(moved))
    until(lambda: session.document.prepared is not None)
    assert session.document.project.data.source.path == str(moved)
    session.document.undo_stack.undo()
    until(lambda: session.document.project.data.source.path == path)
    session.document.undo_stack.redo()
    until(lambda: session.document.prepared is not None)


def test_other_data_in_place_of_a_missing_file_if_the_person_wants(session, until, file) -> None:
    path = file("t.csv")
    session.open_paths([path])
    until(lambda: session.document.prepared is not None)
    was = session.document.project.data.source.sha256
    os.remove(path)
    session.data_files.relink(path, file("u.csv", start=9))
    until(lambda: session.notices and last(session).title == "u.csv holds other data")
    act(last(session), "Use it anyway")
    until(lambda: session.document.prepared is not None)
    source = session.document.project.data.source
    assert (source.name, source.sha256 != was) == ("u.csv", True)
    assert not any("has changed" in finding.text for finding in session.document.profile.findings)


def test_two_missing_files_that_moved_together(session, until, file, tmp_path) -> None:
    paths = [file("train.csv"), file("test.csv", 100)]
    session.open_paths(paths)
    until(lambda: session.document.prepared is not None)
    new = tmp_path / "new"
    os.rename(Path(paths[0]).parent, new)
    session.data_files.relink(paths[0], str(new / "train.csv"))
    until(lambda: session.document.project.data.source.path == str(new / "train.csv"))
    assert session.document.project.data.source.also == (str(new / "test.csv"),)


def test_a_file_that_changes_is_noticed_and_read_again(session, until, file) -> None:
    path = file("t.csv")
    session.open_paths([path])
    until(lambda: session.document.prepared is not None)
    file("t.csv", start=5, rows=50)
    until(lambda: any(n.key == CHANGED for n in session.notices))
    assert session.document.profile.rows == 40
    act(last(session, CHANGED), "Read again")
    until(lambda: session.document.profile is not None and session.document.profile.rows == 50)
    assert session.document.undo_stack.undoText() == "Read t.csv again"
    session.document.undo_stack.undo()
    until(lambda: any("has changed" in finding.text for finding in session.document.profile.findings))


def test_a_file_that_goes_away_is_noticed(session, until, file) -> None:
    path = file("t.csv")
    session.open_paths([path])
    until(lambda: session.document.prepared is not None)
    os.remove(path)
    until(lambda: any(n.key == CHANGED for n in session.notices))
    assert last(session, CHANGED).title == "t.csv is gone"
    count = len(session.notices)
    session.watch.check()
    assert len(session.notices) == count  # said once


def test_a_changed_file_without_its_target_is_offered_as_new_data(session, until, file) -> None:
    path = file("t.csv")
    session.open_paths([path])
    until(lambda: session.document.prepared is not None)
    session.change_data("Predict kind", target="kind")
    until(lambda: session.document.prepared is not None)
    file("t.csv", columns="size,sort")
    session.data_files.read_again()
    until(lambda: session.notices and last(session).actions)
    assert "no column “kind”" in last(session).title
    act(last(session), "Read it as new data")
    until(lambda: session.document.profile is not None and session.document.profile.target == "sort")


def test_the_dialog_opens_where_the_file_may_be(window, session, settings, tmp_path) -> None:
    from fakes import FakeSession

    find = FindFile(FakeSession(), settings, window)
    (tmp_path / "a").mkdir()
    assert find.start(str(tmp_path / "a" / "b" / "t.csv")) == tmp_path / "a"
    assert find.start("/nowhere/at/all/t.csv") == Path.home()


def test_a_name_for_several() -> None:
    source = source_of(["/a/x.csv", "/a/y.csv", "/a/x.csv"])
    assert (source.name, source.path, source.also) == ("x.csv and 1 more", "/a/x.csv", ("/a/y.csv",))


def test_a_pasted_table_is_data_like_any_other(session, until, tmp_path) -> None:
    session.data_files.paste("size\tkind\n" + "".join(f"{i}\t{'ab'[i % 2]}\n" for i in range(30)), "")
    until(lambda: session.document.prepared is not None)
    source = session.document.project.data.source
    assert (source.name, session.document.project.name) == ("Pasted table", "Pasted table")
    assert Path(source.path).is_relative_to(tmp_path / "data")
    assert source_of([source.path]) == DataSource("file", "Pasted table", source.path)
    session.data_files.paste("nothing", "")
    until(lambda: session.notices)
    assert "no table on the clipboard" in last(session).title
    assert session.document.project.data.source == source


def test_the_data_page_says_so_while_the_file_is_missing(qtbot, tmp_path) -> None:
    from fakes import FakeSession

    from app.data.gone_banner import GoneBanner
    from core.spec import DataSpec, Project

    session = FakeSession()
    banner = GoneBanner(session)
    qtbot.addWidget(banner)
    there = tmp_path / "t.csv"
    there.write_text("a\n1\n")
    for path, hidden in ((tmp_path / "gone.csv", False), (there, True)):
        session.document.open(Project(data=DataSpec(source_of([str(path)]))), None)
        banner.refresh()
        assert banner.isHidden() is hidden
    session.document.open(Project(data=DataSpec(source_of([str(there), str(tmp_path / "b.csv")]))), None)
    banner.refresh()
    assert str(tmp_path / "b.csv") in banner.banner.text()
