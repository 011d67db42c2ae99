"""The receipt: what it compares, and that it cannot be fooled."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.data.preprocess import ClassTarget, NumberFeature, Preparation
from core.data.schema import Part
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.export import run
from core.export.base import Exporter, FormatInfo, HeldOut, Reloaded
from core.export.receipt import UNKNOWN, VARIATIONS, made_up, receipt, some, varied
from core.export.run import export_with_receipt, format_info, formats
from core.model import TrainedModel

NAMES = ("onnx", "coreml", "pytorch", "mlx", "numpy", "safetensors")


def answering(change: Any, note: str = "") -> Exporter:
    """A format whose file answers `change` of the right answers."""

    def answer(path: Path, model: TrainedModel, rows: HeldOut) -> Reloaded:
        return Reloaded(change(model.answers(rows.x).astype(np.float64)), "a test", note)

    return Exporter(FormatInfo("test", "Test", ".test", ""), lambda model, path: (), answer)


def receipt_of(model: TrainedModel, change: Any) -> Any:
    return receipt(answering(change), Path("x"), model, made_up(model.preparation, "Made up."))


def test_every_promised_format_is_there() -> None:
    assert tuple(info.name for info in formats()) == NAMES
    for info in formats():
        assert info.label
        assert info.help.endswith(".")
        assert format_info(info.name) is info
    with pytest.raises(UserInputError, match="onnx, coreml"):
        format_info("pickle")


def test_a_receipt_of_equal_answers(zoo: SimpleNamespace) -> None:
    made = receipt_of(zoo.MODELS["tanh"](), lambda y: y)
    assert made.passed
    assert (made.max_abs_difference, made.reference, made.note) == (0.0, "a test", "Made up.")
    assert made.rows == 64


def test_one_wrong_answer_in_one_row_is_seen(zoo: SimpleNamespace) -> None:
    def wrong(y: np.ndarray) -> np.ndarray:
        y[17, 2] += 3e-5
        return y

    made = receipt_of(zoo.MODELS["tanh"](), wrong)
    assert not made.passed
    assert made.max_abs_difference == pytest.approx(3e-5, rel=1e-3)
    assert "32-bit and 64-bit" in made.note


def test_numbers_are_compared_in_deviations_of_the_target(zoo: SimpleNamespace) -> None:
    made = receipt_of(zoo.MODELS["regression"](), lambda y: y + zoo.PRICE.scale * 2e-4)
    assert made.max_abs_difference == pytest.approx(2e-4, rel=1e-2)


def test_nan_on_one_side_is_a_difference(zoo: SimpleNamespace) -> None:
    def gone(y: np.ndarray) -> np.ndarray:
        y[3] = np.nan
        return y

    assert receipt_of(zoo.MODELS["tanh"](), gone).max_abs_difference == np.inf
    model = zoo.MODELS["tanh"]()
    broken = replace(model, weights={**model.weights, "l1": {k: v * np.nan for k, v in model.weights["l1"].items()}})
    assert receipt_of(broken, lambda y: y).passed  # both say that they do not know


def test_answers_of_another_shape_are_a_defect(zoo: SimpleNamespace) -> None:
    with pytest.raises(RuntimeError, match="asked"):
        receipt_of(zoo.MODELS["tanh"](), lambda y: y[:, :1])


def test_a_file_tampered_with_gets_no_receipt(zoo: SimpleNamespace, tmp_path: Path, monkeypatch: Any) -> None:
    """Between writing and reading one weight of the file changes: the proof must come from the file."""
    exporter = run._exporters()["safetensors"]

    def write_and_spoil(model: TrainedModel, path: Path) -> tuple[Path, ...]:
        files = exporter.write(model, path)
        raw = bytearray(path.read_bytes())
        raw[-2] ^= 0x40
        path.write_bytes(raw)
        return files

    spoilt = replace(exporter, write=write_and_spoil)
    monkeypatch.setattr(run, "_exporters", lambda: {"safetensors": spoilt})
    assert not export_with_receipt("safetensors", zoo.MODELS["tanh"](), tmp_path / "a.safetensors").receipt.passed


def test_made_up_rows_have_gaps_and_unknown_labels(zoo: SimpleNamespace) -> None:
    preparation = zoo.MODELS["tanh"]().preparation
    rows = made_up(preparation, "n")
    assert set(rows.columns) == {f.name for f in preparation.features}
    cells = [cell for column in rows.columns.values() for cell in column]
    assert None in cells
    assert UNKNOWN in cells
    assert all(cell is None or isinstance(cell, str) for cell in cells)
    np.testing.assert_array_equal(rows.x, prepared_rows(preparation, rows.columns)[0])
    assert np.isfinite(rows.x).all()
    assert made_up(preparation, "n").columns == rows.columns


def test_variations_follow_the_held_out_rows(zoo: SimpleNamespace) -> None:
    preparation = zoo.MODELS["tanh"]().preparation
    source = made_up(preparation, "")
    rows = varied(preparation, dict(source.columns), source.x)
    assert rows.rows == 64
    assert len(rows.x) == 64 + VARIATIONS
    np.testing.assert_array_equal(rows.x[:64], source.x)
    np.testing.assert_array_equal(rows.x[64:], prepared_rows(preparation, rows.columns)[0][64:])


def test_at_most_a_thousand_rows_are_compared() -> None:
    order = np.random.default_rng(0).permutation(5000)
    part = Part(order[:, None].astype(np.float32), order.astype(np.int32), order)
    fewer = some(part)
    assert len(fewer.x) == 1000
    assert (fewer.row_numbers[0], fewer.row_numbers[-1]) == (0, 4999)
    assert (np.diff(fewer.row_numbers) > 0).all()
    np.testing.assert_array_equal(fewer.x[:, 0], fewer.row_numbers)
    np.testing.assert_array_equal(fewer.y, fewer.row_numbers)


def test_a_constant_column_makes_no_trouble() -> None:
    preparation = Preparation((NumberFeature("a", 0.0, 0.0, 1e-300),), ClassTarget("y", ("a", "b")))
    assert np.isfinite(prepared_rows(preparation, made_up(preparation, "").columns)[0]).all()
