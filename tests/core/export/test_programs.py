"""Exported Python: programs that run, read well, and never take data for code."""

import ast
import csv
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, Preparation
from core.errors import UserInputError
from core.export import mlx_format, module_code, numpy_format, pytorch_format, safetensors_format, script
from core.export.program_rules import mlx_rules, torch_rules
from core.export.program_rules.numpy_pieces import PIECES
from core.export.python_code import NAMES_IN_USE, literal, variables
from core.export.receipt import made_up
from core.export.run import export_with_receipt
from core.model import TrainedModel

HOSTILE = '"""\nimport os\nos.system("evil")\n# \\ \' \u202e {0} $x %s'


def run(folder: Path, text: str, *, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    table = folder / "rows.csv"
    table.write_bytes(text.encode(encoding))
    command = [sys.executable, "-I", str(folder / "model.py"), str(table)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)


def test_numpy_program_answers_as_the_network(model: TrainedModel, tmp_path: Path) -> None:
    result = export_with_receipt("numpy", model, tmp_path / "m-numpy")
    assert result.receipt.reference.startswith("model.py with NumPy")
    assert result.receipt.max_abs_difference <= 1e-6
    assert [Path(f).name for f in result.files] == ["model.py", "weights.npz"]
    assert result.bytes == sum(Path(f).stat().st_size for f in result.files)


@pytest.mark.parametrize("name", ["gelu", "leaky_relu", "activation layers and dropout", "regression"])
def test_mlx_program_answers_as_the_network(zoo: SimpleNamespace, tmp_path: Path, name: str) -> None:
    pytest.importorskip("mlx.core")
    result = export_with_receipt("mlx", zoo.MODELS[name](), tmp_path / "m-mlx")
    assert result.receipt.reference.startswith("model.py with MLX"), result.receipt
    assert result.receipt.passed


@pytest.mark.parametrize(
    "name", ["elu", "softplus", "counts", "gelu", "activation layers and dropout", "two classes, one output"]
)
def test_pytorch_program_answers_as_the_network(zoo: SimpleNamespace, tmp_path: Path, name: str) -> None:
    """Where PyTorch is installed the program runs; elsewhere its weights are read again and the receipt says so."""
    result = export_with_receipt("pytorch", zoo.MODELS[name](), tmp_path / "m-pytorch")
    assert result.receipt.passed
    ran = result.receipt.reference.startswith("model.py with PyTorch")
    assert ran or "PyTorch is not installed" in result.receipt.note


@pytest.mark.parametrize("dialect", [pytorch_format.DIALECT, mlx_format.DIALECT])
def test_module_programs_compile(model: TrainedModel, dialect: module_code.ModuleDialect) -> None:
    text = module_code.code(model, dialect)
    ast.parse(text)
    assert "class Model(nn.Module)" in text


def test_a_program_can_be_used_from_python(zoo: SimpleNamespace, tmp_path: Path) -> None:
    model = zoo.MODELS["tanh"]()
    export_with_receipt("numpy", model, tmp_path / "m")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom model import predict\n"
        "answers, p = predict([{'sepal length (cm)': 5.1, 'colour': 'red', 'NA': 2.5}, {}])\n"
        "print(answers[0], len(answers), p.shape, p.dtype)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, text=True)
    assert done.stdout.split()[1:] == ["2", "(2,", "4)", "float32"], done.stderr


def test_names_from_the_data_stay_data(zoo: SimpleNamespace, tmp_path: Path) -> None:
    features = (
        NumberFeature(HOSTILE, 0.0, 1.0, 2.0),
        CategoryFeature("c" + HOSTILE, (HOSTILE, "b", "\\", "'", '"', "{x}", "$y", "\x00", "\n"), "b"),
    )
    model = zoo.MODELS["tanh"]()
    model = replace(
        model, name=HOSTILE, preparation=Preparation(features, ClassTarget(HOSTILE, (HOSTILE, '"', "'''", "d")))
    )
    model = zoo.renamed(model, {"l1": HOSTILE, "l2": "import", "l3": "größe 花"})
    for text in (
        numpy_format.code(model),
        module_code.code(model, pytorch_format.DIALECT),
        module_code.code(model, mlx_format.DIALECT),
    ):
        tree = ast.parse(text)
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert "os.system" not in calls
        imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        assert "os" not in {alias.name for node in imports for alias in node.names}
        assert "\u202e" not in text  # nothing invisible turns the text around
        columns = next(
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COLUMNS"
        )
        assert list(columns) == [HOSTILE, "c" + HOSTILE]
        assert columns["c" + HOSTILE]["labels"] == list(features[1].categories)
    assert export_with_receipt("numpy", model, tmp_path / "m").receipt.passed


def test_layer_names_become_python_names(zoo: SimpleNamespace) -> None:
    names = {"l0": "input", "l1": "Hidden Layer #1", "l2": "hidden layer 1", "l3": "花"}
    found = variables(zoo.renamed(zoo.MODELS["tanh"](), names).network)
    assert found["l0"] == "input_layer"  # `input` belongs to Python
    assert found["l1"] == "hidden_layer_1"
    assert found["l2"] == "hidden_layer_1_layer"
    assert found["l3"] == "layer_3"
    assert len(set(found.values())) == len(found)
    assert not set(found.values()) & NAMES_IN_USE
    assert all(name.isidentifier() for name in found.values())


@pytest.mark.parametrize("library", ["torch.nn", "mlx.nn"])
def test_no_layer_hides_what_a_module_needs(library: str) -> None:
    module = pytest.importorskip(library).Module
    public = {name for name in {*dir(module), *dir(module())} if name.islower() and not name.startswith("_")}
    assert public <= NAMES_IN_USE


def test_no_layer_hides_a_function_of_a_program() -> None:
    assert {name for name in {**PIECES, **torch_rules.PIECES, **mlx_rules.PIECES} if name.islower()} <= NAMES_IN_USE


@pytest.mark.parametrize("value", [1.5, -1e-300, "plain", HOSTILE, 'say "hi"', "a\\b", ["x", 1.0], {"k": [HOSTILE]}])
def test_literals_read_back(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value


def test_the_program_reads_csv_as_people_write_it(zoo: SimpleNamespace, tmp_path: Path) -> None:
    model = zoo.MODELS["regression"]()
    export_with_receipt("numpy", model, tmp_path)
    head = "colour;sepal length (cm);année;label;NA;</script>;more\n"
    semicolons = run(tmp_path, head + "red;5,1;2001,5;0,01;2.5;-2000000;x\n", encoding="utf-8-sig")
    commas = run(tmp_path, head.replace(";", ",") + "red,5.1,2001.5,0.01,2.5,-2000000,x\n")
    assert semicolons.stdout == commas.stdout
    lines = list(csv.reader(io.StringIO(commas.stdout)))
    assert lines[0] == ["price"]
    assert float(lines[1][0]) != pytest.approx(0)
    assert len(lines) == 2
    assert run(tmp_path, head).stdout == "price\n"
    absent = run(tmp_path, "colour,label\nred,1\n")
    assert absent.returncode == 1
    assert "has no column 'sepal length (cm)'" in absent.stderr
    assert "Traceback" not in absent.stderr


def test_a_program_that_cannot_run_here_is_said_so(zoo: SimpleNamespace, tmp_path: Path, monkeypatch: Any) -> None:
    broken = replace(mlx_format.DIALECT, imports="raise OSError('no such GPU')")
    model, rows = zoo.MODELS["tanh"](), made_up(zoo.MODELS["tanh"]().preparation, "")
    module_code.write(model, tmp_path / "m", broken)
    found = module_code.answer(tmp_path / "m", model, rows, broken)
    assert "reference evaluator" in found.reference
    assert "no such GPU" in found.note
    np.testing.assert_allclose(found.answers, model.answers(rows.x), atol=1e-6)
    monkeypatch.setattr(script.sys, "frozen", True, raising=False)
    assert "not run" in module_code.answer(tmp_path / "m", model, rows, mlx_format.DIALECT).note


@pytest.mark.parametrize("format", ["numpy", "mlx", "pytorch"])
def test_a_folder_that_cannot_be_made_is_explained(zoo: SimpleNamespace, tmp_path: Path, format: str) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserInputError, match="name already"):
        export_with_receipt(format, zoo.MODELS["tanh"](), tmp_path / "taken")
    with pytest.raises(UserInputError, match="cannot be made"):
        export_with_receipt(format, zoo.MODELS["tanh"](), tmp_path / "gone" / "m")


# --- safetensors


def test_safetensors_come_back_whole(model: TrainedModel, tmp_path: Path) -> None:
    result = export_with_receipt("safetensors", model, tmp_path / "m.safetensors")
    assert result.receipt.passed
    assert [Path(f).name for f in result.files] == ["m.safetensors", "m.safetensors.json"]
    again = safetensors_format.read(tmp_path / "m.safetensors")
    assert (again.name, again.network, again.preparation, again.loss) == (
        model.name, model.network, model.preparation, model.loss,
    )  # fmt: skip
    for id, arrays in model.weights.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(again.weights[id][name], array)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format": 1}', b'{"format": 1, "network": {"layers": []}}'])
def test_a_damaged_description_is_refused(zoo: SimpleNamespace, tmp_path: Path, content: bytes) -> None:
    safetensors_format.write(zoo.MODELS["tanh"](), tmp_path / "m.safetensors")
    (tmp_path / "m.safetensors.json").write_bytes(content)
    with pytest.raises(UserInputError):
        safetensors_format.read(tmp_path / "m.safetensors")
    with pytest.raises(UserInputError, match="cannot be read"):
        safetensors_format.read(tmp_path / "gone.safetensors")
