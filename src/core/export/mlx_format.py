"""MLX: a folder with an mlx.nn module in a short program, and its weights as safetensors."""

from __future__ import annotations

from core.export import module_code
from core.export.base import Exporter, FormatInfo

DIALECT = module_code.Dialect(
    label="MLX",
    library="mlx",
    needs="MLX, NumPy",
    imports="""\
import mlx.core as mx
import mlx.nn as nn
import numpy as np""",
    call="__call__",
    activations={
        "linear": "{}",
        "relu": "nn.relu({})",
        "leaky_relu": "nn.leaky_relu({}, 0.01)",
        "elu": "nn.elu({}, 1.0)",
        "gelu": "nn.gelu_approx({})",
        "silu": "nn.silu({})",
        "tanh": "mx.tanh({})",
        "sigmoid": "mx.sigmoid({})",
        "softplus": "nn.softplus({})",
        "softmax": "mx.softmax({}, axis=-1)",
    },
    answer="""\
model = Model()
model.load_weights(str(HERE / "weights.safetensors"))
model.eval()
z = np.array(model(mx.array(x)))""",
)

EXPORTER = Exporter(
    FormatInfo(
        "mlx",
        "MLX",
        "-mlx",
        "A folder with the network as an MLX module in a short program, for Apple silicon and more, and its weights "
        "as safetensors.",
        is_folder=True,
    ),
    lambda model, path: module_code.write(model, path, DIALECT),
    lambda path, model, rows: module_code.answer(path, model, rows, DIALECT),
)
