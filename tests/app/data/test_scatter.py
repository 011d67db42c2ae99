"""The figures along a scatter plot."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot
from tables import DataSession, table

from app.data.scatter import MomentAxis, NumberAxis, ScatterCard
from core.spec import DataSource


def test_large_and_small_figures_are_written_as_everywhere_else(qtbot: QtBot) -> None:
    axis = NumberAxis("bottom")
    assert axis.tickStrings([0.0, 2e6, 1.2e10], 1.0, 1e6) == ["0", "2e6", "1.2e10"]
    assert axis.tickStrings([2e-6], 1.0, 1e-6) == ["2e-6"]
    assert axis.tickStrings([2007.0, 2008.0], 1.0, 1.0) == ["2007", "2008"]


def test_a_date_is_an_axis_and_told_under_the_mouse(qtbot: QtBot, session: DataSession) -> None:
    cells = {"when": ["2020-01-01", "2020-01-02", "2021-01-03"], "size": ["1.5", "2", "3"], "kind": ["a", "b", "a"]}
    profile = table("t.csv", cells, "kind", "classification", kinds={"when": "date"})
    when = replace(profile.columns[0], minimum=1577836800.0, maximum=1609632000.0)
    session.load(replace(profile, columns=(when, *profile.columns[1:])), DataSource("file", path="/data/t.csv"))
    card = ScatterCard(session)
    qtbot.addWidget(card)
    assert card.offers()
    card.show_table()
    assert (card._across.currentText(), card._up.currentText()) == ("size", "when")
    assert isinstance(card._plot.getAxis("left"), MomentAxis)
    assert isinstance(card._plot.getAxis("bottom"), NumberAxis)
    spots = card._plot.plotItem.items[0]
    last = spots.points()[1]
    told = spots.opts["tip"](last.pos().x(), last.pos().y(), last.data())
    assert told == "<p>a<br>size: 3<br>when: 2021-01-03</p>"
