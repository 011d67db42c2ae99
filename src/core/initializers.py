"""Starting values of weight matrices, drawn in float64 from a keyed generator.

With fan_in = n and fan_out = m:
  glorot_uniform  U(-a, a), a = sqrt(6 / (n + m))    Glorot and Bengio 2010, eq. 16
  glorot_normal   N(0, 2 / (n + m))                  the same paper
  he_uniform      U(-a, a), a = sqrt(6 / n)          He et al. 2015, eq. 10
  he_normal       N(0, 2 / n)                        He et al. 2015
  lecun_uniform   U(-a, a), a = sqrt(3 / n)          LeCun et al. 1998, §4.6
  lecun_normal    N(0, 1 / n)                        the same paper
  orthogonal      rows or columns orthonormal        Saxe, McClelland and Ganguli 2014
  constant        0.1: the same symmetry as zeros, but signals pass
  zeros           0: every unit of a layer then stays equal to its neighbours (symmetry is never broken)
"""

from __future__ import annotations

import math

import numpy as np

CHOICES: tuple[tuple[str, str], ...] = (
    ("auto", "Auto"),
    ("glorot_uniform", "Glorot uniform"),
    ("glorot_normal", "Glorot normal"),
    ("he_uniform", "He uniform"),
    ("he_normal", "He normal"),
    ("lecun_uniform", "LeCun uniform"),
    ("lecun_normal", "LeCun normal"),
    ("orthogonal", "Orthogonal"),
    ("constant", "Constant 0.1"),
    ("zeros", "Zeros"),
)


def initialize(name: str, rng: np.random.Generator, shape: tuple[int, ...], *, fan_in: int, fan_out: int) -> np.ndarray:
    """An array of `shape` drawn as `name` says; raises KeyError for an unknown name."""
    uniform = {"glorot_uniform": 6.0 / (fan_in + fan_out), "he_uniform": 6.0 / fan_in, "lecun_uniform": 3.0 / fan_in}
    normal = {"glorot_normal": 2.0 / (fan_in + fan_out), "he_normal": 2.0 / fan_in, "lecun_normal": 1.0 / fan_in}
    if name == "zeros":
        return np.zeros(shape)
    if name == "constant":
        return np.full(shape, 0.1)
    if name == "orthogonal":
        return _orthogonal(rng, shape)
    if name in uniform:
        limit = math.sqrt(uniform[name])
        return rng.uniform(-limit, limit, shape)
    return rng.normal(0.0, math.sqrt(normal[name]), shape)


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Q of the QR decomposition of a normal matrix (all axes but the last as one), uniform over orthogonal matrices.

    The signs of R's diagonal are moved into Q: without it Q would depend on how LAPACK chooses them (Mezzadri 2007).
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    Q, R = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    Q = Q * np.where(np.diag(R) < 0, -1.0, 1.0)
    return (Q if rows >= columns else Q.T).reshape(shape)
