"""The control row: start and stop, how far the run is, what can be turned while it goes, and the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.rate_finder import TIP as FIND_TIP
from app.rate_finder import RateFinder
from app.training_fields import TrainingFields, captioned, show_whole_choices
from app.training_sheet import TrainingSheet
from app.training_words import HYPERS, teach
from app.widgets import (
    ElidedLabel,
    NumberField,
    NumberRules,
    VLine,
    button,
    explain,
    icon_button,
    label,
    set_role,
    wrapped,
)
from app.words import clock, duration, score
from core import values
from core.spec import TrainingConfig
from core.training.snapshot import Snapshot

if TYPE_CHECKING:
    from app.session import Session

HEIGHT = 48
# Below these widths the least turned settings leave the row; "More" has them always.
WIDTH_FOR_LOSS, WIDTH_FOR_OPTIMIZER, LEAST_WIDTH = 1278, 1152, 1046
PROGRESS_WIDTH, WIDTH_FOR_CAPTION = 186, 84
ACTIVE = ("running", "paused")

TRAIN_TIP = "Train (Space): forward, loss, backward, update, again and again. Settings can be turned meanwhile."
STEP_TIP = "Step (Ctrl+Return): train on one mini-batch, then pause."
EPOCH_TIP = "Step epoch (Ctrl+Shift+Return): train to the end of this epoch, then pause."
STOP_TIP = "Stop: end the run. The best weights by validation loss are kept."
PACES = (None, 1000, 200, 50, 10, 2)  # steps a second
PACE_TIP = (
    "Pace. Full is as fast as the machine goes. At a few steps a second eyes can follow each mini-batch: values go"
    " forward, gradients come back, weights move."
)
MORE_TIP = (
    "All training settings: schedule, the optimizer's own, clipping, penalties, label smoothing, class weights, early"
    " stopping, seed, backend."
)
RESET_TIP = "Reset: forget the run, its weights and curves. The design and the data stay."


class RunButtons(QWidget):
    """Train or pause, step, step epoch, stop, reset; a disabled one says why."""

    reset_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.train = button("Train", icon="play", role="primary", on_click=session.toggle_train)
        self.train.setFixedSize(92, 30)
        self.step = self._icon("step", STEP_TIP, session.step)
        self.step_epoch = self._icon("step-epoch", EPOCH_TIP, session.step_epoch)
        self.stop = self._icon("stop", STOP_TIP, session.stop)
        self.reset = self._icon("reset", RESET_TIP, self.reset_asked.emit)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for made in (self.train, self.step, self.step_epoch, self.stop, self.reset):
            row.addWidget(made)
        row.insertSpacing(1, 2)

    def _icon(self, name: str, tip: str, act: Any) -> QToolButton:
        made = icon_button(name, tip, role="icon", on_click=act)
        made.setFixedSize(30, 30)
        return made

    def refresh(self) -> None:
        session, engine = self._session, self._session.engine
        active = engine.state in ACTIVE
        self._show_train(engine.state)
        can_train = session.can_train or engine.state == "running"
        explain(self.train, enabled=can_train, tip=TRAIN_TIP, why_not=session.why_not)
        first = {"running": "pause first.", "lost": "resume or reset first."}.get(engine.state, "")
        for made, tip in ((self.step, STEP_TIP), (self.step_epoch, EPOCH_TIP)):
            can = not first and session.can_train
            explain(made, enabled=can, tip=tip, why_not=first or session.why_not)
        explain(self.stop, enabled=active, tip=STOP_TIP, why_not="nothing is running.")
        there = active or engine.snapshot is not None or session.document.weights is not None
        explain(self.reset, enabled=there, tip=RESET_TIP, why_not="there is no run to forget.")

    def _show_train(self, state: str) -> None:
        text = {"running": "Pause", "paused": "Resume", "lost": "Resume"}.get(state, "Train")
        if self.train.text() != text:
            self.train.setText(text)
            self.train.setAccessibleName(text)
            theme.set_icon(self.train, "pause" if state == "running" else "play", "on_accent")


class RunProgress(QWidget):
    """Epoch of epochs (these can be changed in place), time left, and a thin bar."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setFixedWidth(PROGRESS_WIDTH)
        self.caption, self.epoch = label("Epoch", "caption"), label("0", "mono")
        self.epochs = NumberField(session.document.project.training.epochs, NumberRules.of(HYPERS["epochs"]))
        set_role(self.epochs, "inline")
        self.epochs.setFixedHeight(20)
        self.epochs.setToolTip(wrapped(teach("epochs", HYPERS["epochs"])))
        self.epochs.setAccessibleName("Epochs to train")
        self.epochs.value_changed.connect(self._set_epochs)
        self.time = ElidedLabel("", "caption")
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of training")
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.caption)
        row.addWidget(self.epoch)
        row.addWidget(label("/", "caption"))
        row.addWidget(self.epochs)
        row.addWidget(self.time, 1)
        column.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.bar)
        column.addStretch(1)

    def _set_epochs(self, value: float) -> None:
        legal = values.checked(TrainingConfig, "epochs", value)
        self._session.document.edit_training("Set epochs", epochs=legal)

    def refresh(self) -> None:
        shot, state = self._session.engine.snapshot, self._session.engine.state
        epochs = self._session.document.project.training.epochs
        if self.epochs.value() != epochs:
            self.epochs.set_value(epochs)
        self.epochs.setFixedWidth(max(34, self.epochs.fontMetrics().horizontalAdvance(self.epochs.text()) + 14))
        told = f"Step {shot.step:,} · {clock(shot.seconds)} of training" if shot else ""
        if shot is not None and state == "idle" and shot.epochs != epochs:
            # Other data or a person's hand set other epochs since that run ended: they are those of the next.
            told, shot, at, done = f"The run before: {shot.epoch:,} epochs. {told}", None, 0, 0.0
            self.time.setText("ready" if self._session.can_train else "")
        else:
            at = shot.epoch if shot else self._epochs_before()
            done = (_epochs_done(shot) if shot else at) / epochs
            self.time.setText(self._time(shot, state))
        self.epoch.setText(f"{at:,}")
        self.bar.setValue(round(1000 * min(1.0, done)))
        counted = self.epoch.sizeHint().width() + self.epochs.width()
        self.caption.setVisible(counted < WIDTH_FOR_CAPTION)  # long runs need the room for their numbers
        self.setToolTip(told)

    def _epochs_before(self) -> int:
        """Epochs of the run that a project was opened with; validation comes once an epoch."""
        document = self._session.document
        measured = document.history.curves.get("loss/validation")
        if document.weights is None or measured is None or not len(measured.step):
            return 0
        return round(float(measured.step[-1] / measured.step[0]))

    def _time(self, shot: Snapshot | None, state: str) -> str:
        if state in ("starting", "lost"):
            return "starting…" if state == "starting" else "interrupted"
        if shot is None and self._session.document.weights is not None:
            return "trained before"
        if shot is None:
            return "ready" if self._session.can_train else ""
        if state == "running":
            return "" if shot.seconds_left is None else f"{clock(shot.seconds_left)} left"
        if state == "paused":
            return "paused"
        words = {"finished": "done in", "stopped": "stopped at", "diverged": "diverged at"}
        return f"{words.get(shot.state, 'ended after')} {duration(shot.seconds)}"


