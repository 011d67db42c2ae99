"""What drawing the opened network costs: median milliseconds for a new snapshot, computed and painted, at 888 × 520.

The lens draws at most ten times a second and takes at most a tenth of the time; 8 ms for 2-8-8-6-2 keep it smooth.
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from app import theme
from app.lens.canvas import Canvas
from app.lens.layout import layout
from app.lens.structure import structure
from app.lens.view import View
from core.data.preprocess import ClassTarget, NumberFeature, Preparation
from core.data.schema import Prepared
from core.spec import mlp

SIZE = QSize(888, 520)
WANTED = 8.0
GRID = 28


def prepared(inputs: int, classes: int) -> Prepared:
    names = tuple(f"x{i}" for i in range(inputs))
    labels = tuple(str(i) for i in range(classes))
    preparation = Preparation(tuple(NumberFeature(n, 0.0, 0.0, 1.0) for n in names), ClassTarget("y", labels))
    return Prepared("", "", "classification", "y", names, (inputs,), classes, labels, {}, preparation)


def tensors(widths: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {"surface/extent": np.array([-1.0, 1.0, -1.0, 1.0])}
    for i, units in enumerate(widths):
        found[f"activation/l{i}"] = rng.normal(size=units)
        if widths[0] == 2:
            found[f"surface/l{i}"] = rng.normal(size=(units, GRID, GRID))
        if i:
            found[f"weights/l{i}/W"] = rng.normal(size=(widths[i - 1], units))
    return found


def cost(widths: tuple[int, ...], rounds: int = 30) -> float:
    rng = np.random.default_rng(0)
    data = prepared(widths[0], widths[-1])
    built = structure(mlp(widths[0], widths[1:-1], widths[-1], activation="tanh"), data)
    x = rng.normal(size=(500, 2))
    points = {"train": (x, (x[:, 0] > 0).astype(int))} if widths[0] == 2 else {}
    view = View(built, layout(built, SIZE.width(), SIZE.height(), card=widths[0] == 2), prepared=data, points=points)
    canvas, target, took = Canvas(), QPixmap(SIZE), []
    for _ in range(rounds):
        new = tensors(widths, rng)
        began = time.perf_counter()
        canvas.set_view(replace(view, tensors=new))
        painter = QPainter(target)
        canvas.paint(painter, SIZE, 1.0)
        painter.end()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def main() -> int:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.install(app, "light")
    first = 0.0
    for widths in ((2, 8, 8, 6, 2), (4, 16, 8, 3), (64, 64, 32, 10), (2, 16, 16, 16, 16, 2)):
        found = cost(widths)
        first = first or found
        print(f"{'-'.join(map(str, widths)):16} {found:6.2f} ms")
    print(f"wanted: 2-8-8-6-2 ≤ {WANTED} ms")
    return 0 if first <= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
