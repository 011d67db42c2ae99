"""The choices of one, several or all columns as a form; each change is one undoable step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.data import facts, preparing
from app.data.prepare_fields import OptionBox, PartTicks, Tick
from app.data.preparing import ALL, Option
from app.number_combo import NumberCombo, NumberRules
from app.widgets import label, wrapped
from core.data.choices import MOST_RARE, MOST_WIDTH, USUAL, USUAL_WIDTH, ColumnChoice
from core.data.preprocess import DateFeature
from core.data.schema import ColumnProfile
from core.spec import DataSpec

if TYPE_CHECKING:
    from app.session import Session

CAPTION = 74
CAPTIONS = {
    "kind": ("Kind", "What the cells of the column are taken for."),
    "missing": ("Missing", "What stands in for a missing cell: the network needs a number in every place."),
    "scaling": ("Scaling", "Puts numbers of unlike size on one footing."),
    "encoding": ("Encoding", "How labels become numbers."),
    "rare": ("Rare below", preparing.RARE_HELP),
    "parts": (
        "Parts",
        "What of a date enters the network. Cycles enter as sine and cosine, so that ends meet. "
        "Until parts are chosen, those enter that vary in the column; half ticked: in some columns.",
    ),
    "width": ("Buckets", preparing.WIDTH_HELP),
}
PLAIN = ("indicator", "log")  # ticks, whose words stand beside them
MIXED = -1.0
MOST_LOOKED_AT = 20  # of many columns, for what they can be read as
GAPPY = {"number", "category", "date"}  # kinds of which an input can say that a cell was missing


class PrepareForm(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._names: tuple[str, ...] = ()
        self._captions: dict[str, QLabel] = {}
        self.fields: dict[str, Any] = {
            "kind": OptionBox(*CAPTIONS["kind"]),
            "missing": OptionBox(*CAPTIONS["missing"]),
            "indicator": Tick("Tell that it was missing", preparing.INDICATOR_HELP),
            "scaling": OptionBox(*CAPTIONS["scaling"]),
            "log": Tick("Take its logarithm first", preparing.LOG_HELP),
            "encoding": OptionBox(*CAPTIONS["encoding"]),
            "rare": NumberCombo(0, NumberRules(0, MOST_RARE, True, {0: "none", MIXED: "different"}),
                                suggestions=(0, 2, 5, 10, 20, 50)),
            "parts": PartTicks(preparing.PARTS),
            "width": NumberCombo(0, NumberRules(0, MOST_WIDTH, True, {0: str(USUAL_WIDTH), MIXED: "different"}),
                                 suggestions=(32, 64, 0, 256, 512, 1024)),
        }  # fmt: skip
        self.fields["scaling"].set_options(preparing.SCALINGS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(7)
        grid.setColumnMinimumWidth(0, CAPTION)
        grid.setColumnStretch(1, 1)
        for row, (name, field) in enumerate(self.fields.items()):
            wide = name == "parts"  # its ticks take the whole width, below their caption
            grid.addWidget(field, 2 * row + wide, 1 - wide, 1, 1 + wide)
            if name in PLAIN:
                continue
            text, help = CAPTIONS[name]
            caption = self._captions[name] = label(text, "muted")
            caption.setBuddy(field)
            caption.setToolTip(wrapped(help))
            grid.addWidget(caption, 2 * row, 0)
            if isinstance(field, NumberCombo):
                field.setToolTip(wrapped(help))
                field.setAccessibleName(text)
                field.setAccessibleDescription(help)

    def _connect(self) -> None:
        for name in ("missing", "scaling", "encoding", "indicator", "parts"):
            self.fields[name].chosen.connect(lambda value, field=name: self._choose(field, value))
        for name in ("rare", "width"):
            self.fields[name].value_changed.connect(lambda value, field=name: self._choose(field, int(value)))
        self.fields["kind"].chosen.connect(lambda kind: self._send(facts.read_as(self._spec, *self._names, kind=kind)))
        self.fields["log"].chosen.connect(lambda use: self._send(facts.log(self._spec, *self._names, use=use)))

    # --- what is shown

    def show_choices(self, spec: DataSpec, columns: list[ColumnProfile], *, every: bool, used: bool) -> None:
        """every: of all columns that have no choice of their own. used: whether the columns enter the network."""
        self._names = (ALL,) if every else tuple(column.name for column in columns)
        groups = {preparing.group(column) for column in columns} if used else set()
        group = next(iter(groups)) if len(groups) == 1 else ""
        self._show_rows(columns, group, every=every, gaps=bool(groups) and groups <= GAPPY)
        if columns:
            self._show_kind(spec, columns)
        choices = [spec.columns.get(ALL, USUAL)] if every else [spec.choice(name) for name in self._names]
        if group in preparing.MISSING and (every or group):
            self.fields["missing"].set_options(preparing.MISSING[group])
        one = columns[0] if len(columns) == 1 else None
        self.fields["encoding"].set_options(preparing.encodings(one, [c.encoding for c in choices]))
        for name in ("missing", "scaling", "encoding", "indicator"):
            self.fields[name].show_value({getattr(choice, name) for choice in choices})
        self.fields["log"].show_value({name in spec.logs for name in self._names})
        if every or group == "date":
            self.fields["parts"].show_parts(self._parts(choices))
        for name in ("rare", "width"):
            found = {getattr(choice, name) for choice in choices}
            self.fields[name].set_value(found.pop() if len(found) == 1 else MIXED)

    def _show_rows(self, columns: list[ColumnProfile], group: str, *, every: bool, gaps: bool) -> None:
        numbers, labels = every or group == "number", every or group == "category"
        positive = all(c.minimum is not None and c.minimum >= 0 for c in columns)
        wanted = {
            "kind": bool(columns), "missing": numbers or labels, "indicator": every or gaps,
            "scaling": numbers or group == "date", "log": group == "number" and positive,
            "encoding": labels, "rare": labels, "parts": every or group == "date", "width": every or group == "text",
        }  # fmt: skip
        for name, field in self.fields.items():
            field.setVisible(wanted[name])
            if name in self._captions:
                self._captions[name].setVisible(wanted[name])
        self.setVisible(any(wanted.values()))

    def _show_kind(self, spec: DataSpec, columns: list[ColumnProfile]) -> None:
        wishes = {spec.kinds.get(column.name, "") for column in columns}
        kinds = {column.kind for column in columns}
        found = f"as found: {kinds.pop()}" if wishes == {""} and len(kinds) == 1 else "as found"
        first = Option("", found, "What the values look like decides.")
        self.fields["kind"].set_options((first, *preparing.KINDS))
        self.fields["kind"].forbid(self._kinds_out_of_reach(spec, columns[:MOST_LOOKED_AT]))
        self.fields["kind"].show_value(wishes)

    def _kinds_out_of_reach(self, spec: DataSpec, columns: list[ColumnProfile]) -> dict[str, str]:
        """By kind, why it cannot be chosen, or ""."""
        profile = self._session.document.profile
        if profile is None:
            return {}
        found: dict[str, str] = {}
        for kind in (option.value for option in preparing.KINDS):
            reasons = (preparing.cannot_read(profile, spec, column, kind) for column in columns)
            found[kind] = next(filter(None, reasons), "")
        return found

    def _parts(self, choices: list[ColumnChoice]) -> set[tuple[str, ...]]:
        """Those that are chosen, else those that were found to vary."""
        found = preparing.features_of(self._session.document.prepared)
        every = tuple(option.value for option in preparing.PARTS)
        if self._names == (ALL,):
            return {choices[0].parts} if choices[0].parts else self._usual_parts() or {every}
        usual = [getattr(found[name][0], "parts", every) if name in found else every for name in self._names]
        return {choice.parts or parts for choice, parts in zip(choices, usual, strict=True)}

    def _usual_parts(self) -> set[tuple[str, ...]]:
        """Those that enter of each date for which nobody chose any."""
        found = preparing.features_of(self._session.document.prepared).items()
        dates = ((name, feature.parts) for name, (feature, _) in found if isinstance(feature, DateFeature))
        return {parts for name, parts in dates if not self._spec.choice(name).parts}

    # --- what is changed

    @property
    def _spec(self) -> DataSpec:
        spec = self._session.document.project.data
        assert spec is not None
        return spec

    def _choose(self, field: str, value: object) -> None:
        self._send(preparing.choose(self._spec, self._names, **{field: value}))

    def _send(self, edit: facts.ColumnEdit) -> None:
        if self._names and any(getattr(self._spec, name) != value for name, value in edit.changes.items()):
            self._session.change_data(edit.label, **edit.changes)
