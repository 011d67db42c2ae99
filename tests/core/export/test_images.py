"""Networks that take images: every format takes pixels as they are, and its receipt holds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import suggest
from core.data import load, store
from core.data.schema import Prepared
from core.errors import UserInputError
from core.evaluation.evaluate import evaluate
from core.evaluation.predict import predict
from core.export.run import export_with_receipt
from core.losses import resolve
from core.model import TrainedModel
from core.network import Network
from core.project import file as project_file
from core.project.file import SavedProject
from core.spec import DataSpec, Project, TrainingConfig

from ..data.images_made import class_files, encoded, folder, picture, source

Made = tuple[TrainedModel, Prepared, DataSpec]


@pytest.fixture(params=["grey", "colour", "number"])
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    files = class_files(("a", "b", "c"), each=8, side=12, colour=request.param != "grey")
    if request.param == "number":
        files |= {"t.csv": "\n".join(["file,age", *(f"{n},{i * 1.7}" for i, n in enumerate(files))]).encode()}
    spec = DataSpec(source(folder(tmp_path / "images", files)))
    prepared = load.prepare(spec)
    config = TrainingConfig()
    network = suggest.network_for(prepared, config)
    rng = np.random.default_rng(3)
    weights = {
        id: {name: (a + rng.normal(0, 0.1, a.shape)).astype(np.float32) for name, a in arrays.items()}
        for id, arrays in Network.of(network).init(3).items()
    }
    loss = resolve("auto", prepared.task, len(prepared.classes)).kind
    return TrainedModel("pictures", network, weights, prepared.preparation, loss), prepared, spec


@pytest.mark.parametrize("format", ["onnx", "numpy", "mlx", "pytorch", "safetensors"])
def test_the_receipt_holds(made: Made, tmp_path: Path, format: str) -> None:
    model, prepared, spec = made
    result = export_with_receipt(format, model, tmp_path / f"out.{format}", prepared, spec)
    assert result.receipt.passed, result.receipt
    assert result.receipt.rows == prepared.rows["test"]
    assert "noise" not in result.receipt.note


def test_core_ml_takes_pixels(made: Made, tmp_path: Path) -> None:
    pytest.importorskip("coremltools")
    model, prepared, spec = made
    assert export_with_receipt("coreml", model, tmp_path / "out.mlmodel", prepared, spec).receipt.passed


def test_onnx_normalises_inside(made: Made, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model, prepared, spec = made
    export_with_receipt("onnx", model, tmp_path / "m.onnx", prepared, spec)
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    feature = model.preparation.image
    assert feature is not None
    assert (entry.name, entry.shape) == ("image", ["rows", *feature.shape])
    name = "c/3.png"
    with Image.open(Path(spec.source.path) / name) as image:
        pixels = np.asarray(image, np.float32).reshape(1, *feature.shape)
    found = session.run(None, {"image": pixels})
    ours = predict(model, spec.source)
    at = [cells[0] for cells in ours.inputs].index(name)
    if prepared.task == "regression":
        assert np.allclose(found[0][0, 0], ours.answer[at], rtol=1e-4)
    else:
        assert found[0][0] == ours.answer[at]
    told = session.get_modelmeta().custom_metadata_map
    assert json.loads(told["inputs"])[0]["kind"] == "image"


def test_the_numpy_program_reads_image_files_as_we_do(made: Made, tmp_path: Path) -> None:
    model, prepared, spec = made
    export_with_receipt("numpy", model, tmp_path / "out", prepared, spec)
    photos = folder(tmp_path / "new", {
        "large.jpg": encoded(picture(77, 50, colour=True), "JPEG"), "small.png": encoded(picture(9, 5)),
    })  # fmt: skip
    paths = [str(photos / name) for name in ("large.jpg", "small.png")]
    command = [sys.executable, "-I", str(tmp_path / "out" / "model.py"), *paths]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    ours = predict(model, source(photos))
    for line, answer in zip(lines[1:], ours.answer, strict=True):
        if isinstance(answer, str):
            assert line.split(",")[0] == answer
        else:
            assert np.isclose(float(line.split(",")[0]), answer, rtol=1e-3)
    assert lines[1].endswith("large.jpg")


def test_without_the_data_the_receipt_says_noise(made: Made, tmp_path: Path) -> None:
    model, _, _ = made
    receipt = export_with_receipt("onnx", model, tmp_path / "m.onnx").receipt
    assert receipt.passed
    assert "noise" in receipt.note


def test_answers_stand_by_file_name_and_bad_files_are_told(made: Made, tmp_path: Path) -> None:
    model, _, _ = made
    film = encoded(picture(9), "GIF")
    place = folder(tmp_path / "new", {"a.png": encoded(picture(1, 30)), "b.png": b"junk", "sub/c.gif": film})
    found = predict(model, source(place))
    assert [cells[0] for cells in found.inputs] == ["a.png", "sub/c.gif"]
    assert found.pictures is not None
    assert len(found.pictures) == 2
    assert any(note.startswith("b.png: ") for note in found.notes)
    one = predict(model, source(place / "a.png"))
    if isinstance(one.answer[0], str):
        assert one.answer == found.answer[:1]
    else:
        assert np.isclose(one.answer[0], found.answer[0], rtol=1e-5)
    with pytest.raises(UserInputError, match="None of these images"):
        predict(model, source(folder(tmp_path / "bad", {"x.png": b"junk"})))
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(UserInputError, match="trained on images"):
        predict(model, source(tmp_path / "t.csv"))


def test_other_images_are_evaluated_by_their_labels(made: Made, tmp_path: Path) -> None:
    model, prepared, spec = made
    part = load.load_with_target(spec.source, model.preparation)
    assert len(part.x) == 24
    whole = store.load(prepared)
    again = {int(n): k for k, n in enumerate(part.row_numbers)}
    for k, row in enumerate(whole.test.row_numbers):
        assert np.array_equal(part.x[again[int(row)]], whole.test.x[k])
        assert np.allclose(part.y[again[int(row)]], whole.test.y[k])
    assert evaluate(model, part, "data").rows == 24


def test_a_project_keeps_how_images_are_prepared(made: Made, tmp_path: Path) -> None:
    model, prepared, spec = made
    spec = replace(spec, height=12, width=12)
    saved = SavedProject(Project("p", spec, model.network), model.weights, model.network, model.loss, prepared=prepared)
    project_file.save(tmp_path / "p.chainrule", saved)
    again = project_file.load(tmp_path / "p.chainrule")
    assert again.prepared is not None
    assert again.prepared.preparation == prepared.preparation
    assert again.project.data == spec
