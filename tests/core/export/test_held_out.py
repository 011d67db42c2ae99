"""The rows of a receipt come raw from the source: what a person's file says must reach the exported file."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data import load, store
from core.data.choices import ColumnChoice
from core.data.preprocess import CategoryFeature, DateFeature, LabelsTarget, NumberFeature, TextFeature
from core.data.schema import Prepared
from core.export.receipt import held_out
from core.export.run import export_with_receipt
from core.model import TrainedModel
from core.network import Network
from core.spec import DataSource, DataSpec, TrainingConfig, mlp
from core.suggest import network_for


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))


def european(path: Path, rows: int = 90) -> Path:
    """Semicolons, decimal commas, another encoding, gaps, and numbers that are labels."""
    chance = random.Random(4)
    lines = ["Länge;Größe;code;id-ish;art"]
    for _ in range(rows):
        length = "" if chance.random() < 0.1 else f"{chance.gauss(20, 5):.2f}".replace(".", ",")
        size = chance.choice(["groß", "klein", "mittel", ""])
        lines.append(
            f"{length};{size};{chance.choice('12')};{chance.gauss(0, 1):.3f};".replace(".", ",") + chance.choice("ab")
        )
    path.write_bytes("\n".join(lines).encode("cp1252"))
    return path


def model_for(prepared: Prepared) -> TrainedModel:
    network = mlp(prepared.row_shape[0], (6,), prepared.outputs, activation="gelu")
    weights = {
        id: {name: array.astype(np.float32) * 2 for name, array in arrays.items()}
        for id, arrays in Network.of(network).init(5).items()
    }
    loss = "softmax_cross_entropy" if prepared.classes else "mse"
    return TrainedModel("m", network, weights, prepared.preparation, loss)


def prepared_file(path: Path) -> tuple[DataSpec, Prepared, TrainedModel]:
    spec = DataSpec(DataSource("file", path.name, str(path)), target="art", kinds={"code": "category"})
    prepared = load.prepare(spec)
    return spec, prepared, model_for(prepared)


def test_cells_of_the_test_rows_are_read_from_the_source(tmp_path: Path) -> None:
    path = european(tmp_path / "t.csv")
    spec, prepared, model = prepared_file(path)
    kinds = {f.name: type(f) for f in prepared.preparation.features}
    assert kinds["Länge"] is NumberFeature
    assert kinds["Größe"] is kinds["code"] is CategoryFeature
    rows = held_out(model, prepared, spec)
    test = store.load(prepared).test
    order = np.argsort(test.row_numbers)
    assert rows.rows == len(test.x)
    assert rows.note == ""
    np.testing.assert_array_equal(rows.x[: rows.rows], test.x[order])
    lines = path.read_bytes().decode("cp1252").splitlines()[1:]
    for at, number in enumerate(test.row_numbers[order]):
        length, size, code, *_ = lines[number].split(";")
        assert rows.columns["Länge"][at] == (length.replace(",", ".") or None)
        assert rows.columns["Größe"][at] == (size or None)
        assert rows.columns["code"][at] == code


@pytest.mark.parametrize("format", ["onnx", "numpy", "safetensors"])
def test_an_export_agrees_on_the_cells_of_a_real_file(tmp_path: Path, format: str) -> None:
    spec, prepared, model = prepared_file(european(tmp_path / "t.csv"))
    receipt = export_with_receipt(format, model, tmp_path / "out", prepared, spec).receipt
    assert receipt.passed, receipt
    assert receipt.rows == prepared.rows["test"]
    assert receipt.note == ""


def everything(path: Path, rows: int = 160) -> Path:
    """Dates in three forms, words, rare and missing labels, and several labels a row, as people write such files."""
    chance = random.Random(8)
    lines = ["when;born;seen;remark;town;job;flag;size;income;genre"]
    for row in range(rows):
        day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1950, 2023)
        when = f"{day:02d}.{month:02d}.{year} {chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}"
        born = f"{year}-{month:02d}-{day:02d}T10:{chance.randint(10, 59)}:30+0{chance.randint(0, 9)}:00"
        name, half = chance.choice(["Jan", "May", "Dec"]), chance.choice(["AM", "pm"])
        seen = f"{name} {day}, {year} {chance.randint(1, 12)}:05 {half}"
        words = [chance.choice(["Größe", "größe", "fine", "x_y", "two words", "naïve", f"n{row}"]) for _ in range(4)]
        genre = ",".join(chance.sample(["drama", "comedy", "war"], chance.randint(0, 3)))
        cells = [
            when, born, seen, " ".join(words), chance.choice(["Ulm", "Ulm", "Wien", "Wien", f"T{row}"]),
            chance.choice(["smith", "baker", "cook"]), chance.choice(["yes", "no"]),
            f"{chance.gauss(20, 5):.2f}".replace(".", ","), str(chance.randint(0, 10**6)),
        ]  # fmt: skip
        gaps = ["" if chance.random() < 0.1 else cell for cell in cells]
        gaps[0] = "unknown" if chance.random() < 0.1 else gaps[0]
        lines.append(";".join([*gaps, genre]))
    path.write_bytes("\n".join(lines).encode("cp1252"))
    return path


EVERYTHING = {
    "": ColumnChoice(indicator=True),
    "seen": ColumnChoice(parts=("time", "year", "month", "week", "day")),
    "remark": ColumnChoice(width=32),
    "town": ColumnChoice(rare=5, indicator=True),
    "job": ColumnChoice(encoding="embedding", missing="own"),
    "flag": ColumnChoice(missing="own"),
    "size": ColumnChoice(scaling="robust", missing="mean", indicator=True),
    "income": ColumnChoice(scaling="min-max", missing="zero", indicator=True),
}


@pytest.mark.parametrize("format", ["onnx", "numpy", "mlx", "pytorch", "safetensors"])
def test_every_way_of_preparing_from_the_cells_of_a_real_file(tmp_path: Path, format: str) -> None:
    path = everything(tmp_path / "t.csv")
    spec = DataSpec(
        DataSource("file", path.name, str(path)), target="genre", task="labels", separator=",", split="random",
        kinds={"remark": "text", "when": "date", "born": "date", "seen": "date", "job": "category"}, columns=EVERYTHING,
        logs=("income",),
    )  # fmt: skip
    prepared = load.prepare(spec)
    features = {feature.name: feature for feature in prepared.preparation.features}
    assert isinstance(prepared.preparation.target, LabelsTarget)
    assert {type(feature) for feature in features.values()} == {
        NumberFeature, CategoryFeature, DateFeature, TextFeature,
    }  # fmt: skip
    network = network_for(prepared, TrainingConfig())
    assert any(layer.layer.kind == "embed_columns" for layer in network.layers)
    weights = Network.of(network).init(5)
    model = TrainedModel("m", network, weights, prepared.preparation, "multi_label_cross_entropy")
    receipt = export_with_receipt(format, model, tmp_path / "out", prepared, spec).receipt
    assert not receipt.note or (format in ("mlx", "pytorch") and "is not installed here" in receipt.note), receipt
    assert receipt.rows == prepared.rows["test"]
    assert receipt.max_abs_difference <= 1e-6, receipt


def test_arrays_that_are_gone_are_made_anew(tmp_path: Path) -> None:
    spec, prepared, model = prepared_file(european(tmp_path / "t.csv"))
    for known in (replace(prepared, folder=""), replace(prepared, folder=str(tmp_path / "gone")), None):
        assert held_out(model, known, spec).note == ""


def test_where_the_source_is_gone_or_changed_rows_are_made_up_and_it_is_said(tmp_path: Path) -> None:
    path = european(tmp_path / "t.csv")
    spec, prepared, model = prepared_file(path)
    european(path, rows=120)
    assert "have changed" in held_out(model, prepared, spec).note
    path.unlink()
    receipt = export_with_receipt("onnx", model, tmp_path / "m.onnx", prepared, spec).receipt
    assert receipt.passed
    assert "made up" in receipt.note
    assert "not there" in receipt.note
    assert receipt.rows == 64


def test_a_split_without_test_rows(tmp_path: Path) -> None:
    spec, _, _ = prepared_file(european(tmp_path / "t.csv"))
    spec = replace(spec, test=0.0)
    prepared = load.prepare(spec)
    assert "no held-out rows" in held_out(model_for(prepared), prepared, spec).note


@pytest.mark.parametrize("sample", ["iris", "diabetes"])
def test_bundled_samples(tmp_path: Path, sample: str) -> None:
    spec = DataSpec(DataSource("sample", sample))
    prepared = load.prepare(spec)
    receipt = export_with_receipt("onnx", model_for(prepared), tmp_path / "m.onnx", prepared, spec).receipt
    assert receipt.passed, receipt
    assert receipt.note == ""


def test_generators(tmp_path: Path) -> None:
    spec = DataSpec(DataSource("generator", "spirals", rows=200))
    prepared = load.prepare(spec)
    receipt = export_with_receipt("onnx", model_for(prepared), tmp_path / "m.onnx", prepared, spec).receipt
    assert receipt.passed, receipt
    assert receipt.rows == prepared.rows["test"]
