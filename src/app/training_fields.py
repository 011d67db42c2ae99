"""Fields for the training settings: each is made from the description of its setting, writes to the document and
follows it, and says why it cannot be turned where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.training_words import FAMILIES, FIXED_IN_RUN, HYPERS, WORDS, describe, formula_of, teach, title_of
from app.widgets import NumberCombo, NumberRules, explain, label, set_role, wrapped
from core import values
from core.errors import UserInputError
from core.losses import choices_for, resolve
from core.spec import TrainingConfig
from core.values import Hyper

if TYPE_CHECKING:
    from app.session import Session

HEIGHT = 24
ACTIVE = ("running", "paused")
FIXED = "the run keeps what it began with. Reset first."


@dataclass(frozen=True)
class _Bound:
    """A field and the setting that it shows: `name` of the training settings, or `own` of the value in it."""

    name: str
    own: str
    widget: QWidget


class TrainingFields(QObject):
    """`locks_changed`: what a run fixes, or what the chosen loss has no use for, is different now."""

    locks_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._fields: list[_Bound] = []
        session.document.training_changed.connect(self._show)
        session.document.prepared_changed.connect(self._show)
        session.engine.state_changed.connect(self._show)

    @property
    def config(self) -> TrainingConfig:
        return self._session.document.project.training

    # --- making fields

    def field(self, name: str, width: int) -> QWidget:
        """A field for a training setting, of the kind that its description asks for."""
        if name in FAMILIES:
            return self.choice(name, width)
        return self._made(HYPERS[name], name, "", width)

    def own(self, name: str, own: str, width: int) -> QWidget:
        """A field for a setting of the chosen optimizer or schedule. `forget` it when another one is chosen."""
        return self._made(values.hypers(getattr(self.config, name))[own], name, own, width)

    def _made(self, hyper: Hyper, name: str, own: str, width: int) -> QWidget:
        if hyper.kind in ("int", "float"):
            return self._number(hyper, name, own, width)
        return self._flag(name, own, width) if hyper.kind == "bool" else self._choice(hyper.choices, name, own, width)

    def number(self, name: str, width: int) -> NumberCombo:
        """A field for the number `name` of the training settings."""
        return self._number(HYPERS[name], name, "", width)

    def choice(self, name: str, width: int) -> QComboBox:
        """A field for a choice: the loss, the backend, the optimizer or the schedule."""
        if name not in FAMILIES:
            return self._choice(HYPERS[name].choices, name, "", width)
        made = self._choice(tuple((kind, cls.label) for kind, cls in FAMILIES[name].items()), name, "", width)
        for row, cls in enumerate(FAMILIES[name].values()):
            made.setItemData(row, wrapped(f"{cls.help}\n\n{formula_of(cls)}"), Qt.ItemDataRole.ToolTipRole)
        return made

    def _number(self, hyper: Hyper, name: str, own: str, width: int) -> NumberCombo:
        rules = NumberRules.of(hyper, WORDS.get(name) if not own else None)
        if name == "batch_size":
            rules = replace(rules, adjust=self._batch_that_fits)
        made = NumberCombo(self._value(name, own), rules, suggestions=hyper.suggestions)
        made.value_changed.connect(lambda value: self._set(name, own, value))
        return self._register(made, name, own, width)

    def _choice(self, options: tuple[tuple[str, str], ...], name: str, own: str, width: int) -> QComboBox:
        made = _Choice()
        set_role(made, "mono")
        for value, text in options:
            made.addItem(text, value)
        show_whole_choices(made)
        made.activated.connect(lambda _row: self._set(name, own, made.currentData()))
        return self._register(made, name, own, width)

    def _flag(self, name: str, own: str, width: int) -> QCheckBox:
        made = QCheckBox()
        made.clicked.connect(lambda on: self._set(name, own, on))
        return self._register(made, name, own, width)

    def _register(self, made: Any, name: str, own: str, width: int) -> Any:
        made.setFixedSize(width, HEIGHT)
        made.setAccessibleName(self._hyper(name, own).label if own or name in HYPERS else title_of(name))
        bound = _Bound(name, own, made)
        self._fields.append(bound)
        self._show_one(bound)
        return made

    def forget(self, widget: QWidget) -> None:
        """The field is about to go."""
        self._fields = [bound for bound in self._fields if bound.widget is not widget]

    # --- writing

    def _set(self, name: str, own: str, value: Any) -> None:
        try:
            if own:
                self.set_own(name, own, value)
            elif name in FAMILIES:
                self._set_family(name, value)
            else:
                legal = values.checked(TrainingConfig, name, value)
                self._session.document.edit_training(f"Set {HYPERS[name].label.lower()}", **{name: legal})
        except UserInputError:
            self._show()  # what stands in the document counts

    def _set_family(self, name: str, kind: str) -> None:
        if getattr(self.config, name).kind != kind:
            self._session.document.edit_training(f"Set {title_of(name).lower()}", **{name: FAMILIES[name][kind]()})

    def set_own(self, name: str, own: str, value: Any) -> None:
        """Set one setting of the chosen optimizer or schedule, as an undo step of its own."""
        chosen = getattr(self.config, name)
        changed = replace(chosen, **{own: values.checked(type(chosen), own, value)})
        text = f"Set {self._hyper(name, own).label} of the {title_of(name).lower()}"
        self._session.document.apply(
            lambda p: replace(p, training=replace(p.training, **{name: changed})),
            text,
            merge_key=f"training:{name}.{chosen.kind}.{own}",
        )

    def _batch_that_fits(self, value: float) -> tuple[float, str]:
        rows = self.training_rows()
        if rows and value > rows:
            return rows, f"The data have {rows:,} training rows: a batch cannot be larger."
        return value, ""

    def training_rows(self) -> int:
        prepared = self._session.document.prepared
        return prepared.rows.get("train", 0) if prepared else 0

    # --- showing

    def _hyper(self, name: str, own: str) -> Hyper:
        return values.hypers(getattr(self.config, name))[own] if own else HYPERS[name]

    def _value(self, name: str, own: str) -> Any:
        value = getattr(self.config, name)
        return getattr(value, own) if own else value.kind if name in FAMILIES else value

    def _show(self, _what: object = None) -> None:
        for bound in self._fields:
            self._show_one(bound)
        self.locks_changed.emit()

    def _show_one(self, bound: _Bound) -> None:
        name, own, made = bound.name, bound.own, bound.widget
        if own and own not in values.hypers(getattr(self.config, name)):
            return  # another optimizer or schedule was chosen; this field is about to go
        value = self._value(name, own)
        if isinstance(made, NumberCombo):
            if made.value() != value:
                made.set_value(value)
        elif isinstance(made, QComboBox):
            if name == "loss":
                self._offer_losses(made)
            made.setCurrentIndex(made.findData(value))
        elif isinstance(made, QCheckBox):
            made.setChecked(value)
        why_not = self.why_locked(name)
        explain(made, enabled=not why_not, tip=self._tip(name, own), why_not=why_not)

    def _offer_losses(self, made: QComboBox) -> None:
        """Those that fit the target; one that was chosen for another target stays in sight until it is changed."""
        prepared, chosen = self._session.document.prepared, self.config.loss
        every = HYPERS["loss"].choices
        fitting = every if prepared is None else choices_for(prepared.task, len(prepared.classes))
        wanted = tuple(choice for choice in every if choice in fitting or choice[0] == chosen)
        if wanted != tuple((made.itemData(row), made.itemText(row)) for row in range(made.count())):
            made.clear()
            for value, text in wanted:
                made.addItem(text, value)

    def is_fixed(self, name: str) -> bool:
        """Whether the run that goes on keeps this setting."""
        return name in FIXED_IN_RUN and self._session.engine.state in ACTIVE

    def why_locked(self, name: str) -> str:
        """Why a setting cannot be turned now; "" where it can."""
        return FIXED if self.is_fixed(name) else self._why_unused(name)

    def _why_unused(self, name: str) -> str:
        prepared = self._session.document.prepared
        asks: dict[str, Callable[[Any], Any]] = {
            "label_smoothing": lambda loss: loss.tuned(smoothing=0.1, class_weights=()),
            "class_weights": lambda loss: loss.tuned(smoothing=0.0, class_weights=(1.0, 2.0)),
        }
        if prepared is None or name not in asks:
            return ""
        try:
            loss = resolve(self.config.loss, prepared.task, len(prepared.classes))
        except UserInputError:
            return ""
        return "" if asks[name](loss) != loss else f"the loss, {loss.label.lower()}, has no use for it."

    def _tip(self, name: str, own: str) -> str:
        if name in FAMILIES and not own:
            return describe(name, getattr(self.config, name))
        tip = teach(own or name, self._hyper(name, own))
        rows = self.training_rows()
        if name == "batch_size" and 0 < rows < self.config.batch_size:
            tip += f"\n\nThe data have only {rows:,} training rows: each step uses all of them."
        return tip


class _Choice(QComboBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling past must not turn a setting that happens to lie under the pointer."""
        event.ignore()


def show_whole_choices(made: QComboBox) -> None:
    """The list may be wider than the field."""
    made.ensurePolished()
    widest = max(made.fontMetrics().horizontalAdvance(made.itemText(row)) for row in range(made.count()))
    made.view().setMinimumWidth(widest + 36)


def captioned(text: str, *fields: QWidget) -> QWidget:
    """A field under its caption, as the control row shows them; further ones stand beside it."""
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    column.setAlignment(Qt.AlignmentFlag.AlignVCenter)
    head = label(text, "caption")
    head.setFixedHeight(14)
    head.setBuddy(fields[0])
    column.addWidget(head)
    row = QHBoxLayout()
    row.setSpacing(2)
    for field in fields:
        row.addWidget(field)
    column.addLayout(row)
    return made
