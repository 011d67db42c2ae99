"""The figures along a scatter plot."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.data.scatter import NumberAxis


def test_large_and_small_figures_are_written_as_everywhere_else(qtbot: QtBot) -> None:
    axis = NumberAxis("bottom")
    assert axis.tickStrings([0.0, 2e6, 1.2e10], 1.0, 1e6) == ["0", "2e6", "1.2e10"]
    assert axis.tickStrings([2e-6], 1.0, 1e-6) == ["2e-6"]
    assert axis.tickStrings([2007.0, 2008.0], 1.0, 1.0) == ["2007", "2008"]
