"""The data in short, at the left of every stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.data import facts
from app.data.column_list import ColumnList
from app.data.generator_form import GeneratorForm
from app.data.sources import choose_file, source_menu
from app.data.split_bar import SplitBar
from app.data.split_choice import SplitChoice
from app.data.split_facts import shares_of, shown_split
from app.number_combo import NumberCombo, NumberRules
from app.style import set_role
from app.widgets import ElidedLabel, SectionHead, button, label, wrapped
from core.data import formats
from core.data.augmentation import Augmentation
from core.data.drawing import drawing, lacking
from core.spec import DataSource
from core.values import hypers

if TYPE_CHECKING:
    from app.session import Session


class DataSummary(QWidget):
    """Name, size, columns and split of the table; the knobs of a generator; or how to get a table."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.columns = ColumnList(session)
        self.split, self.split_choice = SplitBar(), SplitChoice(session)
        self.generator = GeneratorForm(session)
        self._name = ElidedLabel(role="title")
        self._facts = label("", "caption", wrap=True)
        self._decide = button("", role="link", on_click=lambda: session.stage_requested.emit("Data"))
        self._to_plane = button(
            "Draw on the plane", icon="pencil", on_click=lambda: session.stage_requested.emit("Data")
        )
        self._empty, self._table = self._build_empty(), self._build_table()
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(8)
        column.addWidget(SectionHead("Data"))
        column.addWidget(self._empty)
        column.addWidget(self._table, 1)
        column.addStretch(0)  # takes the room while there is no table
        self._listen()
        self.refresh()

    def _build_empty(self) -> QWidget:
        zone = QFrame()
        set_role(zone, "dropzone")
        column = QVBoxLayout(zone)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(6)
        column.addWidget(label("Drop a data file here", "title"))
        column.addWidget(label("Columns, target and a fitting network are found for you.", "muted", wrap=True))
        choose = button("Choose a file…", icon="open", tip=f"Opens a table: {formats.NAMES}.")
        choose.clicked.connect(lambda: choose_file(self._session, self))
        column.addWidget(choose)
        sample = button("Or take a sample", role="link", tip="Real data sets and generated patterns that come along.")
        sample.clicked.connect(
            lambda: source_menu(self._session, self).popup(sample.mapToGlobal(sample.rect().bottomLeft()))
        )
        column.addWidget(sample)
        return zone

    def _build_table(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for widget, below in (
            (self._name, 0), (self._facts, 6), (self._to_plane, 6), (self._decide, 4),
            (self.generator, 8), (self.columns, 8), (self._build_split(), 0),
        ):  # fmt: skip
            column.addWidget(widget, 1000 if widget is self.columns else 0)  # it grows to its last row
            column.addSpacing(below)
        column.addStretch(1)
        return body

    def _build_split(self) -> QWidget:
        self._split = QWidget()
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(label("Split", "muted"))
        head.addWidget(self.split_choice)
        head.addStretch(1)
        column = QVBoxLayout(self._split)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.split)
        column.addSpacing(4)
        column.addWidget(self._build_noise())
        return self._split

    def _build_noise(self) -> QWidget:
        """How far the training rows of a table are varied; images have more to choose, on the data page."""
        told = hypers(Augmentation)["noise"]
        self._noise_row, row = QWidget(), QHBoxLayout()
        self.noise = NumberCombo(0.0, NumberRules.of(told, {0.0: "off"}), suggestions=told.suggestions)
        self.noise.setAccessibleName("Noise in training")
        self.noise.setMinimumWidth(72)
        self.noise.value_changed.connect(self._noise_chosen)
        caption = label("Noise in training", "muted")
        caption.setBuddy(self.noise)
        for widget in (caption, self.noise):
            widget.setToolTip(wrapped(f"{told.help} Validation and test rows get none."))
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(caption, 1)
        row.addWidget(self.noise)
        self._noise_row.setLayout(row)
        return self._noise_row

    def _noise_chosen(self, value: float) -> None:
        data = self._session.document.project.data
        if data is not None and data.augmentation.noise != value:
            self._session.change_data("Noise in training", augmentation=replace(data.augmentation, noise=value))

    def _listen(self) -> None:
        document = self._session.document
        # A file that is read changes data, profile and arrays one after the other: draw once.
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.refresh)
        changes = (
            document.data_changed,
            document.profile_changed,
            document.prepared_changed,
            document.training_changed,
        )
        for signal in changes:
            signal.connect(self._timer.start)
        self.split.chosen.connect(self._split_chosen)

    def _split_chosen(self, validation: float, test: float) -> None:
        document = self._session.document
        spec, profile, prepared = document.project.data, document.profile, document.prepared
        if spec is not None and profile is not None:
            split = shown_split(spec, profile, prepared.rows if prepared else None)
            self._session.change_data("Change the split", **shares_of(spec, split, validation, test))

    def refresh(self) -> None:
        document = self._session.document
        profile, spec = document.profile, document.project.data
        drawn = spec is not None and spec.source.kind == "drawn"
        self._empty.setVisible(profile is None and not drawn)
        self._table.setVisible(profile is not None or drawn)
        self._to_plane.setVisible(drawn)
        for part in (self.columns, self._split):
            part.setVisible(profile is not None)
        self.columns.show_table()
        if profile is None:
            if drawn and spec is not None:
                self._show_unfinished(spec.source)
            return
        self._name.set_text(facts.shown(profile.name))
        self._facts.setText(facts.short_facts(profile))
        balanced = document.project.training.class_weights == "balanced"
        open_ = [f for f in profile.findings if not (balanced and f.action == "balance")]
        asked = sum(1 for f in open_ if f.severity == "error" or (f.severity == "warning" and f.action))
        self._decide.setVisible(asked > 0 and not drawn)  # whoever draws has decided
        self._decide.setText("1 thing to decide" if asked == 1 else f"{asked} things to decide")
        self.generator.setVisible(spec is not None and spec.source.kind == "generator")
        if spec is not None:
            self.generator.show_source(spec.source)
            prepared = document.prepared
            self.split_choice.refresh()
            self._noise_row.setVisible(profile.images is None)
            self.noise.set_value(spec.augmentation.noise)
            counts = prepared.rows if prepared else None
            split = shown_split(spec, profile, counts)
            self.split.hold(split.first, split.second)
            self.split.show_split(profile.rows, split.validation, split.test, counts)

    def _show_unfinished(self, source: DataSource) -> None:
        """A drawing of which nothing can be learned yet."""
        self._name.set_text(drawing(source.name).label)
        self._facts.setText(lacking(source.name, source.points) or facts.count(len(source.points), "point"))
        self._decide.hide()
        self.generator.hide()
