"""What the network answers over the plane of its two inputs, as numbers and as colours. No Qt."""

from __future__ import annotations

import numpy as np

from core.losses import loss_for

RGB = tuple[int, int, int]


def answers(outputs: np.ndarray, task: str) -> np.ndarray:
    """Raw outputs → probabilities, or values as they are: (units, ...) → (classes or outputs, ...)."""
    if task == "labels":
        return loss_for("multi_label_cross_entropy").answers(outputs)
    if task != "classification":
        return outputs
    loss = loss_for("softmax_cross_entropy" if len(outputs) > 1 else "binary_cross_entropy")
    return np.moveaxis(loss.answers(np.moveaxis(outputs, 0, -1)), -1, 0)


def upsample(surface: np.ndarray, size: int) -> np.ndarray:
    """(k, g, g) → (k, size, size), bilinear: outputs are smooth; probabilities taken after it have sharp borders."""
    g = surface.shape[-1]
    at = np.linspace(0.0, g - 1.0, size)
    low = np.minimum(at.astype(int), g - 2)
    share = (at - low).astype(surface.dtype)
    weights = np.zeros((size, g), surface.dtype)
    weights[np.arange(size), low] = 1 - share
    weights[np.arange(size), low + 1] += share
    return weights @ surface @ weights.T


def at_point(surface: np.ndarray, extent: np.ndarray, x: float, y: float) -> np.ndarray:
    """(k,) values at a point of the plane, bilinear between the points of the grid; the border's value beyond it."""
    g = surface.shape[-1]
    x0, x1, y0, y1 = (float(v) for v in extent)
    column = min(max((x - x0) / (x1 - x0), 0.0), 1.0) * (g - 1)
    row = min(max((y - y0) / (y1 - y0), 0.0), 1.0) * (g - 1)
    i, j = min(int(row), g - 2), min(int(column), g - 2)
    v, u = row - i, column - j
    below = surface[:, i, j] * (1 - u) + surface[:, i, j + 1] * u
    above = surface[:, i + 1, j] * (1 - u) + surface[:, i + 1, j + 1] * u
    return below * (1 - v) + above * v


def class_rgb(probabilities: np.ndarray, colours: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """(classes, h, w) → (h, w, 3) uint8: the colour of the likeliest class, paler the less it leads.

    colours: (classes, 3); ground: (3,), the colour of no lead at all.
    """
    best = probabilities.argmax(axis=0)
    count = len(probabilities)
    lead = (probabilities.max(axis=0) - 1.0 / count) / (1.0 - 1.0 / count)
    strength = np.clip(lead, 0.0, 1.0)[..., None] ** 0.7
    return np.rint(ground + strength * (colours[best] - ground)).astype(np.uint8)
