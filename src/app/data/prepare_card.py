"""How a column, several or all of them are prepared, beside the table: what there is, what to do with it, and what the
network then gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.data import facts, paint, preparing
from app.data.header import as_tooltip
from app.data.input_list import InputList, described, sampled
from app.data.prepare_form import PrepareForm
from app.style import set_role
from app.widgets import Card, HLine, Segmented, button, explain, icon_button, label
from core.data.schema import ColumnProfile, Prepared, TableProfile
from core.spec import DataSpec

if TYPE_CHECKING:
    import numpy as np

    from app.session import Session

WIDTH, PICTURE = 300, 40
SCOPES = (
    ("column", "Column", "What is done with the column, or the columns, chosen in the list or the table's head."),
    ("all", "All columns", "What is done with every column that has no choice of its own."),
)
USES = (
    ("feature", "Feature", "The network learns from it."),
    ("target", "Target", "The network learns to predict it."),
    ("excluded", "Leave out", "The network never sees it."),
)
NONE_CHOSEN = "Click a column in the list at the left to see how it is prepared. With Ctrl or Shift, several at once."
FITTED = "What is measured for this is measured on the training rows alone."


class Portrait(QWidget):
    """A column as it is in the data: kind, name and histogram."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: TableProfile | None = None
        self._column: ColumnProfile | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.signals.changed.connect(self.update)

    def show_column(self, profile: TableProfile, column: ColumnProfile) -> None:
        self._profile, self._column = profile, column
        self.setToolTip(as_tooltip(facts.column_help(profile, column, "")))
        self.updateGeometry()
        self.update()

    @property
    def _pictured(self) -> bool:
        return self._column is not None and bool(paint.bars(self._column))

    def sizeHint(self) -> QSize:
        return QSize(200, 20 + (8 + PICTURE + 18 if self._pictured else 0))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._profile is None or self._column is None:
            return
        painter, colours = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint.draw_glyph(painter, QPointF(0, 1), self._column.kind)
        painter.setFont(theme.font("title"))
        painter.setPen(colours.text)
        name = QRectF(paint.GLYPH + 8, 0, self.width() - paint.GLYPH - 8, 20)
        paint.draw_text(painter, name, facts.shown(self._column.name))
        if not self._pictured:
            return
        box = QRectF(0, 28, self.width(), PICTURE)
        found = paint.bar_colours(self._profile, self._column, muted=False)
        paint.draw_histogram(painter, box, paint.bars(self._column), found)
        low, high = facts.ends(self._column)
        painter.setFont(paint.light_caption())
        painter.setPen(colours.muted)
        half = QRectF(0, box.bottom() + 3, self.width() * 0.5 - 6, 15)
        paint.draw_text(painter, half, low)
        paint.draw_text(painter, half.translated(half.width() + 12, 0), high, right=True)


