"""Forks and merges on the canvas: lines that keep apart, inputs in their order, repairs that put layers in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from app.canvas.menus import context_menu
from app.canvas.routing import Lanes, card_rect, route
from app.canvas.scene import Hit
from app.canvas.view import CanvasView
from core import edits
from core.layers import layer_types
from core.spec import Edge, LayerSpec, NetworkSpec, sequential


def layer(kind, **hypers):
    return layer_types()[kind](**hypers)


def graph(pairs: str, **layers) -> NetworkSpec:
    specs = tuple(LayerSpec(id, id, made) for id, made in layers.items())
    return NetworkSpec(specs, tuple(Edge(*pair.split(">")) for pair in pairs.split()))


def conv(filters, kernel=3):
    return layer("conv2d", filters=filters, kernel=(kernel, kernel))


RESNET = graph(
    "i>s s>a a>b b>p s>p p>c c>d d>q p>x x>q q>g g>o",
    i=layer("input", shape=(28, 28, 1)), s=conv(8), a=conv(8), b=conv(8), p=layer("add"), c=conv(16), d=conv(16),
    x=conv(16, 1), q=layer("add"), g=layer("global_avg_pool"), o=layer("dense", units=2),
)  # fmt: skip
INCEPTION = graph(
    "i>s s>a s>b b>c s>d d>e s>f f>g a>j c>j e>j g>j j>h h>o",
    i=layer("input", shape=(28, 28, 1)), s=conv(8), a=conv(8, 1), b=conv(4, 1), c=conv(8), d=conv(4, 1), e=conv(8, 5),
    f=layer("max_pool", size=3, stride=1, padding="same"), g=conv(4, 1), j=layer("concat"),
    h=layer("global_avg_pool"), o=layer("dense", units=2),
)  # fmt: skip


@pytest.fixture
def view(qtbot, session):
    made = CanvasView(session)
    qtbot.addWidget(made)
    made.resize(888, 560)
    made.show()
    return made


def show(view, network):
    """The network on the canvas, and data whose rows fit its input."""
    shape = network.layers[0].layer.shape
    view.document.set_prepared(replace(view.document.prepared, row_shape=shape))
    view.document.edit_network(lambda _: network, "other network")
    return view.board.network


class TestLines:
    @pytest.mark.parametrize("size", [(888, 560), (720, 480), (1500, 700)])
    @pytest.mark.parametrize("network", [RESNET, INCEPTION], ids=["residual", "inception"])
    def test_none_runs_through_a_card(self, view, network, size):
        view.resize(*size)
        scene = show(view, network)
        view.board.fit()
        for edge, item in scene.edges.items():
            points = [item.route.path.pointAtPercent(i / 150) for i in range(151)]
            for id, card in scene.cards.items():
                inner = card_rect(card.pos()).adjusted(3, 3, -3, -3)
                assert not any(inner.contains(p) for p in points), (edge, id)

    def test_two_in_one_lane_keep_apart(self):
        lanes, wall = Lanes(), [card_rect(QPointF(200, 0))]
        first = route(QPointF(0, 0), QPointF(400, 0), wall, lanes)
        second = route(QPointF(-10, 0), QPointF(410, 0), wall, lanes)
        assert abs(first.middle.y() - second.middle.y()) >= 8

    def test_lines_of_one_fork_may_share_their_way(self):
        lanes, wall = Lanes(), [card_rect(QPointF(200, 0))]
        first = route(QPointF(0, 0), QPointF(400, 0), wall, lanes)
        second = route(QPointF(0, 0), QPointF(420, 0), wall, lanes)
        assert first.middle.y() == second.middle.y()

    def test_a_shortcut_lies_inside_the_line_to_the_next_row(self, view):
        network = graph(
            "i>s s>a a>b b>p s>p p>r r>g g>o", i=layer("input", shape=(8, 8, 1)), s=conv(8), a=conv(8), b=conv(8),
            p=layer("add"), r=layer("activation"), g=layer("global_avg_pool"), o=layer("dense", units=2),
        )  # fmt: skip
        scene = show(view, network)
        scene.per_row = 4
        scene.reposition()
        shortcut, onward = scene.edges[Edge("s", "p")], scene.edges[Edge("p", "r")]
        assert scene.places["r"][0] < scene.places["p"][0]
        assert scene.places["p"][1] < shortcut.route.middle.y() < onward.route.middle.y()

    def test_cards_make_room_for_long_shapes(self, view):
        scene = show(view, RESNET)
        near = scene.places["a"][0] - scene.places["s"][0]
        wide = edits.set_hypers(edits.set_hypers(RESNET, "i", shape=(1024, 1024, 3)), "s", filters=128)
        scene = show(view, wide)
        assert abs(scene.places["a"][0] - scene.places["s"][0]) > near
        label = scene.edges[Edge("s", "a")].label_rect()
        assert not label.intersects(card_rect(scene.cards["s"].pos()).adjusted(0, 0, -3, 0))


class TestInputs:
    def test_each_arrives_at_a_place_of_its_own(self, view):
        scene = show(view, INCEPTION)
        tips = [scene.edges[edge].route.tip.y() for edge in INCEPTION.edges if edge.target == "j"]
        assert len(set(tips)) == 4
        assert tips == sorted(tips)  # in the order of the inputs, which counts for Concat
        assert scene.cards["j"].state.numbered

    def test_where_the_order_means_nothing_lines_do_not_cross(self, view):
        turned = edits.put_earlier(RESNET, Edge("x", "q"))
        for network in (RESNET, turned):
            scene = show(view, network)
            above, below = sorted(("d", "x"), key=lambda id: scene.cards[id].y())
            tip = {id: scene.edges[Edge(id, "q")].route.tip.y() for id in ("d", "x")}
            assert tip[above] < tip[below]
            assert not scene.cards["q"].state.numbered

    def test_the_order_is_changed_from_the_menu(self, view, document):
        show(view, INCEPTION)
        menu = context_menu(view.keys, Hit("edge", edge=Edge("c", "j")), view, lambda kind: None)
        next(a for a in menu.actions() if a.text() == "Move to an earlier input").trigger()
        assert document.project.network.sources("j") == ("c", "a", "e", "g")
        document.undo_stack.undo()
        assert document.project.network.sources("j") == ("a", "c", "e", "g")

    def test_a_connection_drawn_to_a_merge_joins_those_it_has(self, view, document):
        scene = show(view, RESNET)
        start, end = scene.cards["a"].pos() + QPointF(74, 0), scene.cards["q"].pos()
        over, at = view.board.viewport(), view.board.mapFromScene
        QTest.mousePress(over, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(start))
        QTest.mouseMove(over, at(start + QPointF(30, 10)))
        QTest.mouseMove(over, at(end))
        QTest.mouseRelease(over, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(end))
        assert document.project.network.sources("q") == ("d", "x", "a")

    def test_deleting_in_a_branch_closes_the_gap(self, view, document):
        show(view, RESNET)
        document.select("x")
        view.keys.delete()
        assert set(document.project.network.sources("q")) == {"d", "p"}
        document.undo_stack.undo()
        assert document.project.network == RESNET


class TestWords:
    def test_hovering_tells_shapes_parameters_and_work(self, view, document):
        scene = show(view, RESNET)
        edge = scene.edges[Edge("i", "s")].toolTip()
        assert "28×28×1 (height × width × channels): 784 values a row" in edge
        card = scene.cards["s"].toolTip()
        assert f"{document.report.parameters['s']:,} parameters" in card
        assert "56,448 multiply-adds a row" in card

    def test_a_repair_puts_a_layer_in_and_undo_takes_it_out(self, view, document):
        network = sequential(layer("input", shape=(4, 4, 1)), conv(2), layer("dense", units=2))
        show(view, network)
        links = [link for link in view.explanation.links if link.isVisible()]
        assert links[0].text() == "Insert Flatten"
        links[0].click()
        chain = document.project.network
        assert chain.layer(chain.sources("l2")[0]).layer.kind == "flatten"
        document.undo_stack.undo()
        assert document.project.network == network

    def test_several_repairs_are_offered_and_each_does_its_own(self, view, document):
        network = sequential(
            layer("input", shape=(6, 2)), layer("lstm", units=3, sequences=True), layer("dense", units=2)
        )
        show(view, network)
        links = [link for link in view.explanation.links if link.isVisible()]
        assert [link.text() for link in links] == ["Give the last state only (hidden 1)", "Insert Flatten"]
        links[1].click()
        assert len(document.project.network.layers) == 4

    def test_a_merge_without_a_partner_offers_one(self, view, document):
        chain = sequential(layer("input", shape=(4,)), *(layer("dense", units=4),) * 2, layer("dense", units=2))
        show(view, edits.insert_after(chain, "l2", layer("add")))
        links = [link for link in view.explanation.links if link.isVisible()]
        links[0].click()
        assert document.project.network.sources("l4") == ("l2", "l1")

    def test_the_menu_of_layers_has_a_part_for_each_group(self, view):
        view._offer_layers(QPointF(), {})
        menu = next(m for m in view.findChildren(QMenu) if m.isVisible())
        titles = [a.text() for a in menu.actions() if a.menu() is not None]
        assert titles[:2] == ["Convolution", "Pooling"]
        assert [a.text() for a in menu.actions() if a.menu() is None] == [
            "Dense", "Activation", "Embed columns", "PReLU",
        ]  # fmt: skip
        menu.close()
