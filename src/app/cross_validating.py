"""A cross-validation as a person drives it: its folds are prepared in the jobs process and trained in the engine.

It trains networks of its own: the trained model, and a run that is paused, stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs_link import Busy
from app.notice import Notice, failure
from core.data.schema import Prepared
from core.engine.jobs import JobFailed
from core.engine.messages import CrossValidated, TrainingTask
from core.evaluation.cross_validation import CrossValidation, FoldProgress, FoldResult
from core.spec import DataSpec, NetworkSpec, TrainingConfig

if TYPE_CHECKING:
    from app.session import Session

KEY = "folds"
USUAL = 5
HELD = "A cross-validation goes on: wait for it, or cancel it on Evaluate."
RUNS = "a run goes on. Pause or stop it first."
LOST = "the run was interrupted. Resume or reset it first."


@dataclass(frozen=True)
class Started:
    """What a cross-validation is of: the design, the settings and the data as they were."""

    network: NetworkSpec
    training: TrainingConfig
    data: DataSpec


class CrossValidating(QObject):
    """phase: "" (nothing goes on), "preparing" or "training". progress, results, found: of the present or last one.

    changed: any of these.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._number = 0
        self.phase = ""
        self.started: Started | None = None
        self.progress: FoldProgress | None = None
        self.results: list[FoldResult] = []
        self.found: CrossValidation | None = None
        # A job that was cancelled is not heard of again.
        session.jobs.busy_changed.connect(lambda _busy: QTimer.singleShot(0, self, self._notice_cancel))

    @property
    def usual_folds(self) -> int:
        """As many as the split has; else 5, as is usual (Kohavi 1995 has 10; that takes twice as long)."""
        data = self._session.document.project.data
        return data.folds if data is not None and data.folds else USUAL

    @property
    def why_not(self) -> str:
        """Why none can be started now; "" where one can, or where one goes on."""
        if self.phase:
            return ""
        state = self._session.engine.state
        return {"running": RUNS, "lost": LOST}.get(state) or self._session.why_not

    @property
    def is_older(self) -> bool:
        """Whether design, settings or data have changed since it was started."""
        return self.started is not None and self.started != self._present()

    def _present(self) -> Started | None:
        project = self._session.document.project
        if project.data is None:
            return None
        return Started(project.network, project.training, replace(project.data, folds=0, fold=0))

    # --- commands

    def start(self, folds: int) -> None:
        """Prepare and train so many folds of the present data with the present design and settings."""
        started = self._present()
        if self.phase or self.why_not or started is None:
            return
        self._number += 1
        self.started, self.progress, self.results, self.found = started, None, [], None
        self._set_phase("preparing")
        self._session.jobs.submit(
            "prepare_folds", (started.data, folds), label=f"Preparing {folds} folds", key=KEY,
            done=self._of_this(self._train), failed=self._of_this(self._refused),
        )  # fmt: skip

    def cancel(self) -> None:
        """End it; what it had found so far is dropped."""
        if self.phase == "preparing":
            self._session.jobs.cancel_key(KEY)
            self._end(None)
        elif self.phase == "training":
            self._session.engine.cancel_cross_validation()

    def forget(self) -> None:
        """Of another project: nothing of it is shown any longer."""
        self.cancel()
        self._number += 1
        self._end(None)
        self.started = None
        self.changed.emit()

    # --- what comes back

    def _of_this(self, act: Callable[[Any], None]) -> Callable[[Any], None]:
        """`act`, unless another has been started meanwhile, or this one was ended."""
        number = self._number
        return lambda value: act(value) if number == self._number and self.phase else None

    def _train(self, folds: tuple[Prepared, ...]) -> None:
        of = self.started
        assert of is not None
        self._set_phase("training")
        task = TrainingTask(of.network, of.training, folds[0], augmentation=of.data.augmentation)
        self._session.engine.cross_validate(task, folds, tell=self._of_this(self._tell), done=self._of_this(self._done))

    def _tell(self, progress: FoldProgress) -> None:
        self.progress = progress
        if progress.result is not None:
            self.results.append(progress.result)
        label = f"Fold {progress.fold + 1} of {progress.folds}"
        self._session.busy_changed.emit(Busy(label, progress.fraction, progress.seconds_left, self.cancel))
        self.changed.emit()

    def _done(self, answer: CrossValidated) -> None:
        if answer.message:
            title = "The cross-validation broke off"
            self._session.notice.emit(Notice("error", title, answer.message, answer.details, key=KEY))
        self._end(answer.result)

    def _refused(self, failed: JobFailed) -> None:
        self._session.notice.emit(failure(failed, key=KEY))
        self._end(None)

    def _notice_cancel(self) -> None:
        if self.phase == "preparing" and not self._session.jobs.waits(KEY):
            self._end(None)

    def _end(self, found: CrossValidation | None) -> None:
        was_training = self.phase == "training"
        self.found, self.progress, self.results = found, None, []
        self._set_phase("")
        if was_training:
            self._session.busy_changed.emit(None)

    def _set_phase(self, phase: str) -> None:
        self.phase = phase
        self._session.runs.held = HELD if phase else ""
        self.changed.emit()
        self._session.running_network_changed.emit()  # what can be done has changed: buttons look again
