"""The heavy part of a snapshot: copies of weights, gradients and activations, made only while somebody looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.training.trainer import Trainer

GRID = 28  # points a side of the plane that neurons are drawn over
LINE = 128  # points of the line, where there is one input
LARGEST = 1 << 18  # values of one array beyond which it is not copied: no picture can show them


def collect(trainer: Trainer, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The tensors of these kinds under the names that `Snapshot` documents."""
    found: dict[str, np.ndarray] = {}
    weights, gradient = trainer.step.native()
    if "weights" in wanted:
        found |= _copies(trainer, "weights", weights)
    if "gradient" in wanted and trainer.progress.step:
        found |= _copies(trainer, "gradient", gradient)
    if "surface" in wanted and trainer.task.prepared.row_shape == (2,):
        found |= _surfaces(trainer)
    if "surface" in wanted and trainer.task.prepared.row_shape == (1,):
        found |= _curves(trainer)
    if "activation" in wanted:
        row = (trainer.validation if len(trainer.validation.x) else trainer.train).x[:1]
        for id, y in trainer.step.outputs(row).items():
            if y.size <= LARGEST:
                found[f"activation/{id}"] = trainer.step.ops.numpy(y)[0]
    return found


def _copies(trainer: Trainer, kind: str, arrays: Mapping[str, Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Of what is small enough to be shown; the rest stays where the backend holds it."""
    return {
        f"{kind}/{id}/{name}": trainer.step.ops.numpy(array)
        for id, named in arrays.items()
        for name, array in named.items()
        if array.size <= LARGEST
    }


def plane(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points over the plane of rows x: (rows, 2), and its extent (x0, x1, y0, y1).

    The points are (GRID², 2), rows of the grid from low to high second input; the plane reaches a little beyond x.
    """
    return _grid(x.min(axis=0), x.max(axis=0))


def _grid(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    margin = 0.1 * np.maximum(high - low, 1e-6)
    (x0, y0), (x1, y1) = low - margin, high + margin
    across, up = np.meshgrid(np.linspace(x0, x1, GRID), np.linspace(y0, y1, GRID))
    points = np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32)
    return points, np.array([x0, x1, y0, y1], np.float32)


def line(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points along the one input: (LINE, 1), and its extent (x0, x1); it reaches a little beyond low and high, (1,)."""
    margin = 0.05 * np.maximum(high - low, 1e-6)
    extent = np.concatenate([low - margin, high + margin]).astype(np.float32)
    return np.linspace(extent[0], extent[1], LINE, dtype=np.float32)[:, None], extent


def _curves(trainer: Trainer) -> dict[str, np.ndarray]:
    points, extent = line(*trainer.extremes)
    found = {"curve/extent": extent}
    for id, y in trainer.step.outputs(points).items():
        if y.ndim == 2 and y.size <= LARGEST:
            found[f"curve/{id}"] = np.ascontiguousarray(trainer.step.ops.numpy(y).T, np.float32)
    return found


def _surfaces(trainer: Trainer) -> dict[str, np.ndarray]:
    points, extent = _grid(*trainer.extremes)
    found = {"surface/extent": extent}
    for id, y in trainer.step.outputs(points).items():
        if y.ndim == 2 and y.size <= LARGEST:
            flat = trainer.step.ops.numpy(y)
            found[f"surface/{id}"] = np.ascontiguousarray(flat.T.reshape(-1, GRID, GRID), np.float32)
    return found
