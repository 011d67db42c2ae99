"""Training runs as a person drives them: start, pause, step, stop, reset; and what follows an end or a crash."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.document import Document, Trained
from app.engine_link import EngineLink
from app.notice import Notice
from app.training_words import steps_per_epoch
from core.data.augmentation import Augmentation
from core.data.drawing import lacking
from core.data.schema import TableProfile
from core.engine.messages import CheckpointWritten, Ended, Failed, TrainingTask, Weights
from core.errors import UserInputError
from core.losses import resolve
from core.paths import data_folder
from core.training.snapshot import History

KEEP_RUNS_SECONDS = 7 * 24 * 3600
RESTARTS, RESTART_SECONDS = 3, 30.0  # an idle engine is started again so often within so long
RUN = "run"  # key of the notices about a run: the newest replaces the one before


class Runs(QObject):
    """notice: a `Notice`. changed: the running network, or whether the design is newer than it."""

    notice = Signal(object)
    changed = Signal()
    finished = Signal()

    def __init__(self, document: Document, engine: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document, self.engine = document, engine
        self.task: TrainingTask | None = None
        self.held = ""  # why nothing can be trained for the moment, in a sentence
        self._warned = False
        self._deaths: list[float] = []
        engine.ended.connect(self._on_ended)
        engine.refused.connect(self._on_refused)
        engine.lost.connect(self._on_lost)
        engine.checkpoint_written.connect(self._on_checkpoint)
        engine.state_changed.connect(self._on_state)
        document.training_changed.connect(lambda: engine.change(document.project.training))
        document.network_changed.connect(lambda _ids: self.changed.emit())

    # --- whether one can train

    @property
    def why_not(self) -> str:
        """Why Train is disabled, in a sentence; "" where it is not."""
        document = self.document
        if self.held or self.engine.active:
            return self.held
        data = document.project.data
        if data is not None and data.source.kind == "drawn" and (lack := lacking(data.source.name, data.source.points)):
            return lack
        if document.prepared is None:
            return _unready(document.profile)
        errors = [b for b in document.report.badges if b.severity == "error"]
        if errors:
            network = document.project.network
            place = f"{network.layer(errors[0].layer_id).name}: " if errors[0].layer_id else ""
            return f"{place}{errors[0].title}. {errors[0].text}".strip()
        try:
            resolve(document.project.training.loss, document.prepared.task, len(document.prepared.classes))
        except UserInputError as err:
            return str(err)
        if self.engine.state == "starting":
            return "The engine is starting."
        return ""

    @property
    def design_is_newer(self) -> bool:
        return self.task is not None and self.task.network != self.document.project.network

    @property
    def data_are_newer(self) -> bool:
        """Whether the data were changed since the present or last run began."""
        trained, now = self.document.trained, self.document.prepared
        then = self.task.prepared if self.task is not None else trained.prepared if trained is not None else None
        return then is not None and now is not None and then.fingerprint != now.fingerprint

    # --- commands

    def train(self, steps: int | None = None) -> None:
        """Go on where a run is paused, else start one; with `steps`, that many batches and then pause."""
        if self.held or (self.engine.state == "running" and steps is None):
            return
        if self.engine.state == "lost" and self.task is not None:
            self.resume_after_loss()
        elif self.engine.active:
            self.engine.go(steps)
        elif not self.why_not:
            self._begin(steps=steps)

    def step_epoch(self) -> None:
        """Train to the end of the present epoch, then pause."""
        shot = self.engine.snapshot
        if self.held:
            return
        if self.engine.active and shot is not None:
            self.engine.go(max(1, shot.epoch_steps_left))
        elif not self.why_not and self.document.prepared is not None:
            rows = self.document.prepared.rows["train"]
            self._begin(steps=steps_per_epoch(self.document.project.training, rows))

    def train_more(self) -> None:
        """Go on from the end of the last run for as many epochs again."""
        task, checkpoint = self.task, self.engine.checkpoint
        shot = self.engine.snapshot
        if task is None or shot is None or not checkpoint or self.engine.active or self.held:
            return
        more = self.document.project.training.epochs
        config = replace(self.document.project.training.within(task.config), epochs=min(shot.epoch + more, 1_000_000))
        self.document.edit_training("Train more", epochs=config.epochs)
        self._start(replace(task, config=config, resume_from=checkpoint))

    def resume_after_loss(self) -> None:
        """Start the engine again and go on from the last checkpoint, or anew where there is none."""
        if self.engine.state != "lost":
            return  # that run was begun anew or given up meanwhile
        task, checkpoint = self.task, self.engine.checkpoint
        self.engine.start()
        if task is not None:
            config = self.document.project.training.within(task.config)
            self._start(replace(task, config=config, resume_from=checkpoint))

    def reset(self) -> None:
        """Forget the run, its weights and its curves; the design stays."""
        self.engine.abandon()
        self.task = None
        self.document.set_result(None, History())
        self.changed.emit()

    def _begin(self, *, steps: int | None) -> None:
        document = self.document
        assert document.prepared is not None
        folder = data_folder() / "runs" / secrets.token_hex(8)
        folder.mkdir(parents=True, exist_ok=True)
        project = document.project
        varied = project.data.augmentation if project.data is not None else Augmentation()
        task = TrainingTask(
            project.network, project.training, document.prepared, None, str(folder), augmentation=varied
        )
        self._start(task, steps=steps)

    def _start(self, task: TrainingTask, *, steps: int | None = None) -> None:
        self.task = task
        self._warned = False
        self.engine.begin(task, steps=steps)
        self.changed.emit()

    # --- what comes back

    def _on_ended(self, ended: Ended) -> None:
        task = self.task
        if task is None:
            return
        if ended.weights is not None and ended.snapshot.step:
            self._keep(ended.weights, ended.snapshot.history)
        self.notice.emit(self._ending(ended))

    def _keep(self, weights: Weights, history: History) -> None:
        """The run's weights become the document's: what is evaluated, exported and saved."""
        task = self.task
        if task is not None:
            loss = resolve(task.config.loss, task.prepared.task, len(task.prepared.classes)).kind
            self.document.set_result(Trained(weights, task.network, task.prepared, loss), history)
            self.finished.emit()

    def _on_state(self, state: str) -> None:
        """A paused run can be evaluated and exported as it stands."""
        if state == "paused" and self.engine.snapshot is not None and self.engine.snapshot.step:
            history = self.engine.snapshot.history
            self.engine.ask_weights(lambda weights: self._keep(weights, history))

    def keep_present(self) -> None:
        """Before saving: take over the weights of a run that goes on."""
        if self.engine.state == "running" and self.engine.snapshot is not None:
            weights = self.engine.fetch_weights()
            if weights is not None:
                self._keep(weights, self.engine.snapshot.history)

    def _ending(self, ended: Ended) -> Notice:
        if ended.reason == "diverged":
            rate = ended.remedy.get("learning_rate", self.document.project.training.learning_rate)

            def again() -> None:
                self.document.edit_training("Lower the learning rate", learning_rate=rate)
                self.train()

            return Notice(
                "error", "Training diverged", ended.message, actions=((f"Train again with {rate:g}", again),), key=RUN
            )
        actions: tuple[tuple[str, Callable[[], object]], ...] = ()
        if self.engine.checkpoint:
            actions = ((f"Train {self.document.project.training.epochs:,} more epochs", self.train_more),)
        if ended.reason == "stopped":
            return Notice("info", "Training stopped", ended.message, actions=actions, key=RUN)
        return Notice("success", "Training finished", ended.message, actions=actions, key=RUN)

    def _on_refused(self, failed: Failed) -> None:
        title = "Training broke off" if failed.details else "This cannot be trained yet"
        self.notice.emit(Notice("error", title, failed.message, failed.details, key=RUN))

    def _on_lost(self, why: str) -> None:
        active = (
            self.task is not None
            and self.engine.snapshot is not None
            and self.engine.snapshot.state in ("running", "paused")
        )
        if not active:
            self._start_again(why)
            return
        shot = self.engine.snapshot
        assert shot is not None
        kept = "It can go on from its last checkpoint." if self.engine.checkpoint else "There was no checkpoint yet."
        text = f"The engine process ended during epoch {shot.epoch + 1:,}: {why}. Your design and data are safe. {kept}"
        label = "Resume" if self.engine.checkpoint else "Start again"
        actions = ((label, self.resume_after_loss), ("Discard the run", self.reset))
        self.notice.emit(Notice("error", "Training was interrupted", text, actions=actions, key=RUN))

    def _start_again(self, why: str) -> None:
        """An idle engine that dies comes back without a word, but not for ever."""
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if now - death < RESTART_SECONDS] + [now]
        if len(self._deaths) <= RESTARTS:
            self.engine.start()
            return
        text = f"The process that trains ends again and again: {why}. Your design and data are safe and can be saved."
        self.notice.emit(
            Notice("error", "Training is not possible", text, actions=(("Try again", self.engine.start),), key=RUN)
        )

    def _on_checkpoint(self, written: CheckpointWritten) -> None:
        if written.problem and not self._warned:
            self._warned = True
            text = f"{written.problem} Training goes on, but could not be resumed after a crash."
            self.notice.emit(Notice("warning", "No checkpoint could be written", text, key="checkpoint"))


def clean_old_runs(now: float | None = None) -> None:
    """Remove checkpoints of runs that nobody went back to for a week."""
    folder = data_folder() / "runs"
    limit = (time.time() if now is None else now) - KEEP_RUNS_SECONDS
    for run in folder.iterdir() if folder.is_dir() else ():
        if run.is_dir() and _newest(run) < limit:
            shutil.rmtree(run, ignore_errors=True)


def _newest(folder: Path) -> float:
    return max((p.stat().st_mtime for p in (folder, *folder.iterdir())), default=0.0)


def _unready(profile: TableProfile | None) -> str:
    """Why there is nothing to train on: no data, data that cannot be learned from, or none that stand ready."""
    if profile is None:
        return "Choose data first: drop a file on the window or pick a sample."
    blocked = next((finding.text for finding in profile.findings if finding.severity == "error"), "")
    return blocked or "The data are not ready: they are being prepared, or cannot be as they were chosen."
