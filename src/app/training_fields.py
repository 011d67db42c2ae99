"""The settings that a person turns while training, as captioned fields and behind "More"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets import HLine, NumberCombo, NumberRules, explain, label, set_role, wrapped
from core import values
from core.errors import UserInputError
from core.optimizers import OPTIMIZERS
from core.spec import TrainingConfig
from core.values import Hyper

if TYPE_CHECKING:
    from app.session import Session

HYPERS = values.hypers(TrainingConfig)
FIXED_IN_RUN = {"loss", "seed", "backend"}  # they belong to a run from its first step to its last
WORDS: dict[str, dict[float, str]] = {"batch_size": {0: "full"}, "early_stopping": {0: "off"}}
LESSONS = {
    "learning_rate": "Every step does W ← W − η · dW, and η is this number. Ten times larger often diverges, ten times"
    " smaller often takes ten times as long. Change it while training and watch the loss.",
    "batch_size": "The gradient is the mean over this many rows. Small batches point roughly the right way and step"
    " often; their noise can help to leave poor places. “full” uses every row: no noise, few steps.",
    "dropout": "At each step a random share of the hidden outputs is set to zero, the rest is scaled up. No neuron can"
    " lean on a single other one, which narrows the gap between training and validation loss.",
    "l1": "Its gradient is λ · sign(W): a constant pull that sets small weights to exactly zero.",
    "l2": "Its gradient is λ · W: large weights are pulled back most. With plain SGD it is weight decay."
    " The plots show this penalty apart from the data loss.",
    "optimizer": "The rule that turns gradients into steps.",
    "loss": "Backpropagation starts with the derivative of this number. Cross-entropy compares probabilities with"
    " classes; mean squared error compares numbers.",
    "early_stopping": "When the validation loss has stopped falling, more training only fits noise. The best weights"
    " are kept either way.",
    "seed": "First weights, the order of rows and dropout all follow from it. The same seed on the same machine gives"
    " the same run, bit for bit.",
    "backend": "",
    "epochs": "One epoch uses every training row once, in a new order each time.",
}


def teach(name: str, hyper: Hyper) -> str:
    """The tooltip of a setting: its name, what it is, and what it does to training."""
    lesson = LESSONS.get(name, "")
    return "\n\n".join(part for part in (f"{hyper.label}. {hyper.help}", lesson) if part)


class TrainingFields(QObject):
    """Makes fields for training settings; each writes to the document and follows it."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._fields: list[tuple[str, QWidget]] = []
        session.document.training_changed.connect(self._show)
        session.document.prepared_changed.connect(self._show)
        session.engine.state_changed.connect(self._show)

    @property
    def _config(self) -> TrainingConfig:
        return self._session.document.project.training

    def rules(self, name: str) -> NumberRules:
        rules = NumberRules.of(HYPERS[name], WORDS.get(name))
        return replace(rules, adjust=self._batch_that_fits) if name == "batch_size" else rules

    def number(self, name: str, width: int) -> NumberCombo:
        """A field for the number `name` of the training settings."""
        made = NumberCombo(getattr(self._config, name), self.rules(name), suggestions=HYPERS[name].suggestions)
        made.value_changed.connect(lambda value: self._set(name, value))
        return self._register(name, made, width)

    def choice(self, name: str, width: int) -> QComboBox:
        """A field for a choice: the loss, the backend or the optimizer."""
        made = QComboBox()
        set_role(made, "mono")
        options = [(k, c.label) for k, c in OPTIMIZERS.items()] if name == "optimizer" else HYPERS[name].choices
        for value, text in options:
            made.addItem(text, value)
        if name == "optimizer":
            for row, cls in enumerate(OPTIMIZERS.values()):
                made.setItemData(row, cls.help, Qt.ItemDataRole.ToolTipRole)
        show_whole_choices(made)
        made.activated.connect(lambda _row: self._set(name, made.currentData()))
        return self._register(name, made, width)

    def _register(self, name: str, made: Any, width: int) -> Any:
        made.setFixedWidth(width)
        made.setFixedHeight(24)
        made.setAccessibleName(HYPERS[name].label if name in HYPERS else "Optimizer")
        self._fields.append((name, made))
        self._show_one(name, made)
        return made

    def _set(self, name: str, value: Any) -> None:
        title = HYPERS[name].label if name in HYPERS else "Optimizer"
        if name == "optimizer":
            kept = self._config.optimizer
            value = kept if kept.kind == value else OPTIMIZERS[value]()
        else:
            value = values.checked(TrainingConfig, name, value)
        self._session.document.edit_training(f"Set {title.lower()}", **{name: value})

    def set_optimizer_hyper(self, name: str, value: float) -> None:
        optimizer = self._config.optimizer
        legal = values.checked(type(optimizer), name, value)
        self._session.document.edit_training("Tune the optimizer", optimizer=replace(optimizer, **{name: legal}))

    def _batch_that_fits(self, value: float) -> tuple[float, str]:
        rows = self.training_rows()
        if rows and value > rows:
            return rows, f"The data have {rows:,} training rows: a batch cannot be larger."
        return value, ""

    def training_rows(self) -> int:
        prepared = self._session.document.prepared
        return prepared.rows.get("train", 0) if prepared else 0

    def _show(self, _what: object = None) -> None:
        for name, made in self._fields:
            self._show_one(name, made)

    def _show_one(self, name: str, made: QWidget) -> None:
        value = getattr(self._config, name)
        if isinstance(made, NumberCombo):
            if made.value() != value:
                made.set_value(value)
        elif isinstance(made, QComboBox):
            made.setCurrentIndex(made.findData(value.kind if name == "optimizer" else value))
        locked = name in FIXED_IN_RUN and self._session.engine.state in ("running", "paused")
        explain(made, enabled=not locked, tip=self._tip(name), why_not="the run keeps what it began with. Reset first.")

    def _tip(self, name: str) -> str:
        if name == "optimizer":
            chosen = self._config.optimizer
            usual = f"A usual learning rate is {theme.number(chosen.usual_rate)}."
            return f"Optimizer. {LESSONS[name]}\n\n{chosen.label}: {chosen.help} {usual}"
        tip = teach(name, HYPERS[name])
        rows = self.training_rows()
        if name == "batch_size" and 0 < rows < self._config.batch_size:
            tip += f"\n\nThe data have only {rows:,} training rows: each step uses all of them."
        return tip


