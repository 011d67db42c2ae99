"""The scene mirrors the document's network by layer id; it changes only what changed and edits nothing."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QGraphicsScene

from app import theme
from app.canvas import groups, paint
from app.canvas.card import CardItem, CardState
from app.canvas.edge import EdgeItem
from app.canvas.routing import Lanes, card_rect, in_port, out_port, route
from app.document import Document
from app.widgets import wrapped
from core import layout
from core.forecast import count_text
from core.layers import Shape
from core.layout import Point
from core.spec import Edge, LayerSpec

ORDERED = "concat"  # the kind of layer whose result depends on the order of its inputs
DROP_REACH = 48.0  # how near to a connection a dropped layer is put into it


@dataclass(frozen=True)
class Hit:
    """What lies at a point: kind "badge", "in", "out", "card" (with `id`), "plus", "edge" (with `edge`) or ""."""

    kind: str = ""
    id: str = ""
    edge: Edge | None = None


def shape_text(shape: Shape) -> str:
    return "×".join(f"{n}" for n in shape)


def describe(document: Document, spec: LayerSpec) -> str:
    """The card's second line; an input tells its columns by name where they are few."""
    prepared = document.prepared
    shape = document.report.shapes.get(spec.id, ())
    if spec.layer.arity[1] != 0 or len(shape) != 1:
        return spec.layer.describe()
    if prepared and prepared.row_shape == shape and len(prepared.feature_names) <= 3:
        return ", ".join(prepared.feature_names)
    return f"{shape[0]:,} value a row" if shape[0] == 1 else f"{shape[0]:,} values a row"


def severity(document: Document, id: str) -> str:
    """The worst finding of a layer: "error", "warning" or ""."""
    found = {badge.severity for badge in document.report.of(id)}
    return "error" if "error" in found else "warning" if found else ""


def card_tip(document: Document, spec: LayerSpec) -> str:
    """What a card is and what it costs, in words."""
    report = document.report
    if spec.id not in report.shapes:
        return f"{spec.name}: {spec.layer.describe()}\n{spec.layer.summary}"
    lines = [
        f"{spec.name}: {describe(document, spec)}",
        spec.layer.summary,
        f"Output {shape_text(report.shapes[spec.id])}",
        f"{report.parameters[spec.id]:,} parameters · {count_text(report.multiply_adds[spec.id])} multiply-adds a row",
    ]
    return "\n".join(lines)


def edge_tip(document: Document, edge: Edge) -> str:
    """What flows along a connection, in words."""
    network, shape = document.project.network, document.report.shapes.get(edge.source)
    ends = f"{network.layer(edge.source).name} → {network.layer(edge.target).name}"
    if shape is None:
        return f"{ends}\nIts shape is not known yet."
    names = {2: "steps × channels", 3: "height × width × channels"}
    what = f" ({names[len(shape)]})" if len(shape) in names else ""
    return f"{ends}\n{shape_text(shape)}{what}: {math.prod(shape):,} values a row"


