"""The form for one row: dates, texts and labels, typed, chosen or missing; and rows told back from their values."""

import numpy as np
import pytest
from PySide6.QtCore import QDate
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.evaluation.inputs import decoded
from app.evaluation.predict_page import _keys
from app.evaluation.row_form import MOST_FIELDS, CategoryCell, Cell, DateCell, NumberCell, RowForm, TextCell
from core.data import dates
from core.data.preprocess import (
    CategoryFeature,
    ClassTarget,
    DateFeature,
    Feature,
    NumberFeature,
    Preparation,
    TextFeature,
)
from core.data.schema import ColumnProfile, Part, TableProfile
from core.evaluation.result import Predictions

NOON = 1_715_947_200.0  # 2024-05-17 12:00
ARRIVAL = DateFeature("arrival", ("time", "day"), NOON, NOON, 1e6, ("%d.%m.%Y",))
CITY = CategoryFeature("city", tuple(f"town {i}" for i in range(60)), "town 7", other=True)


def preparation(*features: Feature) -> Preparation:
    return Preparation(features, ClassTarget("t", ("a", "b")))


def field(qtbot: QtBot, feature: Feature, column: ColumnProfile | None = None) -> tuple[RowForm, Cell]:
    profile = TableProfile("t.csv", 9, (column,), "t", "classification") if column is not None else None
    form = RowForm(preparation(feature), profile)
    qtbot.addWidget(form)
    return form, form.fields[feature.name]


def test_a_date_is_typed_as_the_data_write_it(qtbot: QtBot) -> None:
    form, cell = field(qtbot, ARRIVAL)
    assert isinstance(cell, DateCell)
    assert cell.cell() == "2024-05-17 12:00"
    cell.line.setText("31.12.2023")
    assert cell.value() == dates.moment("2023-12-31")
    cell.line.setText("31.31.2023")
    cell._typed("")
    assert cell.line.property("invalid") == "true"
    assert form.cells() is None


def test_a_date_goes_a_day_further_and_is_slid_to(qtbot: QtBot) -> None:
    low, high = NOON - 40 * dates.DAY, NOON + 40 * dates.DAY
    _, cell = field(qtbot, ARRIVAL, ColumnProfile("arrival", "date", minimum=low, maximum=high))
    assert isinstance(cell, DateCell)
    cell.line.stepped.emit(-1)
    assert cell.cell() == "2024-05-16 12:00"
    cell.slider.setValue(cell.slider.maximum())
    assert cell.value() == high


def test_a_date_without_a_time_of_day_is_a_day(qtbot: QtBot) -> None:
    low, high = NOON - 40 * dates.DAY, NOON + 40 * dates.DAY
    day = DateFeature("day", ("time", "week"), NOON + 20_000, NOON, 1e6)
    _, cell = field(qtbot, day, ColumnProfile("day", "date", minimum=low, maximum=high))
    assert cell.cell() == "2024-05-17"  # 17:33 is still that day


def test_the_calendar_keeps_the_time_of_day(qtbot: QtBot) -> None:
    _, cell = field(qtbot, ARRIVAL)
    assert isinstance(cell, DateCell)
    cell._take(QDate(2024, 2, 29), QMenu(cell))
    assert cell.cell() == "2024-02-29 12:00"


def test_each_cell_can_be_missing_and_come_back(qtbot: QtBot) -> None:
    features = (ARRIVAL, CITY, TextFeature("note", 8), NumberFeature("n", 3.0, 3.0, 1.0))
    form = RowForm(preparation(*features))
    qtbot.addWidget(form)
    assert form.cells() == {"arrival": "2024-05-17 12:00", "city": "town 7", "note": "", "n": "3.0"}
    for head in form._heads:
        if not head.missing.isChecked():  # an empty text is
            head.missing.click()
    assert form.cells() == dict.fromkeys(("arrival", "city", "note", "n"), "")
    for head in form._heads:
        head.missing.click()
    assert form.cells() == {"arrival": "2024-05-17 12:00", "city": "town 7", "note": "", "n": "3.0"}


def test_among_many_labels_one_is_typed_and_may_be_new(qtbot: QtBot) -> None:
    _, cell = field(qtbot, CITY)
    assert isinstance(cell, CategoryCell)
    assert cell.isEditable()
    cell.setEditText("Atlantis")
    assert cell.cell() == "Atlantis"
    cell.setEditText("town 12")
    assert cell.cell() == "town 12"
    cell.setCurrentIndex(cell.findText("another label"))
    assert cell.cell() not in CITY.categories


def test_missing_as_a_category_of_its_own_is_listed_once(qtbot: QtBot) -> None:
    _, cell = field(qtbot, CategoryFeature("c", ("", "x", "y"), ""))
    assert isinstance(cell, CategoryCell)
    assert [cell.itemData(i) for i in range(cell.count())] == ["x", "y", "another", ""]
    assert cell.cell() == "x"


