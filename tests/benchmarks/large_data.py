"""Large files: time until they can be trained on, memory, the first rows in sight, and how the window keeps its pace.

    python tests/benchmarks/large_data.py                 # 250 MB and 2 GB, headless and in the window
    python tests/benchmarks/large_data.py --rows 2000000  # one size
    python tests/benchmarks/large_data.py --part window   # or headless, or scroll

The files are made in the temporary folder and kept there. Each measurement has a process and a cache of its own, and
the file is read once before, so that the disk plays no part. Exit code 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np

SIZES = (2_000_000, 16_000_000)
CHUNK = 200_000
READY_SECONDS = {2_000_000: 5.0}
PEAK_MIB = 500
SIGHT_SECONDS, BEAT_SECONDS = 1.0, 0.016
NAMES = "balance,age,income,height,weight,score,ratio,temperature,pressure,visits,city,outcome"


def made(rows: int) -> Path:
    """Ten columns of numbers, one of labels and a class: about 125 bytes a row."""
    path = Path(tempfile.gettempdir()) / f"chainrule-bench-{rows}.csv"
    if path.exists():
        return path
    rng = np.random.default_rng(1)
    cities = np.array(["Oslo", "Lima", "Cairo", "Kyoto", "Quito", "Turin"])
    with path.with_suffix(".part").open("w") as file:
        file.write(NAMES + "\n")
        for start in range(0, rows, CHUNK):
            n = min(CHUNK, rows - start)
            x = rng.normal(size=(n, 8)) * (1, 1000, 1, 10, 1, 1, 1, 1)
            noise = rng.normal(size=n) * 0.3
            outcome = np.where(x[:, 0] + x[:, 1] / 1000 * x[:, 2] + noise > 0, "yes", "no")
            numbers = [np.char.mod("%.10f", column).tolist() for column in (*x.T, noise)]
            whole = [rng.integers(18, 90, n), rng.poisson(4, n)]
            age, visits = (column.astype(str).tolist() for column in whole)
            columns = [numbers[0], age, *numbers[1:8], visits, cities[rng.integers(0, 6, n)].tolist(), outcome.tolist()]
            file.write("\n".join(map(",".join, zip(*columns, strict=True))) + "\n")
    path.with_suffix(".part").rename(path)
    return path


def memory(process: int) -> tuple[int, int]:
    """Most memory that a process ever had, and what of it is now its own alone, in MiB; 0 where the system hides it."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    found = {line.split(":")[0]: line.split() for line in lines}
    return int(found["VmHWM"][1]) // 1024, int(found["RssAnon"][1]) // 1024


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


# --- one measurement each, in a process of its own


def headless(path: Path) -> dict[str, float]:
    """From the file to arrays, as `chainrule train` does it."""
    from core.data import load, store
    from core.spec import DataSource, DataSpec

    began = time.perf_counter()
    prepared = load.prepare(DataSpec(DataSource("file", path.name, str(path))))
    store.load(prepared)
    return {"ready": time.perf_counter() - began, "peak": memory(os.getpid())[0], "rows": sum(prepared.rows.values())}


def window(path: Path) -> dict[str, float]:
    """From the drop on the real window to a network that may be trained, with the heartbeat of the window."""
    from PySide6.QtCore import QEvent, QObject
    from window_live import Heartbeat, spin

    session, opened, page = _opened()
    seen: list[float] = []

    class Watch(QObject):
        """Notes when the first rows were painted."""

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and not seen and page.look.table.model().rowCount():
                seen.append(time.perf_counter())
            return False

    watch = Watch()
    page.look.table.viewport().installEventFilter(watch)
    jobs = session.jobs._child.pid
    began, heart, peaks = time.perf_counter(), Heartbeat(), []
    session.open_paths([str(path)])
    while not (session.can_train and session.document.prepared is not None):
        spin(0.02)
        peaks.append(memory(jobs)[0])
    ready, late = time.perf_counter(), heart.stop()
    found = {
        "ready": ready - began, "sight": (seen[0] if seen else ready) - began, "peak": max(peaks),
        "p50": percentile(late, 0.5), "p99": percentile(late, 0.99), "worst": max(late),
        "window": memory(os.getpid())[0],
    }  # fmt: skip
    session.shutdown()
    opened.deleteLater()
    return found


