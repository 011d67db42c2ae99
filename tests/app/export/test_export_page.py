"""The export page: formats, the receipt, and a page that is usable again after everything that can happen."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path
from typing import Any

import made
import pytest
from fakes import FakeNotice, FakeSession
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.export.page import ExportPage
from app.export.snippets import snippet
from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, Preparation
from core.export.result import ExportResult, Receipt


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def page(qtbot: QtBot, session: FakeSession) -> ExportPage:
    made_page = ExportPage(session)
    qtbot.addWidget(made_page)
    made_page.resize(1016, 684)
    made_page.show()
    made.train(session, made.iris_preparation())
    qtbot.waitUntil(lambda: made_page._stack.currentIndex() == 1)
    return made_page


def start(page: ExportPage, session: FakeSession, path: str = "/models/iris") -> Any:
    page.start(page.cards["onnx"].info, path)
    return next(call[1:] for call in reversed(session.calls) if call[0] == "export")


def result(difference: float = 3e-7, format: str = "onnx") -> ExportResult:
    receipt = Receipt("onnxruntime 1.32.0", 30, difference)
    return ExportResult(format, "/models/iris.onnx", ("/models/iris.onnx",), 4259, receipt)


def test_every_format_has_a_card_with_what_it_is_for(page: ExportPage, session: FakeSession) -> None:
    assert list(page.cards) == [info.name for info in session.export_formats()]


def test_the_suffix_is_added_where_it_lacks(page: ExportPage, session: FakeSession) -> None:
    assert start(page, session)[:2] == ("onnx", "/models/iris.onnx")
    assert start(page, session, "/models/b.onnx")[1] == "/models/b.onnx"
    page.start(page.cards["safetensors"].info, "/models/folder")
    assert session.calls[-1][2] == "/models/folder"


def test_the_receipt_says_who_read_what_and_how_far_it_differs(page: ExportPage, session: FakeSession) -> None:
    _, _, done = start(page, session)
    assert not page.cards["onnx"].export.isEnabled()
    assert "being written" in page.cards["onnx"].export.toolTip()
    done(result())
    assert page.receipt is not None
    assert page.receipt.sentence() == "The same answers, largest difference 3e-7"
    assert page.cards["onnx"].export.isEnabled()


def test_answers_that_differ_are_not_called_the_same(page: ExportPage, session: FakeSession) -> None:
    start(page, session)[2](result(0.02))
    assert page.receipt is not None
    assert page.receipt.sentence() == "The answers differ, largest difference 0.02"


def test_a_failure_leaves_the_page_usable(page: ExportPage, session: FakeSession) -> None:
    start(page, session)
    session.notice.emit(FakeNotice("error", "The disk is full.", key="export"))
    assert page.cards["onnx"].export.isEnabled()
    assert page.receipt is None


def test_cancelling_leaves_the_page_usable(page: ExportPage, session: FakeSession) -> None:
    start(page, session)
    session.busy_changed.emit(None)
    assert page.cards["onnx"].export.isEnabled()


def test_other_weights_take_the_receipt_away(page: ExportPage, session: FakeSession, qtbot: QtBot) -> None:
    start(page, session)[2](result())
    made.train(session, made.iris_preparation())
    qtbot.waitUntil(lambda: page.receipt is None)


def test_the_code_is_copied(page: ExportPage, session: FakeSession) -> None:
    start(page, session)[2](result())
    assert page.receipt is not None
    page.receipt.copy.click()
    assert "InferenceSession" in QGuiApplication.clipboard().text()


ODD = Preparation(
    (
        NumberFeature('a "quoted" name', 1.0, 1.0, 1.0),
        NumberFeature("line\nbreak", 0.0, 0.0, 1.0),
        CategoryFeature("back\\slash", ("x'y", "z"), "x'y"),
        NumberFeature("label", 2.0, 2.0, 1.0),
    ),
    ClassTarget("t", ("a", "b")),
)


@pytest.mark.parametrize("format", ["onnx", "numpy", "pytorch", "mlx", "coreml", "safetensors"])
@pytest.mark.parametrize("preparation", [ODD, made.iris_preparation(), made.diabetes_preparation()])
def test_the_code_is_python_whatever_the_columns_are_called(format: str, preparation: Preparation) -> None:
    tree = ast.parse(snippet(format, 'C:/my "models"/it\'s.onnx', preparation))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    if format != "safetensors":
        wanted = {f"{f.name}_input" if f.name == "label" and format in ("onnx", "coreml") else f.name
                  for f in preparation.features}  # fmt: skip
        assert wanted <= texts


def test_the_code_for_onnx_runs_on_a_real_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    from core.export.run import export_with_receipt
    from core.model import TrainedModel
    from core.network import Network
    from core.spec import mlp

    preparation = made.iris_preparation()
    network = mlp(5, (4,), 3)
    weights = Network.of(network).init(7)
    export_with_receipt("onnx", TrainedModel("iris", network, weights, preparation, "softmax_cross_entropy"),
                        tmp_path / "iris.onnx")  # fmt: skip
    (tmp_path / "try.py").write_text(snippet("onnx", str(tmp_path / "iris.onnx"), preparation))
    monkeypatch.chdir(tmp_path)
    found = runpy.run_path("try.py")
    assert found["label"][0] in made.IRIS
    assert found["probabilities"].sum() == pytest.approx(1.0, abs=1e-5)
