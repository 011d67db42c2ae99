"""A sensible network and training settings for prepared data, so that Train works before anything is designed.

Rules of thumb, not a search: widths grow with the number of inputs and shrink where rows are few (Goodfellow et al.
2016, §11.2: start with a default baseline); the batch gives about twenty steps an epoch; epochs give some thousand
steps.
"""

from __future__ import annotations

import math
from dataclasses import replace

from core.data.schema import Prepared
from core.edits import insert_after, set_hypers
from core.layers import Layer
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.embed_columns import EmbedColumns
from core.layers.flatten import Flatten
from core.layers.input import Input
from core.layers.max_pool import MaxPool
from core.losses import outputs_for, resolve
from core.repairs import embedding_for
from core.spec import NetworkSpec, TrainingConfig, mlp, sequential
from core.validation import output_layers

STEPS = 4000
IMAGE_STEPS = 1500  # of a convolutional network, which takes longer and needs fewer
SMALLEST = 6  # pixels of a side below which nothing is gained by another convolution
FEW_IMAGES = 2000


def network_for(prepared: Prepared, config: TrainingConfig) -> NetworkSpec:
    """A multilayer perceptron that fits the data's inputs and outputs; for images a small convolutional network."""
    loss = resolve(config.loss, prepared.task, len(prepared.classes))
    inputs, rows = prepared.row_shape[0], prepared.rows["train"]
    outputs = outputs_for(loss, len(prepared.classes))
    if len(prepared.row_shape) == 3:
        return convolutional(prepared.row_shape, outputs, rows=rows)
    if codes := prepared.preparation.embedded:
        inputs += len(codes) * (embedding_for(codes).width - 1)
    elif inputs <= 2:
        return mlp(inputs, (8, 8, 6), outputs, activation="tanh")
    width = 16 if inputs <= 16 else 32 if inputs <= 48 else 64
    if rows < 200:
        width = min(width, 16)
    return embedding(mlp(prepared.row_shape[0], (width, width // 2), outputs), prepared)


def embedding(network: NetworkSpec, prepared: Prepared) -> NetworkSpec:
    """`network` with a layer behind its input that looks up the codes in the data, where there are any."""
    codes = prepared.preparation.embedded
    first = next((spec.id for spec in network.layers if spec.layer.kind == "input"), None)
    if not codes or first is None or any(isinstance(spec.layer, EmbedColumns) for spec in network.layers):
        return network
    made = insert_after(network, first, embedding_for(codes), name="embedding")
    place = [spec.id for spec in made.layers].index(first) + 1
    *others, added = made.layers
    return replace(made, layers=(*others[:place], added, *others[place:]))


def convolutional(shape: tuple[int, ...], outputs: int, *, rows: int) -> NetworkSpec:
    """Convolutions of 3 × 3 with pools between, while the image is large enough, then a hidden layer.

    Each pool halves the image and the filters double, as since LeCun et al. (1998) and Simonyan and Zisserman (2015).
    """
    layers: list[Layer] = [Input(shape=shape)]
    names = ["input"]
    side, filters = min(shape[:2]), 16
    while side >= SMALLEST and filters <= 64:
        layers += [Conv2D(filters=filters, kernel=(3, 3)), MaxPool(size=2)]
        k = len(names) // 2 + 1
        names += [f"conv {k}", f"pool {k}"]
        side, filters = side // 2, 2 * filters
    layers += [Flatten(), Dense(units=64 if rows >= FEW_IMAGES else 32, activation="relu"), Dropout(rate=0.3)]
    layers.append(Dense(units=outputs, activation="linear"))
    return sequential(*layers, names=(*names, "flatten", "hidden", "dropout", "output"))


def training_for(prepared: Prepared, config: TrainingConfig) -> TrainingConfig:
    """`config` with batch size, epochs, learning rate and penalty that suit the number of rows and inputs."""
    rows, inputs = prepared.rows["train"], prepared.row_shape[0]
    if len(prepared.row_shape) == 3:
        batch = 64 if rows >= 1000 else 32 if rows >= 300 else 16
        epochs = max(5, min(60, IMAGE_STEPS * batch // max(rows, 1)))
        return replace(config, batch_size=batch, epochs=epochs, learning_rate=0.002, l2=0.0)
    batch = 1 << round(math.log2(max(8, min(256, rows / 20))))
    steps, most = (2 * STEPS, 600) if inputs <= 2 else (STEPS, 400)  # a winding border takes longer to find
    epochs = max(20, min(most, steps * batch // max(rows, 1)))
    rate = 0.01 if inputs <= 16 else 0.003
    penalty = 0.0 if inputs <= 2 else 1e-3
    return replace(config, batch_size=batch, epochs=epochs, learning_rate=rate, l2=penalty)


def fitted(network: NetworkSpec, prepared: Prepared, config: TrainingConfig) -> NetworkSpec:
    """`network` with its input's shape, its last layer's units and the codes that it looks up as the data ask, where it
    has those layers."""
    codes, loss = prepared.preparation.embedded, resolve(config.loss, prepared.task, len(prepared.classes))
    for spec in network.layers:
        if spec.layer.kind == "input":
            network = set_hypers(network, spec.id, shape=prepared.row_shape)
        if isinstance(spec.layer, EmbedColumns) and codes:
            columns, tokens = zip(*codes, strict=True)
            network = set_hypers(network, spec.id, columns=columns, tokens=tokens)
    ends = output_layers(network)
    if len(ends) == 1 and hasattr(ends[0].layer, "units"):
        network = set_hypers(network, ends[0].id, units=outputs_for(loss, len(prepared.classes)))
    return network
