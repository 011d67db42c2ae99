"""Does the window stay responsive while it trains, and does training stay fast while it is watched?

    python tests/benchmarks/window_live.py [seconds]

One run, interleaved: for each network, training in an engine process that nobody watches and training with the real
window open on Train (plots and network drawn live) take turns, with the same number of BLAS threads. Prints steps per
second of both, their ratio, and how late a 5 ms heartbeat in the window's thread was: p50, p99, worst. Exit code 1
where a bar is missed: ratio ≥ 0.90, p99 ≤ 16 ms. Uses the screen of DISPLAY where there is one.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("CHAINRULE_DATA", "CHAINRULE_CONFIG"):
    os.environ[name] = tempfile.mkdtemp()

from PySide6.QtCore import QEventLoop, Qt, QTimer

from app import theme
from app.application import Application
from app.session import Session
from app.settings import Settings
from app.window import Window
from core.backend.choose import usable_cores
from core.data import load
from core.engine.host import engine_main
from core.engine.messages import AskSnapshot, Begin, Go, SnapshotReply, TrainingTask
from core.engine.process import ChildProcess
from core.spec import DataSource, DataSpec, Project, TrainingConfig, mlp
from core.training.snapshot import Snapshot

BEAT = 0.005
RATIO, P99 = 0.90, 0.016
ROUNDS = 3
CASES = (
    ("two spirals 2-8-8-6-2", DataSource("generator", "spirals"), (8, 8, 6), 32),
    ("digits 64-256-128-10", DataSource("sample", "digits"), (256, 128), 64),
)


class Heartbeat:
    """How late a timer of 5 ms is called in this thread, in seconds."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(round(BEAT * 1000))

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late.append(max(0.0, now - self._last - BEAT))
        self._last = now

    def stop(self) -> list[float]:
        self._timer.stop()
        return self.late


def spin(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def alone(task: TrainingTask, seconds: float, threads: int) -> float:
    """Steps per second of the same engine process with nobody watching."""
    child = ChildProcess(engine_main, threads, name="engine")
    child.send(Begin(1, task))
    child.send(Go(1))
    try:
        first, began = _started(child), time.perf_counter()
        time.sleep(seconds)
        last, ended = _started(child, after=first.step), time.perf_counter()
        return (last.step - first.step) / (ended - began)
    finally:
        child.kill()


def _started(child: ChildProcess, after: int = 0) -> Snapshot:
    """A fresh snapshot of a run that has got further than step `after`."""
    child.receive()
    while True:
        child.send(AskSnapshot())
        for message in child.wait(1.0):
            if isinstance(message, SnapshotReply) and message.snapshot and message.snapshot.step > after:
                return message.snapshot


def watched(session: Session, task: TrainingTask, seconds: float) -> tuple[float, list[float]]:
    """Steps per second with the window watching, and the heartbeat's lateness."""
    session.document.open(Project("Benchmark", None, task.network, task.config), None)
    session.document.set_prepared(task.prepared)
    session.train()
    while session.engine.snapshot is None or not session.engine.snapshot.step:
        spin(0.05)
    spin(0.5)  # pages and plots are built at the first sight of them
    first, began, heart = session.engine.snapshot, time.perf_counter(), Heartbeat()
    spin(seconds)
    last, ended, late = session.engine.snapshot, time.perf_counter(), heart.stop()
    assert first is not None
    assert last is not None
    session.reset()
    return (last.step - first.step) / (ended - began), late


def case(session: Session, title: str, task: TrainingTask, seconds: float, threads: int) -> bool:
    quiet, seen, late = [], [], []
    for _ in range(ROUNDS):
        quiet.append(alone(task, seconds, threads))
        rate, lateness = watched(session, task, seconds)
        seen.append(rate)
        late += lateness
    ratio = statistics.median(s / q for s, q in zip(seen, quiet, strict=True))
    late.sort()
    p50, p99, worst = late[len(late) // 2], late[int(len(late) * 0.99)], late[-1]
    print(
        f"{title:24} alone {statistics.median(quiet):9,.0f} steps/s, watched {statistics.median(seen):9,.0f}, ratio "
        f"{ratio:.3f}; heartbeat late p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms, worst {worst * 1e3:.0f} ms",
        flush=True,
    )
    return ratio >= RATIO and p99 <= P99


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    threads = max(1, usable_cores() - 1)
    application = Application(sys.argv[:1])
    session, settings = Session(), Settings()
    theme.install(application, "light")
    window = Window(session, settings)
    window.resize(1440, 900)
    session.start()
    window.show()
    while session.engine.state == "starting":
        spin(0.05)
    passed = True
    for title, source, hidden, batch in CASES:
        prepared = load.prepare(DataSpec(source))
        network = mlp(prepared.row_shape[0], hidden, prepared.outputs, activation="tanh")
        config = TrainingConfig(epochs=1_000_000, batch_size=batch, learning_rate=0.001, backend="numpy")
        passed &= case(session, title, TrainingTask(network, config, prepared), seconds, threads)
    session.shutdown()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
