"""PyTorch: a folder with an nn.Module in a short program, and its weights as safetensors."""

from __future__ import annotations

from core.export import module_code
from core.export.base import FormatInfo
from core.export.program_rules import torch_rules

DIALECT = module_code.ModuleDialect(
    label="PyTorch",
    library="torch",
    arrays="torch",
    activations=torch_rules.ACTIVATIONS,
    rules=torch_rules.RULES,
    pieces=torch_rules.PIECES,
    words=torch_rules.WORDS,
    needs="PyTorch, NumPy, safetensors",
    imports="""\
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn""",
    answer="""\
model = Model()
model.load_state_dict(load_file(HERE / "weights.safetensors"))
model.eval()
with torch.no_grad():
    z = model(torch.from_numpy(x)).numpy()""",
)

EXPORTER = module_code.exporter(
    FormatInfo(
        "pytorch",
        "PyTorch",
        "-pytorch",
        "A folder with the network as a PyTorch module in a short program, and its weights as safetensors.",
        is_folder=True,
    ),
    DIALECT,
)
