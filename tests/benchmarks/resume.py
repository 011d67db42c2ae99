"""Kill -9 at random points of every kind of run, on every backend: is what comes out the same to the last bit?

    python tests/benchmarks/resume.py [--kills 20] [--backend numpy] [--seed 1]

Prints a line a case: how many steps, how often killed, whether weights and metrics have the hash of the run that was
never interrupted. Exit code 1 where one has not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

from killed_runs import CASES, killed, task_of, uninterrupted

from core.backend.choose import probe


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill runs and see whether they resume exactly.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--backend", choices=("numpy", "mlx"))
    parser.add_argument("--case", choices=tuple(CASES))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    usable = ["numpy", "mlx"] if probe().name == "mlx" else ["numpy"]
    backends = [options.backend] if options.backend else usable
    cases = [options.case] if options.case else list(CASES)
    found = [line(case, backend, options.kills, options.seed) for backend in backends for case in cases]
    print(f"{sum(found)} of {len(found)} equal")
    return 0 if all(found) else 1


def line(case: str, backend: str, kills: int, seed: int) -> bool:
    task = task_of(case, backend)
    whole = uninterrupted(task)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        again = killed(task, Path(folder), steps=whole.steps, kills=kills, seed=seed)
    words = "equal" if again == whole else f"DIFFERENT\n  {whole}\n  {again}"
    told = f"{whole.steps:5} steps, killed {again.kills:2} times, {time.perf_counter() - began:5.1f} s"
    print(f"{backend:6} {case:16} {told}: {words}", flush=True)
    return again == whole


if __name__ == "__main__":
    sys.exit(main())
