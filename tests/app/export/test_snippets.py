"""The lines to copy: they run as they stand, and answer as the network does, whatever the columns are."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.export.snippets import snippet
from core.data import dates
from core.data.preprocess import (
    DATE_PARTS,
    CategoryFeature,
    ClassTarget,
    DateFeature,
    Feature,
    LabelsTarget,
    NumberFeature,
    NumberTarget,
    Preparation,
    Target,
    TextFeature,
)
from core.evaluation.rows import prepared_rows
from core.export.run import export_with_receipt
from core.model import TrainedModel
from core.network import Network
from core.spec import mlp

PLAIN: tuple[Feature, ...] = (
    NumberFeature("size", 3.0, 2.5, 1.5, indicator=True),
    CategoryFeature("town", ("Ulm", "Wien"), "Wien", other=True),
    CategoryFeature("job", ("", "cook"), "", embedded=True),
)
DATE = DateFeature("when", DATE_PARTS, 1.6e9, 1.5e9, 1e8, ("%d.%m.%Y",))
TEXT = TextFeature("remark", 16)
COLUMNS = {
    "numbers and labels": PLAIN,
    "a date": (*PLAIN, DATE),
    "a text": (TEXT, *PLAIN),
    "both": (*PLAIN, DATE, replace(DATE, name="again", indicator=True), TEXT),
}
TARGETS: dict[str, tuple[Target, str]] = {
    "classes": (ClassTarget("kind", ("a", "b", "c")), "softmax_cross_entropy"),
    "number": (NumberTarget("price", 12.0, 3.0), "mse"),
    "labels": (LabelsTarget("genre", ("drama", "war", "art"), "|"), "multi_label_cross_entropy"),
}


def model_of(features: tuple[Feature, ...], told: str) -> TrainedModel:
    target, loss = TARGETS[told]
    network = mlp(sum(f.width for f in features), (5,), 1 if isinstance(target, NumberTarget) else 3)
    return TrainedModel("m", network, Network.of(network).init(3), Preparation(features, target), loss)


def usual(features: tuple[Feature, ...]) -> dict[str, tuple[str]]:
    """The cells that the lines show."""
    cells: dict[str, tuple[str]] = {}
    for f in features:
        if isinstance(f, NumberFeature):
            cells[f.name] = (f"{f.typical:.4g}",)
        elif isinstance(f, DateFeature):
            cells[f.name] = (dates.written(f.fill),)
        else:
            cells[f.name] = ("some words",) if isinstance(f, TextFeature) else (f.fill,)
    return cells


@pytest.mark.parametrize("format", ["onnx", "numpy"])
@pytest.mark.parametrize("told", TARGETS)
@pytest.mark.parametrize("columns", COLUMNS)
def test_the_lines_run_and_answer_as_the_network(
    columns: str, told: str, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = COLUMNS[columns]
    model = model_of(features, told)
    path = tmp_path / ("model.onnx" if format == "onnx" else "made")
    export_with_receipt(format, model, path)
    text = snippet(format, str(path), model.preparation)
    keep = "values" if told == "number" else "labels"
    if format == "numpy":
        text += f"import json\nwith open('found.json', 'w') as file:\n    json.dump({keep}, file)\n"
        text += "" if told == "number" else "np = sys.modules['numpy']\nnp.save('found.npy', probabilities)\n"
    (tmp_path / "try.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    if format == "onnx":
        found = runpy.run_path("try.py")
    else:
        subprocess.run([sys.executable, "try.py"], check=True, capture_output=True)
        found[keep] = json.loads(Path("found.json").read_text())
        found["probabilities"] = None if told == "number" else np.load("found.npy")
    x, notes = prepared_rows(model.preparation, usual(features))
    assert not notes
    expected = model.answers(x)
    if told == "number":
        answer = np.asarray(found["prediction" if format == "onnx" else "values"]).reshape(1, 1)
        np.testing.assert_allclose(answer, expected, atol=1e-5)
        return
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-6)
    target = model.preparation.target
    assert not isinstance(target, NumberTarget)
    if told == "classes":
        assert (found["label"] if format == "onnx" else found["labels"])[0] == target.classes[expected[0].argmax()]
    elif format == "onnx":
        np.testing.assert_array_equal(found["label"], expected >= 0.5)
        assert found["names"] == list(target.classes)
    else:
        assert found["labels"] == [[c for c, p in zip(target.classes, expected[0], strict=True) if p >= 0.5]]


@pytest.mark.parametrize("format", ["onnx", "numpy", "pytorch", "mlx", "coreml", "safetensors"])
@pytest.mark.parametrize("told", TARGETS)
@pytest.mark.parametrize("columns", COLUMNS)
def test_the_lines_are_python_and_import_what_they_use(columns: str, told: str, format: str) -> None:
    text = snippet(format, "made", Preparation(COLUMNS[columns], TARGETS[told][0]))
    tree = ast.parse(text)
    imported = {alias.asname or alias.name.split(".")[0] for node in ast.walk(tree)
                if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}  # fmt: skip
    used = {node.value.id for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}  # fmt: skip
    assert {"np", "re", "zlib", "json", "datetime", "timezone"} & used <= imported
    assert max(map(len, text.splitlines())) <= 64  # a narrow card shows it whole


def test_plain_columns_need_no_functions() -> None:
    text = snippet("onnx", "made", Preparation(PLAIN, TARGETS["classes"][0]))
    assert "def " not in text
    assert "datetime" not in text
