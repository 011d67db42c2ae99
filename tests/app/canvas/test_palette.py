"""Palette and list: the designer by keyboard, and for those who do not see the canvas."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from app import theme
from app.canvas import groups, operations
from app.canvas.layer_list import LayerList
from app.canvas.palette import Palette
from core import edits
from core.layers import layer_types
from core.spec import NetworkSpec


@pytest.fixture
def palette(qtbot, session):
    made = Palette(session)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def layers(qtbot, session):
    made = LayerList(session)
    qtbot.addWidget(made)
    made.resize(264, 400)
    made.show()
    return made


def shown(palette):
    return [b.kind for b in palette.buttons.values() if b.isVisible()]


def names(layers):
    return [layers.list.item(row).text() for row in range(layers.list.count())]


def heads(palette):
    return [name for name, head in palette.heads.items() if head.isVisible()]


class TestPalette:
    def test_it_offers_every_layer_there_is_but_a_second_input(self, palette, document):
        assert {cls.kind for cls in palette.matching()} == set(layer_types()) - {"input"}
        document.edit_network(lambda _: NetworkSpec(), "empty")
        assert {cls.kind for cls in palette.matching()} == set(layer_types())

    def test_groups_stand_in_one_order_and_those_open_that_the_data_ask_for(self, palette):
        assert heads(palette) == [
            "core", "convolution", "pooling", "normalization", "regularization", "sequence", "merge", "shape",
        ]  # fmt: skip
        assert {groups.group_of(layer_types()[kind]) for kind in shown(palette)} == {"core"}

    @pytest.mark.parametrize(("shape", "name"), [((8, 8, 1), "convolution"), ((20, 3), "sequence"), ((4,), "core")])
    def test_images_and_sequences_open_their_groups(self, palette, document, shape, name):
        document.set_prepared(replace(document.prepared, row_shape=shape))
        assert palette.is_open(name)

    def test_a_heading_opens_and_closes_by_mouse_and_by_key(self, palette):
        palette.heads["merge"].click()
        assert "concat" in shown(palette)
        QTest.keyClick(palette.heads["merge"], Qt.Key.Key_Left)
        assert "concat" not in shown(palette)
        QTest.keyClick(palette.heads["merge"], Qt.Key.Key_Return)
        assert "concat" in shown(palette)
        assert palette.heads["merge"].accessibleName() == "Merge, 3 layers, open"

    def test_every_group_has_a_heading_a_colour_and_a_sign_of_its_own(self, palette):
        known = {group.name for group in groups.GROUPS}
        assert {groups.group_of(cls) for cls in layer_types().values()} <= known
        for mode in ("light", "dark"):
            theme.set_mode(mode)
            signs = {bytes(groups.icon(name).pixmap(16).toImage().constBits()) for name in known}
            assert len(signs) == len(known)

    def test_each_says_what_it_is_for(self, palette):
        for group in groups.GROUPS:
            if group.name in palette.heads and not palette.is_open(group.name):
                palette.heads[group.name].click()
        for cls in palette.matching():
            tip = palette.buttons[cls.kind].toolTip().replace("\n", " ")
            assert cls.summary.split(",")[0] in tip
            assert palette.buttons[cls.kind].accessibleName() == f"Add {cls.label}"

    def test_search_finds_by_name_and_by_purpose(self, palette):
        QTest.keyClicks(palette.search, "conv")
        assert {"conv1d", "conv2d"} <= set(shown(palette))
        assert heads(palette) == []
        palette.search.setText("silences random values")
        assert shown(palette) == ["dropout"]
        palette.search.setText("xyz")
        assert shown(palette) == []
        assert palette.nothing.isVisible()

    @pytest.mark.parametrize(("shape", "first"), [((8, 8, 1), "conv2d"), ((20, 3), "conv1d")])
    def test_the_first_match_is_the_one_that_fits_there(self, palette, document, shape, first):
        document.edit_network(lambda n: edits.set_hypers(n, "l0", shape=shape), "other data")
        document.select("l0")
        palette.search.setText("conv")
        assert palette.matching()[0].kind == first

    def test_enter_inserts_the_first_match(self, palette, document):
        QTest.keyClicks(palette.search, "drop")
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
        assert document.project.network.layer(document.selection).layer.kind == "dropout"

    def test_enter_in_an_empty_search_does_nothing(self, palette, document):
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
        assert document.undo_stack.count() == 0

    def test_a_click_inserts_behind_the_selected_layer(self, palette, document):
        document.select("l1")
        palette.buttons["activation"].click()
        assert document.project.network.sources(document.selection) == ("l1",)

    def test_arrows_walk_the_grid(self, palette, qtbot):
        palette.activateWindow()
        palette.search.setFocus()
        QTest.keyClick(palette.search, Qt.Key.Key_Down)
        first = palette.buttons[palette.matching()[0].kind]
        second = palette.buttons[palette.matching()[1].kind]
        assert palette.focusWidget() is first
        QTest.keyClick(first, Qt.Key.Key_Right)
        assert palette.focusWidget() is second
        QTest.keyClick(second, Qt.Key.Key_Up)
        assert palette.focusWidget() is palette.heads["core"]
        QTest.keyClick(palette.heads["core"], Qt.Key.Key_Up)
        assert palette.focusWidget() is palette.search


class TestLayerList:
    def test_it_reads_in_the_order_of_the_network(self, layers, document):
        assert names(layers) == ["input", "hidden 1", "hidden 2", "output"]
        operations.move_in_order(document, "l1", 1)
        assert names(layers) == ["input", "hidden 2", "hidden 1", "output"]

    def test_a_screen_reader_hears_everything(self, layers, document):
        document.edit_network(lambda n: edits.set_hypers(n, "l3", units=12), "wrong")
        said = layers.list.item(3).data(Qt.ItemDataRole.AccessibleTextRole)
        assert said.startswith("output, Dense 12 · Linear, output 12, 12 instead of 2 outputs")

    def test_it_says_what_feeds_a_layer_where_that_is_not_the_row_above(self, layers, document):
        document.edit_network(lambda n: edits.insert_after(n, "l2", layer_types()["add"](), name="sum"), "add")
        document.edit_network(lambda n: edits.connect(n, "l1", "l4"), "connect")
        row = names(layers).index("sum")
        assert "from hidden 2 and hidden 1" in layers.list.item(row).data(Qt.ItemDataRole.AccessibleTextRole)
        assert "from" not in layers.list.item(1).toolTip()

    def test_selection_goes_both_ways(self, layers, document):
        document.select("l2")
        assert [item.text() for item in layers.list.selectedItems()] == ["hidden 2"]
        row = layers.list.visualItemRect(layers.list.item(1)).center()
        QTest.mouseClick(layers.list.viewport(), Qt.MouseButton.LeftButton, pos=row)
        assert document.selected == ("l1",)

    def test_shift_selects_several(self, layers, document):
        layers.list.setCurrentRow(1)
        QTest.keyClick(layers.list, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        assert document.selected == ("l1", "l2")

    def test_keys_delete_duplicate_and_reorder(self, layers, document):
        layers.list.setCurrentRow(1)
        QTest.keyClick(layers.list, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        assert names(layers) == ["input", "hidden 2", "hidden 1", "output"]
        QTest.keyClick(layers.list, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
        assert names(layers) == ["input", "hidden 2", "hidden 1", "hidden 3", "output"]
        QTest.keyClick(layers.list, Qt.Key.Key_Delete)
        assert names(layers) == ["input", "hidden 2", "hidden 1", "output"]
        for _ in range(3):
            document.undo_stack.undo()
        assert names(layers) == ["input", "hidden 1", "hidden 2", "output"]

    def edit(self, qtbot, layers, row, text):
        layers.list.setCurrentRow(row)
        QTest.keyClick(layers.list, Qt.Key.Key_F2)
        editor = layers.list.findChild(QLineEdit)
        editor.setText(text)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: layers.list.findChild(QLineEdit) is None)

    def test_f2_renames(self, qtbot, layers, document):
        self.edit(qtbot, layers, 1, "first")
        assert document.project.network.layer("l1").name == "first"

    def test_a_taken_name_springs_back(self, qtbot, layers, document):
        self.edit(qtbot, layers, 1, "output")
        assert document.project.network.layer("l1").name == "hidden 1"
        assert names(layers)[1] == "hidden 1"

    def test_buttons_do_what_they_say_or_say_why_not(self, layers, document):
        assert not layers.trash.isEnabled()
        assert "select a layer first" in layers.trash.toolTip()
        document.select("l1")
        assert not layers.up.isEnabled()  # the input stays first
        layers.down.click()
        assert names(layers) == ["input", "hidden 2", "hidden 1", "output"]
        layers.trash.click()
        assert names(layers) == ["input", "hidden 2", "output"]
