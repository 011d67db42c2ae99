"""Toy data for learners: small problems on a plane whose difficulty one sees. All randomness comes from the seed.

Noise is the standard deviation of a normal shift of every point, in the units that each docstring names; it blurs the
border between classes without moving it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core import keys
from core.errors import UserInputError

MOST_ROWS = 100_000
MOST_NOISE = 2.0
TURNS = 1.5

Columns = dict[str, list[str]]


@dataclass(frozen=True)
class GeneratorInfo:
    """name in files and on the command line; label and description for people; task; usual number of rows and noise."""

    name: str
    label: str
    description: str
    task: str
    rows: int = 400
    noise: float = 0.1


def _xor(rng: np.random.Generator, rows: int, noise: float) -> Columns:
    """Points of the square [-1, 1]², labelled by the sign of x·y; noise in the square's half side."""
    xy = rng.uniform(-1, 1, (rows, 2))
    same = xy[:, 0] * xy[:, 1] > 0
    return _labelled(xy + rng.normal(0, noise, xy.shape), np.where(same, "same", "different"), "sign")


def _circles(rng: np.random.Generator, rows: int, noise: float) -> Columns:
    """A disc of radius 0.5 inside a ring from 0.75 to 1; noise in the ring's outer radius."""
    inner = np.arange(rows) % 2 == 0
    radius = np.where(inner, 0.5 * np.sqrt(rng.random(rows)), rng.uniform(0.75, 1.0, rows))
    angle = rng.uniform(0, 2 * np.pi, rows)
    xy = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _labelled(xy + rng.normal(0, noise, xy.shape), np.where(inner, "inner", "outer"), "ring")


def _spirals(rng: np.random.Generator, rows: int, noise: float) -> Columns:
    """Two arms of 1.5 turns in the unit circle (after Lang and Witbrock 1988); noise in half the gap between arms."""
    arm = np.arange(rows) % 2
    along = np.sqrt(rng.uniform(0.02, 1.0, rows))  # even along the arm, which grows longer outwards
    angle = along * TURNS * 2 * np.pi + np.pi * arm
    xy = np.stack([along * np.cos(angle), along * np.sin(angle)], axis=1)
    half_gap = 0.25 / TURNS
    return _labelled(xy + rng.normal(0, noise * half_gap, xy.shape), np.where(arm == 0, "first", "second"), "arm")


def _gaussians(rng: np.random.Generator, rows: int, noise: float) -> Columns:
    """Three clouds around the corners of a triangle of side 1.7; their standard deviation is 0.2 + noise."""
    which = np.arange(rows) % 3
    angle = 2 * np.pi * which / 3 + np.pi / 2
    xy = np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 0.2 + noise, (rows, 2))
    return _labelled(xy, np.array(["top", "left", "right"])[which], "cloud")


def _plane(rng: np.random.Generator, rows: int, noise: float) -> Columns:
    """z = 2 x - y + 0.5 on the square [-1, 1]²; noise is added to z, in its own unit."""
    xy = rng.uniform(-1, 1, (rows, 2))
    z = 2 * xy[:, 0] - xy[:, 1] + 0.5 + rng.normal(0, noise, rows)
    return {"x": _texts(xy[:, 0]), "y": _texts(xy[:, 1]), "z": _texts(z)}


_MAKERS: dict[str, tuple[GeneratorInfo, Callable[[np.random.Generator, int, float], Columns]]] = {
    info.name: (info, make)
    for info, make in (
        (
            GeneratorInfo(
                "spirals", "Two spirals", "Two arms wound around each other: needs hidden layers.", "classification"
            ),
            _spirals,
        ),
        (
            GeneratorInfo(
                "xor", "XOR", "Opposite corners belong together: no straight line parts them.", "classification"
            ),
            _xor,
        ),
        (GeneratorInfo("circles", "Circles", "A disc inside a ring.", "classification", noise=0.05), _circles),
        (
            GeneratorInfo(
                "gaussians", "Gaussians", "Three clouds that touch: no border is perfect.", "classification"
            ),
            _gaussians,
        ),
        (
            GeneratorInfo(
                "plane", "Regression plane", "A height over a plane, with noise: the simplest regression.", "regression"
            ),
            _plane,
        ),
    )
}  # fmt: skip


def generators() -> tuple[GeneratorInfo, ...]:
    return tuple(info for info, _ in _MAKERS.values())


def generator(name: str) -> GeneratorInfo:
    """Raises UserInputError for an unknown name."""
    if name not in _MAKERS:
        raise UserInputError(f"There is no generator {name!r}.", remedy=f"Use one of: {', '.join(_MAKERS)}.")
    return _MAKERS[name][0]


def generate(name: str, *, rows: int, noise: float, seed: int) -> Columns:
    """The cells of generated data as text, by column, the target last.

    Raises:
        UserInputError: an unknown generator, a number of rows or a noise outside its limits.
    """
    generator(name)
    if not 4 <= rows <= MOST_ROWS:
        raise UserInputError(f"{rows:,} rows cannot be generated.", reason=f"From 4 to {MOST_ROWS:,} can.")
    if not 0 <= noise <= MOST_NOISE:
        raise UserInputError(f"A noise of {noise:g} is out of range.", reason=f"It goes from 0 to {MOST_NOISE:g}.")
    return _MAKERS[name][1](keys.generator(keys.key(seed, name)), rows, noise)


def _labelled(xy: np.ndarray, labels: np.ndarray, target: str) -> Columns:
    return {"x": _texts(xy[:, 0]), "y": _texts(xy[:, 1]), target: [str(label) for label in labels]}


def _texts(values: np.ndarray) -> list[str]:
    return [f"{value:.6f}" for value in values]
