"""Lets tests of every panel import the shared stand-ins (`from fakes import FakeSession`); tidies up after each."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def widgets_are_gone() -> Iterator[None]:
    """Without an event loop nobody carries out `deleteLater`: every test would make the following ones slower."""
    yield
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
