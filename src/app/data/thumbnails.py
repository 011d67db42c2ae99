"""Forty points of each generated pattern, for its card: positions from 0 to 1, and a class each."""

from __future__ import annotations

import numpy as np

Points = tuple[tuple[float, float, int], ...]
N = 56


def points(name: str) -> Points | None:
    """None for a pattern that has no picture."""
    draw = _PATTERNS.get(name)
    if draw is None:
        return None
    x, index = draw(np.random.default_rng(4))
    low, span = x.min(0), np.ptp(x, axis=0)
    scaled = (x - low) / span
    return tuple((float(a), float(b), int(c)) for (a, b), c in zip(scaled, index, strict=True))


def _xor(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.uniform(-1, 1, (N, 2))
    return x + 0.15 * np.sign(x), (x[:, 0] * x[:, 1] > 0).astype(int)


def _circles(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    index = np.arange(N) % 2
    angle, radius = rng.uniform(0, 2 * np.pi, N), np.where(index, 1.0, 0.45) + rng.normal(0, 0.06, N)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), index


def _spirals(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    index = np.arange(N) % 2
    t = np.linspace(0.12, 1, N) * 3 * np.pi
    angle = t + np.pi * index
    return np.stack([t * np.cos(angle), t * np.sin(angle)], 1), index


def _gaussians(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    index = np.arange(N) % 2
    return rng.normal(0, 0.55, (N, 2)) + np.where(index[:, None], 1.0, -1.0), index


def _plane(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.uniform(-1, 1, (N, 2))
    return x, (x.sum(1) > 0).astype(int)


_PATTERNS = {"xor": _xor, "circles": _circles, "spirals": _spirals, "gaussians": _gaussians, "plane": _plane}
