"""Takes the pictures in docs/screenshots from the real program: `python3 dev.py shots --help`.

The window, its engine and its jobs process run as they do for a person, only without a screen. Every scene is taken in
light and in dark.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "screenshots"
SECONDS = 120
sys.path.insert(0, str(ROOT / "src"))


class Stage:
    """The running program, and what a scene does with it."""

    def __init__(self, size: tuple[int, int], out: Path) -> None:
        from app import theme
        from app.application import Application
        from app.session import Session
        from app.settings import Settings
        from app.window import Window

        self.out = out
        self.application = Application(["chainrule"])
        theme.install(self.application, "light")
        self.session = Session()
        self.window = Window(self.session, Settings())
        self.window.resize(*size)
        self.session.start()
        self.window.show()
        self.wait(lambda: self.session.engine.state == "idle", "the engine")

    def end(self) -> None:
        """The window goes before what it shows."""
        from app.application import remove

        remove(self.window)

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Let the program work until something holds."""
        deadline = time.monotonic() + SECONDS
        while not until():
            if time.monotonic() > deadline:
                raise SystemExit(f"waited {SECONDS} seconds for {what}")
            self.settle(0.02)

    def settle(self, seconds: float) -> None:
        from PySide6.QtTest import QTest

        QTest.qWait(round(1000 * seconds))

    def use(self, kind: str, name: str) -> None:
        from core.spec import DataSource

        data = self.session.document.project.data
        if data is None or data.source.name != name:
            self.read(lambda: self.session.use_source(DataSource(kind, name=name)))

    def read(self, ask: Callable[[], object]) -> None:
        """Ask for other data and wait until a network fits them."""
        before = self.session.document.prepared
        ask()

        def ready() -> bool:
            return self.session.document.prepared not in (None, before) and self.session.can_train

        self.wait(ready, "the data")

    def pace(self, text: str) -> None:
        field = self.window.controls.pace
        field.setCurrentText(text)
        field.activated.emit(field.currentIndex())

    def show(self, stage: str) -> None:
        self.window.show_stage(stage)
        self.settle(0.3)

    def take(self, scene: str) -> None:
        from app import theme

        for mode in ("light", "dark"):
            theme.set_mode(mode)
            self.settle(0.8)  # plots redraw one after the other
            self.window.notices.clear()
            path = self.out / f"{scene}-{mode}.png"
            if not self.window.grab().save(str(path)):
                raise SystemExit(f"could not write {path}")
            print(path)
        theme.set_mode("light")


def first_start(stage: Stage) -> None:
    stage.settle(0.5)


def data(stage: Stage) -> None:
    stage.read(lambda: stage.session.open_paths([str(ROOT / "resources" / "data" / "iris.csv")]))
    stage.show("Data")


def design(stage: Stage) -> None:
    stage.use("generator", "spirals")
    stage.show("Design")
    stage.session.document.select(stage.session.document.project.network.layers[2].id)


def train(stage: Stage) -> None:
    """In the middle of a run, slow enough for both pictures to show it running."""
    stage.use("generator", "spirals")
    stage.session.document.edit_training("Set epochs", epochs=600)
    stage.session.document.select(stage.session.document.project.network.layers[2].id)
    stage.pace("1,000/s")
    stage.session.train()

    def learned() -> bool:
        shot = stage.session.engine.snapshot
        return shot is not None and shot.epoch >= 250

    stage.wait(learned, "epoch 250")
    stage.pace("50/s")


def result(stage: Stage) -> None:
    stage.pace("full")
    stage.session.reset()
    stage.use("sample", "digits")
    stage.session.document.edit_training("Set epochs", epochs=30)
    stage.session.train()
    stage.wait(lambda: stage.session.document.evaluation is not None, "the evaluation")
    stage.show("Evaluate")


def images(stage: Stage) -> None:
    """The digits as a folder of pictures for each class."""
    prepared = stage.session.document.prepared
    if prepared is None or len(prepared.row_shape) != 3:
        folder = Path(os.environ["CHAINRULE_DATA"]).parent / "digits"
        _write_digits(folder)
        stage.session.reset()
        stage.read(lambda: stage.session.open_paths([str(folder)]))
    stage.show("Data")
    stage.settle(2.0)  # thumbnails


