"""Training without a window: the very thread that the engine uses, in this process, waited for."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from core.data.schema import Prepared
from core.engine.messages import (
    Begin,
    CancelCrossValidation,
    CrossValidate,
    CrossValidated,
    Ended,
    Failed,
    FindLearningRate,
    Go,
    LearningRateFound,
    Shutdown,
    Stop,
    TrainingTask,
)
from core.errors import UserInputError
from core.evaluation.cross_validation import CrossValidation, FoldProgress
from core.training.snapshot import RangeTest, Snapshot
from core.training.thread import TrainingThread


def train_here(task: TrainingTask, progress: Callable[[Snapshot], None] | None = None) -> Ended:
    """Train to the end in this process, with the very thread that the window's engine uses.

    Raises UserInputError where the run is refused, RuntimeError where it breaks. KeyboardInterrupt stops the run, which
    keeps its best weights.
    """
    with _thread() as (thread, events):
        thread.send(Begin(1, task))
        thread.send(Go(1))
        while True:
            try:
                event = _next(events, thread, progress)
            except KeyboardInterrupt:
                thread.send(Stop(1))
                continue
            if isinstance(event, Ended):
                return event
            if isinstance(event, Failed):
                raise RuntimeError(event.details) if event.details else UserInputError(event.message)


def find_here(task: TrainingTask) -> RangeTest:
    """A learning-rate range test in this process, in a thread as `train_here` has."""
    with _thread() as (thread, events):
        thread.send(FindLearningRate(1, task))
        found: LearningRateFound = events.get()
        return found.result


def cross_validate_here(
    task: TrainingTask, folds: Sequence[Prepared], progress: Callable[[FoldProgress], None] | None = None
) -> CrossValidation | None:
    """A cross-validation of the task in this process, in a thread as `train_here` has; None where it was interrupted.

    Raises UserInputError where it is refused, RuntimeError where it breaks.
    """
    with _thread() as (thread, events):
        thread.send(CrossValidate(1, task, tuple(folds)))
        while True:
            try:
                event = events.get()
            except KeyboardInterrupt:
                thread.send(CancelCrossValidation())
                continue
            if isinstance(event, CrossValidated):
                if event.message:
                    raise RuntimeError(event.details) if event.details else UserInputError(event.message)
                return event.result
            if progress is not None:
                progress(event.progress)


@contextlib.contextmanager
def _thread() -> Iterator[tuple[TrainingThread, queue.SimpleQueue[Any]]]:
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    thread = TrainingThread(events.put)
    thread.start()
    try:
        yield thread, events
    finally:
        thread.send(Shutdown())
        thread.join()


def _next(events: Any, thread: TrainingThread, progress: Callable[[Snapshot], None] | None) -> Any:
    try:
        return events.get(timeout=0.2)
    except queue.Empty:
        if progress is not None and thread.snapshot is not None:
            progress(thread.snapshot)
        return None
