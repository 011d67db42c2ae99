"""Tensors of a network that is not in training: a reopened project's, or a finished run's that sent none."""

from __future__ import annotations

import numpy as np

from app.document import Trained
from core.backend.numpy import NumpyOps
from core.data import store
from core.data.schema import Prepared
from core.errors import UserInputError
from core.network import Network
from core.training.tensors import GRID, line, plane

MOST_VALUES = 1 << 18  # larger networks show their structure alone: computing them would be felt
MOST_POINTS = 500
KINDS: dict[tuple[int, ...], str] = {(1,): "curve", (2,): "surface"}  # what pictures the neurons of rows of this shape


def tensors(trained: Trained) -> dict[str, np.ndarray]:
    """As in a snapshot: weights, and activations over the plane of two inputs or of one row."""
    found = {
        f"weights/{id}/{name}": np.asarray(array)
        for id, arrays in trained.weights.items()
        for name, array in arrays.items()
        if array.size <= MOST_VALUES
    }
    if sum(array.size for array in found.values()) > MOST_VALUES:
        return found
    try:
        arrays = store.load(trained.prepared)
    except (OSError, UserInputError):
        return found  # the cache of prepared arrays is gone; the weights still tell something
    kind = KINDS.get(trained.prepared.row_shape, "activation")
    part = arrays.validation if len(arrays.validation.x) else arrays.train
    rows = arrays.train.x
    x, extent = np.array(part.x[:1]), np.zeros(0)
    if kind == "surface":
        x, extent = plane(rows)
    elif kind == "curve":
        x, extent = line(rows.min(axis=0), rows.max(axis=0))
    network, ops = Network.of(trained.network), NumpyOps(np.float32)
    ys, _, _ = network.forward(ops, trained.weights, ops.array(x), train=False)
    for id, i in network.outputs.items():
        y = np.asarray(ys[i])
        if kind == "activation":
            found[f"activation/{id}"] = y[0]
        elif y.ndim == 2:
            found[f"{kind}/{id}"] = y.T.reshape(-1, GRID, GRID) if kind == "surface" else y.T
    return found | ({f"{kind}/extent": extent} if len(extent) else {})


def points(prepared: Prepared | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(x, y) of rows to draw over the plane or the curve, "train" and "test", MOST_POINTS at most; {} without any.

    y: of several labels the first one.
    """
    if prepared is None or prepared.row_shape not in KINDS:
        return {}
    try:
        arrays = store.load(prepared)
    except (OSError, UserInputError):
        return {}
    total = len(arrays.train.x) + len(arrays.test.x)
    share = min(1.0, MOST_POINTS / max(1, total))
    found = {}
    for name, part in (("train", arrays.train), ("test", arrays.test)):
        kept = np.linspace(0, max(0, len(part.x) - 1), int(len(part.x) * share)).astype(int)
        y = np.array(part.y[kept])
        found[name] = (np.array(part.x[kept]), y if y.ndim == 1 else y[:, 0])
    return found