def _epochs_done(shot: Snapshot) -> float:
    """Epochs and the part of the present one; steps would mislead once the batch size was changed."""
    left = shot.epoch_steps_left / max(1, shot.steps_per_epoch)
    return shot.epoch + (1.0 - left if left else 0.0)


class Score(QWidget):
    """The number that matters, at the right end of the row."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.what: QLabel = label("", "caption")
        self.value: QLabel = label("", "mono_large")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.what, self.value):
            part.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            column.addWidget(part)
        self.what.setFixedHeight(14)
        self.value.setFixedHeight(22)
        column.setAlignment(Qt.AlignmentFlag.AlignVCenter)

    def refresh(self) -> None:
        engine, document = self._session.engine, self._session.document
        evaluation = None if engine.state in ACTIVE else document.evaluation
        what, value, help = score(evaluation, engine.snapshot)
        self.what.setText(what)
        self.value.setText(value)
        self.setToolTip(wrapped(help))


class ControlBar(QWidget):
    """`reset_asked`: the person wants the run forgotten."""

    reset_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "bar")
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(LEAST_WIDTH)  # what is left when the settings that can leave have left
        self.fields = TrainingFields(session, self)
        self.buttons, self.progress, self.score = RunButtons(session), RunProgress(session), Score(session)
        self.buttons.reset_asked.connect(self.reset_asked)
        self._find_links: list[QWidget] = []
        self.finder = RateFinder(session, self)
        self.find_button = icon_button("search", FIND_TIP, role="icon", size=14)
        self.find_button.setFixedSize(24, 24)
        self.find_button.clicked.connect(lambda _checked=False: self.finder.open_below(self.find_button))
        self.more = TrainingSheet(self.fields, session, self, below={"learning_rate": self._find_link})
        self.more_button = self._more_button()
        self.optimizer = captioned("Optimizer", self.fields.choice("optimizer", 88))
        self.loss = captioned("Loss", self.fields.choice("loss", 118))
        self.pace = self._pace_field(session)
        self._lay_out()
        self._listen(session)
        self.refresh()

    def _more_button(self) -> QPushButton:
        made = button(icon="settings", tip=MORE_TIP)
        made.setFixedSize(30, 24)
        set_role(made, "icon")
        made.setCheckable(True)
        made.setAccessibleName("All training settings")
        made.clicked.connect(lambda _checked=False: self.more.toggle(made))
        self.more.shown_changed.connect(made.setChecked)
        return made

    def _find_link(self) -> QWidget:
        """The same as the button beside the learning rate, for those who look in the sheet."""
        made = button("Find a rate…", role="link")
        made.clicked.connect(lambda _checked=False: self.finder.open_below(made))
        self._find_links.append(made)
        self.finder.explain(made)
        return made

    def _pace_field(self, session: Session) -> QComboBox:
        made = QComboBox()
        set_role(made, "mono")
        made.setFixedSize(72, 24)
        made.setToolTip(wrapped(PACE_TIP))
        made.setAccessibleName("Pace")
        for steps in PACES:
            made.addItem("full" if steps is None else f"{steps:,}/s", steps)
        show_whole_choices(made)
        made.activated.connect(lambda _row: session.set_pace(made.currentData()))
        return made

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(9)
        row.addWidget(self.buttons)
        row.addSpacing(2)
        row.addWidget(self.progress)
        line = VLine()
        line.setFixedHeight(24)
        row.addWidget(line)
        row.addWidget(captioned("Pace", self.pace))
        row.addWidget(captioned("Learning rate", self.fields.number("learning_rate", 76), self.find_button))
        for name, width in (("batch_size", 72), ("dropout", 64), ("l2", 70)):
            row.addWidget(captioned(HYPERS[name].label, self.fields.number(name, width)))
        row.addWidget(self.optimizer)
        row.addWidget(self.loss)
        row.addWidget(captioned("More", self.more_button))
        row.addStretch(1)
        row.addWidget(self.score)

    def _listen(self, session: Session) -> None:
        document, engine = session.document, session.engine
        for signal in (
            engine.state_changed, engine.snapshot_changed, document.prepared_changed, document.training_changed,
            document.network_changed, document.weights_changed, document.evaluation_changed,
            session.running_network_changed,
        ):  # fmt: skip
            signal.connect(self.refresh)

    def refresh(self, _what: object = None) -> None:
        for part in (self.buttons, self.progress, self.score):
            part.refresh()
        for opener in (self.find_button, *self._find_links):
            self.finder.explain(opener)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.loss.setVisible(self.width() >= WIDTH_FOR_LOSS)
        self.optimizer.setVisible(self.width() >= WIDTH_FOR_OPTIMIZER)