class PrepareCard(Card):
    """`closed`: the person is done with it."""

    closed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=0, spacing=0)
        self._session = session
        self._rows: tuple[Prepared | None, np.ndarray | None] = (None, None)
        self.names: tuple[str, ...] = ()
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("How columns are prepared")
        self.form = PrepareForm(session)
        self.body.addWidget(self._build_head())
        self.body.addWidget(HLine())
        area, inside = QScrollArea(), set_role(QWidget(), "scrolled")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(14, 12, 14, 14)
        self._column.setSpacing(10)
        self._build_parts()
        area.setWidget(inside)
        self.body.addWidget(area, 1)
        self.body.addWidget(self._build_foot())

    def _build_head(self) -> QWidget:
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(10, 7, 8, 7)
        self.scope = Segmented(SCOPES)
        self.scope.setAccessibleName("Which columns")
        self.scope.chosen.connect(lambda _scope: self.refresh())
        row.addWidget(self.scope)
        row.addStretch(1)
        row.addWidget(icon_button("close", "Close (Escape). The choices stay.", on_click=self.closed.emit))
        return head

    def _build_parts(self) -> None:
        self.none, self.portrait = label(NONE_CHOSEN, "muted", wrap=True), Portrait()
        self.several, self.about = label("", "title", wrap=True), label("", "muted", wrap=True)
        self.use = Segmented(USES)
        self.use.setAccessibleName("What the column is used as")
        self.use.chosen.connect(self._use)
        self.line, self.head = HLine(), label("What the network gets", "strong")
        self.gaps = label("", "muted", wrap=True)
        self.inputs = InputList()
        self.fitted = label(FITTED, "caption", wrap=True)
        tip = "Drops what was chosen for this column: it is prepared as all columns are."
        self.as_all = button("As all columns", role="link", tip=tip, on_click=self._as_all)
        for part in (self.none, self.portrait, self.several, self.about, self.use, self.form, self.line, self.head,
                     self.gaps, self.inputs, self.fitted, self.as_all):  # fmt: skip
            self._column.addWidget(part)
        self._column.addStretch(1)

    def _build_foot(self) -> QWidget:
        """The result in a sentence, always in view."""
        self.foot, column = QWidget(), QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.result = label("", "small", wrap=True)
        self.result.setContentsMargins(14, 8, 14, 10)
        column.addWidget(HLine())
        column.addWidget(self.result)
        self.foot.setLayout(column)
        return self.foot

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)

    # --- which columns

    def show_columns(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.scope.set_value("column" if names else "all")
        self.refresh()

    def _chosen(self, profile: TableProfile) -> list[ColumnProfile]:
        return [column for column in profile.columns if column.name in self.names]

    def refresh(self) -> None:
        profile, spec = self._session.document.profile, self._session.document.project.data
        if profile is None or spec is None or self.isHidden():
            return
        columns = self._chosen(profile) if self.scope.value() == "column" else []
        every = self.scope.value() == "all"
        one = columns[0] if len(columns) == 1 else None
        self.none.setVisible(not every and not columns)
        self.portrait.setVisible(one is not None)
        self.several.setVisible(every or len(columns) > 1)
        if one is not None:
            self.portrait.show_column(profile, one)
        self.several.setText("All columns" if every else f"{len(columns):,} columns")
        self._show_about(spec, columns, every=every)
        self._show_use(spec, profile, columns)
        roles = {facts.role(spec, profile, column) for column in columns}
        self.form.show_choices(spec, columns, every=every, used=roles == {"feature"})
        self._show_result(spec, profile, columns, every=every)

    def _show_about(self, spec: DataSpec, columns: list[ColumnProfile], *, every: bool) -> None:
        own = sum(1 for name in spec.columns if name)
        if every:
            but = f" {facts.count(own, 'column')} {'has' if own == 1 else 'have'} a choice of their own." if own else ""
            text = f"For every column without a choice of its own.{but}"
        elif len(columns) == 1:
            gaps = columns[0].missing + columns[0].invalid
            missing = f" {facts.count(gaps, 'cell')} missing." if gaps else ""
            reason = "" if columns[0].kind == "date" else columns[0].reason  # the picture tells from when to when
            text = f"{reason}{missing}".strip()
        else:
            text = ", ".join(facts.shown(column.name) for column in columns[:6])
            text += f" and {len(columns) - 6:,} more" if len(columns) > 6 else ""
        self.about.setText(text)
        self.about.setVisible(bool(text))

    def _show_use(self, spec: DataSpec, profile: TableProfile, columns: list[ColumnProfile]) -> None:
        roles = [facts.role(spec, profile, column) for column in columns]
        self.use.setVisible(bool(columns))
        if not columns:
            return
        parts = {"left out": "excluded", "split": "excluded"}
        self.use.set_value(parts.get(roles[0], roles[0]))
        split = "It decides which rows train: choose another split first." if "split" in roles else ""
        target = "Choose another target first: there must be one." if "target" in roles else ""
        barren = preparing.use_as(spec, columns, "feature") is None
        nothing = "There is nothing in it to learn from." if barren else ""
        for part, why in (
            ("feature", target or split or nothing),
            ("target", "Only one column can be the target." if len(columns) > 1 else split or ""),
            ("excluded", target or split),
        ):
            tip = next(tip for value, _, tip in USES if value == part)
            explain(self.use.part(part), enabled=not why, tip=tip, why_not=why)

    def _use(self, part: str) -> None:
        profile, spec = self._session.document.profile, self._session.document.project.data
        if profile is None or spec is None:
            return
        edit = preparing.use_as(spec, self._chosen(profile), part)
        if edit is not None and any(getattr(spec, name) != value for name, value in edit.changes.items()):
            self._session.change_data(edit.label, **edit.changes)

    def _as_all(self) -> None:
        spec = self._session.document.project.data
        if spec is not None:
            edit = preparing.as_all(spec, self.names)
            self._session.change_data(edit.label, **edit.changes)

    # --- what comes of it

    def _show_result(self, spec: DataSpec, profile: TableProfile, columns: list[ColumnProfile], *, every: bool) -> None:
        prepared = self._session.document.prepared
        told, gaps, found = "", "", None
        if every:
            told = _whole(prepared)
        elif len(columns) > 1:
            told = _together(prepared, columns)
        elif columns and facts.role(spec, profile, columns[0]) == "target":
            told = _answer(prepared, columns[0])
        elif columns:
            found = preparing.features_of(prepared).get(columns[0].name)
            choice = spec.choice(columns[0].name)
            told = preparing.sentence(found[0], choice) if found is not None else ""
            gaps = preparing.gaps(columns[0], found[0], choice) if found is not None else ""
        for part, text, box in ((self.result, told, self.foot), (self.gaps, gaps, self.gaps)):
            part.setText(text)
            box.setVisible(bool(text))
        for shown in (self.line, self.head, self.inputs, self.fitted):
            shown.setVisible(found is not None)
        if found is not None:
            feature, start = found
            self.inputs.show_inputs(described(feature, self._sample(prepared), start), feature.width)
        own = any(spec.columns.get(column.name) is not None for column in columns)
        self.as_all.setVisible(own)

    def _sample(self, prepared: Prepared | None) -> np.ndarray | None:
        if self._rows[0] is not prepared:
            self._rows = (prepared, sampled(prepared))
        return self._rows[1]


def _whole(prepared: Prepared | None) -> str:
    if prepared is None:
        return ""
    features = prepared.preparation.features
    inputs = sum(feature.width for feature in features)
    return f"{facts.count(len(features), 'column')} → {facts.count(inputs, 'input')}."


def _together(prepared: Prepared | None, columns: list[ColumnProfile]) -> str:
    known = preparing.features_of(prepared)
    found = [known[column.name] for column in columns if column.name in known]
    if not found:
        return ""
    inputs = sum(feature.width for feature, _ in found)
    return f"{facts.count(len(found), 'column')} → {facts.count(inputs, 'input')}."


def _answer(prepared: Prepared | None, column: ColumnProfile) -> str:
    """What the network learns to give."""
    if prepared is None or prepared.target != column.name:
        return ""
    if prepared.task == "classification":
        return f"Nothing: it gives a probability for each of {facts.count(len(prepared.classes), 'class', 'classes')}."
    if prepared.task == "regression":
        return "Nothing: it gives this number, learned at mean 0 and spread 1 and scaled back."
    return "Nothing: this is what it learns to answer."
