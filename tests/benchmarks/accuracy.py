"""Accuracy on real data beside scikit-learn's MLPClassifier, and the time to solve two spirals.

    python tests/benchmarks/accuracy.py

For each data set and five seeds: the command line trains on the CSV file, exports ONNX, and its test accuracy and
receipt are read from the JSON it prints. MLPClassifier (where scikit-learn is installed) gets the very same split,
scaled features and hidden layers. Prints a table; exit code 1 where a bar of the project is missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from core.data import load, store
from core.resources import resource_path
from core.spec import DataSource, DataSpec

BARS = {"iris": 0.93, "wine": 0.95, "breast_cancer": 0.95}
SEEDS = range(5)
RECEIPT, SPIRALS_ACCURACY, SPIRALS_SECONDS = 1e-5, 0.97, 20.0


def cli(*arguments: str) -> dict:
    """The JSON answer of one command."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def ours(csv: Path, seed: int, folder: Path) -> tuple[dict, float]:
    """The answer of `train`, and the receipt's largest difference."""
    project = folder / f"{csv.stem}-{seed}.chainrule"
    answer = cli("train", str(csv), "--seed", str(seed), "--out", str(project))
    out = folder / f"{csv.stem}-{seed}.onnx"
    receipt = cli("export", str(project), "--format", "onnx", "--out", str(out))["receipt"]
    return answer, receipt["max_abs_difference"]


def peer(csv: Path, seed: int, hidden: tuple[int, ...], epochs: int) -> float | None:
    """Test accuracy of MLPClassifier on the same split; None where scikit-learn is missing."""
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        return None
    spec = DataSpec(DataSource("file", csv.name, str(csv)), seed=seed)
    arrays = store.load(load.prepare(spec))
    model = MLPClassifier(hidden, learning_rate_init=0.01, max_iter=epochs, random_state=seed)
    x, y = (np.concatenate([getattr(arrays.train, k), getattr(arrays.validation, k)]) for k in ("x", "y"))
    return float(model.fit(x, y).score(arrays.test.x, arrays.test.y))


def hidden_widths(answer: dict) -> tuple[int, ...]:
    return tuple(layer["units"] for layer in answer["network"]["layers"] if layer["kind"] == "dense")[:-1]


def tables(folder: Path) -> bool:
    passed = True
    print(f"{'data':14} {'bar':>5} {'ours':>7} {'per seed':36} {'sklearn':>8} {'receipt':>9}")
    for name, bar in BARS.items():
        csv = Path(resource_path("data", f"{name}.csv"))
        found = [ours(csv, seed, folder) for seed in SEEDS]
        scores = [answer["final"]["test_accuracy"] for answer, _ in found]
        peers = [peer(csv, s, hidden_widths(a), a["epochs"]) for s, (a, _) in zip(SEEDS, found, strict=True)]
        theirs = "-" if None in peers else f"{np.mean(peers):.4f}"
        worst = max(difference for _, difference in found)
        each = " ".join(f"{score:.4f}" for score in scores)
        print(f"{name:14} {bar:5.2f} {np.mean(scores):7.4f} {each:36} {theirs:>8} {worst:9.1e}", flush=True)
        passed &= bool(np.mean(scores) >= bar and worst <= RECEIPT)
    return passed


def spirals() -> bool:
    scores, longest = [], 0.0
    for seed in SEEDS:
        began = time.perf_counter()
        answer = cli("train", "generator:spirals", "--seed", str(seed))
        took = time.perf_counter() - began
        accuracy = answer["final"]["test_accuracy"]
        print(
            f"spirals, seed {seed}: accuracy {accuracy:.3f} in {took:.1f} s ({answer['seconds']:.1f} s of it training)"
        )
        scores.append(accuracy)
        longest = max(longest, took)
    print(f"two spirals: mean test accuracy {np.mean(scores):.3f}, longest {longest:.1f} s")
    return bool(np.mean(scores) >= SPIRALS_ACCURACY and longest < SPIRALS_SECONDS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        ok = tables(Path(scratch))
    ok &= spirals()
    sys.exit(0 if ok else 1)