def scroll(path: Path) -> dict[str, float]:
    """Scrolling through all rows and sorting: when cells are there, and the heartbeat meanwhile."""
    from window_live import Heartbeat, spin

    from core.data.schema import View

    session, opened, page = _opened()
    session.open_paths([str(path)])
    while not (session.can_train and session.document.prepared is not None):
        spin(0.02)
    table = page.table
    pages, rng = table.pages, np.random.default_rng(0)
    first = _wait(table, pages.rows // 2)
    heart, waits = Heartbeat(), []
    for row in rng.integers(0, pages.rows, 60):
        waits.append(_wait(table, int(row)))
    for share in np.linspace(0, 1, 240):  # the bar dragged from end to end in four seconds
        table.bar.setValue(round(share * table.bar.maximum()))
        spin(1 / 60)
    late = heart.stop()
    sorts = []
    for column in (0, 10):
        began = time.perf_counter()
        pages.look(View(column))
        _wait(table, pages.rows // 2)
        sorts.append(time.perf_counter() - began)
    sorted_waits = [_wait(table, int(row)) for row in rng.integers(0, pages.rows, 60)]
    found = {
        "first": first, "jump p50": percentile(waits, 0.5), "jump p99": percentile(waits, 0.99),
        "sorted jump p99": percentile(sorted_waits, 0.99), "sort number": sorts[0], "sort text": sorts[1],
        "p99": percentile(late, 0.99), "worst": max(late),
        "pages": memory(session.pages._child.pid)[0],
    }  # fmt: skip
    session.shutdown()
    opened.deleteLater()
    return found


def _opened():  # type: ignore[no-untyped-def]
    from window_live import spin

    from app import theme
    from app.application import Application
    from app.session import Session
    from app.settings import Settings
    from app.window import Window

    application = Application(sys.argv[:1])
    session = Session()
    theme.install(application, "light")
    opened = Window(session, Settings())
    opened.resize(1440, 900)
    session.start()
    opened.show()
    spin(6.0)  # as a person who looks for the file first
    from app.data.page import DataPage

    opened.show_stage("Data")
    page = opened.findChild(DataPage)
    assert page is not None
    opened.application = application
    return session, opened, page


def _wait(table, row: int) -> float:  # type: ignore[no-untyped-def]
    """Seconds from asking for a row to all cells in sight."""
    from window_live import spin

    from app.data.pages import WAITING

    began = time.perf_counter()
    table.scroll_to(row)
    while any(table.pages.cell(r, 0) is WAITING for r in table.rows_in_sight()):
        spin(0.001)
    return time.perf_counter() - began


PARTS = {"headless": headless, "window": window, "scroll": scroll}


def measured(part: str, path: Path) -> dict[str, float]:
    """In a process of its own, with folders of its own."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("CHAINRULE_CACHE", "CHAINRULE_DATA", "CHAINRULE_CONFIG")
        own = {name: str(Path(folder) / name) for name in names}
        run = [sys.executable, __file__, "--part", part, "--file", str(path)]
        done = subprocess.run(run, env=os.environ | own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, choices=SIZES)
    options.add_argument("--part", choices=PARTS)
    options.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.file:
        print(json.dumps(PARTS[asked.part](asked.file)))
        return 0
    passed = True
    for rows in [asked.rows] if asked.rows else SIZES:
        path = made(rows)
        with path.open("rb") as file:
            while file.read(2**24):
                pass
        for part in [asked.part] if asked.part else PARTS:
            found = measured(part, path)
            size = f"{path.stat().st_size / 1e6:,.0f} MB"
            told = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
            print(f"{size:9} {part:9} {told}", flush=True)
            passed &= found.get("peak", 0) <= PEAK_MIB and found.get("p99", 0) <= BEAT_SECONDS
            passed &= found.get("sight", 0) <= SIGHT_SECONDS
            passed &= found.get("ready", 0) <= READY_SECONDS.get(rows, np.inf)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
