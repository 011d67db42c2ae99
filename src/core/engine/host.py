"""The engine process: its main thread talks to the window, one training thread does everything else."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing.connection import Connection
from typing import Any

from threadpoolctl import threadpool_limits

from core.backend.choose import choose, usable_cores
from core.engine.messages import AskSnapshot, Ready, Shutdown, SnapshotReply
from core.training.thread import TrainingThread

END_SECONDS = 5.0  # a training thread that has not ended by then is stuck in native code


def engine_main(pipe: Connection, blas_threads: int = 0) -> None:
    """Serve until told to shut down or until the window's end of the pipe closes; a run is checkpointed first.

    blas_threads 0: all cores but one, which is the window's.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the window to decide
    lock = threading.Lock()

    def emit(message: Any) -> None:
        try:
            with lock:
                pipe.send(message)
        except OSError:
            pass  # the window is gone; the main thread notices by itself

    with threadpool_limits(blas_threads or max(1, usable_cores() - 1)):
        thread = TrainingThread(emit)
        thread.start()
        emit(Ready(choose("auto")))
        _serve(pipe, thread, emit)
        thread.send(Shutdown())
        thread.join(END_SECONDS)
    if thread.is_alive():
        os._exit(1)


def _serve(pipe: Connection, thread: TrainingThread, emit: Any) -> None:
    shown = None
    while True:
        try:
            command = pipe.recv()
        except (EOFError, OSError):
            return
        if isinstance(command, Shutdown):
            return
        if isinstance(command, AskSnapshot):
            newest = thread.snapshot
            emit(SnapshotReply(newest if newest is not shown else None))
            shown = newest
        else:
            thread.send(command)
