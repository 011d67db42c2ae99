"""The bottom row: fed by snapshots, drawn one plot a tick, read by hovering, taken away as files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeSession
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app import theme
from app.plots.menu import PlotMenu
from app.plots.panel import PlotsPanel
from app.settings import Settings
from core.training.snapshot import Curve, History, Mark, Snapshot

Play = Callable[..., Snapshot]


def history(steps: int, layers: int = 3) -> History:
    step = np.arange(1, steps + 1)
    falling = (1.0 / step).astype(np.float32)
    noisy = Curve(step, falling, falling * 0.8, falling * 1.2)
    curves = {"loss/train": noisy, "loss/validation": noisy, "metric/train": noisy, "metric/validation": noisy}
    curves |= {f"{stem}/l{i}": noisy for stem in ("gradient", "ratio") for i in range(1, layers + 1)}
    return History(curves, (Mark(steps // 2, "learning rate 0.01 → 0.001"),))


@pytest.fixture
def session() -> FakeSession:
    return FakeSession().with_data()


@pytest.fixture
def panel(qtbot: QtBot, session: FakeSession, settings: Settings) -> PlotsPanel:
    made = PlotsPanel(session, settings=settings)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(888, 252)
    made.show()
    return made


@pytest.fixture
def play(session: FakeSession) -> Play:
    def make(steps: int, **changes: object) -> Snapshot:
        shot = Snapshot(1, "running", steps // 10, 100, steps, 10, 1.0, 10.0, None, {}, history(steps))
        shot = replace(shot, **changes)  # type: ignore[arg-type]
        session.engine.play(shot)
        return shot

    return make


def test_before_a_run_every_plot_says_what_it_will_show(panel: PlotsPanel) -> None:
    panel.draw_now()
    for plot in panel.plots[:3]:
        assert plot.empty.isVisible()
        assert plot.empty.text().startswith("Press Train")
        assert not plot.chart.isVisible()


def test_a_snapshot_is_drawn_one_plot_a_tick_and_hidden_plots_not_at_all(
    panel: PlotsPanel, play: Play, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.draw_now()
    play(200)
    drawn = []
    for plot in panel.plots:
        monkeypatch.setattr(plot, "redraw", lambda p=plot: (drawn.append(p.key), setattr(p, "dirty", False)))
    for _ in range(3):
        panel._tick()
    assert sorted(drawn) == ["gradient", "loss", "metric"]
    panel._tick()
    assert len(drawn) == 3
    assert not panel._timer.isActive()


def test_a_hidden_panel_keeps_no_timer(panel: PlotsPanel, play: Play) -> None:
    play(100)
    assert panel._timer.isActive()
    panel.hide()
    assert not panel._timer.isActive()
    play(200)
    assert not panel._timer.isActive()


def test_hovering_reads_all_curves_and_the_mark(panel: PlotsPanel, play: Play) -> None:
    play(200)
    panel.draw_now()
    loss = panel.plots[0]
    loss.hover(10.0)
    text = loss.readout.text()
    assert "epoch 10.0 · step 100" in text
    assert "train 0.01" in text
    assert "validation 0.01" in text
    assert "learning rate 0.01 → 0.001" in text
    assert panel.plots[2].readout.isVisible()
    loss.hover(None)
    assert not any(plot.readout.isVisible() for plot in panel.plots)


def test_panning_stops_following_until_it_is_asked_for(panel: PlotsPanel, play: Play) -> None:
    play(200)
    panel.draw_now()
    loss = panel.plots[0]
    loss.chart.view.setRange(xRange=(2, 5), padding=0)
    loss.chart.view.sigRangeChangedManually.emit([True, True])
    play(400)
    panel.draw_now()
    assert loss.chart.ranges[0] == pytest.approx((2, 5))
    assert loss.shown.lines[0].points.x[-1] == pytest.approx(5.1)  # no more points than the view needs
    assert loss.follow.isVisible()
    loss.follow.click()
    panel.draw_now()
    assert loss.chart.ranges[0][1] >= 40
    assert not loss.follow.isVisible()


def test_another_run_begins_a_new_picture(panel: PlotsPanel, play: Play) -> None:
    play(400)
    panel.draw_now()
    panel.plots[0].following = False
    play(20, run_id=2)
    panel.draw_now()
    assert panel.plots[0].following
    assert panel.plots[0].shown.lines[0].points.x[-1] == pytest.approx(2.0)


def test_a_reopened_project_shows_its_history(panel: PlotsPanel, session: FakeSession) -> None:
    session.document.set_result(None, history(300))
    panel.draw_now()
    assert panel.plots[0].chart.isVisible()
    session.document.set_result(None, History())
    panel.draw_now()
    assert panel.plots[0].empty.isVisible()


def test_plots_change_places(panel: PlotsPanel) -> None:
    panel._choose(panel.plots[0], "ratio")
    assert [plot.key for plot in panel.plots] == ["ratio", "metric", "gradient", "loss"]


def test_chosen_plots_and_smoothing_are_there_at_the_next_start(
    panel: PlotsPanel, qtbot: QtBot, session: FakeSession, settings: Settings
) -> None:
    panel._choose(panel.plots[1], "rate")
    panel._choose(panel.plots[0], "ratio")
    menu = panel.plots[0].more.menu()
    assert isinstance(menu, PlotMenu)
    menu.slider.setValue(50)
    menu.in_steps.trigger()
    settings.save()
    other = PlotsPanel(session, settings=Settings(settings.path.parent))  # type: ignore[arg-type]
    qtbot.addWidget(other)
    assert [plot.key for plot in other.plots] == ["ratio", "rate", "gradient", "loss"]
    assert (other._look.smoothing, other._look.in_epochs) == (pytest.approx(0.05), False)


def test_the_learning_rate_has_a_plot_of_its_own_that_is_never_smoothed(
    panel: PlotsPanel, session: FakeSession
) -> None:
    panel._choose(panel.plots[0], "rate")
    plot = panel.plots[0]
    panel.draw_now()
    assert plot.empty.text().startswith("Press Train: the learning rate")
    rates = np.repeat([0.1, 0.01], 100).astype(np.float32)
    curve = Curve(np.arange(1, 201), rates, rates, rates)
    session.document.set_result(None, History({"learning_rate": curve}))
    panel.draw_now()
    assert plot.log
    assert plot.shown.lines[0].smooth[-1] == pytest.approx(-2.0)
    assert plot.shown.lines[0].smooth[99] == pytest.approx(-1.0)
    plot.hover(5.0)
    assert "rate 0.1" in plot.readout.text()


def test_narrow_windows_show_fewer_plots(panel: PlotsPanel) -> None:
    for width, count in ((1400, 4), (888, 3), (500, 2), (300, 1)):
        panel.resize(width, 252)
        assert sum(plot.isVisible() for plot in panel.plots) == count


def test_a_changed_design_is_said(panel: PlotsPanel, play: Play, session: FakeSession) -> None:
    play(100)
    assert not panel.older.isVisible()
    session.design_is_newer = True
    session.running_network_changed.emit()
    assert panel.older.isVisible()


def test_the_theme_reaches_drawn_lines(panel: PlotsPanel, play: Play) -> None:
    play(100)
    before = theme.mode()
    try:
        for mode, tokens in (("dark", theme.DARK), ("light", theme.LIGHT)):
            theme.set_mode(mode)
            panel.draw_now()
            pen = panel.plots[0].chart._parts[0].line.opts["pen"]
            assert pen.color().name() == tokens.positive.name()
    finally:
        theme.set_mode(before)


@pytest.mark.parametrize("suffix", ["png", "svg", "csv"])
def test_a_plot_is_saved(panel: PlotsPanel, play: Play, session: FakeSession, tmp_path: Path, suffix: str) -> None:
    play(100)
    panel.draw_now()
    said = []
    session.notice.connect(said.append)
    path = tmp_path / f"loss.{suffix}"
    panel.save(panel.plots[0], str(path), suffix)
    content = path.read_bytes()
    if suffix == "png":
        assert QImage(str(path)).width() == 3 * panel.plots[0].chart.width()
    else:
        assert (b"<svg" in content and b"validation" in content) if suffix == "svg" else content.count(b"\n") == 201
    assert said[0].severity == "success"


def test_a_failed_save_is_said(panel: PlotsPanel, play: Play, session: FakeSession, tmp_path: Path) -> None:
    play(100)
    panel.draw_now()
    said = []
    session.notice.connect(said.append)
    panel.save(panel.plots[0], str(tmp_path / "nowhere" / "loss.png"), "png")
    assert said[0].severity == "error"
    assert "nowhere" in said[0].text


def test_the_keyboard_reads_values(panel: PlotsPanel, play: Play, qtbot: QtBot) -> None:
    from PySide6.QtCore import Qt

    play(200)
    panel.draw_now()
    loss = panel.plots[0]
    qtbot.keyClick(loss, Qt.Key.Key_Home)
    assert "step 0" in loss.accessibleDescription()
    qtbot.keyClick(loss, Qt.Key.Key_End)
    assert "epoch 20.0" in loss.accessibleDescription() or "epoch 25.0" in loss.accessibleDescription()
    qtbot.keyClick(loss, Qt.Key.Key_Escape)
    assert not loss.readout.isVisible()


def test_drawing_for_a_long_time_keeps_no_more_items(panel: PlotsPanel, play: Play) -> None:
    play(50)
    panel.draw_now()
    before = len(panel.plots[0].chart.scene().items())
    for steps in range(60, 400, 10):
        play(steps)
        panel.draw_now()
    assert len(panel.plots[0].chart.scene().items()) == before
