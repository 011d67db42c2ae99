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
from app.inspector.fields import BoolField, ChoiceField, CountsField, FloatField, IntField, ShapeField
from app.inspector.kernels import kernels
from app.inspector.layer_page import formulas
from app.inspector.panel import Inspector
from core import edits, values
from core.layers import layer_types
from core.layers.activation import Activation
from core.layers.batch_norm import BatchNorm
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.flatten import Flatten
from core.layers.gru import GRU
from core.layers.input import Input
from core.layers.reshape import Reshape
from core.spec import NetworkSpec, sequential
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
        kinds = {
            "int": IntField, "float": FloatField, "choice": ChoiceField, "bool": BoolField, "shape": ShapeField,
            "counts": CountsField,
        }  # fmt: skip
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


class TestSizes:
    @pytest.fixture
    def kernel(self, panel, document):
        network = sequential(Input(shape=(8, 8, 1)), Conv2D(filters=4), Flatten(), Dense(units=2))
        document.edit_network(lambda _: network, "images")
        document.select("l1")
        return panel.layer.form.fields["kernel"]

    def type(self, field, text):
        field.line.setText(text)
        field.line.editingFinished.emit()

    @pytest.mark.parametrize("text", ["5", "5x5", "5 × 5", "5, 5", " 5X5 "])
    def test_a_number_or_both(self, kernel, document, text):
        assert kernel.line.text() == "3 × 3"
        self.type(kernel, text)
        assert layer(document, "l1").kernel == (5, 5)
        assert kernel.line.text() == "5 × 5"
        document.undo_stack.undo()
        assert kernel.line.text() == "3 × 3"

    @pytest.mark.parametrize("text", ["0", "3x", "x", "3x3x3", "-1", "three"])
    def test_what_is_no_size_is_marked_and_escape_brings_the_old_one_back(self, kernel, document, text):
        self.type(kernel, text)
        refused = text != "3x"  # a lone number stands for both
        assert (kernel.line.property("invalid") == "true") == refused
        assert layer(document, "l1").kernel == (3, 3)
        QTest.keyClick(kernel.line, Qt.Key.Key_Escape)
        assert kernel.line.text() == "3 × 3"
        assert kernel.line.property("invalid") != "true"

    def test_a_reshape_takes_any_number_of_axes(self, panel, document):
        document.edit_network(lambda _: sequential(Input(shape=(64,)), Reshape(), Dense()), "reshape")
        document.select("l1")
        self.type(panel.layer.form.fields["shape"], "16x4")
        assert layer(document, "l1").shape == (16, 4)

    def test_the_input_follows_the_data(self, panel, document):
        document.select("l0")
        assert panel.layer.form.fields["shape"].line.isReadOnly()
        document.set_prepared(None)
        assert not panel.layer.form.fields["shape"].line.isReadOnly()


