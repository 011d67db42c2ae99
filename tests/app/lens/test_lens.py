"""The lens on the Train stage: what it shows when, what hovering tells, what it asks of the engine."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fakes import FakeSession
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from pytestqt.qtbot import QtBot

from app import theme
from app.lens import still
from app.lens.network_view import NetworkLens
from core import edits
from core.data.schema import Arrays, Part
from core.layers.dense import Dense
from core.network import Network
from core.spec import NetworkSpec
from core.training.snapshot import History, Snapshot

GRID = 28
Play = Callable[..., Snapshot]


def tensors(network: NetworkSpec, *, surfaces: bool = True) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    found: dict[str, np.ndarray] = {"surface/extent": np.array([-1.0, 1.0, -1.0, 1.0])} if surfaces else {}
    for id, arrays in Network.of(network).init(1).items():
        for name, array in arrays.items():
            found[f"weights/{id}/{name}"] = array
            found[f"gradient/{id}/{name}"] = 0.01 * array
    for spec in network.layers:
        units = getattr(spec.layer, "units", 2)
        found[f"activation/{spec.id}"] = rng.normal(size=units)
        if surfaces:
            found[f"surface/{spec.id}"] = rng.normal(size=(units, GRID, GRID))
    return found


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> FakeSession:
    rng = np.random.default_rng(0)

    def part(n: int) -> Part:
        x = rng.normal(size=(n, 2)).astype(np.float32)
        return Part(x, (x[:, 0] > 0).astype(np.int32), np.arange(n))

    arrays = Arrays(part(900), part(80), part(300))
    monkeypatch.setattr(still.store, "load", lambda _prepared: arrays)
    return FakeSession().with_data(hidden=(4, 3))


@pytest.fixture
def lens(qtbot: QtBot, session: FakeSession) -> NetworkLens:
    made = NetworkLens(session)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(888, 520)
    made.show()
    return made


@pytest.fixture
def play(session: FakeSession) -> Play:
    def make(step: int = 10, state: str = "running", **changes: Any) -> Snapshot:
        network = session.document.project.network if session.running_network is None else session.running_network
        if session.running_network is None:
            session.running_network = network
            session.running_network_changed.emit()
        session.engine.set_state(state if state in ("running", "paused") else "idle")
        shot = Snapshot(1, state, 1, 10, step, 10, 1.0, 10.0, None, {}, History(), tensors=tensors(network), **changes)
        session.engine.play(shot)
        return shot

    return make


def hover(lens: NetworkLens, at: QPointF) -> None:
    where = at * lens._canvas.zoom + lens._canvas.offset
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, where, where, none, none, Qt.KeyboardModifier.NoModifier)
    lens.mouseMoveEvent(event)


def tile(lens: NetworkLens, column: int, unit: int) -> QPointF:
    box = lens._canvas.box(column, unit)
    assert box is not None
    return box.center()


def pixels(lens: NetworkLens) -> QImage:
    return lens.grab().toImage()


def test_the_design_is_there_before_any_training(lens: NetworkLens) -> None:
    assert [c.name for c in lens.view.structure.columns] == ["input", "hidden 1", "hidden 2", "output"]
    assert not lens.view.trained
    assert len(lens.view.edges) == 8 + 12 + 6
    assert lens.colours.isHidden()


def test_it_asks_the_engine_only_while_it_is_seen(lens: NetworkLens, session: FakeSession) -> None:
    assert set(session.engine.subscriptions[lens]) >= {"weights", "surface"}
    lens.hide()
    assert session.engine.subscriptions[lens] == ()


def test_a_snapshot_paints_the_neurons(lens: NetworkLens, play: Play, qtbot: QtBot) -> None:
    before = pixels(lens)
    play()
    qtbot.waitUntil(lambda: lens.view.trained, timeout=1000)
    assert pixels(lens) != before
    assert lens.colours.isVisible()
    assert np.isfinite(lens.view.edges.value).all()


def test_snapshots_are_drawn_at_most_ten_times_a_second(lens: NetworkLens, play: Play, qtbot: QtBot) -> None:
    drawn = []
    real = lens._refresh
    lens._timer.timeout.disconnect()
    lens._timer.timeout.connect(lambda: (drawn.append(time.monotonic()), real()))
    for step in range(10, 400, 10):
        play(step)
        qtbot.wait(10)
    assert 2 <= len(drawn) <= 1 + (drawn[-1] - drawn[0] + 0.2) / 0.1


def test_a_neuron_tells_bias_and_output(lens: NetworkLens, play: Play) -> None:
    shot = play(state="paused")
    lens._refresh()
    hover(lens, tile(lens, 1, 2))
    text = lens._card.text()
    assert "hidden 1 · 3" in text
    assert f"bias b {theme.number(float(shot.tensors['weights/l1/b'][2]))}" in text
    assert f"output for the probe row {theme.number(float(shot.tensors['activation/l1'][2]))}" in text


def test_an_edge_tells_weight_and_gradient(lens: NetworkLens, play: Play) -> None:
    shot = play(state="paused")
    lens._refresh()
    edges = lens.view.edges
    k = int(np.argmax(edges.level))
    start, end = edges.start[k], edges.end[k]
    hover(lens, QPointF(start[0] + 3, start[1])) if abs(start[1] - end[1]) < 5 else hover(
        lens, QPointF(*((start + end) / 2))
    )
    assert lens._target is not None
    found = lens._target.edge
    id = lens.view.structure.links[edges.link[found]].weights
    i, j = edges.source[found], edges.target[found]
    text = lens._card.text()
    assert f"weight w {theme.number(float(shot.tensors[f'weights/{id}/W'][i, j]))}" in text
    assert f"gradient ∂L/∂w {theme.number(float(shot.tensors[f'gradient/{id}/W'][i, j]))}" in text


def test_the_surface_tells_the_probabilities_of_a_place(lens: NetworkLens, play: Play) -> None:
    play(state="paused")
    lens._refresh()
    left, top, width, height = lens.view.layout.card or (0, 0, 0, 0)
    hover(lens, QPointF(left + width / 2, top + height / 2))
    text = lens._card.text()
    assert text.count("%") == 2
    shares = [float(part.split()[-2]) for part in text.split(";") if "%" in part]
    assert sum(shares) == pytest.approx(100, abs=0.2)


def test_a_click_selects_the_layer(lens: NetworkLens, session: FakeSession, qtbot: QtBot) -> None:
    at = (tile(lens, 2, 0) * lens._canvas.zoom + lens._canvas.offset).toPoint()
    qtbot.mouseClick(lens, Qt.MouseButton.LeftButton, pos=at)
    assert session.document.selection == "l2"
    assert lens.view.selected == {"l2"}


def test_points_are_few_and_say_which_were_trained_on(lens: NetworkLens) -> None:
    assert {name: len(x) for name, (x, _) in lens.view.points.items()} == {"train": 375, "test": 125}


def test_a_run_keeps_its_design_until_it_ends(lens: NetworkLens, session: FakeSession, play: Play) -> None:
    play()
    session.design_is_newer = True
    session.document.edit_network(lambda n: edits.insert_after(n, "l1", Dense(units=5)), "Add a layer")
    assert len(lens.view.structure.columns) == 4
    assert lens.older.isVisible()
    session.engine.set_state("idle")
    assert len(lens.view.structure.columns) == 5
    assert not lens.view.trained
    assert not lens.older.isVisible()


def test_after_a_run_its_last_picture_stays_and_a_reset_takes_it_away(
    lens: NetworkLens, session: FakeSession, play: Play
) -> None:
    play()
    lens._refresh()
    session.engine.set_state("idle")
    assert lens.view.trained
    session.engine.snapshot = None
    session.running_network = None
    session.running_network_changed.emit()
    assert not lens.view.trained


def test_one_step_is_seen_as_a_pulse_and_a_run_is_not(
    lens: NetworkLens, play: Play, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme, "animates", lambda: True)
    play(10, state="paused")
    assert not lens._pulse.running
    play(11, state="paused")
    assert lens._pulse.running
    pixels(lens)
    qtbot.waitUntil(lambda: not lens._pulse.running, timeout=1000)
    play(300, state="running")
    assert not lens._pulse.running


def test_no_pulse_where_less_motion_is_wanted(lens: NetworkLens, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "animates", lambda: False)
    play(10, state="paused")
    play(11, state="paused")
    assert not lens._pulse.running


def test_the_keyboard_walks_over_neurons(lens: NetworkLens, session: FakeSession, play: Play, qtbot: QtBot) -> None:
    play(state="paused")
    lens._refresh()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(lens, key)
    assert "hidden 1 · 2" in lens.accessibleDescription()
    qtbot.keyClick(lens, Qt.Key.Key_Return)
    assert session.document.selection == "l1"
    qtbot.keyClick(lens, Qt.Key.Key_Escape)
    assert lens._target is None


def test_zooming_keeps_what_is_under_the_cursor(lens: NetworkLens, qtbot: QtBot) -> None:
    at = QPointF(300, 200)
    before = lens._canvas.to_layout(at)
    lens._zoom_at(at, 1.7)
    after = lens._canvas.to_layout(at)
    assert (after - before).manhattanLength() < 1e-6
    assert lens.fit.isVisible()
    qtbot.mouseDClick(lens, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert lens._canvas.zoom == 1.0
    assert not lens.fit.isVisible()


def test_colours_follow_theme_and_choice(lens: NetworkLens, play: Play, qtbot: QtBot) -> None:
    play(state="paused")
    lens._refresh()
    light = pixels(lens)
    lens.colours.part("gradient").click()
    assert lens.view.coloured_by == "gradient"
    mode = theme.mode()
    try:
        theme.set_mode("dark")
        assert pixels(lens).pixelColor(400, 5) == theme.DARK.canvas
        assert pixels(lens) != light
    finally:
        theme.set_mode(mode)


def test_a_reopened_project_shows_its_trained_network(lens: NetworkLens, session: FakeSession) -> None:
    from app.document import Trained

    network, prepared = session.document.project.network, session.document.prepared
    assert prepared is not None
    weights = {
        id: {k: v.astype(np.float32) for k, v in arrays.items()} for id, arrays in Network.of(network).init(1).items()
    }
    session.document.set_result(Trained(weights, network, prepared, "softmax_cross_entropy"), History())
    assert lens.view.trained
    surface = lens.view.surface(1)
    assert surface is not None
    assert surface.shape == (4, GRID, GRID)
    np.testing.assert_allclose(lens.view.edges.value[:4], weights["l1"]["W"][0])


def test_without_a_network_it_says_what_to_do(lens: NetworkLens, session: FakeSession) -> None:
    session.document.edit_network(lambda n: NetworkSpec(), "Clear")
    assert lens.view.structure.columns == ()
    lens.grab()
