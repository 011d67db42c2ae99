"""The hyper-parameters of the selected layers as a form: fields that all of them share, each edit one undoable step."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from PySide6.QtWidgets import QGridLayout, QToolTip, QVBoxLayout, QWidget

from app import theme
from app.document import Document
from app.embedding import tokens_of
from app.inspector.fields import MIXED, CountsField, Field, ShapeField, field_for
from app.inspector.fold import Fold
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


def _grid(of: QWidget) -> QGridLayout:
    made = QGridLayout(of)
    made.setContentsMargins(0, 0, 0, 0)
    made.setHorizontalSpacing(12)
    made.setVerticalSpacing(4)
    made.setColumnMinimumWidth(0, LABEL_WIDTH)
    made.setColumnStretch(1, 1)
    return made


def holds_back(name: str, hyper: Hyper) -> bool:
    """Whether it is one of the restraints that every layer with weights may set for itself."""
    return hyper.inherits == name


class Form(QWidget):
    """Follows the document; built anew only for other kinds of layers, so that a field keeps its focus."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self.fields: dict[str, Field] = {}
        self._hypers: dict[str, Hyper] = {}
        self._gesture = 0
        self.fold = Fold("Holding back", "Penalties, decay, max-norm and dropout of this layer alone.")
        self._own, self._restraints = QWidget(), QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self._own, self.fold, self._restraints):
            column.addWidget(part)
        self._grids = {False: _grid(self._own), True: _grid(self._restraints)}
        self.fold.toggled.connect(self._show_parts)

    def show_layers(self, specs: tuple[LayerSpec, ...]) -> None:
        hypers = common_hypers(specs)
        if hypers != self._hypers:
            self._build(hypers)
        for name, field in self.fields.items():
            field.set_inherited(self._inherited(specs, hypers[name]))
            found = {getattr(spec.layer, name) for spec in specs}
            if isinstance(field, ShapeField):
                self._describe_sizes(field, name, specs)
            field.show_value(found.pop() if len(found) == 1 else MIXED)
            if isinstance(field, CountsField) and name == "columns" and len(specs) == 1:
                self._name_columns(field, specs[0])
        self.fold.set_note(self._restraint_note(specs))

    def _name_columns(self, field: CountsField, spec: LayerSpec) -> None:
        """Places among the inputs by the names of their columns, where the data have labels there."""
        tokens = tokens_of(spec.layer, self.document.prepared)
        if tokens and all(each.labels for each in tokens):
            names = ", ".join(" ".join(each.column.split()) for each in tokens)
            field.show_words(names)
            field.set_tip(wrapped(f"{names}\n\n{self._hypers['columns'].help}"))

    def _describe_sizes(self, field: ShapeField, name: str, specs: tuple[LayerSpec, ...]) -> None:
        """A shape has any number of axes; kernels and strides as many as their layer. The data decide the input's."""
        field.axes = 0 if name == "shape" else max(len(getattr(spec.layer, name)) for spec in specs)
        fed = any(spec.layer.arity[1] == 0 for spec in specs) and self.document.prepared is not None
        field.set_read_only(fed)

    def _restraint_note(self, specs: tuple[LayerSpec, ...]) -> str:
        """What the layer sets for itself, so that it need not be opened to be seen."""
        names = [n for n, h in self._hypers.items() if holds_back(n, h)]
        set_here = [n for n in names if any(getattr(spec.layer, n) is not None for spec in specs)]
        if len(set_here) == 1 and len(specs) == 1:
            value = getattr(specs[0].layer, set_here[0])
            return f"{self._hypers[set_here[0]].label} {theme.number(value)}"
        return f"{len(set_here)} of its own" if set_here else "as in training"

    def _show_parts(self) -> None:
        restraints = [n for n, h in self._hypers.items() if holds_back(n, h)]
        self._own.setVisible(len(restraints) < len(self._hypers))
        self.fold.setVisible(bool(restraints))
        self._restraints.setVisible(bool(restraints) and self.fold.isChecked())

    def _build(self, hypers: dict[str, Hyper]) -> None:
        for grid in self._grids.values():
            while (item := grid.takeAt(0)) is not None:
                old = item.widget()
                if old is not None:
                    old.hide()
                    old.deleteLater()
        self.fields, self._hypers = {}, hypers
        for name, hyper in hypers.items():
            self._add(name, hyper, self._grids[holds_back(name, hyper)])
        self._show_parts()

    def _add(self, name: str, hyper: Hyper, grid: QGridLayout) -> None:
        head, field, row = label(hyper.label, "muted"), field_for(hyper), grid.count() // 2
        head.setBuddy(field)
        head.setToolTip(wrapped(f"{hyper.label}. {hyper.help}"))
        field.set_tip(head.toolTip())
        field.edited.connect(self._setter(name, field))
        field.entered.connect(self._begin_gesture)
        grid.addWidget(head, row, 0)
        grid.addWidget(field, row, 1)
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
