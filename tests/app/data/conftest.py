"""Lets the tests here import their tables, and gives each a session of its own."""

import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).parent))

from tables import DataSession


@pytest.fixture
def session(qtbot: QtBot) -> DataSession:
    return DataSession()
