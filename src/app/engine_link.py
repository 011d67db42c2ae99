"""The window's end of the engine process: commands go out, signals come in. Nothing here blocks.

A timer polls. The process may die at any time; `lost` then says so, and the run can go on from its last checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.backend.choose import BackendInfo
from core.data.schema import Prepared
from core.engine.host import engine_main
from core.engine.messages import (
    AskSnapshot,
    AskWeights,
    Begin,
    CancelCrossValidation,
    CancelLearningRate,
    Change,
    CheckpointWritten,
    CrossValidate,
    CrossValidated,
    Ended,
    Failed,
    FindLearningRate,
    FoldsProgress,
    Go,
    LearningRateFound,
    Pace,
    Pause,
    Ready,
    Shutdown,
    SnapshotReply,
    Stop,
    Subscribe,
    TrainingTask,
    Weights,
    WeightsReply,
)
from core.engine.process import ChildProcess
from core.evaluation.cross_validation import FoldProgress
from core.spec import TrainingConfig
from core.training.snapshot import RangeTest, Snapshot

POLL_MILLISECONDS = 30
SILENCE_SECONDS = 8.0  # an engine that has not answered for so long is taken for hung
END_SECONDS = 1.5


class EngineLink(QObject):
    """One run at a time.

    state: "starting" (the process comes up), "idle" (no run), "running", "paused", "lost" (the process died).
    After a run ended the state is "idle"; `snapshot` keeps its last picture until the next run begins.
    """

    ready = Signal(object)  # Ready
    state_changed = Signal(str)
    snapshot_changed = Signal(object)  # Snapshot, at most 20 a second
    ended = Signal(object)  # Ended
    checkpoint_written = Signal(object)  # CheckpointWritten
    refused = Signal(object)  # Failed: the run could not begin or broke
    lost = Signal(str)  # why the process died, in words

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = "starting"
        self.snapshot: Snapshot | None = None
        self.backend: BackendInfo | None = None
        self.checkpoint = ""
        self._child: ChildProcess | None = None
        self._run_id = 0
        self._asked: float | None = None
        self._pace: float | None = None
        self._subscriptions: dict[int, tuple[str, ...]] = {}
        self._weights_wanted: list[Callable[[Weights], None]] = []
        self._test = 0  # number of the last learning-rate range test
        self._tested: Callable[[RangeTest], None] | None = None
        self._folds = 0  # number of the last cross-validation
        self._folds_told: tuple[Callable[[FoldProgress], None], Callable[[CrossValidated], None]] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MILLISECONDS)
        self._timer.timeout.connect(self._poll)

    @property
    def active(self) -> bool:
        """Whether a run stands, trained or paused."""
        return self.state in ("running", "paused")

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    def start(self) -> None:
        """Start the engine process, afresh where one died."""
        self._child = ChildProcess(engine_main, name="chainrule-engine")
        self._asked = None
        self._set_state("starting")
        self._send(Subscribe(self._wanted()))
        self._send(Pace(self._pace))
        self._timer.start()

    # --- commands

    def begin(self, task: TrainingTask, *, steps: int | None = None) -> None:
        """Start a run and train on, or only `steps` batches of it. An earlier run is dropped."""
        if self._child is None or not self._child.alive:
            self.start()
        self._run_id += 1
        self._weights_wanted = []  # of the run before
        self.checkpoint = task.resume_from
        self._send(Begin(self._run_id, task))
        self.go(steps)

    def go(self, steps: int | None = None) -> None:
        self._send(Go(self._run_id, steps))
        self._set_state("running")

    def pause(self) -> None:
        self._send(Pause(self._run_id))

    def stop(self) -> None:
        self._send(Stop(self._run_id))

    def abandon(self) -> None:
        """Forget the run, whatever it still says; an engine that died with it is started again."""
        if self.active:
            self._send(Stop(self._run_id))
        self._run_id += 1
        self._weights_wanted = []
        self.snapshot = None
        if self.state == "lost":
            self.start()
        elif self.state != "starting":
            self._set_state("idle")

    def change(self, config: TrainingConfig) -> None:
        if self.active:
            self._send(Change(self._run_id, config))

    def set_pace(self, steps_per_second: float | None) -> None:
        """At most this many steps a second, so that eyes can follow; None: as fast as it goes."""
        self._pace = steps_per_second
        self._send(Pace(steps_per_second))

    def ask_weights(self, done: Callable[[Weights], None]) -> None:
        """`done` with the present weights of the active run."""
        self._weights_wanted.append(done)
        self._send(AskWeights(self._run_id))

    def fetch_weights(self, seconds: float = 1.0) -> Weights | None:
        """The present weights of the active run, waited for; None where they do not come in time."""
        found: list[Weights] = []
        self.ask_weights(found.append)
        deadline = time.monotonic() + seconds
        while not found and self._child is not None and self._child.alive and time.monotonic() < deadline:
            for message in self._child.wait(0.05):
                self._dispatch(message)
        return found[0] if found else None

    def find_learning_rate(self, task: TrainingTask, done: Callable[[RangeTest], None]) -> None:
        """`done` with a range test of this task, or with why there is none. A newer test or run ends an older test."""
        if self._child is None or not self._child.alive:
            self.start()
        self._end_test("Another test was begun.")
        self._test += 1
        self._tested = done
        self._send(FindLearningRate(self._test, task))

    def cancel_learning_rate(self) -> None:
        self._send(CancelLearningRate())

    def _end_test(self, why: str) -> None:
        done, self._tested = self._tested, None
        if done is not None:
            done(RangeTest.nothing(why))

    def cross_validate(
        self, task: TrainingTask, folds: tuple[Prepared, ...], *, tell: Callable[[FoldProgress], None],
        done: Callable[[CrossValidated], None],
    ) -> None:  # fmt: skip
        """Train `task` on each fold: `tell` hears how far it is, `done` the result, or why there is none."""
        if self._child is None or not self._child.alive:
            self.start()
        self._folds += 1
        self._folds_told = (tell, done)
        self._send(CrossValidate(self._folds, task, folds))

    def cancel_cross_validation(self) -> None:
        self._send(CancelCrossValidation())

    def subscribe(self, owner: object, names: tuple[str, ...]) -> None:
        """The tensors that a visible panel needs; () when it is hidden. Names are in `Snapshot`."""
        before = self._wanted()
        self._subscriptions[id(owner)] = names
        if self._wanted() != before:
            self._send(Subscribe(self._wanted()))

    def shutdown(self) -> None:
        """End the process; a run is checkpointed first, a stuck one is killed."""
        self._timer.stop()
        if self._child is not None:
            self._send(Shutdown())
            self._child.close(END_SECONDS)
            self._child = None

    # --- what comes in

    def _wanted(self) -> tuple[str, ...]:
        return tuple(sorted({name for names in self._subscriptions.values() for name in names}))

    def _send(self, message: Any) -> None:
        if self._child is not None:
            self._child.send(message)

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    def _poll(self) -> None:
        child = self._child
        if child is None:
            return
        for message in child.receive():
            self._dispatch(message)
        if self._child is not child:
            return  # a slot answered a message by ending the process
        if not child.alive:
            self._die(child.death())
        elif self._asked is not None and time.monotonic() - self._asked > SILENCE_SECONDS:
            self._die(f"it did not answer for {SILENCE_SECONDS:g} seconds")
        elif self._asked is None and self.state != "starting":
            self._asked = time.monotonic()
            self._send(AskSnapshot())

    def _dispatch(self, message: Any) -> None:
        if isinstance(message, SnapshotReply):
            self._asked = None
            if message.snapshot is not None and message.snapshot.run_id == self._run_id:
                self._show(message.snapshot)
        elif isinstance(message, Ready):
            self.backend = message.chosen
            if self.state == "starting":
                self._set_state("idle")
            self.ready.emit(message)
        elif isinstance(message, LearningRateFound):
            done = self._tested
            if done is not None and message.request == self._test:
                self._tested = None
                done(message.result)
        elif isinstance(message, FoldsProgress | CrossValidated):
            self._dispatch_folds(message)
        elif message.run_id == self._run_id:
            self._dispatch_run(message)

    def _dispatch_folds(self, message: FoldsProgress | CrossValidated) -> None:
        if message.request != self._folds or self._folds_told is None:
            return
        tell, done = self._folds_told
        if isinstance(message, FoldsProgress):
            tell(message.progress)
        else:
            self._folds_told = None
            done(message)

    def _dispatch_run(self, message: Any) -> None:
        if isinstance(message, Ended):
            self._show(message.snapshot)
            self._set_state("idle")
            self.ended.emit(message)
        elif isinstance(message, CheckpointWritten):
            self.checkpoint = message.path or self.checkpoint
            self.checkpoint_written.emit(message)
        elif isinstance(message, WeightsReply):
            waiting, self._weights_wanted = self._weights_wanted, []
            for done in waiting:
                done(message.weights)
        elif isinstance(message, Failed):
            self._set_state("idle")
            self.refused.emit(message)

    def _show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        if self.active and snapshot.state in ("running", "paused"):
            self._set_state(snapshot.state)
        self.snapshot_changed.emit(snapshot)

    def _die(self, why: str) -> None:
        self._timer.stop()
        if self._child is not None:
            self._child.kill()
        self._child = None
        self._weights_wanted = []
        ended = f"The engine process ended: {why}."
        self._end_test(ended)
        self._dispatch_folds(CrossValidated(self._folds, None, ended))
        self._set_state("lost")
        self.lost.emit(why)
