"""Lets tests of every panel import the shared stand-ins (`from fakes import FakeSession`); tidies up after each."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def widgets_are_gone() -> Iterator[None]:
    """Without an event loop nobody carries out `deleteLater`: every test would make the following ones slower."""
    yield
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    from app.settings import Settings

    return Settings(tmp_path)


@pytest.fixture
def session(qapp: Any) -> Any:
    from fakes import FakeSession

    return FakeSession()


@pytest.fixture
def window(qapp: Any, qtbot: Any, session: Any, settings: Any) -> Any:
    """The whole window around panels that do nothing."""
    from fakes import Panel, leave_unasked

    from app import theme
    from app.panels import PANELS
    from app.window import Window

    theme.install(qapp, "light")
    made = Window(session, settings, panels=dict.fromkeys(PANELS, Panel))
    qtbot.addWidget(made, before_close_func=leave_unasked)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    return made
