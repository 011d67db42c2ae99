"""The training thread: owns the trainer and all backend arrays, reads commands between batches, publishes snapshots."""

from __future__ import annotations

import collections
import math
import queue
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.backend.choose import choose
from core.engine.messages import (
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
    Shutdown,
    Stop,
    Subscribe,
    TrainingTask,
    Weights,
    WeightsReply,
)
from core.errors import UserInputError
from core.evaluation.cross_validation import FoldProgress
from core.training import checkpoint, range_test, tensors
from core.training.cross_validation import cross_validate, fold_tasks
from core.training.snapshot import RangeTest, Snapshot
from core.training.statistics import Statistics
from core.training.trainer import Trainer, end_thread, epochs_text

SNAPSHOT_SECONDS = 0.05
CHECKPOINT_SECONDS = 2.0
GOES_ON = "A run goes on. Pause or stop it first."
NO_MEMORY = "There is not enough memory for this network and batch size."
CHECKPOINT_SHARE = 0.02  # of the time, at most, goes into writing them


class TrainingThread(threading.Thread):
    """`send` a command; `snapshot` is the newest picture; `emit` receives the events of `core.engine.messages`.

    `emit` is called in this thread. One run at a time: a new `Begin` ends the old one silently.
    """

    def __init__(self, emit: Callable[[Any], None]) -> None:
        super().__init__(name="training")
        self.snapshot: Snapshot | None = None
        self._emit = emit
        self._commands: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._held: collections.deque[Any] = collections.deque()  # commands that came during a range test
        self._trainer: Trainer | None = None
        self._run_id = 0
        self._budget: int | None = 0  # batches still to do; None = to the end; 0 = paused
        self._wanted: tuple[str, ...] = ()
        self._used: set[str] = set()
        self._published = 0.0
        self._save_at = 0.0
        self._statistics = Statistics()
        self._rate = _Rate()
        self._pace: float | None = None
        self._next_step = 0.0

    def send(self, command: Any) -> None:
        self._commands.put(command)

    def run(self) -> None:
        with np.errstate(all="ignore"):  # what is not finite is found by the trainer and told in words
            self._serve()
        self._trainer = None
        end_thread(self._used)

    def _serve(self) -> None:
        alive = True
        while alive:
            try:
                alive = self._turn()
            except UserInputError as err:
                self._drop(Failed(self._run_id, str(err)))
            except MemoryError:
                self._drop(Failed(self._run_id, NO_MEMORY))
            except Exception as err:
                self._drop(Failed(self._run_id, f"{type(err).__name__}: {err}", traceback.format_exc()))

    def _drop(self, failure: Failed) -> None:
        self._trainer, self._budget = None, 0
        self._emit(failure)

    def _turn(self) -> bool:
        """Handle what is waiting, then train one batch; False = shut down."""
        idle = self._trainer is None or self._budget == 0
        while idle or self._held or not self._commands.empty():
            if not self._obey(self._held.popleft() if self._held else self._commands.get()):
                return False
            idle = self._trainer is None or self._budget == 0
        trainer = self._trainer
        assert trainer is not None
        if self._pace is not None and not self._on_time(self._pace):
            return True
        trainer.train_batch()
        if self._budget is not None:
            self._budget -= 1
        now = time.monotonic()
        if trainer.ended:
            self._end(trainer.ended)
        elif self._budget == 0:
            self._publish()
            self._checkpoint()
        else:
            if now - self._published >= SNAPSHOT_SECONDS:
                self._publish()
            if now >= self._save_at:
                self._checkpoint()
        return True

    def _on_time(self, pace: float) -> bool:
        """Wait for the next step's turn, but no longer than a command may wait."""
        now = time.monotonic()
        if now < self._next_step:
            time.sleep(min(self._next_step - now, 0.02))
            return False
        self._next_step = max(now, self._next_step + 1.0 / pace) if now - self._next_step < 0.1 else now + 1.0 / pace
        return True

    def _obey(self, command: Any) -> bool:
        if isinstance(command, Shutdown):
            if self._trainer is not None and not self._trainer.ended:
                self._checkpoint()
            return False
        if isinstance(command, Begin):
            self._begin(command)
        elif isinstance(command, Subscribe):
            self._wanted = command.names
            self._publish()
        elif isinstance(command, Pace):
            self._pace, self._next_step = command.steps_per_second, 0.0
        elif isinstance(command, FindLearningRate):
            self._emit(LearningRateFound(command.request, self._range_test(command.task)))
        elif isinstance(command, CrossValidate):
            self._emit(self._cross_validation(command))
        elif isinstance(command, CancelLearningRate | CancelCrossValidation):
            pass  # what it was meant for is over
        elif self._trainer is not None and command.run_id == self._run_id and not self._trainer.ended:
            self._obey_run(command, self._trainer)
        return True

    def _obey_run(self, command: Any, trainer: Trainer) -> None:
        if isinstance(command, Go):
            self._budget = command.steps
            self._rate.restart(trainer.progress.step)
            self._publish()
        elif isinstance(command, Pause):
            self._budget = 0
            self._checkpoint()
            self._publish()
        elif isinstance(command, Stop):
            trainer.message = f"Stopped after {epochs_text(trainer.progress.epoch)}."
            self._end("stopped")
        elif isinstance(command, Change):
            trainer.change(command.config)
            self._publish()
        elif isinstance(command, AskWeights):
            self._emit(WeightsReply(self._run_id, trainer.weights(best=False)))

    def _begin(self, command: Begin) -> None:
        self._trainer = None  # its memory is free before the next one needs its own
        self._run_id = command.run_id
        task = checkpoint.resumed(command.task) if command.task.resume_from else command.task
        backend = choose(task.config.backend)
        self._used.add(backend.name)
        self._trainer = trainer = Trainer(task, backend)
        if task.resume_from:
            checkpoint.restore(trainer, Path(task.resume_from))
        self._budget = 0
        self._save_at = time.monotonic() + CHECKPOINT_SECONDS
        self._rate.restart(trainer.progress.step)
        if trainer.ended:
            self._end(trainer.ended)
        else:
            self._publish()

    def _range_test(self, task: TrainingTask) -> RangeTest:
        """On a trainer of its own; what fails in it is no failure of a run."""
        if self._goes_on:
            return RangeTest.nothing(GOES_ON)
        try:
            backend = choose(task.config.backend)
            self._used.add(backend.name)
            return range_test.find(task, backend, self._undisturbed)
        except UserInputError as err:
            return RangeTest.nothing(str(err))
        except MemoryError:
            return RangeTest.nothing(NO_MEMORY)
        except Exception as err:
            return RangeTest.nothing(f"The test broke off. {type(err).__name__}: {err}")

    def _undisturbed(self) -> bool:
        """Whether no command has come that ends a range test; what has come is obeyed after it."""
        while not self._commands.empty():
            self._held.append(self._commands.get())
        ending = (Begin, Go, Stop, Shutdown, FindLearningRate, CancelLearningRate)
        return not any(isinstance(command, ending) for command in self._held)

    @property
    def _goes_on(self) -> bool:
        return self._trainer is not None and not self._trainer.ended and self._budget != 0

    def _cross_validation(self, command: CrossValidate) -> CrossValidated:
        """On trainers of their own; what fails in them is no failure of a run."""
        number = command.request
        if self._goes_on:
            return CrossValidated(number, None, GOES_ON)

        def tell(progress: FoldProgress) -> None:
            self._emit(FoldsProgress(number, progress))

        try:
            backend = choose(command.task.config.backend)
            self._used.add(backend.name)
            tasks = fold_tasks(command.task, command.folds)
            found = cross_validate(tasks, backend, go_on=self._still_wanted, tell=tell)
            return CrossValidated(number, found)
        except UserInputError as err:
            return CrossValidated(number, None, str(err))
        except MemoryError:
            return CrossValidated(number, None, NO_MEMORY)
        except Exception as err:
            return CrossValidated(number, None, f"{type(err).__name__}: {err}", traceback.format_exc())

    def _still_wanted(self) -> bool:
        """Whether nothing has come that ends a cross-validation.

        It may take long, so that what else has come, for a run that is paused meanwhile, is obeyed at once.
        """
        ending = (Begin, Go, Shutdown, FindLearningRate, CrossValidate, CancelCrossValidation)
        while not self._held and not self._commands.empty():
            command = self._commands.get()
            if isinstance(command, ending):
                self._held.append(command)
            else:
                self._obey(command)
        return not self._held

    def _end(self, reason: str) -> None:
        trainer = self._trainer
        assert trainer is not None
        self._budget = 0
        if reason != "diverged":
            self._checkpoint()
        trainer.ended = reason
        trainer.keep_best()  # what is shown from now on is what is kept
        self._publish()
        assert self.snapshot is not None
        weights: Weights = trainer.weights(best=True)
        ended = Ended(self._run_id, reason, trainer.message, weights, self.snapshot, trainer.remedy)
        self._emit(ended)

    def _checkpoint(self) -> None:
        trainer, began = self._trainer, time.monotonic()
        self._save_at = math.inf
        if trainer is None or not trainer.task.checkpoint_folder:
            return
        if not trainer.finite:  # the next batch will find that the run has diverged; the last checkpoint stays good
            return
        path = Path(trainer.task.checkpoint_folder) / "latest.safetensors"
        try:
            checkpoint.write(trainer, path)
        except UserInputError as err:  # a full disk must not end the run; the window says so
            self._emit(CheckpointWritten(self._run_id, "", trainer.progress.step, str(err)))
        else:
            self._emit(CheckpointWritten(self._run_id, str(path), trainer.progress.step))
        took = time.monotonic() - began
        self._save_at = time.monotonic() + max(CHECKPOINT_SECONDS, took / CHECKPOINT_SHARE)

    def _publish(self) -> None:
        trainer = self._trainer
        self._published = time.monotonic()
        if trainer is None:
            return
        at, config = trainer.progress, trainer.config
        rate = self._rate.at(at.step)
        left = (config.epochs - at.epoch - 1) * trainer.steps_per_epoch + trainer.epoch_steps_left
        latest = {name: value for name, s in trainer.curves.items() if (value := s.latest) is not None}
        if trainer.best is not None:
            latest |= {"best/validation": at.best_loss, "best/epoch": float(at.best_epoch)}
        still = self._budget == 0
        told = tensors.collect(trainer, self._wanted) | self._statistics.collect(trainer, self._wanted, at_once=still)
        self.snapshot = Snapshot(
            run_id=self._run_id,
            state=trainer.ended or ("paused" if still else "running"),
            epoch=at.epoch,
            epochs=config.epochs,
            step=at.step,
            steps_per_epoch=trainer.steps_per_epoch,
            seconds=at.seconds,
            steps_per_second=rate,
            seconds_left=max(0.0, left / rate) if rate > 0 else None,
            latest=latest,
            history=trainer.history(),
            metric=trainer.metric_name,
            message=trainer.message,
            tensors=told,
            epoch_steps_left=trainer.epoch_steps_left,
        )


class _Rate:
    """Steps per second over about the last second of training."""

    def __init__(self) -> None:
        self.restart(0)

    def restart(self, step: int) -> None:
        self._marks = [(time.monotonic(), step)]

    def at(self, step: int) -> float:
        now = time.monotonic()
        self._marks = [m for m in self._marks if now - m[0] < 1.5] or self._marks[-1:]
        then, before = self._marks[0]
        self._marks.append((now, step))
        return (step - before) / (now - then) if now > then else 0.0
