"""The data page: what the table holds, what it is for, and its first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.busy import BusyStrip
from app.data import facts
from app.data.draw_page import DrawPage
from app.data.findings import FindingsPanel
from app.data.gone_banner import GoneBanner
from app.data.image_view import ImageView
from app.data.label_choice import LabelChoice
from app.data.look import FirstLook
from app.data.points import number_columns
from app.data.prepare_card import PrepareCard
from app.data.reading_menu import ReadingButton
from app.data.scatter import ScatterCard
from app.data.sources import can_draw_on, choose_file, draw_on, open_source_menu
from app.data.start import StartPage
from app.data.table_box import TableBox
from app.data.together_line import TogetherLine
from app.style import set_role
from app.widgets import ElidedLabel, Segmented, button, label

if TYPE_CHECKING:
    from app.session import Session
    from core.data.schema import TableProfile

TASKS = (
    ("classification", "a class", "Classification: the answer is one of the target's values, each with a probability."),
    ("regression", "a number", "Regression: the answer is a number, in the unit of the target."),
    ("labels", "several labels",
     "Multi-label classification: a row may have several labels, or none; each has a probability of its own."),
)  # fmt: skip
FEW_COLUMNS = 4


class DataPage(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        set_role(self, "page")
        self.setAccessibleName("Data")
        self.rows, self.scatter, self.findings = TableBox(session), ScatterCard(session), FindingsPanel(session)
        self.table = self.rows.table
        self.preparing, self.together = PrepareCard(session), TogetherLine(session)
        self._scatter_wanted: bool | None = None  # None: shown where there are just two features
        self._stack = QStackedLayout()
        self._start = StartPage(session, self)  # a stack shows its first page at once, as a window if it has no parent
        self._stack.addWidget(self._start)
        self._stack.addWidget(self._build_loaded())
        self.drawn, self.look = DrawPage(session), FirstLook(session)
        self._stack.addWidget(self.drawn)
        self._stack.addWidget(self.look)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._busy, self.gone = BusyStrip(session), GoneBanner(session)
        around = QVBoxLayout()
        around.setContentsMargins(20, 0, 20, 0)
        around.addWidget(self._busy)
        around.addWidget(self.gone)
        column.addLayout(around)
        column.addLayout(self._stack, 1)
        self._listen()
        self.refresh()

    def _build_loaded(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(10)
        column.addLayout(self._build_head())
        column.addWidget(self.together)
        column.addLayout(self._build_task())
        column.addWidget(self.findings)
        self._tables = QWidget()
        self._middle = QHBoxLayout(self._tables)
        self._middle.setContentsMargins(0, 0, 0, 0)
        self._middle.setSpacing(12)
        self._middle.addWidget(self.rows, 3)
        self._middle.addWidget(self.scatter, 2)
        self._middle.addWidget(self.preparing)
        self.preparing.hide()
        column.addWidget(self._tables, 1)
        self.images = ImageView(self._session)
        column.addWidget(self.images, 1)
        return body

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self._name, self._facts = ElidedLabel(role="title"), ElidedLabel(role="muted")
        self._scatter_button = set_role(QToolButton(), "ghost")
        self._scatter_button.setText("Scatter")
        self._scatter_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._scatter_button.setToolTip("Two columns against each other, coloured by the target.")
        theme.set_icon(self._scatter_button, "chart")
        self._scatter_button.setCheckable(True)
        self._scatter_button.clicked.connect(self._want_scatter)
        self._prepare_button = set_role(QToolButton(), "ghost")
        self._prepare_button.setText("Prepare")
        self._prepare_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._prepare_button.setToolTip("How columns become inputs: missing cells, scaling, labels, dates and texts.")
        theme.set_icon(self._prepare_button, "columns")
        self._prepare_button.setCheckable(True)
        self._prepare_button.clicked.connect(self._want_preparing)
        samples = button("Samples", icon="sparkles", tip="Real data sets and generated patterns that come along.")
        samples.clicked.connect(lambda: open_source_menu(self._session, self, under=samples))
        replace = button(
            "Replace…", icon="open", tip="Reads another table in place of this one. The network is kept where it fits."
        )
        replace.clicked.connect(lambda: choose_file(self._session, self))
        tip = "Takes these points over as a drawing: add, spray and erase with the mouse."
        self._draw_on = button("Draw on it", icon="pencil", tip=tip, on_click=lambda: draw_on(self._session))
        row.addWidget(self._name)
        row.addWidget(self._facts, 1)
        self.reading = ReadingButton(self._session)
        for widget in (self.reading, self._prepare_button, self._scatter_button, self._draw_on, samples, replace):
            row.addWidget(widget)
        return row

    def _build_task(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._target = QComboBox()
        self._target.setAccessibleName("Column to predict")
        self._target.setToolTip("The target: what the network learns to answer from the other columns.")
        self._target.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._target.setMaximumWidth(260)
        self._target.activated.connect(self._target_chosen)
        self._task = Segmented(TASKS)
        self._task.setAccessibleName("Kind of answer")
        self._task.chosen.connect(self._task_chosen)
        self._reason = ElidedLabel(role="faint")
        self.labels = LabelChoice(self._session)
        for widget in (label("Predict", "muted"), self._target, self.labels.columns, label("as", "muted"), self._task):
            row.addWidget(widget)
        row.addWidget(self.labels.joined)
        row.addWidget(self._reason, 1)
        return row

    def _listen(self) -> None:
        document = self._session.document
        # A file that is read changes data, profile and arrays one after the other: draw once.
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.refresh)
        for signal in (document.data_changed, document.profile_changed, document.prepared_changed):
            signal.connect(self._timer.start)
        self._session.first_look.connect(self._show_look)
        self._session.busy_changed.connect(self._end_look)
        self._session.columns_requested.connect(self._prepare)
        self.preparing.closed.connect(lambda: self._want_preparing(False))

    def _show_look(self, profile: TableProfile) -> None:
        self.look.show_profile(profile)
        self._stack.setCurrentWidget(self.look)

    def _end_look(self, busy: object) -> None:
        """The file is read, refused or given up."""
        if busy is None and self.look.profile is not None:
            self.look.end()
            self._timer.start()

    def refresh(self) -> None:
        if self.look.profile is not None:
            return
        profile, spec = self._session.document.profile, self._session.document.project.data
        if spec is not None and spec.source.kind == "drawn":
            self._stack.setCurrentWidget(self.drawn)
            return
        self._stack.setCurrentIndex(0 if profile is None else 1)
        self.gone.refresh()
        self.findings.refresh()
        self.rows.show_table()
        if profile is None:
            return
        self._name.set_text(facts.shown(profile.name))
        self._facts.set_text(facts.table_facts(profile, file=spec is None or spec.source.kind == "file"))
        self.reading.refresh()
        self.together.refresh()
        self._draw_on.setVisible(spec is not None and can_draw_on(spec.source))
        self._show_task()
        self._show_kind(profile)
        if profile.images is not None:
            self.images.show_images(profile, self._session.document.prepared)
            return
        self._show_scatter()

    def _show_kind(self, profile: TableProfile) -> None:
        """A table, or images in its place."""
        are_images = profile.images is not None
        self.images.setVisible(are_images)
        self._tables.setVisible(not are_images)
        self._prepare_button.setVisible(not are_images)
        if are_images:
            self._scatter_button.setVisible(False)

    def _show_task(self) -> None:
        profile = self._session.document.profile
        assert profile is not None
        images = profile.images
        names = [c.name for c in profile.columns if c.kind != "empty"] if images is None else list(images.targets)
        with QSignalBlocker(self._target):
            self._target.clear()
            for name in names:
                self._target.addItem(facts.shown(name), name)
            self._target.setCurrentIndex(names.index(profile.target) if profile.target in names else -1)
        if profile.task in {value for value, _, _ in TASKS}:
            self._task.set_value(profile.task)
        target = next((c for c in profile.columns if c.name == profile.target), None)
        numeric = target is not None and target.minimum is not None
        part: QPushButton = self._task.part("regression")
        part.setEnabled(numeric)
        part.setToolTip(TASKS[1][2] if numeric else "The target holds words, not numbers.")
        self._reason.set_text(profile.target_reason)
        several: QPushButton = self._task.part("labels")
        several.setEnabled(images is None)
        several.setToolTip(TASKS[2][2] if images is None else "Images have one label each.")
        self._target.setVisible(not profile.targets)
        self.labels.refresh()

    def _show_scatter(self) -> None:
        profile = self._session.document.profile
        assert profile is not None
        offers = self.scatter.offers()
        few = len(profile.columns) <= FEW_COLUMNS
        numbers = number_columns(profile)
        curve = len(numbers) == 2 and profile.target in numbers and profile.task == "regression"
        two = few and (curve or len([n for n in numbers if n != profile.target]) == 2)
        self.preparing.refresh()
        open_ = not self.preparing.isHidden()
        wanted = offers and not open_ and (two if self._scatter_wanted is None else self._scatter_wanted)
        self._scatter_button.setVisible(offers)
        self._scatter_button.setChecked(wanted)
        self.scatter.setVisible(wanted)
        self._middle.setStretch(0, 2 if few else 3)
        if wanted:
            self.scatter.show_table()

    def _want_scatter(self, wanted: bool) -> None:
        self._scatter_wanted = wanted
        self.preparing.setVisible(self.preparing.isVisible() and not wanted)
        self._prepare_button.setChecked(self.preparing.isVisible())
        self._show_scatter()

    def _prepare(self, names: tuple[str, ...]) -> None:
        """Show how these columns are prepared, in the place of the scatter plot."""
        self._want_preparing(True)
        self.preparing.show_columns(names)

    def _want_preparing(self, wanted: bool) -> None:
        profile = self._session.document.profile
        wanted = wanted and profile is not None and profile.images is None
        self.preparing.setVisible(wanted)
        self._prepare_button.setChecked(wanted)
        if profile is not None and profile.images is None:
            self._show_scatter()

    def _target_chosen(self, index: int) -> None:
        spec, profile = self._session.document.project.data, self._session.document.profile
        name = self._target.itemData(index)
        if spec is not None and profile is not None and name != profile.target:
            edit = facts.make_target(spec, name)
            self._session.change_data(edit.label, **edit.changes)

    def _task_chosen(self, task: str) -> None:
        profile = self._session.document.profile
        spec = self._session.document.project.data
        if spec is not None and profile is not None and task != profile.task:
            edit = facts.choose_task(spec, task, {value: text for value, text, _ in TASKS}[task])
            self._session.change_data(edit.label, **edit.changes)
