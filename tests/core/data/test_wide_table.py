"""A table with many columns and few rows fits the memory that reading is given."""

import time
from pathlib import Path

import numpy as np

from core.data import load
from core.spec import DataSource, DataSpec


def test_many_columns_of_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = [f"gene_{i}" for i in range(159)]
    path = tmp_path / "genes.csv"
    lines = [",".join([*(f"{v:.3f}" for v in rng.normal(size=159)), ("liver", "lung")[i % 2]]) for i in range(120)]
    path.write_text("\n".join([",".join([*names, "tissue"]), *lines]) + "\n")
    profile = load.inspect(DataSpec(DataSource("file", path.name, str(path))))
    assert (profile.rows, len(profile.columns), profile.target) == (120, 160, "tissue")


def test_a_row_that_does_not_fit_hundreds_of_columns_of_numbers_costs_little(tmp_path: Path) -> None:
    """Such a table is scanned with every cell looked at: planning that took 4 ms a column."""
    lines = [",".join(f"c{i}" for i in range(700)), *[",".join(["1.5"] * 700)] * 5, "1,2"]
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(lines) + "\n")
    began = time.process_time()
    profile = load.inspect(DataSpec(DataSource("file", path.name, str(path))))
    assert time.process_time() - began < 2
    assert (profile.rows, profile.rejected_count) == (5, 1)
