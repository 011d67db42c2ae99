"""What the inspector says of one or several selected layers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolTip, QVBoxLayout, QWidget

from app import embedding
from app.inspector.activity import Activity
from app.inspector.findings import Findings
from app.inspector.form import Form
from app.inspector.live import LiveTensors
from app.style import restyle
from app.widgets import Card, SectionHead, label, set_role, wrapped
from core import activations, edits, forecast
from core.errors import UserInputError
from core.forecast import bytes_text, count_text
from core.layers import Layer, Shape
from core.spec import LayerSpec

if TYPE_CHECKING:
    from app.session import Session


GATES = {"lstm": "ifgo", "gru": "rzn"}  # of recurrent layers, in the order of their columns
COST_TIP = (
    "Multiply-adds: work of the forward pass. Activations: outputs kept for the way back, and their gradients. "
    "Weights and optimizer: the parameters, their gradients and what the optimizer remembers of them."
)


def formulas(layer: Layer) -> tuple[str, str]:
    """Forward and backward pass in lines that fit the panel, with the chosen f written out."""
    forward, backward = layer.formula.replace(",  ", "\n"), layer.gradient.replace(",  ", "\n")
    f = activations.ACTIVATIONS.get(getattr(layer, "activation", getattr(layer, "function", "")))
    if f is None:
        return forward, backward
    for of in ("z", "x"):
        forward = forward.replace(f"f({of})", re.sub(r"\bz\b", of, f.formula))
        slope = re.sub(r"\bz\b", of, f.slope)
        if slope == "1":
            backward = backward.replace(f"(dy ⊙ f'({of}))", "dy").replace(f"dy ⊙ f'({of})", "dy")
        alone = re.fullmatch(r"\[[^]]*\]|\S+", slope) is not None
        backward = backward.replace(f"f'({of})", slope if alone else f"({slope})")
    return forward, backward


class NameField(QLineEdit):
    """The layer's name; Enter or leaving the field takes it, Escape brings the old one back."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._document, self._id = session.document, ""
        set_role(self, "plain")
        self.setTextMargins(-6, 0, 0, 0)  # the name stands flush with what is below it
        self.setAccessibleName("Name of the layer")
        self.setToolTip("The layer's name in plots and exports. F2 renames on the canvas.")
        self.editingFinished.connect(self._take)
        self.textEdited.connect(lambda _text: self._mark(""))

    def show_layer(self, spec: LayerSpec) -> None:
        if self._id != spec.id or not self.hasFocus():
            self._mark("")
            self._id = spec.id
            self.setText(spec.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._document.project.network.has(self._id):
            self._mark("")
            self.setText(self._document.project.network.layer(self._id).name)
            return
        super().keyPressEvent(event)

    def _take(self) -> None:
        network = self._document.project.network
        if not network.has(self._id):
            return
        old = network.layer(self._id).name
        try:
            self._document.edit_network(lambda n: edits.rename(n, self._id, self.text()), f"Rename {old}")
        except UserInputError as err:
            why = f"{err.what} {err.remedy}".strip()
            self._mark(why)
            if not self.hasFocus():
                self._mark("")
                self.setText(old)

    def _mark(self, why: str) -> None:
        if (self.property("invalid") == "true") != bool(why):
            self.setProperty("invalid", "true" if why else "false")
            restyle(self)
        if why:
            QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), why, self)


