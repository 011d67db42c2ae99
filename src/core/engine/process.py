"""A child process of ours with a pipe: started by "spawn", spoken to without blocking, noticed when it dies."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable
from typing import Any

_context = multiprocessing.get_context("spawn")


class ChildProcess:
    """`target(pipe, *args)` in a new process. The child ends when our end of the pipe closes."""

    def __init__(self, target: Callable[..., None], *args: Any, name: str) -> None:
        self._pipe, theirs = _context.Pipe()
        self._process = _context.Process(target=target, args=(theirs, *args), name=name)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def send(self, message: Any) -> bool:
        """False where the child is gone."""
        try:
            self._pipe.send(message)
        except (OSError, ValueError):
            return False
        return True

    def receive(self) -> list[Any]:
        """What has arrived so far, oldest first; never waits for more than the rest of a message already under way."""
        found = []
        with contextlib.suppress(EOFError, OSError):
            while self._pipe.poll(0):
                found.append(self._pipe.recv())
        return found

    def wait(self, seconds: float) -> list[Any]:
        """As `receive`, after waiting for a first message."""
        with contextlib.suppress(EOFError, OSError):
            self._pipe.poll(seconds)
        return self.receive()

    def death(self) -> str:
        """How it ended, in words; "" while it lives."""
        code = self._process.exitcode
        if code is None:
            return ""
        if code >= 0:
            return f"exit code {code}"
        names = {int(known): known.name for known in signal.Signals}  # those for real-time use have no names
        if names.get(-code) == "SIGKILL":
            return "it was killed, by a person or because memory ran out"
        return f"signal {names.get(-code, -code)}"

    def close(self, seconds: float) -> None:
        """Close the pipe, give the child that long to end by itself, then kill it."""
        self._pipe.close()
        self._process.join(seconds)
        if self._process.is_alive():
            self.kill()
        else:
            self._process.close()

    def kill(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.join(5.0)
        with contextlib.suppress(ValueError):
            self._process.close()
