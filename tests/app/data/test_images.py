"""The data page for images: the grid, the choosers, the examples of augmentation, and pictures while they load."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot
from tables import DataSession

from app.data.image_grid import ImageGrid, Section
from app.data.image_view import ImageView
from app.data.page import DataPage
from app.data.summary import DataSummary
from app.pictures import Pictures, to_image
from core.data import load
from core.data.augmentation import Augmentation
from core.data.schema import Loading
from core.spec import DataSource, DataSpec


def _png(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((10, 12), level, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSource:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    for k, name in enumerate(("cat", "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(10 + 5 * k):
            (tmp_path / "pets" / name / f"{i}.png").write_bytes(_png(80 + 80 * k + i))
    (tmp_path / "pets" / "dog" / "x.png").write_bytes(b"junk")
    return DataSource("file", "pets", str(tmp_path / "pets"))


def _use(session: DataSession, source: DataSource) -> None:
    spec = DataSpec(source)
    session.load(load.inspect(spec), source)
    session.document.set_prepared(load.prepare(spec))


def _shown(qtbot: QtBot, widget, width: int = 900):  # type: ignore[no-untyped-def]
    qtbot.addWidget(widget)
    widget.resize(width, 600)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_the_page_shows_images_in_place_of_a_table(qtbot: QtBot, session: DataSession, source: DataSource) -> None:
    page, summary = _shown(qtbot, DataPage(session)), _shown(qtbot, DataSummary(session), 264)  # type: ignore[arg-type]
    _use(session, source)
    qtbot.wait(50)
    assert page.images.isVisible()
    assert not page.table.isVisible()
    assert [(s.title, len(s.rows)) for s in page.images.grid._sections] == [("cat", 10), ("dog", 16)]
    assert page.images.size_box.currentText() == "12 × 10 (suggested)"
    assert page.images.channels.value() == "1"
    assert "25 images · 2 classes · 12 × 10 grey" in summary._facts.text()
    assert not summary._noise_row.isVisible()


def test_sizes_and_colours_are_chosen_and_given_back_to_the_guess(
    qtbot: QtBot, session: DataSession, source: DataSource
) -> None:
    view = _shown(qtbot, ImageView(session))  # type: ignore[arg-type]
    _use(session, source)
    profile, prepared = session.document.profile, session.document.prepared
    assert profile is not None
    view.show_images(profile, prepared)
    view.size_box.setCurrentIndex(view._sizes.index((32, 32)))
    view.size_box.activated.emit(view.size_box.currentIndex())
    view.channels.chosen.emit("3")
    data = session.document.project.data
    assert data is not None
    assert (data.height, data.width, data.channels) == (32, 32, 3)
    view.show_images(load.inspect(data), None)
    session.document.set_profile(load.inspect(data))
    view.size_box.activated.emit(view._sizes.index((10, 12)))
    assert session.document.project.data.height == 0  # type: ignore[union-attr]


def test_augmentation_is_chosen_and_its_examples_follow(qtbot: QtBot, session: DataSession, source: DataSource) -> None:
    view = _shown(qtbot, ImageView(session))  # type: ignore[arg-type]
    _use(session, source)
    profile = session.document.profile
    assert profile is not None
    view.show_images(profile, session.document.prepared)
    form = view.augmentation
    assert len(form.examples._pixmaps) == 10
    before = [pixmap.toImage() for pixmap in form.examples._pixmaps]
    form._change("brightness", 1.0)
    after = [pixmap.toImage() for pixmap in form.examples._pixmaps]
    assert before[0] == after[0]  # the first of each line is the image as it is
    assert before[1] != after[1]
    qtbot.waitUntil(lambda: session.document.project.data.augmentation == Augmentation(brightness=1.0))  # type: ignore[union-attr]


def test_the_current_image_tells_its_name_its_class_and_its_part(
    qtbot: QtBot, session: DataSession, source: DataSource
) -> None:
    view = _shown(qtbot, ImageView(session))  # type: ignore[arg-type]
    _use(session, source)
    profile = session.document.profile
    assert profile is not None
    assert profile.images is not None
    view.show_images(profile, session.document.prepared)
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=view.grid._box(0, 2).center().toPoint())
    assert view._current.full_text().startswith("cat/2.png · cat · ")
    qtbot.keyClick(view.grid, Qt.Key.Key_Right)
    assert view._current.full_text().startswith("cat/3.png")
    bad = profile.images.names.index("dog/x.png")
    view.grid._set_current(bad)
    assert "none of PNG" in view._current.full_text()


def test_pictures_appear_while_the_array_is_filled(tmp_path: Path) -> None:
    pixels = np.lib.format.open_memmap(tmp_path / "p.npy", mode="w+", dtype=np.uint8, shape=(5, 4, 6, 1))
    pixels[:2] = np.arange(2).reshape(2, 1, 1, 1) * 50 + 5
    pictures = Pictures()
    pictures.load(Loading(str(tmp_path / "p.npy"), (4, 6, 1), "uint8", 2))
    found = pictures.pixels(1)
    assert found is not None
    assert (found == 55).all()
    assert pictures.pixels(2) is None
    pictures.load(Loading(str(tmp_path / "gone.npy"), (4, 6, 1), "uint8", 2))
    assert pictures.pixels(0) is None


def test_pixels_become_pictures_of_the_same_colours() -> None:
    colour = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    image = to_image(colour)
    assert [image.pixelColor(3, 1).getRgb()[:3], image.width(), image.height()] == [(210, 220, 230), 4, 2]
    assert to_image(np.full((3, 3, 1), 0.5, np.float32), 1.0).pixelColor(0, 0).red() == 127


def test_a_grid_of_very_many_images_draws_only_what_is_seen(qtbot: QtBot) -> None:
    asked: list[int] = []

    class Counting(Pictures):
        def pixmap(self, row: int, side: float, ratio: float) -> None:
            asked.append(row)

    grid = _shown(qtbot, ImageGrid(Counting()))
    rows = np.arange(200_000)
    sections = [Section("a", "", rows[:150_000]), Section("b", "", rows[150_000:])]
    grid.show_images(sections, [f"{i}.png" for i in rows], np.ones(200_000, bool))
    asked.clear()
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum() // 2)
    grid.grab()
    assert 0 < len(set(asked)) < 300
    grid.scroll_to_section(1)
    grid.grab()
    assert 150_000 in asked
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert grid.current == 0
    assert grid._at(QPoint(0, 0)) is None
    QToolTip.hideText()


def test_noise_for_tables_is_one_field(qtbot: QtBot, session: DataSession) -> None:
    from tables import penguins

    summary = _shown(qtbot, DataSummary(session), 264)  # type: ignore[arg-type]
    session.load(penguins())
    qtbot.wait(30)
    assert summary._noise_row.isVisible()
    summary.noise.value_changed.emit(0.1)
    assert session.document.project.data.augmentation == Augmentation(noise=0.1)  # type: ignore[union-attr]