class LayerPage(QWidget):
    """Kind, name, formula, fields, cost, findings and live numbers; of several layers what they share."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self.document = session, session.document
        self.kind, self.name = SectionHead(""), NameField(session)
        self.count = label("", "mono_small")
        self.names = label("", "muted", wrap=True)
        self.code = Card(margin=10, spacing=2)
        set_role(self.code, "well")
        self.forward, self.backward = label("", "mono", wrap=True), label("", "mono_small", wrap=True)
        for part in (self.forward, self.backward):
            self.code.body.addWidget(part)
        self.findings, self.form, self.live = Findings(session.document), Form(session.document), LiveTensors(session)
        self.activity = Activity(session)
        self.cost = Card(margin=10, spacing=2)
        set_role(self.cost, "well")
        self.cost_head, self.cost_text = label("Cost of this layer", "small"), label("", "muted", wrap=True)
        for part in (self.cost_head, self.cost_text):
            self.cost.body.addWidget(part)
        self.cost.setToolTip(wrapped(COST_TIP))
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(12)
        title = QHBoxLayout()
        title.setSpacing(8)
        title.addWidget(self.name, 1)
        title.addWidget(self.count)
        head = QVBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.kind)
        head.addLayout(title)
        head.addWidget(self.names)
        column.addLayout(head)
        for part in (self.code, self.findings, self.form):
            column.addWidget(part)
        below = QVBoxLayout()
        below.setSpacing(0)  # the activity brings its own air, so that it takes none while nothing is told
        for told in (self.activity, self.live, self.cost):
            below.addWidget(told)
        column.addLayout(below)
        self.live.setContentsMargins(0, 0, 0, column.spacing())
        column.addStretch(1)

    def refresh(self) -> None:
        specs = tuple(self.document.project.network.layer(id) for id in self.document.selected)
        if not specs:
            return
        one = len(specs) == 1
        for part in (self.name, self.code):
            part.setVisible(one)
        self.names.setVisible(not one)
        self.count.setText(_parameters(sum(self.document.report.parameters.get(s.id, 0) for s in specs)))
        self.findings.show_layers(tuple(s.id for s in specs))
        self.form.show_layers(specs)
        self.form.setVisible(bool(self.form.fields))
        self._show_cost(specs)
        if one:
            self._show_one(specs[0])
        else:
            self.kind.set_text(f"{len(specs)} layers")
            self.names.setText(", ".join(s.name for s in specs))
            self.live.show_layer("", (), ())
            self.activity.show_layer("")

    def _show_one(self, spec: LayerSpec) -> None:
        self.kind.set_text(spec.layer.label)
        self.kind.setToolTip(wrapped(spec.layer.summary))
        self.name.show_layer(spec)
        forward, backward = formulas(spec.layer)
        self.forward.setText(forward)
        self.backward.setText(backward)
        self.code.setToolTip("Forward pass, and the gradient that comes back through it.")
        report, network = self.document.report, self.document.project.network
        known = all(source in report.shapes for source in network.sources(spec.id)) and spec.id in report.shapes
        inputs = [report.shapes[source] for source in network.sources(spec.id)] if known else []
        self.activity.show_layer(spec.id)
        names = tuple(spec.layer.parameter_shapes(*inputs)) if known else ()
        carried = tuple(spec.layer.state_shapes(*inputs)) if known else ()
        tokens = embedding.tokens_of(spec.layer, self.document.prepared) if known else ()
        gates = GATES.get(spec.layer.kind, "")
        self.live.show_layer(spec.id, names, self._feeding(spec), state=carried, gates=gates, tokens=tokens)

    def _feeding(self, spec: LayerSpec) -> tuple[str, ...]:
        """Names of the values that feed the layer: columns of the data behind the input, else none."""
        network, prepared = self.document.project.network, self.document.prepared
        sources = [network.layer(id) for id in network.sources(spec.id)]
        if prepared is None or len(sources) != 1 or sources[0].layer.kind != "input":
            return ()
        return prepared.feature_names if len(self.document.report.shapes.get(sources[0].id, ())) == 1 else ()

    def _show_cost(self, specs: tuple[LayerSpec, ...]) -> None:
        document, training = self.document, self.document.project.training
        rows = document.prepared.rows.get("train", 0) if document.prepared else None
        batch = forecast.batch_rows(training, rows)
        costs = [forecast.layer_cost(document.report, s.id, optimizer=training.optimizer, batch=batch) for s in specs]
        cost, known = sum(costs, forecast.Cost()), all(s.id in document.report.shapes for s in specs)
        self.cost_head.setText("Cost of this layer" if len(specs) == 1 else "Cost of these layers")
        if not known:
            self.cost_text.setText("Known once its shapes are.")
            return
        shape = "×".join(f"{n:,}" for n in document.report.shapes[specs[-1].id])
        lines = [f"Output shape {shape}"] if len(specs) == 1 else []
        if len(specs) == 1:
            lines += self._arrays(specs[0])
        lines.append(f"{count_text(cost.multiply_adds)} multiply-adds a row")
        lines.append(f"{bytes_text(cost.activation_bytes)} of activations at batch {batch:,}")
        if cost.parameters:
            held = cost.parameter_bytes + cost.gradient_bytes + cost.optimizer_bytes
            lines.append(f"{bytes_text(held)} of weights and optimizer")
        self.cost_text.setText("\n".join(lines))

    def _arrays(self, spec: LayerSpec) -> list[str]:
        """A line for each array where there are several: "W 3×3×16×32: 4,608"."""
        report, network = self.document.report, self.document.project.network
        inputs = [report.shapes[source] for source in network.sources(spec.id)]
        found = spec.layer.parameter_shapes(*inputs)
        carried = spec.layer.state_shapes(*inputs)
        lines = [_array(name, shape) for name, shape in found.items()] if len(found) > 1 else []
        return lines + [f"{_array(name, shape)}, not trained" for name, shape in carried.items()]


def _array(name: str, shape: Shape) -> str:
    sizes = " " + "×".join(f"{n:,}" for n in shape) if len(shape) > 1 else ""
    return f"{name}{sizes}: {math.prod(shape):,}"


def _parameters(count: int) -> str:
    return "" if not count else "1 param" if count == 1 else f"{count:,} params"