class TestHoldingBack:
    def test_restraints_fold_away_and_tell_what_is_set(self, panel, document):
        document.select("l1")
        form = panel.layer.form
        assert not form.fields["l2"].isVisible()
        assert form.fields["units"].isVisible()
        assert form.fold.accessibleDescription() == "as in training"
        form.fold.click()
        assert form.fields["l2"].isVisible()
        document.edit_network(lambda n: edits.set_hypers(n, "l1", l2=0.01), "l2")
        assert form.fold.accessibleDescription() == "L2 0.01"
        document.edit_network(lambda n: edits.set_hypers(n, "l1", dropout=0.5), "dropout")
        assert form.fold.accessibleDescription() == "2 of its own"

    def test_a_rate_that_is_the_whole_layer_is_not_folded(self, panel, document):
        document.edit_network(lambda n: edits.append(n, Dropout(), name="drop"), "drop")
        document.select("l4")
        assert panel.layer.form.fields["rate"].isVisible()
        assert not panel.layer.form.fold.isVisible()


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
        assert set(asked[live]) == {"weights", "gradient", "histogram"}
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

    def test_kernels_are_pictures(self, panel, session, document):
        network = sequential(Input(shape=(8, 8, 2)), Conv2D(filters=4), Flatten(), Dense(units=2))
        document.edit_network(lambda _: network, "images")
        document.select("l1")
        W = np.zeros((3, 3, 2, 4), np.float32)
        W[0, 2, 1, 3] = -5
        session.engine.play(self.shot(weights__l1__W=W))
        live = panel.layer.live
        live.refresh()
        assert live.kernels.isVisible()
        assert not live.map.isVisible()
        assert len(live.kernels.shown.tiles) == 8
        panel.resize(288, 1200)
        panel.grab()  # lays it out
        place = next(i for i, tile in enumerate(live.kernels.shown.tiles) if tile.min() == -5)
        QTest.mouseMove(live.kernels, live.kernels.tile_rect(place).center().toPoint())
        assert live.reading.full_text() == "filter 4, channel 2: -5 … 0"
        panel.grab()

    def test_running_statistics_are_shown_and_have_no_gradient(self, panel, session, document):
        network = sequential(Input(shape=(2,)), BatchNorm(), Dense(units=2))
        document.edit_network(lambda _: network, "norm")
        document.select("l1")
        live = panel.layer.live
        arrays = {f"weights__l1__{name}": np.ones(2, np.float32) for name in ("gamma", "beta", "mean", "variance")}
        session.engine.play(self.shot(**arrays))
        live.choice.textActivated.emit("variance")
        assert live.head.label.text() == "Running statistics"
        assert not live.no_gradient.isVisible()
        assert "variance: 2, not trained" in panel.layer.cost_text.text()

    def test_gates_of_a_recurrent_layer_are_told_apart(self, panel, session, document):
        network = sequential(Input(shape=(5, 2)), GRU(units=3), Dense(units=2))
        document.edit_network(lambda _: network, "steps")
        document.select("l1")
        live = panel.layer.live
        session.engine.play(self.shot(weights__l1__W=np.zeros((2, 9), np.float32)))
        live.refresh()
        QTest.mouseMove(live.map, live.map.cell_rect(1, 4).center().toPoint())
        assert live.reading.full_text() == "2 → z 2: 0"

    def test_statistics_say_whether_units_are_silent(self, panel, session, document):
        document.select("l1")
        activity = panel.layer.activity
        assert session.engine.subscriptions[activity] == ("statistics",)
        assert not activity.facts.isVisible()
        numbers = np.array([0.1, 2.0, 1e-3, 0.75, 0.314, 1.5], np.float32)
        session.engine.play(self.shot(statistics__l1=numbers))
        assert activity.numbers.text() == "mean 0.31 ± 1.5"
        assert activity.dead.text() == "75% dead"
        assert activity.dead.property("role") == "warn"
        document.select()
        assert session.engine.subscriptions[activity] == ()

    def test_arrays_too_large_to_picture_still_show_how_they_spread(self, panel, session, document):
        document.select("l1")
        counts, edges = np.arange(64), np.linspace(-1, 1, 65, dtype=np.float32)
        tensors = {"histogram__weights__l1__W": counts, "edges__weights__l1__W": edges}
        session.engine.play(self.shot(weights__l2__W=np.ones((2, 2), np.float32), **tensors))
        live = panel.layer.live
        live.refresh()
        assert live.spread.isVisible()
        assert live.none_yet.text() == "Too many numbers to picture."
        panel.grab()


@pytest.mark.parametrize(
    ("shape", "tiles", "columns"),
    [((3, 3, 1, 16), 16, 0), ((3, 3, 2, 4), 8, 4), ((5, 3, 8), 8, 0), ((3, 3, 64, 128), 96, 16), ((1, 1, 3, 2), 6, 2)],
)
def test_kernels_of_any_size_are_few_enough_to_be_seen(shape, tiles, columns):
    W = np.arange(np.prod(shape), dtype=float).reshape(shape)
    found = kernels(W)
    assert (len(found.tiles), found.columns) == (tiles, columns)
    last = W[..., -1] if W.ndim == 3 else W[:, :, -1, -1]
    assert np.array_equal(found.tiles[-1], last.T if W.ndim == 3 else last)
