"""Programs around an `nn.Module`, which PyTorch and MLX write nearly alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.export import script
from core.export.base import Exporter, FormatInfo, HeldOut, Reloaded
from core.export.program_rules.writing import Dialect, outline, pieces_for, results, sizes, weights_again
from core.export.python_code import Program, program
from core.model import TrainedModel
from core.project import tensors
from core.project.atomic import atomic_write
from core.project.weights import Weights

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, kw_only=True)
class ModuleDialect(Dialect):
    """needs: what to install, in words. imports: lines. answer: the body of `predict`, from x to z as a NumPy array."""

    needs: str
    imports: str
    answer: str


def code(model: TrainedModel, dialect: ModuleDialect) -> str:
    """The text of model.py; raises UserInputError for a layer without a rule."""
    return _written(model, dialect)[0]


def _written(model: TrainedModel, dialect: ModuleDialect) -> tuple[str, Mapping[str, np.ndarray]]:
    """The text and the arrays that it reads."""
    found = outline(model, dialect)
    module = _CLASS.format(
        made="\n".join(f"        {line}" for line in found.made),
        call=dialect.words["call"],
        inputs=sizes(found.inputs),
        outputs=found.outputs,
        lines="\n".join(f"        {line}" for line in (*found.lines, f"return {found.result}")),
    )
    network = f"{pieces_for(module, dialect)}\n{module}"
    parts = Program(dialect.needs, dialect.imports, network, f"{dialect.answer}\n{results(model)}")
    return program(model, parts, files=WEIGHTS), found.arrays


_CLASS = '''
class Model(nn.Module):
    def __init__(self):
        super().__init__()
{made}

    def {call}(self, x):
        """x: (rows, {inputs}) → raw outputs: (rows, {outputs})."""
{lines}
'''


def write(model: TrainedModel, path: Path, dialect: ModuleDialect) -> tuple[Path, ...]:
    """model.py, and the weights as the library's modules keep them."""
    text, arrays = _written(model, dialect)
    script.folder(path)
    atomic_write(path / "model.py", text.encode())
    atomic_write(path / WEIGHTS, tensors.pack(arrays))
    return path / "model.py", path / WEIGHTS


def answer(path: Path, model: TrainedModel, rows: HeldOut, dialect: ModuleDialect) -> Reloaded:
    def reread() -> Weights:
        arrays = tensors.unpack((path / WEIGHTS).read_bytes(), where=WEIGHTS)
        return weights_again(model, dialect, arrays, WEIGHTS)

    return script.answers(path, model, rows, library=dialect.library, label=dialect.label, reread=reread)


def exporter(info: FormatInfo, dialect: ModuleDialect) -> Exporter:
    return Exporter(
        info,
        lambda model, path: write(model, path, dialect),
        lambda path, model, rows: answer(path, model, rows, dialect),
        dialect.rules,
    )
