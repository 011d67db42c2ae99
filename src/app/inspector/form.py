"""The hyper-parameters of the selected layers as a form: fields that all of them share, each edit one undoable step."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from PySide6.QtWidgets import QGridLayout, QToolTip, QWidget

from app import theme
from app.document import Document
from app.inspector.fields import MIXED, Field, field_for
from app.widgets import label, wrapped
from core import edits, values
from core.errors import UserInputError
from core.spec import LayerSpec, NetworkSpec
from core.validation import output_layers
from core.values import Hyper

LABEL_WIDTH = 84


def common_hypers(specs: tuple[LayerSpec, ...]) -> dict[str, Hyper]:
    """Hyper-parameters that all the layers have with the same meaning."""
    first, *rest = [values.hypers(spec.layer) for spec in specs]
    return {name: hyper for name, hyper in first.items() if all(other.get(name) == hyper for other in rest)}


class Form(QWidget):
    """Follows the document; built anew only for other kinds of layers, so that a field keeps its focus."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self.fields: dict[str, Field] = {}
        self._hypers: dict[str, Hyper] = {}
        self._gesture = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        self._grid.setColumnStretch(1, 1)

    def show_layers(self, specs: tuple[LayerSpec, ...]) -> None:
        hypers = common_hypers(specs)
        if hypers != self._hypers:
            self._build(hypers)
        for name, field in self.fields.items():
            field.set_inherited(self._inherited(specs, hypers[name]))
            found = {getattr(spec.layer, name) for spec in specs}
            field.show_value(found.pop() if len(found) == 1 else MIXED)

    def _build(self, hypers: dict[str, Hyper]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.fields, self._hypers = {}, hypers
        for row, (name, hyper) in enumerate(hypers.items()):
            head, field = label(hyper.label, "muted"), field_for(hyper)
            head.setBuddy(field)
            head.setToolTip(wrapped(f"{hyper.label}. {hyper.help}"))
            field.set_tip(head.toolTip())
            field.edited.connect(self._setter(name, field))
            field.entered.connect(self._begin_gesture)
            self._grid.addWidget(head, row, 0)
            self._grid.addWidget(field, row, 1)
            self.fields[name] = field

    def _begin_gesture(self) -> None:
        self._gesture += 1

    def _inherited(self, specs: tuple[LayerSpec, ...], hyper: Hyper) -> str:
        """The training setting that stands in, as it acts here: the output layer inherits no dropout."""
        if hyper.inherits is None:
            return ""
        ends = {spec.id for spec in output_layers(self.document.project.network)}
        if hyper.inherits == "dropout" and all(s.id in ends and s.layer.kind != "dropout" for s in specs):
            return "none"
        return theme.number(getattr(self.document.project.training, hyper.inherits))

    def _setter(self, name: str, field: Field) -> Callable[[object], None]:
        return lambda value: self._set(name, field, value)

    def _set(self, name: str, field: Field, value: Any) -> None:
        ids = self.document.selected
        hyper = self._hypers[name]

        def edit(network: NetworkSpec) -> NetworkSpec:
            return reduce(lambda n, id: edits.set_hypers(n, id, **{name: value}), ids, network)

        # Turning one number is one step; choices and ticks each stand for themselves.
        turning = hyper.kind == "int"
        key = f"hyper:{name}:{','.join(ids)}:{self._gesture}" if turning else ""
        try:
            self.document.edit_network(edit, f"Set {hyper.label.lower()}", merge_key=key)
        except UserInputError as err:
            QToolTip.showText(field.mapToGlobal(field.rect().bottomLeft()), str(err), field)
            self.show_layers(tuple(self.document.project.network.layer(id) for id in ids))
