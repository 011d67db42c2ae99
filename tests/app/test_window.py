"""The window: stages, sides, drops, menus, keys and the welcome."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeSession, Panel, edit, leave_unasked, snapshot
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit

from app import theme
from app.actions import TABLE, Entry, shortcut_table
from app.notice import Notice
from app.panels import PANELS
from app.stages import STAGES
from app.window import Window
from core.spec import DataSource, DataSpec

# --- stages and sides


def test_the_first_start_welcomes_and_data_end_the_welcome(window, session):
    assert window.body.welcome_shown
    assert not window.body.is_open("left")
    session.with_data()
    assert not window.body.welcome_shown
    assert window.body.is_open("left")
    session.document.open(type(session.document.project)(), None)
    assert window.body.welcome_shown


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_each_stage_shows_its_own_panels(window, session, stage):
    session.with_data()
    window.title.stages.part(stage.name).click()
    body = window.body
    assert body.panel(stage.name).isVisible()
    assert body.panel("layers").isVisible() == stage.layers
    assert body.panel("palette").isVisible() == (stage.name == "Design")
    assert body.panel("inspector").isVisible() == stage.inspector
    assert body.panel("plots").isVisible() == (stage.name == "Train")
    assert window.title.stages.value() == stage.name


def test_the_session_may_ask_for_a_stage(window, session):
    session.with_data()
    session.stage_requested.emit("Train")
    assert window.body.stage == "Train"
    session.stage_requested.emit("no such stage")
    assert window.body.stage == "Train"


def test_sides_close_and_the_next_window_remembers(qtbot, window, session, settings):
    session.with_data()
    window.show_stage("Train")
    window.actions_.by_name["right"].trigger()
    window.actions_.by_name["bottom"].trigger()
    window.body.columns.setSizes([320, 960, 0])
    window.body._remember(0, 0)
    assert not window.body.panel("inspector").isVisible()
    window.show_stage("Design")
    assert not window.body.panel("inspector").isVisible()
    other = Window(FakeSession().with_data(), settings, panels=dict.fromkeys(PANELS, Panel))
    qtbot.addWidget(other, before_close_func=leave_unasked)
    other.resize(1280, 800)
    other.show()
    other.show_stage("Train")
    assert not other.body.is_open("right")
    assert not other.body.is_open("bottom")
    assert other.body.columns.sizes()[0] == 320


def test_a_window_left_on_a_screen_that_is_gone_comes_back_into_view(qtbot, window, settings):
    window.move(9000, 9000)
    settings.set("window/geometry", bytes(window.saveGeometry().data()))
    other = Window(FakeSession(), settings, panels=dict.fromkeys(PANELS, Panel))
    qtbot.addWidget(other, before_close_func=leave_unasked)
    other.show()
    assert other.screen().availableGeometry().intersects(other.geometry())


def test_a_side_that_the_stage_does_not_use_says_so(window, session):
    session.with_data()
    window.show_stage("Export")
    assert not window.actions_.by_name["bottom"].isEnabled()
    window.show_stage("Train")
    assert window.actions_.by_name["bottom"].isEnabled()
    assert window.actions_.by_name["bottom"].isChecked()


def test_panels_are_made_when_they_are_first_seen(qtbot, session, settings):
    made = []

    def panel(name):
        return lambda _session: made.append(name) or Panel(_session)

    window = Window(session, settings, panels={name: panel(name) for name in PANELS})
    qtbot.addWidget(window, before_close_func=leave_unasked)
    window.show()
    assert made == []  # the welcome needs none of them
    session.with_data()
    assert set(made) == {"Data", "summary"}
    while window.body.preload_one():
        pass
    assert sorted(made) == sorted(PANELS)


@pytest.mark.parametrize("size", [(1100, 700), (1280, 800), (1440, 900)])
@pytest.mark.parametrize("stage", ["Data", "Design", "Train"])
def test_nothing_reaches_over_the_edge(qtbot, window, session, size, stage):
    session.with_data()
    session.engine.set_state("running")
    session.engine.play(snapshot(seconds_left=35999))
    window.show_stage(stage)
    window.resize(*size)
    qtbot.wait(1)
    window._keep_as_placed()  # what a timer does later leaves a size alone that was chosen meanwhile
    assert (window.width(), window.height()) == size
    for kind in (QAbstractButton, QComboBox, QLabel, QLineEdit):
        for child in window.findChildren(kind):
            if child.isVisible() and not isinstance(child.parent(), QComboBox):
                corner = child.mapTo(window, QPoint(child.width(), child.height()))
                assert corner.x() <= size[0], (child, child.accessibleName())
                assert corner.y() <= size[1], (child, child.accessibleName())


def test_stages_stand_in_the_middle(qtbot, window, session):
    session.with_data()
    session.document.apply(lambda p: type(p)("A very long name of a project that does not end" * 3), "Rename")
    qtbot.wait(1)
    stages = window.title.stages
    centre = stages.mapTo(window, QPoint(stages.width() // 2, 0)).x()
    assert abs(centre - window.width() // 2) <= 4


# --- drops


def dragged(paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def enter(window, data):
    event = QDragEnterEvent(
        QPoint(600, 400), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window.windowHandle(), event)
    return event


def test_files_dragged_anywhere_are_opened_where_they_drop(window, session, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    data = dragged([table])
    enter(window, data)
    assert window.overlay.isVisible()
    assert window.overlay.size() == window.size()
    drop = QDropEvent(
        QPointF(600, 400), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window.overlay, drop)
    assert drop.isAccepted()
    assert not window.overlay.isVisible()
    assert session.calls == [("open_paths", [str(table)])]


def test_a_page_that_takes_tables_gets_what_is_dropped_on_it(window, session, tmp_path):
    table = tmp_path / "new.csv"
    table.write_text("a,b\n1,2\n")
    page = window.body.panel("Predict")
    window.show_stage("Predict")
    enter(window, dragged([table, table]))
    assert "Train and test files" in window.overlay._text.text()
    page.panel.drop_hint = "It answers."
    page.panel.take_file = lambda path: session.calls.append(("asked", path))
    enter(window, dragged([table]))
    assert window.overlay._text.text() == "It answers."
    window.overlay.dropped.emit([str(table)])
    window.show_stage("Train")
    window.overlay.dropped.emit([str(table)])
    assert session.calls == [("asked", str(table)), ("open_paths", [str(table)])]


def test_what_was_read_is_among_the_recent_files(window, session, tmp_path):
    source = DataSource("file", "t.csv", str(tmp_path / "t.csv"))
    session.document.apply(lambda p: replace(p, data=DataSpec(source)), "Use t.csv")
    assert window.files.recent == (str(tmp_path / "t.csv"),)
    session.document.mark_saved(tmp_path / "p.chainrule")
    assert window.files.recent == (str(tmp_path / "p.chainrule"), str(tmp_path / "t.csv"))
    assert not window.body.welcome.recent.isHidden()


def test_drags_within_the_program_are_left_alone(window):
    data = QMimeData()
    data.setData("application/x-chainrule-layer", b"dense")
    enter(window, data)
    assert not window.overlay.isVisible()


# --- the welcome


def test_a_sample_trains_at_one_click(window, session):
    card = window.body.welcome.findChildren(QAbstractButton)[0]
    card.click()
    source = session.calls[0][1]
    assert session.calls == [("use_source", source)]
    assert not card.isEnabled()
    assert card.text() == "Getting ready…"
    assert (source.kind, source.name) == ("generator", "spirals")
    session.with_data()
    session.stage_requested.emit("Data")
    assert session.calls == [("use_source", source)]
    assert window.body.welcome_shown  # no other page flashes by
    session.running_network_changed.emit()
    assert session.calls[-1] == ("train",)
    session.running_network_changed.emit()
    assert session.calls.count(("train",)) == 1


def test_other_data_chosen_meanwhile_do_not_train_by_themselves(window, session):
    window.one_click.start(DataSource("sample", name="iris"))
    session.with_data()
    session.running_network_changed.emit()
    assert ("train",) not in session.calls
    assert not window.one_click.pending


def test_a_sample_that_fails_does_not_train_later(window, session):
    window.one_click.start(DataSource("generator", name="spirals"))
    session.notice.emit(Notice("error", "This cannot be read"))
    session.with_data()
    session.running_network_changed.emit()
    assert ("train",) not in session.calls
    assert not window.body.welcome_shown


# --- keys, menus, notices


def test_space_trains_unless_a_field_has_the_keyboard(qtbot, window, session):
    session.with_data()
    window.show_stage("Train")
    qtbot.keyClick(window.body.panel("Train"), Qt.Key.Key_Space)
    assert session.calls == [("toggle_train",)]
    window.title.name.edit()
    qtbot.keyClick(window.title.name.field, Qt.Key.Key_Space)
    assert session.calls == [("toggle_train",)]


def test_tab_follows_the_arrangement_and_comes_round(qtbot, session, settings):
    def panel(name):
        def make(_session):
            field = QLineEdit()
            field.setObjectName(name)
            return field

        return make

    window = Window(session.with_data(), settings, panels={name: panel(name) for name in PANELS})
    qtbot.addWidget(window, before_close_func=leave_unasked)
    window.show()
    qtbot.waitExposed(window)
    while window.body.preload_one():
        pass
    window.show_stage("Train")
    qtbot.wait(1)
    window.title.menu_button.setFocus()
    visited = []
    for _ in range(40):
        visited.append(window.focusWidget().objectName())
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        if window.focusWidget() is window.title.menu_button:
            break
    assert [name for name in visited if name in PANELS] == ["summary", "layers", "Train", "plots", "inspector"]
    assert window.focusWidget() is window.title.menu_button


def test_escape_closes_the_newest_notice(qtbot, window, session):
    session.notice.emit(Notice("error", "one"))
    session.notice.emit(Notice("error", "two"))
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert [card.notice.title for card in window.notices.cards] == ["one"]


def test_a_new_run_takes_back_what_was_said_of_the_last(window, session):
    session.notice.emit(Notice("error", "Training diverged", key="run"))
    session.notice.emit(Notice("error", "Another thing"))
    session.engine.set_state("running")
    assert [card.notice.title for card in window.notices.cards] == ["Another thing"]


def test_how_a_run_went_does_not_cover_what_it_led_to(window, session):
    window.show_stage("Train")
    session.notice.emit(Notice("success", "Training finished", key="run"))
    session.notice.emit(Notice("error", "Training diverged", key="other"))
    window.show_stage("Evaluate")
    assert [card.notice.title for card in window.notices.cards] == ["Training diverged"]


def test_what_was_said_of_other_data_is_taken_back(window, session):
    session.with_data()
    session.notice.emit(Notice("info", "44 rows without a target were left out.", key="data:44 rows"))
    session.notice.emit(Notice("info", "Saved", key="saved"))
    session.document.data_changed.emit()
    assert [card.notice.title for card in window.notices.cards] == ["Saved"]


def test_a_refused_file_is_forgotten_once_another_is_read(window, session):
    session.notice.emit(Notice("error", "No such file", key="file"))
    session.with_data()
    assert not window.notices.cards
    session.notice.emit(Notice("error", "Not saved", key="file"))
    session.document.edit_training("More", epochs=7)
    assert window.notices.cards, "nothing was saved yet"
    session.document.mark_saved(Path("/x/y.chainrule"))
    assert not window.notices.cards


def test_a_key_does_no_more_than_its_button(window, session):
    window.actions_.by_name["step"].trigger()
    window.actions_.by_name["stop"].trigger()
    assert session.calls == []


def test_no_key_means_two_things(window):
    keys = [key.toString() for action in window.findChildren(QAction) for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert len(keys) > 20


def test_every_action_is_in_a_menu_and_every_key_in_the_list(window):
    names = {entry.name for entry in TABLE if isinstance(entry, Entry)}
    assert names - {"recent", "theme"} == set(window.actions_.by_name)
    listed = [text for _menu, rows in shortcut_table() for text, _keys in rows]
    assert {"Train or pause", "Save", "Undo", "Design"} <= set(listed)


def test_undo_says_what_it_takes_back(window, session):
    undo = window.actions_.by_name["undo"]
    assert not undo.isEnabled()
    edit(session)
    assert undo.isEnabled()
    assert undo.text() == "Undo “Set epochs”"
    undo.trigger()
    assert session.document.project.training.epochs == 200


def test_a_reset_can_be_taken_back(window, session, monkeypatch):
    session.with_data()
    result = object()
    monkeypatch.setattr(type(session.document), "trained", property(lambda _self: result))
    kept = []
    monkeypatch.setattr(session.document, "set_result", lambda *args: kept.append(args))
    window.reset_run()
    assert session.calls == [("reset",)]
    label, bring_back = window.notices.cards[0].notice.actions[0]
    assert label == "Bring it back"
    bring_back()
    assert kept[0][0] is result


def test_the_theme_is_remembered(window, settings):
    window.title.theme_button.click()
    assert theme.current().dark
    assert settings.get("theme") == "dark"
    window.set_theme("light")
    assert not theme.current().dark


def test_busy_work_can_be_seen_and_cancelled(window, session):
    from fakes import FakeBusy

    cancelled = []
    session.busy_changed.emit(FakeBusy("Reading big.csv", 0.25, 61.0, lambda: cancelled.append(1)))
    strip = window.status.busy
    assert strip.isVisible()
    assert strip.text.full_text() == "Reading big.csv · 1:01 left"
    strip.cancel.click()
    assert cancelled == [1]
    session.busy_changed.emit(None)
    assert not strip.isVisible()


def test_a_page_that_tells_of_the_work_is_not_echoed_below(window, session):
    from fakes import FakeBusy

    session.with_data()
    session.busy_changed.emit(FakeBusy("Reading big.csv", 0.25, 61.0, lambda: None))
    assert not window.status.busy.isVisible()  # the Data stage shows it
    window.show_stage("Design")
    assert window.status.busy.isVisible()
    window.show_stage("Data")
    assert not window.status.busy.isVisible()


def test_every_control_of_the_shell_has_a_name_and_a_tooltip(window, session):
    session.with_data()
    for part in (window.title, window.controls, window.status):
        for kind in (QAbstractButton, QComboBox):
            for control in part.findChildren(kind):
                assert control.accessibleName() or getattr(control, "text", str)(), control
                assert control.toolTip(), (control, control.accessibleName())


def test_the_frame_does_not_push_the_window_off_a_small_screen(window, monkeypatch):
    screen = window.screen().availableGeometry()
    frame = QRect(screen.left() + 2, screen.top() + 20, screen.width(), screen.height() + 24)
    monkeypatch.setattr(window, "frameGeometry", lambda: frame)
    moved, before = [], window.size()
    monkeypatch.setattr(window, "move", lambda x, y: moved.append((x, y)))
    resized = []
    monkeypatch.setattr(window, "resize", lambda w, h: resized.append((w, h)))
    window.keep_on_screen()
    assert resized == [(before.width(), before.height() - 24)]
    assert moved == [(screen.left(), screen.top())]


def test_the_first_rows_of_a_file_end_the_welcome_while_it_is_read(window, session):
    session.first_look.emit(object())
    assert not window.body.welcome_shown
    session.busy_changed.emit(None)  # given up
    QApplication.processEvents()
    assert window.body.welcome_shown
