"""What holds for every test: no screen, the user's own folders untouched, nothing left running afterwards."""

import multiprocessing.resource_tracker
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from core.engine.messages import TrainingTask
from core.spec import DataSource, DataSpec, TrainingConfig, mlp
from core.suggest import network_for

# How long a thread or process that was told to stop may take to do so.
GRACE_SECONDS = 3.0


# A slow machine is no fault of the code. In CI the examples are the same at every run: a new counterexample is found by
# whoever runs the tests by hand, and does not fail a change that has nothing to do with it.
settings.register_profile("chainrule", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("chainrule")


def pytest_configure(config: pytest.Config) -> None:
    # Set QT_QPA_PLATFORM yourself to watch the tests on a real screen.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    home = tempfile.mkdtemp(prefix="chainrule-tests-")
    for kind in ("DATA", "CONFIG", "CACHE", "STATE"):
        folder = Path(home, kind.lower())
        folder.mkdir()
        os.environ[f"XDG_{kind}_HOME"] = str(folder)
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


def own_threads() -> set[threading.Thread]:
    """Threads started from Python; those of native pools only show up as dummies."""
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}


def children() -> set[psutil.Process]:
    """Child processes, but for the helper that multiprocessing keeps for the life of the program."""
    helper = multiprocessing.resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]
    return {child for child in psutil.Process().children(recursive=True) if child.pid != helper}


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    threads_before, children_before = own_threads(), children()
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    for thread in own_threads() - threads_before:
        thread.join(max(0.0, deadline - time.monotonic()))
    _, alive = psutil.wait_procs(list(children() - children_before), timeout=max(0.0, deadline - time.monotonic()))
    for child in alive:
        child.kill()
    threads = sorted(thread.name for thread in own_threads() - threads_before)
    if threads or alive:
        pytest.fail(f"left running: threads {threads}, processes {[child.pid for child in alive]}")


SOURCES = {
    "spirals": DataSource("generator", "spirals", rows=300, noise=0.05),
    "iris": DataSource("sample", "iris"),
    "diabetes": DataSource("sample", "diabetes"),
}


@pytest.fixture
def make_task() -> Callable[..., TrainingTask]:
    """make_task("iris", hidden=(8,), epochs=5, folder="", ...) → TrainingTask on small real data."""
    from core.data import load  # DuckDB is loaded for those who train only

    def make(name: str = "iris", *, hidden: tuple[int, ...] = (), folder: str = "", **settings) -> TrainingTask:
        prepared = load.prepare(DataSpec(SOURCES[name]))
        config = TrainingConfig(**{"epochs": 10, "backend": "numpy", **settings})
        network = network_for(prepared, config)
        if hidden:
            network = mlp(prepared.row_shape[0], hidden, prepared.outputs)
        return TrainingTask(network, config, prepared, checkpoint_folder=folder)

    return make
