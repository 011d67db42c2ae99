"""PyTorch: a folder with an nn.Module in a short program, and its weights as safetensors."""

from __future__ import annotations

from core.export import module_code
from core.export.base import Exporter, FormatInfo

DIALECT = module_code.Dialect(
    label="PyTorch",
    library="torch",
    needs="PyTorch, NumPy, safetensors",
    imports="""\
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn""",
    call="forward",
    activations={
        "linear": "{}",
        "relu": "F.relu({})",
        "leaky_relu": "F.leaky_relu({}, 0.01)",
        "elu": "F.elu({})",
        "gelu": 'F.gelu({}, approximate="tanh")',
        "silu": "F.silu({})",
        "tanh": "torch.tanh({})",
        "sigmoid": "torch.sigmoid({})",
        "softplus": "F.softplus({})",
        "softmax": "torch.softmax({}, dim=-1)",
    },
    answer="""\
model = Model()
model.load_state_dict(load_file(HERE / "weights.safetensors"))
model.eval()
with torch.no_grad():
    z = model(torch.from_numpy(x)).numpy()""",
)

EXPORTER = Exporter(
    FormatInfo(
        "pytorch",
        "PyTorch",
        "-pytorch",
        "A folder with the network as a PyTorch module in a short program, and its weights as safetensors.",
        is_folder=True,
    ),
    lambda model, path: module_code.write(model, path, DIALECT),
    lambda path, model, rows: module_code.answer(path, model, rows, DIALECT),
)
