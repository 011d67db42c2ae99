"""Rows stay together: what a table says of one row must reach the network as one row, however large the table is."""

from pathlib import Path

import numpy as np
import pytest

from core.data import load, store
from core.spec import DataSource, DataSpec

ROWS = 150_000  # enough for DuckDB to work on pieces in parallel


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_target_features_and_row_numbers_belong_to_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    numbers = np.arange(ROWS)
    answer = np.where(numbers % 7 < 3, "yes", "no") if task == "classification" else (numbers * 0.5).astype(str)
    group = np.array(["a", "b", "c", "?", "NA"])[numbers % 5]
    path = tmp_path / "t.csv"
    lines = (f"{n + 0.25},{g},{a}" for n, g, a in zip(numbers, group, answer, strict=True))
    path.write_text("value,group,answer\n" + "\n".join(lines))
    prepared = load.prepare(DataSpec(DataSource("file", path.name, str(path)), target="answer", task=task))
    value, label = prepared.preparation.features
    arrays = store.load(prepared)
    for part in (arrays.train, arrays.validation, arrays.test):
        found = part.x[:, 0].astype(np.float64) * value.scale + value.mean
        np.testing.assert_allclose(found, part.row_numbers + 0.25, atol=0.02)
        names = np.array(label.categories)[part.x[:, 1:].argmax(axis=1)]
        known = part.row_numbers % 5 < 3
        np.testing.assert_array_equal(names[known], group[part.row_numbers][known])
        if task == "classification":
            np.testing.assert_array_equal(np.array(prepared.classes)[part.y], answer[part.row_numbers])
        else:
            target = prepared.preparation.target
            np.testing.assert_allclose(part.y[:, 0] * target.scale + target.mean, part.row_numbers * 0.5, atol=0.02)
