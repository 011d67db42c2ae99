"""The shared pieces: number fields refuse, explain and forgive; long text is cut, never lost."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent

from app.number_combo import NumberCombo, NumberField, NumberRules
from app.widgets import ElidedLabel, Segmented, explain, label
from core.errors import UserInputError
from core.spec import TrainingConfig
from core.values import hypers


@pytest.fixture
def rate(qtbot):
    combo = NumberCombo(0.01, NumberRules.of(hypers(TrainingConfig)["learning_rate"]), suggestions=(0.001, 0.01, 0.1))
    qtbot.addWidget(combo)
    combo.show()
    return combo


def typed(qtbot, combo, text):
    line = combo.lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def test_a_typed_number_is_taken(qtbot, rate):
    with qtbot.waitSignal(rate.value_changed) as caught:
        typed(qtbot, rate, "3e-4")
    assert caught.args == [pytest.approx(3e-4)]
    assert rate.currentText() == "3e-4"


def test_the_list_opens_at_the_present_value(qtbot, rate):
    assert rate.currentData() == 0.01
    rate.set_value(0.1)
    assert rate.currentData() == 0.1
    rate.set_value(0.123)
    assert (rate.currentIndex(), rate.currentText()) == (-1, "0.123")


@pytest.mark.parametrize("text", ["-1", "0", "fast", "1e9", "nan", "inf", ""])
def test_an_illegal_number_is_refused_and_marked(qtbot, rate, text):
    changed, refused = [], []
    rate.value_changed.connect(changed.append)
    rate.refused.connect(refused.append)
    rate.lineEdit().selectAll()
    qtbot.keyClick(rate.lineEdit(), Qt.Key.Key_Delete)
    typed(qtbot, rate, text)
    assert not changed
    assert refused
    assert refused[0].endswith(("needed.", "possible.", "number."))
    assert rate.property("invalid") == "true"
    assert rate.value() == 0.01


def test_escape_brings_the_last_good_value_back(qtbot, rate):
    typed(qtbot, rate, "wrong")
    qtbot.keyClick(rate, Qt.Key.Key_Escape)
    assert rate.currentText() == "0.01"
    assert rate.property("invalid") == "false"


def test_words_stand_for_special_numbers():
    rules = NumberRules(minimum=0, whole=True, words={0: "full"})
    assert rules.value_of(" Full ") == 0
    assert rules.text_of(0) == "full"
    assert rules.value_of("1,024") == 1024
    with pytest.raises(UserInputError, match="whole number"):
        rules.value_of("1.5")


def test_an_adjusted_number_is_the_one_that_counts(qtbot):
    rules = NumberRules(whole=True, adjust=lambda v: (min(v, 20), "Only 20 rows." if v > 20 else ""))
    field = NumberField(10, rules)
    qtbot.addWidget(field)
    with qtbot.waitSignal(field.value_changed) as caught:
        field.selectAll()
        qtbot.keyClicks(field, "64")
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert caught.args == [20.0]
    assert field.text() == "20"


def test_a_long_text_is_cut_and_kept_in_the_tooltip(qtbot):
    name = "a very long name of a file " * 8
    shown = ElidedLabel(name)
    qtbot.addWidget(shown)
    shown.resize(120, 20)
    shown.show()
    assert shown.text().endswith("…")
    assert " ".join(shown.toolTip().split()) == name.strip()
    shown.resize(4000, 20)
    assert shown.text() == name
    assert shown.toolTip() == ""


def test_labels_never_read_html(qtbot):
    made = label("<b>column</b>")
    qtbot.addWidget(made)
    assert made.textFormat() == Qt.TextFormat.PlainText


def test_a_disabled_control_says_why(qtbot):
    made = label("x")
    qtbot.addWidget(made)
    explain(made, enabled=False, tip="Start training.", why_not="Choose data first.")
    assert not made.isEnabled()
    assert "Choose data first." in made.toolTip()
    explain(made, enabled=True, tip="Start training.", why_not="")
    assert made.toolTip() == "Start training."


def test_a_segment_tells_what_the_person_chose(qtbot):
    stages = Segmented((("a", "A", ""), ("b", "B", "")))
    qtbot.addWidget(stages)
    with qtbot.waitSignal(stages.chosen) as caught:
        stages.part("b").click()
    assert caught.args == ["b"]
    assert stages.value() == "b"


def test_a_first_click_offers_the_whole_number(qtbot, rate):
    line = rate.lineEdit()
    rate.setFocus()
    for entered in range(2):
        line.deselect()
        qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
        assert line.hasSelectedText() == (entered == 0), "a second click places the cursor"
    rate.focusOutEvent(QFocusEvent(QEvent.Type.FocusOut))
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    assert line.selectedText() == "0.01"


def test_escape_is_left_to_others_where_there_is_nothing_to_take_back(qtbot, rate):
    pressed = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    rate.field.keyPressEvent(pressed)
    assert not pressed.isAccepted()
    typed(qtbot, rate, "wrong")
    again = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    rate.field.keyPressEvent(again)
    assert again.isAccepted()


def test_a_picked_number_that_is_adjusted_to_the_present_one_shows_it(qtbot):
    rules = NumberRules(whole=True, adjust=lambda v: (min(v, 20), "Only 20 rows." if v > 20 else ""))
    combo = NumberCombo(20, rules, suggestions=(8, 64))
    qtbot.addWidget(combo)
    changed = []
    combo.value_changed.connect(changed.append)
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert (combo.currentText(), combo.currentIndex(), changed) == ("20", -1, [])
