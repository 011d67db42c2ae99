"""The inspector follows selection and document; every field edits in undoable steps."""

import re

import numpy as np
import pytest
from fakes import snapshot
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.document import Trained
from app.inspector.fields import BoolField, ChoiceField, FloatField, IntField, ShapeField
from app.inspector.layer_page import formulas
from app.inspector.panel import Inspector
from core import edits, values
from core.layers import layer_types
from core.layers.activation import Activation
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.spec import NetworkSpec
from core.training.snapshot import History


@pytest.fixture
def panel(qtbot, session):
    made = Inspector(session)
    qtbot.addWidget(made)
    made.resize(288, 760)
    made.show()
    return made


def units(panel) -> IntField:
    return panel.layer.form.fields["units"]


def layer(document, id):
    return document.project.network.layer(id).layer


class TestFields:
    @pytest.mark.parametrize("kind", layer_types())
    def test_every_layer_gets_a_field_for_every_hyper_parameter(self, panel, document, kind):
        network = edits.append(NetworkSpec(), layer_types()[kind]())
        document.edit_network(lambda _: network, "one layer")
        document.select("l0")
        fields = panel.layer.form.fields
        hypers = values.hypers(layer_types()[kind])
        assert list(fields) == list(hypers)
        kinds = {"int": IntField, "float": FloatField, "choice": ChoiceField, "bool": BoolField, "shape": ShapeField}
        for name, hyper in hypers.items():
            assert isinstance(fields[name], kinds[hyper.kind])
            assert hyper.help.split()[0] in fields[name].editor.toolTip()
            assert fields[name].editor.accessibleName() == hyper.label

    def test_a_number(self, panel, document):
        document.select("l1")
        units(panel).spin.setValue(16)
        assert layer(document, "l1").units == 16
        document.undo_stack.undo()
        assert units(panel).spin.value() == 8
        document.undo_stack.redo()
        assert units(panel).spin.value() == 16

    def test_turning_a_number_is_one_step_until_it_is_left(self, panel, document):
        document.select("l1")
        for value in (9, 10, 11):
            units(panel).spin.setValue(value)
        assert document.undo_stack.count() == 1
        units(panel).spin.entered.emit()
        units(panel).spin.setValue(12)
        assert document.undo_stack.count() == 2
        document.undo_stack.undo()
        assert layer(document, "l1").units == 11

    def test_a_choice_and_a_tick(self, panel, document):
        document.select("l1")
        combo = panel.layer.form.fields["activation"].combo
        combo.setCurrentIndex(combo.findData("relu"))
        combo.activated.emit(combo.currentIndex())
        panel.layer.form.fields["use_bias"].box.click()
        assert layer(document, "l1") == Dense(units=8, activation="relu", use_bias=False)
        assert document.undo_stack.count() == 2

    def test_an_inherited_value_shows_what_stands_in_and_comes_back_when_cleared(self, panel, document):
        document.edit_training("l2", l2=1e-4)
        document.select("l1")
        combo = panel.layer.form.fields["l2"].combo
        assert combo.currentText() == "inherit 1e-4"
        for text, expected in (("0.01", 0.01), ("", None)):
            combo.lineEdit().setText(text)
            QTest.keyClick(combo.lineEdit(), Qt.Key.Key_Return)
            assert layer(document, "l1").l2 == expected
        assert combo.currentText() == "inherit 1e-4"

    def test_the_output_layer_inherits_no_dropout(self, panel, document):
        document.edit_training("dropout", dropout=0.3)
        document.select("l3")
        assert panel.layer.form.fields["dropout"].combo.currentText() == "inherit none"
        document.select("l1")
        assert panel.layer.form.fields["dropout"].combo.currentText() == "inherit 0.3"

    def test_an_illegal_number_is_marked_and_changes_nothing(self, panel, document):
        document.select("l1")
        combo = panel.layer.form.fields["dropout"].combo
        combo.lineEdit().setText("2")
        QTest.keyClick(combo.lineEdit(), Qt.Key.Key_Return)
        assert combo.property("invalid") == "true"
        assert document.undo_stack.count() == 0

    def test_the_wheel_turns_nothing_that_is_only_passed(self, panel, document):
        document.select("l1")
        at = QPointF(5, 5)
        event = QWheelEvent(
            at, at, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        units(panel).spin.clearFocus()
        units(panel).spin.wheelEvent(event)
        assert layer(document, "l1").units == 8


class TestSeveral:
    def test_common_fields_edit_all_in_one_step(self, panel, document):
        document.edit_network(lambda n: edits.set_hypers(n, "l1", units=4), "narrow")
        document.select("l1", "l2")
        assert units(panel).spin.text() == "mixed"
        units(panel).spin.setValue(32)
        assert (layer(document, "l1").units, layer(document, "l2").units) == (32, 32)
        document.undo_stack.undo()
        assert (layer(document, "l1").units, layer(document, "l2").units) == (4, 8)

    def test_only_what_all_share_is_shown(self, panel, document):
        document.edit_network(lambda n: edits.append(n, Dropout()), "drop")
        document.select("l1", "l4")
        assert panel.layer.form.fields == {}
        assert "2 layers" in panel.layer.kind.label.text()

    def test_fields_stay_the_same_objects_while_values_change(self, panel, document):
        document.select("l1")
        before = units(panel)
        document.edit_network(lambda n: edits.set_hypers(n, "l1", units=5), "narrow")
        document.select("l2")
        assert units(panel) is before


class TestPage:
    def test_name_parameters_and_cost(self, panel, document):
        document.select("l1")
        assert panel.layer.name.text() == "hidden 1"
        assert panel.layer.count.text() == "24 params"
        assert "16 multiply-adds a row" in panel.layer.cost_text.text()
        assert "2.0 kB of activations at batch 32" in panel.layer.cost_text.text()

    def test_renaming(self, panel, document):
        document.select("l1")
        panel.layer.name.setText("first")
        QTest.keyClick(panel.layer.name, Qt.Key.Key_Return)
        assert document.project.network.layer("l1").name == "first"
        document.undo_stack.undo()
        assert panel.layer.name.text() == "hidden 1"

    def test_a_taken_name_is_marked_and_escape_brings_the_old_one_back(self, panel, document):
        document.select("l1")
        panel.activateWindow()
        panel.layer.name.setFocus()
        panel.layer.name.setText("output")
        QTest.keyClick(panel.layer.name, Qt.Key.Key_Return)
        assert document.undo_stack.count() == 0
        QTest.keyClick(panel.layer.name, Qt.Key.Key_Escape)
        assert panel.layer.name.text() == "hidden 1"
        assert panel.layer.name.property("invalid") != "true"

    @pytest.mark.parametrize(
        ("made", "forward", "backward"),
        [
            (Dense(activation="tanh"), "z = x W + b\ny = tanh(z)", "dW = xᵀ (dy ⊙ (1 - y²))"),
            (Dense(activation="linear"), "z = x W + b\ny = z", "dW = xᵀ dy"),
            (Activation(function="relu"), "y = max(0, x)", "dx = dy ⊙ [x > 0]"),
            (Dropout(), "y = x ⊙ m / (1 - rate)", "dx = dy ⊙ m / (1 - rate)"),
        ],
    )
    def test_formulas_name_the_chosen_function(self, made, forward, backward):
        assert formulas(made)[0] == forward
        assert re.sub(r"\s", "", formulas(made)[1]) == re.sub(r"\s", "", backward)

    def test_a_finding_has_its_repair(self, panel, document):
        document.edit_network(lambda n: edits.set_hypers(n, "l3", units=12), "wrong")
        document.select("l3")
        (fix,) = panel.layer.findings.findChildren(QPushButton)
        assert fix.text() == "Set units to 2"
        fix.click()
        assert document.report.ok
        assert panel.layer.findings.isHidden()


class TestNetwork:
    def test_with_nothing_selected_it_speaks_of_the_network(self, panel, document):
        assert panel.network.isVisible()
        assert panel.network.title.text() == "2 → 8 → 8 → 2"
        document.select("l1")
        assert not panel.network.isVisible()
        document.select()
        assert panel.network.isVisible()

    def test_an_empty_network_says_how_to_begin(self, panel, document):
        document.edit_network(lambda _: NetworkSpec(), "empty")
        assert "no network yet" in panel.network.hint.text()
        assert not panel.network.facts.isVisible()

    def test_every_fault_is_listed_and_leads_to_its_layer(self, panel, document):
        document.edit_network(lambda n: edits.set_hypers(n, "l3", units=12), "wrong")
        show = [b for b in panel.network.findings.findChildren(QPushButton) if b.text() == "Show it"]
        show[0].click()
        assert document.selected == ("l3",)


class TestLive:
    def shot(self, **tensors):
        named = {name.replace("__", "/"): array for name, array in tensors.items()}
        latest = {"gradient/l1": 0.031, "ratio/l1": 1.2e-3}
        return snapshot(tensors=named, latest=latest)

    def test_tensors_are_asked_for_only_while_they_are_seen(self, panel, session, document):
        live = panel.layer.live
        asked = session.engine.subscriptions
        assert asked.get(live, ()) == ()
        document.select("l1")
        assert set(asked[live]) == {"weights", "gradient"}
        document.select("l0")  # an input has nothing to show
        assert asked[live] == ()
        document.select("l1")
        panel.hide()
        assert asked[live] == ()

    def test_a_run_shows_its_weights_and_gradient(self, panel, session, document):
        document.select("l1")
        W = np.linspace(-2, 1, 16, dtype=np.float32).reshape(2, 8)
        dW = np.full((2, 8), 1e-3, np.float32)
        dW[0, :4] = 0
        session.engine.play(self.shot(weights__l1__W=W, gradient__l1__W=dW))
        panel.layer.live.refresh()
        live = panel.layer.live
        assert live.map.isVisible()
        assert live.shape.text() == "2 × 8"
        assert live.map.scale == 2
        assert live.histogram.counts.sum() == 12
        assert live.norm.text() == "‖dW‖ 0.031 · update 0.0012 · 25% zero"
        assert live.word.text() == "healthy"

    def test_the_pointer_reads_a_weight_by_the_names_of_the_columns(self, panel, session, document):
        document.select("l1")
        session.engine.play(self.shot(weights__l1__W=np.arange(16, dtype=np.float32).reshape(2, 8)))
        live = panel.layer.live
        live.refresh()
        QTest.mouseMove(live.map, live.map.cell_rect(1, 2).center().toPoint())
        assert live.reading.full_text() == "y → 3: 10"

    def test_without_a_run_the_trained_weights_are_shown(self, panel, session, document):
        document.select("l1")
        assert panel.layer.live.none_yet.isVisible()
        weights = {"l1": {"W": np.ones((2, 8), np.float32), "b": np.zeros(8, np.float32)}}
        trained = Trained(weights, document.project.network, document.prepared, "softmax_cross_entropy")
        document.set_result(trained, History())
        panel.layer.live.refresh()
        assert panel.layer.live.map.isVisible()
        assert panel.layer.live.no_gradient.isVisible()

    def test_broken_numbers_do_not_break_the_picture(self, panel, session, document):
        document.select("l1")
        bad = np.full((2, 8), np.nan, np.float32)
        bad[0, 0] = np.inf
        session.engine.play(self.shot(weights__l1__W=bad, gradient__l1__W=bad))
        panel.layer.live.refresh()
        panel.grab()
