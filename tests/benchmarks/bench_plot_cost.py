"""What drawing a live plot costs: median milliseconds to take new data and to paint, at 500 × 220 pixels.

The window draws one plot a tick of 33 ms in turn; 3 ms a plot leave it free for everything else.
"""

from __future__ import annotations

import os
import statistics
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication, QMenu

from app import theme
from app.plots.figure import Look, Run
from app.plots.kinds import KEYS
from app.plots.plot import Plot
from app.plots.series import EpochScale
from core.training.series import Series
from core.training.snapshot import History, Mark

LAYERS = 6
WANTED = 3.0


def history(steps: int) -> History:
    """Noisy curves of a long run, as the engine keeps them: many steps in bounded points."""
    rng = np.random.default_rng(0)
    curves: dict[str, Series] = {}
    names = ["loss/train", "penalty", "loss/validation", "metric/train", "metric/validation"]
    names += [f"{stem}/l{i}" for stem in ("gradient", "ratio") for i in range(1, LAYERS + 1)]
    for name in names:
        series = curves[name] = Series()
        for step in range(1, steps, 1 if name == "loss/train" else 20):
            series.append(step, float(np.exp(rng.normal(-3 - step / steps, 0.5))))
    return History({name: series.curve() for name, series in curves.items()}, (Mark(steps // 3, "batch size 32 → 64"),))


def cost(key: str, run: Run, app: QApplication, rounds: int = 40) -> tuple[float, float]:
    """(median ms of taking new data, median ms of painting)."""
    plot = Plot(key, Look(), QMenu())
    plot.resize(500, 220)
    plot.show()
    taking, painting = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        plot.set_run(run)
        plot.redraw()
        taking.append(time.perf_counter() - began)
        began = time.perf_counter()
        plot.chart.viewport().repaint()
        app.processEvents()
        painting.append(time.perf_counter() - began)
    plot.close()
    return statistics.median(taking) * 1e3, statistics.median(painting) * 1e3


def main() -> int:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.install(app, "light")
    run = Run(history(100_000), scale=EpochScale.even(100), epochs=1000, over=False)
    worst = 0.0
    print(f"{'plot':10} {'data ms':>8} {'paint ms':>9}")
    for key in KEYS:
        data, paint = cost(key, run, app)
        worst = max(worst, paint)
        print(f"{key:10} {data:8.2f} {paint:9.2f}")
    print(f"wanted: paint ≤ {WANTED} ms, worst {worst:.2f} ms")
    return 0 if worst <= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