class NetworkScene(QGraphicsScene):
    """cards by layer id, edges by connection; `places` is where the cards stand, also while they are dragged."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.per_row = 4
        self.cards: dict[str, CardItem] = {}
        self.edges: dict[Edge, EdgeItem] = {}
        self.places: dict[str, Point] = {}
        self.chosen_edge: Edge | None = None
        self._hit = Hit()
        theme.signals.changed.connect(self._repaint)

    # --- mirror

    def sync(self) -> None:
        """Bring the scene up to the document."""
        network = self._document.project.network
        for id in [id for id in self.cards if not network.has(id)]:
            self.removeItem(self.cards.pop(id))
        for edge in [edge for edge in self.edges if edge not in network.edges]:
            self.removeItem(self.edges.pop(edge))
        if self.chosen_edge not in self.edges:
            self.chosen_edge = None
        self._hit = Hit()
        for spec in network.layers:
            self._sync_card(spec)
        self.reposition()

    def _sync_card(self, spec: LayerSpec) -> None:
        report = self._document.report
        count = report.parameters.get(spec.id, 0)
        state = CardState(
            name=spec.name,
            describe=describe(self._document, spec),
            group=groups.group_of(type(spec.layer)),
            parameters=f"{count:,}" if count else "",
            severity=severity(self._document, spec.id),
            takes_input=spec.layer.arity[1] != 0,
            inputs=len(self._document.project.network.sources(spec.id)),
            numbered=spec.layer.kind == ORDERED,
            selected=spec.id in self._document.selected,
        )
        card = self.cards.get(spec.id)
        if card is None:
            card = self.cards[spec.id] = CardItem(spec.id, state)
            self.addItem(card)
        card.set_state(state)
        card.setToolTip(wrapped(card_tip(self._document, spec)))

    def reposition(self) -> None:
        """Put every card where the layout says and lead the connections there."""
        project = self._document.project
        self.show_places(layout.positions(project.network, project.layout, per_row=self.per_row, step_x=self._step()))

    def _step(self) -> float:
        """From card to card: more where the shapes between them would not fit."""
        texts = (shape_text(shape) for shape in self._document.report.shapes.values())
        longest = max((paint.metrics("mono_small").horizontalAdvance(text) for text in texts), default=0.0)
        needed = layout.CARD_WIDTH + min(longest + 6, 160.0)
        return max(float(layout.STEP_X), math.ceil(needed / layout.SNAP) * layout.SNAP)

    def show_places(self, places: dict[str, Point]) -> None:
        """Cards at `places`, which need not be the document's yet."""
        self.places = places
        for id, at in places.items():
            self.cards[id].setPos(*at)
        rects = {id: card_rect(card.pos()) for id, card in self.cards.items()}
        network, lanes = self._document.project.network, Lanes()
        ports = {spec.id: self._ports(spec) for spec in network.layers}
        for edge in sorted(network.edges, key=self._span):
            self._sync_edge(edge, rects, ports[edge.target][edge.source], lanes)

    def _span(self, edge: Edge) -> float:
        """Short connections lie inside, the longer ones around them."""
        away = self.cards[edge.target].pos() - self.cards[edge.source].pos()
        return abs(away.x()) + abs(away.y())

    def _ports(self, spec: LayerSpec) -> dict[str, QPointF]:
        """Where the connections to a card arrive, by their source: in the order of its inputs where that counts, else
        as the sources stand, so that lines do not cross."""
        sources = list(self._document.project.network.sources(spec.id))
        if not self.cards[spec.id].state.numbered:
            sources.sort(key=lambda id: self.cards[id].y())
        at, count = self.cards[spec.id].pos(), len(sources)
        return {id: in_port(at, place, count) for place, id in enumerate(sources)}

    def _sync_edge(self, edge: Edge, rects: dict[str, QRectF], end: QPointF, lanes: Lanes) -> None:
        start = out_port(self.cards[edge.source].pos())
        others = (r for id, r in rects.items() if id not in (edge.source, edge.target))
        way = route(start, end, others, lanes)
        shape = self._document.report.shapes.get(edge.source, ())
        item = self.edges.get(edge)
        if item is None:
            item = self.edges[edge] = EdgeItem(edge, way)
            self.addItem(item)
        item.show_state(route=way, label=shape_text(shape), selected=edge == self.chosen_edge)
        item.setToolTip(wrapped(edge_tip(self._document, edge)))

    def show_selection(self) -> None:
        for id, card in self.cards.items():
            card.show_state(selected=id in self._document.selected)
        for edge, item in self.edges.items():
            item.show_state(selected=edge == self.chosen_edge)

    def choose_edge(self, edge: Edge | None) -> None:
        """Select a connection instead of layers."""
        self.chosen_edge = edge
        if edge is not None:
            self._document.select()
        self.show_selection()

    def _repaint(self) -> None:
        for item in self.items():
            item.update()
        self.update()

    # --- what lies where

    def hit(self, at: QPointF) -> Hit:
        for part in ("badge", "in", "out", "card"):
            for id, card in sorted(self.cards.items(), key=lambda pair: -pair[1].zValue()):
                if card.part_at(card.mapFromScene(at)) == part:
                    return Hit(part, id)
        for edge, item in self.edges.items():
            if item.hovered and item.plus_at(at):
                return Hit("plus", edge=edge)
        for edge, item in self.edges.items():
            if item.shape().contains(at):
                return Hit("plus" if item.plus_at(at) else "edge", edge=edge)
        return Hit()

    def drop_target(self, at: QPointF) -> Hit:
        """Where a dropped layer goes: behind a card, into the nearest connection, or onto the empty canvas."""
        found = self.hit(at)
        if found.id:
            return Hit("card", found.id)
        reach = [(item.distance(at), edge) for edge, item in self.edges.items()]
        near = min(reach, key=lambda pair: pair[0], default=(DROP_REACH + 1, None))
        return Hit("edge", edge=near[1]) if near[0] <= DROP_REACH else Hit()

    def content_rect(self) -> QRectF:
        """What the cards and connections fill."""
        found = QRectF()
        for card in self.cards.values():
            found = found.united(card_rect(card.pos()))
        for edge in self.edges.values():
            found = found.united(edge.route.path.boundingRect())
        return found

    # --- what stands out

    def show_hover(self, hit: Hit) -> None:
        """The pointer is on `hit`: the card, port, connection or "+" there answers."""
        if hit == self._hit:
            return
        self._hit = hit
        for id, card in self.cards.items():
            on = id == hit.id
            port = hit.kind if on and hit.kind in ("in", "out") else ""
            card.set_state(replace(card.state, highlight="hover" if on else "", port=port))
        for edge, item in self.edges.items():
            item.show_state(hovered=edge == hit.edge, on_plus=edge == hit.edge and hit.kind == "plus", target=False)

    def show_drop(self, target: Hit) -> None:
        """A layer is held over the canvas and would go to `target`."""
        for id, card in self.cards.items():
            card.show_state(highlight="accepts" if id == target.id else "", port="")
        for edge, item in self.edges.items():
            item.show_state(target=edge == target.edge)

    def show_partners(self, accepting: Collection[str], side: str, *, under: str = "", refuses: bool = False) -> None:
        """A connection is being drawn: ports that would take it stand out, the card under the pointer answers."""
        for id, card in self.cards.items():
            answer = "" if id != under else "refuses" if refuses else "accepts"
            card.show_state(highlight=answer, port=side if id in accepting else "")

    def show_plain(self) -> None:
        self._hit = Hit("none")
        self.show_hover(Hit())
