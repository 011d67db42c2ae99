"""A sensible network and training settings for prepared data, so that Train works before anything is designed.

Rules of thumb, not a search: widths grow with the number of inputs and shrink where rows are few (Goodfellow et al.
2016, §11.2: start with a default baseline); the batch gives about twenty steps an epoch; epochs give some thousand
steps.
"""

from __future__ import annotations

import math
from dataclasses import replace

from core.data.schema import Prepared
from core.edits import set_hypers
from core.losses import outputs_for, resolve
from core.spec import NetworkSpec, TrainingConfig, mlp
from core.validation import output_layers

STEPS = 4000


def network_for(prepared: Prepared, config: TrainingConfig) -> NetworkSpec:
    """A multilayer perceptron that fits the data's inputs and outputs."""
    loss = resolve(config.loss, prepared.task, len(prepared.classes))
    inputs, rows = prepared.row_shape[0], prepared.rows["train"]
    outputs = outputs_for(loss, len(prepared.classes))
    if inputs <= 2:
        return mlp(inputs, (8, 8, 6), outputs, activation="tanh")
    width = 16 if inputs <= 16 else 32 if inputs <= 48 else 64
    if rows < 200:
        width = min(width, 16)
    return mlp(inputs, (width, width // 2), outputs)


def training_for(prepared: Prepared, config: TrainingConfig) -> TrainingConfig:
    """`config` with batch size, epochs, learning rate and penalty that suit the number of rows and inputs."""
    rows, inputs = prepared.rows["train"], prepared.row_shape[0]
    batch = 1 << round(math.log2(max(8, min(256, rows / 20))))
    steps, most = (2 * STEPS, 600) if inputs <= 2 else (STEPS, 400)  # a winding border takes longer to find
    epochs = max(20, min(most, steps * batch // max(rows, 1)))
    rate = 0.01 if inputs <= 16 else 0.003
    penalty = 0.0 if inputs <= 2 else 1e-3
    return replace(config, batch_size=batch, epochs=epochs, learning_rate=rate, l2=penalty)


def fitted(network: NetworkSpec, prepared: Prepared, config: TrainingConfig) -> NetworkSpec:
    """`network` with its input's shape and its last layer's units as the data ask, where it has those layers."""
    loss = resolve(config.loss, prepared.task, len(prepared.classes))
    for spec in network.layers:
        if spec.layer.kind == "input":
            network = set_hypers(network, spec.id, shape=prepared.row_shape)
    ends = output_layers(network)
    if len(ends) == 1 and hasattr(ends[0].layer, "units"):
        network = set_hypers(network, ends[0].id, units=outputs_for(loss, len(prepared.classes)))
    return network