def show_whole_choices(made: QComboBox) -> None:
    """The list may be wider than the field."""
    made.ensurePolished()
    widest = max(made.fontMetrics().horizontalAdvance(made.itemText(row)) for row in range(made.count()))
    made.view().setMinimumWidth(widest + 36)


def captioned(text: str, field: QWidget) -> QWidget:
    """A field under its caption, as the control row shows them."""
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    column.setAlignment(Qt.AlignmentFlag.AlignVCenter)
    head = label(text, "caption")
    head.setFixedHeight(14)
    head.setBuddy(field)
    column.addWidget(head)
    column.addWidget(field)
    return made


class MorePopover(QFrame):
    """The settings that are turned less often: the optimizer's own, L1, early stopping, seed, backend."""

    NAMES = ("optimizer", "loss", "l1", "early_stopping", "seed", "backend")

    def __init__(self, fields: TrainingFields, session: Session, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.NoDropShadowWindowHint)
        self._fields, self._session = fields, session
        set_role(self, "popover")
        self.setAccessibleName("More training settings")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 14, 16, 14)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(6)
        self._grid.addWidget(label("Training", "section"), 0, 0, 1, 2)
        for row, name in enumerate(self.NAMES, start=1):
            self._add(row, name)
        self._own: list[QWidget] = []
        self._first_own = len(self.NAMES) + 1
        session.document.training_changed.connect(self._show_own)
        self._show_own()

    def _add(self, row: int, name: str) -> None:
        numeric = name in HYPERS and HYPERS[name].kind in ("int", "float")
        field = self._fields.number(name, 148) if numeric else self._fields.choice(name, 148)
        head = label(HYPERS[name].label if name in HYPERS else "Optimizer", "small")
        head.setToolTip(field.toolTip())
        self._grid.addWidget(head, row, 0)
        self._grid.addWidget(field, row, 1)

    def _show_own(self) -> None:
        optimizer = self._session.document.project.training.optimizer
        shown = [(w.property("hyper"), w.property("kind")) for w in self._own if isinstance(w, NumberCombo)]
        described = values.hypers(optimizer)
        if shown == [(name, optimizer.kind) for name in described]:
            for field in (w for w in self._own if isinstance(w, NumberCombo)):
                field.set_value(getattr(optimizer, field.property("hyper")))
            return
        for widget in self._own:
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self._own = []
        if described:
            self._own = [HLine(), label(optimizer.label, "section")]
            self._grid.addWidget(self._own[0], self._first_own, 0, 1, 2)
            self._grid.addWidget(self._own[1], self._first_own + 1, 0, 1, 2)
        for row, (name, hyper) in enumerate(described.items(), start=self._first_own + 2):
            self._add_own(row, name, hyper, getattr(optimizer, name))
        self.adjustSize()

    def _add_own(self, row: int, name: str, hyper: Hyper, value: float) -> None:
        head: QLabel = label(hyper.label, "small")
        field = NumberCombo(value, NumberRules.of(hyper), suggestions=hyper.suggestions)
        field.setFixedSize(148, 24)
        field.setProperty("hyper", name)
        field.setProperty("kind", self._session.document.project.training.optimizer.kind)
        field.setAccessibleName(hyper.label)
        field.value_changed.connect(lambda v: self._set_own(name, v))
        for widget in (head, field):
            widget.setToolTip(wrapped(f"{hyper.label}. {hyper.help}"))
            self._own.append(widget)
        self._grid.addWidget(head, row, 0)
        self._grid.addWidget(field, row, 1)

    def _set_own(self, name: str, value: float) -> None:
        try:
            self._fields.set_optimizer_hyper(name, value)
        except UserInputError:
            self._show_own()

    def open_below(self, anchor: QWidget) -> None:
        self.adjustSize()
        corner = anchor.mapToGlobal(QPoint(anchor.width() - self.width(), anchor.height() + 10))
        self.move(corner)
        self.show()