def test_a_text_is_one_line_for_the_network(qtbot: QtBot) -> None:
    form, cell = field(qtbot, TextFeature("note", 8))
    assert isinstance(cell, TextCell)
    with qtbot.waitSignal(form.changed) as asked:
        cell.setPlainText("two\nlines")
    assert asked.args == [{"note": "two lines"}]


def test_the_slider_of_a_logarithm_goes_by_powers_of_ten(qtbot: QtBot) -> None:
    income = NumberFeature("income", 99.0, 4.0, 1.0, log=True)
    _, cell = field(qtbot, income, ColumnProfile("income", "number", minimum=0.0, maximum=9999.0, mean=900.0))
    assert isinstance(cell, NumberCell)
    assert cell.value() == 99.0
    cell.slider.setValue(cell.slider.maximum() // 2)
    assert cell.value() == pytest.approx(99.0, rel=0.02)  # half way from 1 to 10,000 on a logarithmic scale


def test_a_number_that_enters_as_it_is_begins_at_its_mean(qtbot: QtBot) -> None:
    plain = NumberFeature("n", 0.0, 0.0, 1.0)
    column = ColumnProfile("n", "number", minimum=900.0, maximum=1100.0, mean=1000.0, standard_deviation=50.0)
    _, cell = field(qtbot, plain, column)
    assert isinstance(cell, NumberCell)
    assert cell.value() == 1000.0
    cell.line.stepped.emit(1)
    assert cell.value() == 1005.0


def test_a_number_between_0_and_1_begins_with_a_usual_value_without_the_data(qtbot: QtBot) -> None:
    scaled = NumberFeature("n", 40.0, 10.0, 90.0)  # min-max: 10 is the least, 100 the greatest value
    _, cell = field(qtbot, scaled)
    assert isinstance(cell, NumberCell)
    assert cell.value() == 40.0
    assert "Enters as (x − 10) / 90" in cell.line.toolTip()


def test_rows_are_told_back_from_their_values() -> None:
    features = (
        NumberFeature("n", 0.0, 10.0, 2.0, indicator=True),
        CategoryFeature("hot", ("", "x", "y"), "", other=True),
        CategoryFeature("code", ("x", "y"), "x", embedded=True),
        DateFeature("d", ("time", "week"), 0.0, NOON, 1e7),
        DateFeature("cycle", ("week",), 0.0, 0.0, 1.0),
        TextFeature("t", 2),
        CategoryFeature("last", ("p", "q"), "p", indicator=True),
    )
    first = [1.0, 0.0, 0, 1, 0, 0, 2, 0.0, 0.3, 0.4, 0.1, 0.2, 1, 0, 0, 1, 0]
    second = [0.0, 1.0, 1, 0, 0, 0, 0, 0.864, 0.3, 0.4, 0.1, 0.2, 0, 1, 1, 0, 1]
    x = np.array([first, second, [0.0] * 5 + [1.0] + [0.0] * 11], np.float32)
    told = decoded(preparation(*features), Part(x, np.zeros(3), np.arange(3)), (0, 1, 2))
    assert told == {
        "n": ["12", "missing", "10"],
        "hot": ["x", "missing", "other"],
        "code": ["y", "other", "other"],
        "d": ["2024-05-17", "2024-08-25", "2024-05-17"],
        "last": ["q", "missing", "other"],
    }


def test_dates_are_sorted_by_time_and_missing_ones_come_last() -> None:
    cells = (("03.01.2024",), (None,), ("02.02.2023",), ("2022-01-01",))
    found = Predictions("t", "classification", ("a",) * 4, inputs=cells, input_names=("d",))
    assert np.argsort(_keys(found, 0, ("%d.%m.%Y",))).tolist() == [3, 2, 0, 1]


def test_of_very_many_columns_some_have_fields_and_the_others_what_stands_in(qtbot: QtBot) -> None:
    form = RowForm(preparation(*(NumberFeature(f"x{i}", 4.0, 5.0, 1.0) for i in range(250))))
    qtbot.addWidget(form)
    assert len(form.fields) == MOST_FIELDS
    first = form.fields["x0"]
    assert isinstance(first, NumberCell)
    first.set_value(5.0)
    cells = form.cells()
    assert cells is not None
    assert (len(cells), cells["x0"], cells["x249"]) == (250, "5.0", "4.0")
    assert form.more.text() == "100 more of 150 columns"
    with qtbot.waitSignal(form.changed) as asked:
        form.more.click()
    form.more.click()
    assert "x199" in form.fields
    assert asked.args[0]["x199"] == "4.0"
    assert form.more.isHidden()
    assert list(form.fields)[-1] == "x249"