def _write_digits(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    rows = (ROOT / "resources" / "data" / "digits.csv").read_text(encoding="utf-8").splitlines()[1:]
    for i, row in enumerate(rows):
        *pixels, label = row.split(",")
        (folder / label).mkdir(parents=True, exist_ok=True)
        grey = np.array(pixels, np.float32).reshape(8, 8) * (255 / 16)
        picture = Image.fromarray(grey.astype(np.uint8)).resize((16, 16), Image.Resampling.BILINEAR)
        picture.save(folder / label / f"{i}.png")


def convolution(stage: Stage) -> None:
    """Feature maps in the middle of a run."""
    images(stage)
    stage.session.document.edit_training("Set epochs", epochs=40)
    stage.session.train()

    def learned() -> bool:
        shot = stage.session.engine.snapshot
        return shot is not None and shot.epoch >= 8

    stage.show("Train")
    stage.wait(learned, "epoch 8")
    stage.pace("5/s")


# Mean temperature in °C and half of its span over the year, roughly; below 0 where July is winter.
CLIMATES = {
    "Oslo": (7, 11), "Helsinki": (6, 12), "Moscow": (6, 14), "Berlin": (10, 9), "Paris": (12, 8), "London": (11, 7),
    "Madrid": (15, 10), "Rome": (16, 9), "Athens": (18, 10), "Cairo": (22, 7), "Reykjavik": (5, 6), "Toronto": (9, 13),
    "Chicago": (10, 14), "Tokyo": (16, 11), "Beijing": (13, 15), "Delhi": (25, 9), "Mumbai": (27, 3),
    "Singapore": (27, 0), "Nairobi": (19, -1), "Mexico City": (17, 3), "Lima": (19, -4), "Sydney": (18, -5),
    "Cape Town": (17, -5), "Buenos Aires": (18, -7),
}  # fmt: skip


def preparing(stage: Stage) -> None:
    """How a date becomes inputs."""
    _read_temperatures(stage)
    stage.show("Data")
    stage.session.columns_requested.emit(("day",))


def rows(stage: Stage) -> None:
    """Some of the rows, and the dates of all as an axis."""
    from PySide6.QtWidgets import QComboBox, QToolButton

    from app.data.page import DataPage

    _read_temperatures(stage)
    stage.show("Data")
    page = stage.window.findChild(DataPage)
    page.rows.filter.setText("Oslo")
    next(part for part in page.findChildren(QToolButton) if part.text() == "Scatter").click()
    for combo in page.scatter.findChildren(QComboBox):
        name = "day" if combo.accessibleName() == "Column across" else "temperature"
        combo.setCurrentIndex(combo.findData(name))
        combo.activated.emit(combo.currentIndex())
    stage.settle(1.0)  # the rows are looked for


def embedding(stage: Stage) -> None:
    """Towns as points, while the network learns their climates."""
    _read_temperatures(stage)
    stage.session.document.edit_training("Set epochs", epochs=60)
    stage.session.document.select(stage.session.document.project.network.layers[1].id)
    stage.session.train()

    def learned() -> bool:
        shot = stage.session.engine.snapshot
        return shot is not None and shot.epoch >= 20

    stage.show("Train")
    stage.wait(learned, "epoch 20")
    stage.pace("5/s")


def _read_temperatures(stage: Stage) -> None:
    from core.data.choices import ColumnChoice

    data = stage.session.document.project.data
    if data is not None and data.source.name == "temperatures.csv":
        return
    file = Path(os.environ["CHAINRULE_DATA"]).parent / "temperatures.csv"
    _write_temperatures(file)
    stage.session.reset()
    stage.read(lambda: stage.session.open_paths([str(file)]))
    choices = {"town": ColumnChoice(encoding="embedding"), "wind": ColumnChoice(indicator=True)}
    stage.read(lambda: stage.session.change_data("Embed the towns", columns=choices))


def _write_temperatures(file: Path) -> None:
    import numpy as np

    rng, lines = np.random.default_rng(5), ["day,town,sky,wind,temperature"]
    start = np.datetime64("2021-01-01")
    for _ in range(3000):
        day, town = start + rng.integers(0, 1095), str(rng.choice(list(CLIMATES)))
        mean, swing = CLIMATES[town]
        sky = str(rng.choice(["clear", "clouds", "rain"], p=[0.45, 0.35, 0.2]))
        of_year = (day - day.astype("datetime64[Y]")).astype(int) / 365
        warm = mean - swing * np.cos(2 * np.pi * (of_year - 0.05)) + {"clear": 2, "clouds": 0, "rain": -2}[sky]
        wind = "" if rng.random() < 0.05 else f"{rng.gamma(3.0, 4.0):.0f}"
        lines.append(f"{day},{town},{sky},{wind},{warm + rng.normal(0, 2):.1f}")
    file.write_text("\n".join(lines), encoding="utf-8")


SCENES: dict[str, Callable[[Stage], None]] = {
    "first-start": first_start,
    "data": data,
    "design": design,
    "train": train,
    "result": result,
    "images": images,
    "convolution": convolution,
    "preparing": preparing,
    "rows": rows,
    "embedding": embedding,
}


def main(arguments: list[str]) -> int:
    reader = argparse.ArgumentParser(prog="shots", description=__doc__)
    reader.add_argument("scenes", nargs="*", help=f"of {', '.join(SCENES)}; all where none is named")
    reader.add_argument("--size", default="1280x800", help="width x height of the window")
    reader.add_argument("--out", type=Path, default=OUT, help="folder of the pictures")
    options = reader.parse_args(arguments)
    width, height = (int(n) for n in options.size.split("x"))
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="chainrule-shots-") as folder:
        for kind in ("CONFIG", "DATA", "CACHE"):
            os.environ[f"CHAINRULE_{kind}"] = str(Path(folder, kind.lower()))
        stage = Stage((width, height), options.out)
        try:
            for name, act in SCENES.items():
                if not options.scenes or name in options.scenes:
                    act(stage)
                    stage.take(name)
        finally:
            stage.session.shutdown()
            stage.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
