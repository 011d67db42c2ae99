"""The jobs process: reading files, evaluating, predicting, exporting. What it does may be long or hostile.

A crash here costs nothing, cancelling means ending the process. Each job is a function that headless code calls too.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from core.budget import physical_memory
from core.errors import UserInputError

PROGRESS_SECONDS = 0.05
NICE = 10
WARM_UP_SECONDS = 2.0  # after which a process without a job loads what the first one will need


class Report(Protocol):
    """How a job tells of itself while it goes on."""

    def __call__(self, text: str, fraction: float | None) -> None: ...

    def partial(self, value: Any) -> None:
        """Something of the result that is there already."""
        ...


@dataclass(frozen=True)
class Job:
    """Run the job `name` of `JOBS` with these arguments."""

    id: int
    name: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True)
class JobProgress:
    id: int
    text: str
    fraction: float | None


@dataclass(frozen=True)
class JobPartial:
    """A part of the result that can be looked at while the job goes on."""

    id: int
    value: Any


@dataclass(frozen=True)
class JobDone:
    id: int
    result: Any


@dataclass(frozen=True)
class JobFailed:
    """error: a refusal in words, or None for a defect, whose traceback is in `details`."""

    id: int
    error: UserInputError | None
    details: str = ""


def _inspect(report: Report, spec: Any, first: bool = False) -> Any:
    """first: show the first rows of a large file while the others are read."""
    from core.data import glimpse, load

    seen = glimpse.glimpse(spec) if first else None
    if seen is not None:
        report.partial(seen)
    return load.inspect(spec, progress=report)


def _content_hash(report: Report, *args: Any) -> Any:
    from core.data import load

    return load.content_hash(*args, progress=report)


def _paste(report: Report, *args: Any) -> str:
    from core.data import pasted

    return str(pasted.save(*args))


def _prepare(report: Report, *args: Any) -> Any:
    from core.data import load

    return load.prepare(*args, progress=report, loading=report.partial)


def _prepare_folds(report: Report, *args: Any) -> Any:
    from core.data.prepare_folds import prepare_folds

    return prepare_folds(*args, progress=report)


def _evaluate(report: Report, model: Any, prepared: Any) -> Any:
    from core.data import store
    from core.evaluation.evaluate import evaluate

    report("Evaluating", None)
    return evaluate(model, store.load(prepared).test, "test")


def _predict(report: Report, *args: Any) -> Any:
    from core.evaluation import predict

    return predict.predict(*args, progress=report)


def _predict_cells(report: Report, *args: Any) -> Any:
    from core.evaluation import predict

    return predict.predict_cells(*args)


def _save_predictions(report: Report, path: str, predictions: Any) -> str:
    from core.data.write import write_predictions_csv

    write_predictions_csv(Path(path), predictions)
    return path


def _export(report: Report, *args: Any) -> Any:
    from core.export.run import export_with_receipt

    return export_with_receipt(*args, progress=report)


def _open_project(report: Report, path: str) -> Any:
    from core.project import file

    return file.load(Path(path))


JOBS: dict[str, Callable[..., Any]] = {
    "inspect": _inspect,
    "content_hash": _content_hash,
    "paste": _paste,
    "prepare": _prepare,
    "prepare_folds": _prepare_folds,
    "evaluate": _evaluate,
    "predict": _predict,
    "predict_cells": _predict_cells,
    "save_predictions": _save_predictions,
    "export": _export,
    "open_project": _open_project,
}


def jobs_main(pipe: Connection) -> None:
    """Serve jobs one after the other until the window's end of the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory()
    step_back()
    if not pipe.poll(WARM_UP_SECONDS):
        _warm_up()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        answer = _run(job, pipe)
        try:
            pipe.send(answer)
        except OSError:
            return
        except Exception:  # an answer that cannot travel
            pipe.send(JobFailed(job.id, None, traceback.format_exc()))


def step_back() -> None:
    """Leave the processor to the window where both want it: reading with all cores must not make it stutter."""
    with contextlib.suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(NICE)


def _warm_up() -> None:
    """Load the readers of tables, so that the first file dropped need not wait for that."""
    importlib.import_module("core.data.glimpse")


class _Telling:
    """The `Report` of a job whose end of the pipe this is; progress goes out now and then."""

    def __init__(self, id: int, pipe: Connection) -> None:
        self._id, self._pipe, self._told = id, pipe, 0.0

    def __call__(self, text: str, fraction: float | None) -> None:
        now = time.monotonic()
        if now - self._told >= PROGRESS_SECONDS:
            self._told = now
            self._pipe.send(JobProgress(self._id, text, fraction))

    def partial(self, value: Any) -> None:
        self._pipe.send(JobPartial(self._id, value))


def _run(job: Job, pipe: Connection) -> JobDone | JobFailed:
    try:
        return JobDone(job.id, JOBS[job.name](_Telling(job.id, pipe), *job.args))
    except UserInputError as err:
        return JobFailed(job.id, err)
    except MemoryError:
        what = "There is not enough memory for this."
        return JobFailed(job.id, UserInputError(what, remedy="Close other programs or use less data."))
    except Exception:
        return JobFailed(job.id, None, traceback.format_exc())


def limit_memory() -> None:
    """At most three quarters of the machine's memory, so that a hostile file ends this process and not the machine."""
    total = physical_memory()
    if total is None or not sys.platform.startswith("linux"):
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    known = [n for n in (soft, hard) if n != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([total // 4 * 3, *known]), hard))
