"""What the data panels say, and what their clicks change."""

from dataclasses import replace

import pytest
from tables import penguins, spirals, ugly

from app.data import facts
from core.spec import DataSource, DataSpec

SPEC = DataSpec(DataSource("file", path="/data/p.csv"), excluded=("year",), kinds={"sex": "category"})


def test_a_table_in_one_line() -> None:
    assert facts.table_facts(penguins()) == "344 rows · 8 columns · comma · UTF-8 · 15 cells missing"
    assert facts.short_facts(spirals()) == "400 rows · 3 columns · no missing values"


def test_a_generated_table_has_neither_delimiter_nor_encoding() -> None:
    assert facts.table_facts(penguins(), file=False) == "344 rows · 8 columns · 15 cells missing"
    assert facts.table_facts(spirals()) == "400 rows · 3 columns · no missing values"


def test_gaps_come_before_the_span_but_classes_before_gaps() -> None:
    table = penguins()
    assert facts.column_range(table, table.column("sex")) == "11 missing"
    assert facts.column_range(table, table.column("species")) == "3 classes"
    gaps = replace(table, columns=(replace(table.columns[0], missing=4), *table.columns[1:]))
    assert facts.column_range(gaps, gaps.column("species")) == "3 classes"
    assert facts.column_range(table, table.column("year")) == "2007 – 2009"


@pytest.mark.parametrize(
    ("value", "text"), [(2700.0, "2700"), (0.14713, "0.147"), (-59.6, "-59.6"), (1234.5, "1,234"), (1e300, "1e300")]
)
def test_figures_under_a_column_stay_short(value: float, text: str) -> None:
    assert facts.compact(value) == text


def test_the_part_of_a_column() -> None:
    table = ugly()
    spec = DataSpec(DataSource("file"), excluded=("שם הלקוח",))
    parts = {c.name: facts.role(spec, table, c) for c in table.columns}
    assert parts["A & B"] == "target"
    assert parts["שם הלקוח"] == "excluded"
    assert parts["nothing"] == parts["line\nbreak"] == "left out"
    assert facts.part_word(parts["שם הלקוח"]) == "left out"
    assert "never sees it" in facts.column_help(table, table.column("שם הלקוח"), parts["שם הלקוח"])
    assert parts["<b>bold</b><img src=x>"] == "feature"


def test_a_name_is_shown_on_one_line_and_is_never_empty() -> None:
    assert facts.shown("line\nbreak\t2") == "line break 2"
    assert facts.shown(" ") == "(blank)"


def test_a_new_target_is_no_longer_left_out_and_its_task_is_guessed_anew() -> None:
    assert facts.make_target(SPEC, "year").changes == {"target": "year", "task": "auto", "excluded": ()}


def test_leaving_out_twice_is_leaving_out_once() -> None:
    assert facts.exclude(SPEC, "year").changes == {"excluded": ("year",)}
    assert facts.exclude(SPEC, "sex").changes == {"excluded": ("year", "sex")}
    assert facts.include(SPEC, "year").changes == {"excluded": ()}


def test_reading_as_another_kind_and_back_keeps_the_others() -> None:
    changed = facts.read_as(SPEC, "year", kind="category").changes["kinds"]
    assert changed == {"sex": "category", "year": "category"}
    assert facts.read_as(SPEC, "sex", kind="").changes == {"kinds": {}}


def test_a_repair_that_is_unknown_has_no_click() -> None:
    assert facts.repair(SPEC, "sex", "paint") is None
    repair = facts.repair(SPEC, "sex", "number")
    assert repair is not None
    assert repair.changes == {"kinds": {"sex": "number"}}


def test_the_help_of_a_column_tells_kind_reason_and_gaps() -> None:
    table = penguins()
    text = facts.column_help(table, table.column("sex"), "feature")
    assert "one-hot" in text
    assert "11 cells missing" in text
