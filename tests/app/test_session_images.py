"""Images through the session with its real processes: dropped, looked at while they load, trained, asked, saved."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.session import Session
from core.data.augmentation import Augmentation
from core.spec import DataSource

WAIT = 20_000


def _png(level: int, bright: int) -> bytes:
    pixels = np.full((12, 12), 30 + level, np.uint8)
    pixels[:, :6] += np.uint8(bright)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name, bright in (("left", 200), ("plain", 0)):
        (tmp_path / "sides" / name).mkdir(parents=True)
        for i in range(40):
            (tmp_path / "sides" / name / f"{i}.png").write_bytes(_png(i % 20, bright))
    return tmp_path / "sides"


@pytest.fixture
def session(qtbot, tmp_path, monkeypatch) -> Iterator[Session]:
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    made = Session()
    made.start()
    yield made
    made.shutdown()


@pytest.fixture
def until(qtbot) -> Callable[[Callable[[], object]], None]:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT)


def test_from_a_folder_to_answers_by_file_name(session: Session, until, images: Path, tmp_path: Path) -> None:
    loading: list[object] = []
    session.images_loading.connect(loading.append)
    session.open_paths([str(images)])
    until(lambda: session.can_train)
    assert loading  # there was something to look at before all of it was there
    document = session.document
    assert document.profile is not None
    assert document.profile.images is not None
    assert document.prepared is not None
    assert document.prepared.row_shape == (12, 12, 1)
    assert "conv2d" in [spec.layer.kind for spec in document.project.network.layers]

    before = document.prepared
    session.change_data("vary", augmentation=Augmentation(flip="both", noise=0.05))
    assert document.prepared is before  # varying in training prepares nothing anew
    session.change_data("vary", augmentation=Augmentation(noise=0.05))
    document.edit_training("short", epochs=6)
    session.train()
    assert session.runs.task is not None
    assert session.runs.task.augmentation == Augmentation(noise=0.05)
    until(lambda: document.evaluation is not None)
    assert document.evaluation.metrics["accuracy"] > 0.9

    found: list[object] = []
    pair = [str(images / "left" / "3.png"), str(images / "plain" / "4.png")]
    session.predict(DataSource("file", "two", pair[0], also=(pair[1],)), found.append)
    until(lambda: found)
    assert [row[0] for row in found[0].inputs] == ["3.png", "4.png"]  # type: ignore[attr-defined]
    assert found[0].answer == ("left", "plain")  # type: ignore[attr-defined]

    assert session.save_as(str(tmp_path / "p.chainrule"))
    session.new_project()
    session.open_project(str(tmp_path / "p.chainrule"))
    until(lambda: session.document.evaluation is not None)
    assert session.document.project.data is not None
    assert session.document.project.data.augmentation == Augmentation(noise=0.05)


def test_several_files_become_one_source_or_are_refused(session: Session, until, images: Path, tmp_path: Path) -> None:
    told: list[object] = []
    session.notice.connect(told.append)
    tables = {tmp_path / "a.csv": "x,y\n1,2\n", tmp_path / "b.csv": "v\n1\n2\n"}
    for path, content in tables.items():
        path.write_text(content)
    session.open_paths([str(path) for path in tables])
    until(lambda: told)
    assert session.document.project.data is None
    session.open_paths([str(path) for path in sorted((images / "left").iterdir())[:4]])
    until(lambda: session.document.profile is not None)
    assert session.document.profile.rows == 4  # type: ignore[union-attr]
    assert session.document.profile.findings[0].severity == "error"  # type: ignore[union-attr]  # no labels
