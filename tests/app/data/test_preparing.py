"""How columns are prepared: the card beside the table, what its choices change, and what it says comes of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot
from tables import DataSession, column, digits, penguins

from app import dates
from app.data import facts, preparing
from app.data.column_menu import column_menu
from app.data.input_list import described, sampled
from app.data.page import DataPage
from app.data.prepare_card import PrepareCard
from app.data.summary import DataSummary
from core.data import store
from core.data.choices import ColumnChoice
from core.data.preprocess import (
    CategoryFeature,
    ClassTarget,
    DateFeature,
    Feature,
    NumberFeature,
    Preparation,
    TextFeature,
)
from core.data.schema import ColumnProfile, Finding, Prepared, TableProfile
from core.spec import DataSource, DataSpec

SPEC = DataSpec(DataSource("file"), columns={"": ColumnChoice(scaling="robust"), "own": ColumnChoice(indicator=True)})
BILL = NumberFeature("bill_depth_mm", 17.0, 17.0, 2.0, indicator=True)
SEX = CategoryFeature("sex", ("female", "male"), "male")


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()


def prepared(*features: Feature) -> Prepared:
    names = tuple(name for feature in features for name in feature.input_names())
    made = Preparation(features, ClassTarget("species", ("Adelie", "Gentoo")))
    rows = {"train": 3, "validation": 0, "test": 0}
    return Prepared("", "f", "classification", "species", names, (len(names),), 2, ("Adelie", "Gentoo"), rows, made)


@pytest.fixture
def page(qtbot: QtBot, session: DataSession) -> DataPage:
    made = DataPage(session)
    qtbot.addWidget(made)
    made.resize(1016, 684)
    made.show()
    session.load(penguins())
    session.document.set_prepared(prepared(BILL, SEX))
    settle()
    return made


@pytest.fixture
def card(page: DataPage) -> PrepareCard:
    page._want_preparing(True)
    return page.preparing


def shown(card: PrepareCard) -> set[str]:
    return {name for name, field in card.form.fields.items() if not field.isHidden()}


def data(session: DataSession) -> DataSpec:
    found = session.document.project.data
    assert found is not None
    return found


# --- edits


def test_a_choice_begins_with_that_for_all_columns() -> None:
    changed = preparing.choose(SPEC, ("new",), missing="mean").changes["columns"]
    assert changed["new"] == ColumnChoice(missing="mean", scaling="robust")
    assert changed["own"] == ColumnChoice(indicator=True)


def test_a_choice_that_all_columns_share_is_none_of_its_own() -> None:
    changed = preparing.choose(SPEC, ("own",), indicator=False, scaling="robust").changes["columns"]
    assert changed == {"": ColumnChoice(scaling="robust")}


def test_a_column_may_be_usual_where_all_others_are_not() -> None:
    spec = replace(SPEC, **preparing.choose(SPEC, ("x",), scaling="").changes)
    assert spec.choice("x") == ColumnChoice()
    assert spec.choice("y") == ColumnChoice(scaling="robust")


def test_the_usual_choice_for_all_columns_is_not_kept() -> None:
    assert preparing.choose(SPEC, ("",), scaling="").changes["columns"] == {"own": ColumnChoice(indicator=True)}


def test_a_text_that_was_left_out_is_used_as_words() -> None:
    text = column("review", ["one two three", "four five six"], "text")
    edit = preparing.use_as(replace(SPEC, excluded=("review",)), [text], "feature")
    assert edit is not None
    assert edit.changes == {"excluded": (), "kinds": {"review": "text"}}


def test_of_a_constant_nothing_can_be_learned() -> None:
    assert preparing.use_as(SPEC, [ColumnProfile("c", "constant", usable=False)], "feature") is None


# --- words


@pytest.mark.parametrize(
    ("feature", "choice", "words"),
    [
        (NumberFeature("x", 0, 0, 1), ColumnChoice(), "1 number → 1 input: its value, scaled to mean 0 and spread 1."),
        (
            NumberFeature("x", 0, 0, 1, log=True, indicator=True),
            ColumnChoice(scaling="robust"),
            "1 number → 2 inputs: its logarithm, scaled by median and quartiles, and whether it is missing.",
        ),
        (
            CategoryFeature("c", ("", "a", "b"), "", other=True),
            ColumnChoice(),
            "2 labels → 4 inputs, one-hot: one for each label, one for missing cells, one for rare and unknown ones.",
        ),
        (
            CategoryFeature("c", ("a", "b"), "a", embedded=True),
            ColumnChoice(),
            "2 labels → 1 input: a code, for which the layer Embed columns learns numbers.",
        ),
        (
            DateFeature("d", ("time", "year", "week"), 0.0, 0.0, 1.0),
            ColumnChoice(),
            "1 date → 5 inputs: the scaled time, and sine and cosine of time of year and day of week.",
        ),
        (TextFeature("t", 128), ColumnChoice(), None),
    ],
)
def test_what_comes_of_a_column_in_words(feature: Feature, choice: ColumnChoice, words: str | None) -> None:
    found = preparing.sentence(feature, choice)
    assert found == words if words is not None else "128 inputs" in found


def test_an_indicator_without_gaps_says_why_it_is_not_there() -> None:
    whole, told = ColumnProfile("n", "number"), ColumnChoice(indicator=True)
    assert preparing.gaps(whole, NumberFeature("n", 0, 0, 1), told).startswith("No training row misses it")
    assert preparing.gaps(whole, NumberFeature("n", 0, 0, 1), ColumnChoice()) == ""
    said = preparing.gaps(replace(whole, missing=3), NumberFeature("n", 5, 0, 1, indicator=True), told)
    assert said.startswith("A missing cell becomes 5")


def test_the_place_of_a_column_among_the_inputs() -> None:
    assert preparing.features_of(prepared(BILL, SEX)) == {"bill_depth_mm": (BILL, 0), "sex": (SEX, 2)}
    assert preparing.features_of(None) == {}


def test_inputs_are_pictured_from_the_training_rows(tmp_path: Path) -> None:
    x = np.array([[-1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, np.nan]], np.float32)
    features = tuple(NumberFeature(name, 0, 0, 1) for name in "nso")
    number, share, odd = (described(feature, x, i)[0] for i, feature in enumerate(features))
    assert (number.told, sum(number.heights)) == ("−1 … 1", 3)
    assert (share.told, share.share) == ("33% are 1", pytest.approx(1 / 3))
    assert odd.share == 1.0
    assert described(features[0], x, 3)[0].heights == ()
    assert described(features[0], x * 0.5, 0)[0].told == "−0.5 … 0.5"


def test_of_words_the_busiest_buckets_are_pictured() -> None:
    x = np.zeros((4, 20), np.float32)
    x[:3, 7], x[0, 12] = 0.5, 1.0
    first, second, *rest = described(TextFeature("note", 20), x, 0)
    assert (first.name, first.told, second.name) == ("note words 7", "75% of rows", "note words 12")
    assert len(rest) == 6


def test_arrays_that_were_swept_away_are_none() -> None:
    assert sampled(replace(prepared(BILL), folder=str(store.room() / "no such entry"))) is None
    assert sampled(None) is None


# --- the card


def test_a_click_in_the_list_shows_the_column(qtbot: QtBot, session: DataSession, page: DataPage) -> None:
    summary = DataSummary(session)
    qtbot.addWidget(summary)
    summary.show()
    settle()
    row = [summary.columns.model().index(i, 0).data() for i in range(8)].index("sex")
    at = summary.columns.visualRect(summary.columns.model().index(row, 0)).center()
    qtbot.mouseClick(summary.columns.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert not page.preparing.isHidden()
    assert page.preparing.names == ("sex",)
    assert "encoding" in shown(page.preparing)


def test_each_kind_has_its_choices(page: DataPage, card: PrepareCard) -> None:
    card.show_columns(("bill_depth_mm",))
    assert shown(card) == {"kind", "missing", "indicator", "scaling", "log"}
    card.show_columns(("sex",))
    assert shown(card) == {"kind", "missing", "indicator", "encoding", "rare"}
    card.show_columns(("sex", "bill_depth_mm"))
    assert shown(card) == {"kind", "indicator"}
    card.show_columns(("species",))  # the target
    assert shown(card) == {"kind"}


def test_a_choice_is_one_step_that_undo_takes_back(session: DataSession, card: PrepareCard) -> None:
    card.show_columns(("bill_depth_mm",))
    card.form.fields["scaling"].chosen.emit("min-max")
    assert data(session).columns == {"bill_depth_mm": ColumnChoice(scaling="min-max")}
    assert session.document.undo_stack.undoText() == "Prepare bill_depth_mm"
    card.form.fields["rare"].value_changed.emit(5)
    session.document.undo_stack.undo()
    session.document.undo_stack.undo()
    assert data(session).columns == {}


def test_several_columns_are_changed_together(session: DataSession, card: PrepareCard) -> None:
    session.change_data("x", columns={"bill_depth_mm": ColumnChoice(scaling="robust")})
    card.show_columns(("bill_depth_mm", "body_mass_g"))
    assert card.form.fields["scaling"].currentIndex() == -1  # they differ
    card.form.fields["indicator"].chosen.emit(True)
    assert data(session).columns == {
        "bill_depth_mm": ColumnChoice(scaling="robust", indicator=True),
        "body_mass_g": ColumnChoice(indicator=True),
    }


def test_all_columns_and_back_to_what_holds_for_all(session: DataSession, card: PrepareCard) -> None:
    card.show_columns(())
    assert card.scope.value() == "all"
    card.form.fields["indicator"].chosen.emit(True)
    assert data(session).columns == {"": ColumnChoice(indicator=True)}
    card.show_columns(("sex",))
    assert card.as_all.isHidden()
    card.form.fields["missing"].chosen.emit("own")
    settle()
    assert not card.as_all.isHidden()
    card.as_all.click()
    assert data(session).columns == {"": ColumnChoice(indicator=True)}


def test_the_target_stays_the_target(card: PrepareCard) -> None:
    card.show_columns(("species",))
    assert card.use.value() == "target"
    assert not card.use.part("excluded").isEnabled()
    assert "Choose another target first" in card.use.part("excluded").toolTip()


def test_a_column_is_left_out_and_used_again(session: DataSession, card: PrepareCard) -> None:
    card.show_columns(("sex", "island"))
    card.use.part("excluded").click()
    assert data(session).excluded == ("island", "sex")
    settle()
    assert card.use.value() == "excluded"
    card.use.part("feature").click()
    assert data(session).excluded == ()


def test_a_part_of_a_date_stays_ticked_where_it_is_the_last(session: DataSession, card: PrepareCard) -> None:
    card.show_columns(())
    ticks = card.form.fields["parts"]
    ticks.show_parts({("year",)})
    ticks.ticks["year"].click()
    assert ticks.ticks["year"].isChecked()
    ticks.ticks["time"].click()
    assert [c for c in session.calls if c[0] == "change_data"][-1][2]["columns"][""].parts == ("time", "year")


def test_all_columns_show_what_enters_of_each_date(session: DataSession, card: PrepareCard) -> None:
    born, seen = DateFeature("born", ("time",), 0.0, 0.0, 1.0), DateFeature("seen", ("time", "week"), 0.0, 0.0, 1.0)
    session.document.set_prepared(prepared(born, seen))
    card.show_columns(())
    ticks = card.form.fields["parts"].ticks
    assert ticks["time"].checkState() == Qt.CheckState.Checked
    assert ticks["week"].checkState() == Qt.CheckState.PartiallyChecked
    assert ticks["year"].checkState() == Qt.CheckState.Unchecked
    ticks["year"].click()  # what only some had stays
    made = [c for c in session.calls if c[0] == "change_data"][-1][2]["columns"][""]
    assert made.parts == ("time", "year", "week")


def test_what_the_network_gets_is_told(card: PrepareCard) -> None:
    card.show_columns(("bill_depth_mm",))
    assert card.result.text().startswith("1 number → 2 inputs")
    assert card.gaps.text() == "A missing cell becomes 17, the median of the training rows."
    assert [each.name for each in card.inputs.inputs] == ["bill_depth_mm", "bill_depth_mm is missing"]
    card.show_columns(("bill_depth_mm", "sex"))
    assert card.result.text() == "2 columns → 4 inputs."


def test_the_card_takes_the_place_of_the_scatter_plot(qtbot: QtBot, session: DataSession, page: DataPage) -> None:
    page._want_scatter(True)
    assert not page.scatter.isHidden()
    session.columns_requested.emit(("sex",))
    assert page.scatter.isHidden()
    qtbot.keyClick(page.preparing.form.fields["kind"], Qt.Key.Key_Escape)
    assert not page.scatter.isHidden()
    assert page.preparing.isHidden()


def test_many_columns_are_chosen_at_once(qtbot: QtBot, session: DataSession) -> None:
    summary = DataSummary(session)
    qtbot.addWidget(summary)
    summary.show()
    session.load(digits())
    settle()
    summary.columns.selectAll()
    with qtbot.waitSignal(session.columns_requested) as asked:
        qtbot.keyClick(summary.columns, Qt.Key.Key_Return)
    assert len(asked.args[0]) == 65
    session.change_data("Leave out pixel_0_0", excluded=("pixel_0_0",))
    settle()
    assert len(summary.columns.chosen()) == 65  # a new table keeps the selection


def test_a_finding_leads_to_how_its_column_is_prepared(session: DataSession, page: DataPage) -> None:
    told = Finding("info", "“sex” misses 11 cells.", "sex", "exclude", "Exclude it")
    session.document.set_profile(replace(penguins(), findings=(told,)))
    settle()
    (link,) = (b for b in page.findings.findChildren(QPushButton) if b.text() == "Prepare…")
    link.click()
    assert page.preparing.names == ("sex",)
    assert not page.preparing.isHidden()


def test_labels_are_embedded_in_one_click() -> None:
    edit = facts.repair(SPEC, "town", "embedding")
    assert edit is not None
    assert edit.changes["columns"]["town"] == ColumnChoice(scaling="robust", encoding="embedding")


@pytest.mark.parametrize(
    ("days", "ends"),
    [
        (0.5, ("06:00", "18:00")),
        (20, ("1 Jan", "21 Jan")),
        (200, ("Jan 1970", "Jul 1970")),
        (4000, ("1970", "1980")),
    ],
)
def test_a_span_of_time_is_as_short_as_it_tells(days: float, ends: tuple[str, str]) -> None:
    first = 6 * 3600.0
    assert dates.span(first, first + days * 86400) == ends
    profile = ColumnProfile("d", "date", minimum=first, maximum=first + days * 86400)
    assert facts.column_range(session_profile(profile), profile) == " – ".join(ends)
    assert facts.ends(profile)[0] == "1970-01-01 06:00"


def session_profile(column: ColumnProfile) -> TableProfile:
    return TableProfile("t.csv", 9, (column,), "other", "classification")


def test_kinds_that_no_cell_supports_cannot_be_chosen(session: DataSession, card: PrepareCard) -> None:
    profile, spec = penguins(), data(session)
    sex, mass = profile.column("sex"), profile.column("body_mass_g")
    assert preparing.cannot_read(profile, spec, sex, "number") == "None of the first cells is a number."
    assert preparing.cannot_read(profile, spec, mass, "date") == "None of the first cells is a date."
    assert preparing.cannot_read(profile, spec, mass, "category") == ""
    empty = replace(profile, preview=())
    assert preparing.cannot_read(empty, spec, sex, "number") == ""  # nothing is known of its cells
    card.show_columns(("sex",))
    box = card.form.fields["kind"]
    able = {box.itemData(row): box.model().item(row).isEnabled() for row in range(box.count())}
    assert able == {"": True, "number": False, "category": True, "date": False, "text": True}
    menu = column_menu(session, "sex", card)
    assert menu is not None
    actions = {action.text(): action for action in menu.actions()}
    assert not actions["Read as number"].isEnabled()
    assert actions["Read as text"].isEnabled()


def test_columns_prepared_by_hand_are_marked(qtbot: QtBot, session: DataSession) -> None:
    summary = DataSummary(session)
    qtbot.addWidget(summary)
    summary.resize(264, 700)
    summary.show()
    session.load(penguins())
    settle()
    model, plain = summary.columns.model(), summary.columns.grab().toImage()
    row = [model.index(i, 0).data() for i in range(model.rowCount())].index("island")
    assert "as you chose" not in model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
    session.change_data("x", columns={"island": ColumnChoice(rare=5)})
    settle()
    assert "as you chose" in model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert summary.columns.grab().toImage() != plain
