"""Four million rows of twenty columns trained for an epoch and evaluated by a process that may hold 700 MB of data.

    python tests/benchmarks/little_memory.py [ROWS]

The table is made and prepared first, without a limit; the arrays then lie in a file of 336 MB. What is limited is all
memory that a process writes to (RLIMIT_DATA): its own and its threads', not files that it maps. Linux only.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT = 700 * 1000 * 1000
COLUMNS = 20
PIECE = 200_000


def make(path: Path, rows: int) -> None:
    rng = np.random.default_rng(3)
    weights = rng.normal(size=COLUMNS)
    with path.open("w") as out:
        out.write(",".join(f"x{i}" for i in range(COLUMNS)) + ",kind,price\n")
        for start in range(0, rows, PIECE):
            x = rng.integers(-99, 100, (min(PIECE, rows - start), COLUMNS))
            noisy = x @ weights + rng.normal(0, 60, len(x))
            lines = zip(x.tolist(), noisy.tolist(), strict=True)
            out.writelines(f"{','.join(map(str, row))},{'ab'[y > 0]},{y:.1f}\n" for row, y in lines)


def spec_of(path: Path, task: str) -> object:
    from core.spec import DataSource, DataSpec

    target, other = ("kind", "price") if task == "classification" else ("price", "kind")
    return DataSpec(DataSource("file", path.name, str(path)), target=target, task=task, excluded=(other,))


def prepare(path: Path, task: str) -> None:
    from core.data import load

    load.prepare(spec_of(path, task))


def limited(path: Path, task: str) -> None:
    """Train and evaluate what is prepared already."""
    from core.backend.choose import choose
    from core.data import load, store
    from core.engine.messages import TrainingTask
    from core.evaluation.evaluate import evaluate
    from core.layers.dense import Dense
    from core.layers.input import Input
    from core.losses import resolve
    from core.model import TrainedModel
    from core.spec import TrainingConfig, sequential
    from core.training.trainer import Trainer

    prepared = load.prepare(spec_of(path, task))
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    network = sequential(
        Input(shape=prepared.row_shape), Dense(units=16), Dense(units=prepared.outputs, activation="linear")
    )
    config = TrainingConfig(epochs=1, batch_size=4096)
    trainer = Trainer(TrainingTask(network, config, prepared), choose("numpy"))
    began = time.perf_counter()
    while not trainer.ended:
        trainer.train_batch()
    trained = time.perf_counter()
    loss = resolve("auto", prepared.task, len(prepared.classes)).kind
    model = TrainedModel("limited", network, trainer.weights(best=True), prepared.preparation, loss)
    found = evaluate(model, store.load(prepared).test)
    took = time.perf_counter() - trained
    name = "accuracy" if task == "classification" else "r2"
    anonymous = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
    print(
        f"{task}: {prepared.rows}, trained in {trained - began:.1f} s, {found.rows:,} rows evaluated in {took:.1f} s, "
        f"{name} {found.metrics[name]:.4f}, {' '.join(anonymous.split())} at the end"
    )


def main() -> None:
    if len(sys.argv) > 2:
        {"prepare": prepare, "limited": limited}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        make(path, int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000)
        environment = {**os.environ, "CHAINRULE_CACHE": folder}
        for task in ("classification", "regression"):
            for step in ("prepare", "limited"):
                subprocess.run([sys.executable, __file__, step, str(path), task], env=environment, check=True)


if __name__ == "__main__":
    main()
