"""MLX: a folder with an mlx.nn module in a short program, and its weights as safetensors."""

from __future__ import annotations

from core.export import module_code
from core.export.base import FormatInfo
from core.export.program_rules import mlx_rules

DIALECT = module_code.ModuleDialect(
    label="MLX",
    library="mlx",
    arrays="mx",
    activations=mlx_rules.ACTIVATIONS,
    rules=mlx_rules.RULES,
    pieces=mlx_rules.PIECES,
    words=mlx_rules.WORDS,
    needs="MLX, NumPy",
    imports="""\
import mlx.core as mx
import mlx.nn as nn
import numpy as np""",
    answer="""\
model = Model()
model.load_weights(str(HERE / "weights.safetensors"))
model.eval()
z = np.array(model(mx.array(x)))""",
)

EXPORTER = module_code.exporter(
    FormatInfo(
        "mlx",
        "MLX",
        "-mlx",
        "A folder with the network as an MLX module in a short program, for Apple silicon and more, and its weights "
        "as safetensors.",
        is_folder=True,
    ),
    DIALECT,
)
