"""Python with NumPy alone: a folder with a short program that a person can read, and its weights."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.export import script
from core.export.base import Exporter, FormatInfo, HeldOut, Reloaded
from core.export.program_rules.numpy_rules import DIALECT
from core.export.program_rules.writing import outline, pieces_for, results, sizes, weights_again
from core.export.python_code import Program, program
from core.model import TrainedModel
from core.project.atomic import atomic_write
from core.project.weights import Weights

WEIGHTS = "weights.npz"


def code(model: TrainedModel) -> str:
    """The text of model.py; raises UserInputError for a layer without a rule."""
    return _written(model)[0]


def _written(model: TrainedModel) -> tuple[str, Mapping[str, np.ndarray]]:
    """The text and the arrays that it reads."""
    made = outline(model, DIALECT)
    body = "\n".join(f"    {line}" for line in (*made.lines, f"return {made.result}"))
    network = (
        f"{pieces_for(body, DIALECT)}\n\ndef network(x, w):\n"
        f'    """x: (rows, {sizes(made.inputs)}) → raw outputs: (rows, {made.outputs}); w: the weights by name."""\n'
        f"{body}"
    )
    answer = f'with np.load(HERE / "{WEIGHTS}") as w:\n    z = network(x, w)\n{results(model)}'
    return program(model, Program("NumPy", "import numpy as np", network, answer), files=WEIGHTS), made.arrays


def _write(model: TrainedModel, path: Path) -> tuple[Path, ...]:
    text, arrays = _written(model)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    script.folder(path)
    atomic_write(path / "model.py", text.encode())
    atomic_write(path / WEIGHTS, buffer.getvalue())
    return path / "model.py", path / WEIGHTS


def _answer(path: Path, model: TrainedModel, rows: HeldOut) -> Reloaded:
    def reread() -> Weights:
        with np.load(path / WEIGHTS, allow_pickle=False) as arrays:
            return weights_again(model, DIALECT, {key: arrays[key] for key in arrays.files}, WEIGHTS)

    return script.answers(path, model, rows, library="numpy", label="NumPy", reread=reread)


EXPORTER = Exporter(
    FormatInfo(
        "numpy",
        "Python with NumPy",
        "-numpy",
        "A folder with a short, readable program that needs NumPy alone, and its weights. It answers for CSV files "
        "or image files, and for rows in Python.",
        is_folder=True,
    ),
    _write,
    _answer,
    DIALECT.rules,
)
