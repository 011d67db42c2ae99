"""A table with many columns and few rows fits the memory that reading is given."""

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
