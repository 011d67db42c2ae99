"""Stand-ins for the session and the engine: the same members, no process, every call remembered.

session = FakeSession()
session.with_data()            # two spirals, prepared
session.engine.play(snapshot)  # as if the engine had told of it
assert session.calls == [("train",)]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.document import Document
from core.backend.choose import BackendInfo
from core.data.drawing import DrawnInfo, drawings
from core.data.preprocess import ClassTarget, NumberFeature, Preparation
from core.data.schema import ColumnProfile, Prepared, TableProfile
from core.engine.messages import Ready
from core.spec import DataSource, DataSpec, NetworkSpec, Project, TrainingConfig, mlp
from core.training.snapshot import Curve, History, Snapshot

BACKEND = BackendInfo("numpy", "2 CPU cores", "No GPU answers, and NumPy is faster than MLX on a processor.")


@dataclass(frozen=True)
class FakeNotice:
    severity: str
    title: str
    text: str = ""
    details: str = ""
    actions: tuple[tuple[str, Callable[[], object]], ...] = ()
    key: str = ""


@dataclass(frozen=True)
class FakeBusy:
    label: str
    fraction: float | None = None
    seconds_left: float | None = None
    cancel: Callable[[], object] | None = None


@dataclass(frozen=True)
class FakeInfo:
    """A sample, a generator or an export format: whatever a panel reads of it."""

    name: str
    label: str = ""
    description: str = ""
    help: str = ""
    suffix: str = ""
    is_folder: bool = False
    rows: int = 150
    extra: dict[str, Any] = field(default_factory=dict)


class FakeEngine(QObject):
    ready = Signal(object)
    state_changed = Signal(str)
    snapshot_changed = Signal(object)
    ended = Signal(object)
    checkpoint_written = Signal(str)
    refused = Signal(str)
    lost = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = "idle"
        self.snapshot: Snapshot | None = None
        self.backend: BackendInfo | None = BACKEND
        self.can_resume = False
        self.subscriptions: dict[object, tuple[str, ...]] = {}

    def subscribe(self, owner: object, names: tuple[str, ...]) -> None:
        self.subscriptions[owner] = names

    def set_state(self, state: str) -> None:
        self.state = state
        self.state_changed.emit(state)

    def play(self, shot: Snapshot) -> None:
        self.snapshot = shot
        self.snapshot_changed.emit(shot)

    def be_ready(self, backend: BackendInfo = BACKEND) -> None:
        self.backend = backend
        self.ready.emit(Ready(backend))


class FakeCrossValidation(QObject):
    """What `app.cross_validating.CrossValidating` tells; `starts` remembers how many folds were asked for."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.phase, self.why_not = "", "Choose data first."
        self.usual_folds, self.is_older = 5, False
        self.progress = self.found = None
        self.results: list[Any] = []
        self.starts: list[int] = []
        self.cancelled = 0

    def start(self, folds: int) -> None:
        self.starts.append(folds)

    def cancel(self) -> None:
        self.cancelled += 1

    def tell(self, **state: Any) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.changed.emit()


class FakeFiles(QObject):
    """The files that data come from: every wish remembered."""

    find_asked = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.calls: list[tuple[Any, ...]] = []

    def relink(self, missing: str, path: str) -> None:
        self.calls.append(("relink", missing, path))

    def read_again(self) -> None:
        self.calls.append(("read_again",))

    def paste(self, *what: Any) -> None:
        self.calls.append(("paste", *what))


class FakeSession(QObject):
    notice = Signal(object)
    busy_changed = Signal(object)
    stage_requested = Signal(str)
    running_network_changed = Signal()
    images_loading = Signal(object)
    first_look = Signal(object)
    columns_requested = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = Document(self)
        self.engine = FakeEngine(self)
        self.cross_validation = FakeCrossValidation(self)
        self.data_files = FakeFiles(self)
        self.calls: list[tuple[Any, ...]] = []
        self.can_train = False
        self.why_not = "Choose data first."
        self.running_network: NetworkSpec | None = None
        self.running_config: TrainingConfig | None = None
        self.design_is_newer = self.data_are_newer = False

    def __getattr__(self, name: str) -> Any:
        """Every verb of the session that is not written out below: remembered, nothing done."""
        if name.startswith("_") or name not in VERBS:
            raise AttributeError(name)

        def verb(*args: Any, **changes: Any) -> Any:
            self.calls.append((name, *args, *((changes,) if changes else ())))
            return True if name in ("save", "save_as") else None

        return verb

    def samples(self) -> tuple[FakeInfo, ...]:
        return tuple(FakeInfo(name, name.replace("_", " ").title(), "A sample.") for name in SAMPLES)

    def generators(self) -> tuple[FakeInfo, ...]:
        return tuple(FakeInfo(name, name.replace("_", " ").title(), "A generator.") for name in GENERATORS)

    def drawings(self) -> tuple[DrawnInfo, ...]:
        return drawings()

    def export_formats(self) -> tuple[FakeInfo, ...]:
        return (
            FakeInfo("onnx", "ONNX", help="One file that many runtimes read.", suffix=".onnx"),
            FakeInfo("safetensors", "safetensors + JSON", help="Weights and a description.", is_folder=True),
        )

    def with_data(self, *, hidden: tuple[int, ...] = (8, 8), **training: Any) -> FakeSession:
        """Two spirals, read and prepared, and a network that fits them."""
        data = DataSpec(DataSource("generator", "spirals"))
        config = TrainingConfig(**training)
        self.document.open(Project("Two spirals", data, mlp(2, hidden, 2, activation="tanh"), config), None)
        self.document.set_profile(spirals_profile())
        self.document.set_prepared(spirals_prepared())
        self.can_train, self.why_not = True, ""
        return self


