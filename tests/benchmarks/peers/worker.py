"""The process of one peer: it builds networks and times steps when asked, and sleeps in between.

A peer is a module beside this one, with `build(workload, variant)`: the network of `workloads.py` from the very same
weights, ready to step, its number of parameters, and the library's version. Every peer runs in a process of its own, so
a module may import its library freely.
"""

from __future__ import annotations

import importlib
import math
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from peers.workloads import WORKLOADS, NotApplicable

CHECKED = 4  # losses of the first steps that a peer tells, to be compared
WARM_UP = 0.3  # seconds of stepping before anything is timed
BLOCK = 0.2  # seconds that a timed block should take


@dataclass(frozen=True)
class Ready:
    """A peer's answer to `build`. why: "" or the reason why it has no such network."""

    losses: tuple[float, ...] = ()
    parameters: int = 0
    version: str = ""
    why: str = ""


@dataclass(frozen=True)
class Block:
    """seconds: of one step, over a block of them. others: cores that everything else on the machine used meanwhile."""

    seconds: float
    others: float


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

    def measure(self) -> Block:
        return self._ask(None)

    def _ask(self, question: str | None) -> Any:
        try:
            self._pipe.send(question)
            return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(5.0)
            return Ready(why=f"its process ended with {self._process.exitcode}") if question else Block(math.nan, 0.0)

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


def _timed(step: Callable[[], float], block: int) -> Block:
    for _ in range(max(1, block // 10)):  # caches and sleeping threads
        step()
    all_before, mine_before, began = _busy_seconds(), time.process_time(), time.perf_counter()
    for _ in range(block):
        step()
    took, mine, everyone = (
        now - before
        for now, before in (
            (time.perf_counter(), began), (time.process_time(), mine_before), (_busy_seconds(), all_before)
        )
    )  # fmt: skip
    return Block(took / block, max(0.0, everyone - mine) / took)


def _busy_seconds() -> float:
    """Processor time that the machine has used for anything, as far as it tells (on Linux); 0 elsewhere."""
    try:
        user, nice, system, _, _, irq, softirq, steal, *_ = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    except (OSError, ValueError):
        return 0.0
    return sum(int(n) for n in (user, nice, system, irq, softirq, steal)) / os.sysconf("SC_CLK_TCK")


def _warm(step: Callable[[], float]) -> float:
    """Seconds a step, after some of them."""
    began, count = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < WARM_UP or count < 2:
        step()
        count += 1
    return took / count
