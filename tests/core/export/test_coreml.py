"""Core ML: the optional library, and files that say what they should."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import UserInputError
from core.export import coreml_format
from core.export.run import export_with_receipt
from core.model import TrainedModel


def test_without_the_library_the_command_to_install_it_is_named(
    zoo: SimpleNamespace, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "coremltools", None)
    with pytest.raises(UserInputError, match="coremltools") as caught:
        export_with_receipt("coreml", zoo.MODELS["tanh"](), tmp_path / "m.mlmodel")
    assert 'pip install "chainrule[coreml]"' in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_layer_without_a_rule_is_refused_before_the_library_is_asked_for(
    zoo: SimpleNamespace, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "coremltools", None)
    monkeypatch.delitem(coreml_format.RULES, "dropout")
    with pytest.raises(UserInputError, match="Dropout layers cannot be exported as Core ML"):
        export_with_receipt("coreml", zoo.MODELS["activation layers and dropout"](), tmp_path / "m.mlmodel")


def test_the_file_answers_as_the_network(model: TrainedModel, tmp_path: Path) -> None:
    pytest.importorskip("coremltools")
    result = export_with_receipt("coreml", model, tmp_path / "m.mlmodel")
    assert result.receipt.passed, result.receipt
    assert result.receipt.reference.startswith("Core ML") or "Apple" in result.receipt.note


def test_the_columns_are_its_inputs(zoo: SimpleNamespace) -> None:
    pytest.importorskip("coremltools")
    spec = coreml_format.build(zoo.MODELS["tanh"]())
    kinds = {entry.name: entry.type.WhichOneof("Type") for entry in spec.description.input}
    assert kinds == {
        "sepal length (cm)": "doubleType", "colour": "stringType", "année": "doubleType",
        "label_input": "doubleType", "NA": "stringType", "</script>": "doubleType",
    }  # fmt: skip
    outputs = {entry.name: entry.type.WhichOneof("Type") for entry in spec.description.output}
    assert outputs == {"label": "stringType", "probabilities": "dictionaryType"}
    made = {entry.name for step in spec.pipelineClassifier.pipeline.models for entry in step.description.output}
    asked = {entry.name for step in spec.pipelineClassifier.pipeline.models for entry in step.description.input}
    assert asked <= made | set(kinds)
    assert list(spec.pipelineClassifier.pipeline.models[-1].neuralNetworkClassifier.stringClassLabels.vector) == list(
        zoo.CLASSES.classes
    )