SAMPLES = ("iris", "wine", "breast_cancer", "diabetes", "digits")
GENERATORS = ("xor", "circles", "spirals", "gaussians", "plane")
VERBS = {
    *("open_paths", "use_source", "change_data", "change_source", "draw", "new_project", "open_project", "save"),
    *(
        "train",
        "train_anew",
        "pause",
        "toggle_train",
        "step",
        "step_epoch",
        "stop",
        "reset",
        "resume_after_loss",
        "evaluate",
        "find_learning_rate",
        "cancel_learning_rate",
    ),
    *("save_as", "predict", "predict_row", "save_predictions", "export", "set_pace", "start", "shutdown"),
}


def spirals_profile() -> TableProfile:
    histogram = (2, 4, 7, 9, 11, 12, 11, 9, 7, 4)
    numbers = tuple(
        ColumnProfile(
            n,
            "number",
            distinct=400,
            minimum=-1.0,
            maximum=1.0,
            mean=0.0,
            standard_deviation=0.5,
            histogram=histogram,
        )
        for n in ("x", "y")
    )
    arm = ColumnProfile("arm", "category", distinct=2, categories=(("a", 200), ("b", 200)), histogram=(200, 200))
    preview = tuple((f"{i / 10:.2f}", f"{-i / 20:.2f}", "ab"[i % 2]) for i in range(20))
    return TableProfile(
        "Two spirals", 400, (*numbers, arm), "arm", "classification", "The last column.", preview=preview
    )


def spirals_prepared() -> Prepared:
    return Prepared(
        folder="",
        fingerprint="f",
        task="classification",
        target="arm",
        feature_names=("x", "y"),
        row_shape=(2,),
        outputs=2,
        classes=("a", "b"),
        rows={"train": 240, "validation": 80, "test": 80},
        preparation=_preparation(),
    )


def _preparation() -> Preparation:
    features = tuple(NumberFeature(name, fill=0.0, mean=0.0, scale=0.5) for name in ("x", "y"))
    return Preparation(features, ClassTarget("arm", ("a", "b")))


def curve(steps: int, start: float, end: float, *, noise: float = 0.0, every: int = 1) -> Curve:
    """A falling series with reproducible roughness."""
    at = np.arange(every, steps + 1, every, dtype=np.int64)
    t = at / max(1, steps)
    rough = np.random.default_rng(1).normal(0.0, noise, len(at)) if noise else 0.0
    mean = (end + (start - end) * np.exp(-4 * t) * (1 + rough)).astype(np.float32)
    return Curve(at, mean, mean * np.float32(0.9), mean * np.float32(1.1))


def snapshot(
    *, state: str = "running", epoch: int = 12, epochs: int = 200, per_epoch: int = 8, **rest: Any
) -> Snapshot:
    """A run as it stands in the middle of its way."""
    steps = epoch * per_epoch
    curves = {
        "loss/train": curve(steps, 0.7, 0.1, noise=0.1),
        "loss/validation": curve(steps, 0.75, 0.2, every=per_epoch),
        "metric/train": curve(steps, 0.5, 0.98, every=per_epoch),
        "metric/validation": curve(steps, 0.5, 0.95, every=per_epoch),
        "gradient/l1": curve(steps, 1.0, 0.1, noise=0.2),
        "gradient/l2": curve(steps, 0.5, 0.05, noise=0.2),
        "gradient/l3": curve(steps, 0.4, 0.02, noise=0.2),
    }
    latest = {name: float(c.mean[-1]) for name, c in curves.items() if len(c.mean)}
    given = {
        "run_id": 1,
        "state": state,
        "epoch": epoch,
        "epochs": epochs,
        "step": steps,
        "steps_per_epoch": per_epoch,
        "seconds": 2.5,
        "steps_per_second": 29_140.0,
        "seconds_left": 4.2,
        "latest": latest,
        "history": History(curves),
    }
    return Snapshot(**(given | rest))


class Panel(QWidget):
    """Stands for a panel of someone else."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


def leave_unasked(window: Any) -> None:
    """Let a test's window close whatever it holds."""
    window.files.may_leave = lambda _purpose: True


def edit(session: FakeSession) -> None:
    session.document.edit_training("Set epochs", epochs=77)
