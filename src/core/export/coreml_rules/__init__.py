"""One rule for every kind of layer that Core ML can hold: (network, place) → the name of the layer's output.

Recurrent layers are refused: those of Core ML know no padding inside a sequence, and its loops ask for a machine to
try them on.
"""

from __future__ import annotations

from collections.abc import Callable

from core.export.coreml_rules import attention, convolution, layers
from core.export.coreml_rules.builder import Network
from core.export.walk import Place

RULES: dict[str, Callable[[Network, Place], str]] = {
    "input": layers.entrance,
    "dense": layers.dense,
    "activation": layers.activation,
    "prelu": layers.prelu,
    "dropout": layers.same,
    "spatial_dropout": layers.same,
    "gaussian_noise": layers.same,
    "conv1d": convolution.convolution,
    "conv2d": convolution.convolution,
    "max_pool": convolution.max_pool,
    "avg_pool": convolution.avg_pool,
    "global_max_pool": convolution.global_max_pool,
    "global_avg_pool": convolution.global_avg_pool,
    "upsample": layers.upsample,
    "flatten": layers.reshape,
    "reshape": layers.reshape,
    "add": layers.add,
    "concat": layers.concat,
    "multiply": layers.multiply,
    "batch_norm": layers.batch_norm,
    "layer_norm": layers.layer_norm,
    "group_norm": layers.group_norm,
    "embedding": layers.embedding,
    "embed_columns": layers.embed_columns,
    "attention": attention.attention,
    "positional_encoding": attention.positional_encoding,
}
