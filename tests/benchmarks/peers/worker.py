"""The process of one peer: it builds networks and times steps when asked, and sleeps in between."""

from __future__ import annotations

import importlib
import math
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from peers.workloads import WORKLOADS, NotApplicable

CHECKED = 4  # losses of the first steps that a peer tells, to be compared
WARM_UP = 0.3  # seconds of stepping before anything is timed
BLOCK = 0.15  # seconds that a timed block should take


@dataclass(frozen=True)
class Ready:
    """A peer's answer to `build`. why: "" or the reason why it has no such network."""

    losses: tuple[float, ...] = ()
    parameters: int = 0
    version: str = ""
    why: str = ""


class Peer:
    """A library and variant in a process of its own, asked through a pipe. It dies with this process."""

    def __init__(self, module: str, variant: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, module, variant), daemon=True)
        self._process.start()
        theirs.close()

    def build(self, workload: str) -> Ready:
        return self._ask(workload)

    def measure(self) -> float:
        """Seconds a step, over one block of steps."""
        return self._ask(None)

    def _ask(self, question: str | None) -> Any:
        try:
            self._pipe.send(question)
            return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(5.0)
            return Ready(why=f"its process ended with {self._process.exitcode}") if question else math.nan

    def close(self) -> None:
        self._pipe.close()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()


def _serve(pipe: Connection, module: str, variant: str) -> None:
    step: Callable[[], float] | None = None
    block = 1
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        if question is None:
            assert step is not None
            pipe.send(_timed(step, block))
            continue
        step, answer = None, Ready()
        try:
            step, parameters, version = importlib.import_module(f"peers.{module}").build(WORKLOADS[question], variant)
            losses = tuple(step() for _ in range(CHECKED))
            block = max(1, math.ceil(BLOCK / _warm(step)))
            answer = Ready(losses, parameters, version)
        except NotApplicable:
            answer = Ready(why="-")
        except ImportError as err:
            answer = Ready(why=f"not installed ({err.name})")
        except Exception as err:  # a library that fails here is a result, and the others go on
            answer = Ready(why=f"failed: {type(err).__name__}: {str(err).strip().splitlines()[0][:100]}")
        pipe.send(answer)


def _timed(step: Callable[[], float], block: int) -> float:
    for _ in range(max(1, block // 10)):  # caches and sleeping threads
        step()
    began = time.perf_counter()
    for _ in range(block):
        step()
    return (time.perf_counter() - began) / block


def _warm(step: Callable[[], float]) -> float:
    """Seconds a step, after some of them."""
    began, count = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < WARM_UP or count < 2:
        step()
        count += 1
    return took / count
