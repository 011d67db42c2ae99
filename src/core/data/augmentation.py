"""Training rows varied a little at every use, so that the network meets more than was collected.

A label-preserving change adds what is known of the data, such as that a turned cat is a cat (Simard, Steinkraus and
Platt 2003; Goodfellow et al. 2016, §7.4). Validation and test rows are never changed.

What happens to a row follows from (seed, epoch, row), so that a resumed run meets the same variations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from core import keys, values
from core.values import hyper

FLIPS = (("none", "None"), ("sideways", "Left to right"), ("both", "Both ways"))
AUGMENT = "augment"
_DRAWS = ("flip", "down", "turn", "up", "across", "zoom", "light")


@dataclass(frozen=True)
class Augmentation:
    """How far a row may be changed; every amount is drawn anew, evenly, from nothing up to this. All 0: not at all."""

    label: ClassVar[str] = "Augmentation"

    flip: str = hyper(
        "none", "Flip", "Mirrors half of the images. Not for letters: a mirrored b is a d.", choices=FLIPS
    )
    shift: float = hyper(
        0.0, "Shift", "Moves an image by up to this share of its sides.", minimum=0.0, maximum=0.5,
        suggestions=(0.0, 0.05, 0.1, 0.2),
    )  # fmt: skip
    rotate: float = hyper(
        0.0, "Rotate", "Turns an image by up to so many degrees either way.", minimum=0.0, maximum=180.0,
        suggestions=(0.0, 5.0, 10.0, 20.0, 45.0),
    )  # fmt: skip
    zoom: float = hyper(
        0.0, "Zoom", "Enlarges or shrinks an image by up to this share.", minimum=0.0, maximum=0.5,
        suggestions=(0.0, 0.05, 0.1, 0.2),
    )  # fmt: skip
    brightness: float = hyper(
        0.0, "Brightness", "Lightens or darkens an image by up to so many standard deviations of its pixels.",
        minimum=0.0, maximum=2.0, suggestions=(0.0, 0.1, 0.25, 0.5),
    )  # fmt: skip
    noise: float = hyper(
        0.0, "Noise", "Deviation of the Gaussian noise that is added to every number, in standard deviations of it.",
        minimum=0.0, maximum=2.0, suggestions=(0.0, 0.02, 0.05, 0.1, 0.2),
    )  # fmt: skip

    def __bool__(self) -> bool:
        return self != Augmentation()

    @property
    def moves(self) -> bool:
        """Whether pixels change their places other than by mirroring."""
        return bool(self.shift or self.rotate or self.zoom)

    def to_json(self) -> dict[str, Any]:
        return values.to_json(self)


class Augmenter:
    """Changed copies of training rows. total: how many training rows there are.

    columns: where rows are columns, which of them may get noise: a 0 or 1 that stands for a category must not.
    """

    def __init__(self, how: Augmentation, *, seed: int, total: int, columns: np.ndarray | None = None) -> None:
        self.how = how
        self._seed, self._total, self._columns = seed, total, columns
        self._epoch, self._table = -1, np.zeros((0, len(_DRAWS)), np.float32)

    def __call__(self, x: np.ndarray, *, epoch: int, rows: np.ndarray) -> np.ndarray:
        """x: (n, height, width, channels) images, or (n, values) columns; rows: (n,) which training rows they are."""
        y = images_varied(x, self.how, self._draws(epoch, rows)) if x.ndim == 4 else x
        return self._noisy(y, epoch, rows) if self.how.noise else y

    def _draws(self, epoch: int, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The draws for these rows, from 0 to 1. One table an epoch costs less than a key a row."""
        if self._epoch != epoch:
            rng = keys.generator(keys.key(self._seed, AUGMENT, epoch))
            self._table, self._epoch = rng.random((self._total, len(_DRAWS)), np.float32), epoch
        return {name: self._table[rows, k] for k, name in enumerate(_DRAWS)}

    def _noisy(self, x: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        """x + deviation · N(0, 1). A batch's first row names the noise of all of it."""
        rng = keys.generator(keys.key(self._seed, AUGMENT, "noise", epoch, int(rows[0]) if len(rows) else 0))
        noise = rng.standard_normal(x.shape, np.float32)
        noise *= self.how.noise
        if self._columns is not None:
            noise *= self._columns
        noise += x
        return noise


def images_varied(x: np.ndarray, how: Augmentation, draws: dict[str, np.ndarray]) -> np.ndarray:
    """(n, height, width, channels) → the same, each image by its own draws."""
    both = how.flip == "both"
    across = draws["flip"] < 0.5 if how.flip != "none" else np.zeros(len(x), bool)
    down = draws["down"] < 0.5 if both else np.zeros(len(x), bool)
    if how.moves:
        y = _warped(x, how, draws, across, down)
    else:
        y = x.copy()
        y[across] = y[across, :, ::-1]
        y[down] = y[down, ::-1]
    if how.brightness:
        y += (how.brightness * _signed(draws["light"]))[:, None, None, None]
    return y


def _signed(draws: np.ndarray) -> np.ndarray:
    return 2.0 * draws - 1.0


def _warped(
    x: np.ndarray, how: Augmentation, draws: dict[str, np.ndarray], across: np.ndarray, down: np.ndarray
) -> np.ndarray:
    """Every output pixel looks up where it comes from, between four pixels (bilinear); over the edge the edge goes on.

    source = R(θ) · F · output / z + t about the middle, with the turn R, the mirror F, the zoom z and the shift t.
    """
    n, height, width, channels = x.shape
    angle = np.radians(how.rotate) * _signed(draws["turn"])
    zoom = 1.0 / (1.0 + how.zoom * _signed(draws["zoom"]))
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    mirror_y, mirror_x = np.where(down, -1.0, 1.0), np.where(across, -1.0, 1.0)
    rows = np.arange(height, dtype=np.float32) - (height - 1) / 2
    columns = np.arange(width, dtype=np.float32) - (width - 1) / 2

    def at(by_row: np.ndarray, by_column: np.ndarray, shift: np.ndarray, size: int) -> np.ndarray:
        place = by_row[:, None, None] * rows[:, None] + by_column[:, None, None] * columns
        place += (shift + (size - 1) / 2)[:, None, None]
        return np.clip(place, 0.0, size - 1.0).astype(np.float32)

    y = at(cos * mirror_y, -sin * mirror_x, how.shift * height * _signed(draws["up"]), height)
    z = at(sin * mirror_y, cos * mirror_x, how.shift * width * _signed(draws["across"]), width)
    return _between(x, y, z).reshape(n, height, width, channels)


def _between(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of x: (n, height, width, channels) at row y, column z: (n, height, width)."""
    n, height, width, channels = x.shape
    top, left = y.astype(np.int32), z.astype(np.int32)
    dy, dz = (y - top)[..., None], (z - left)[..., None]
    below = np.minimum(top + 1, height - 1) * width
    right = np.minimum(left + 1, width - 1)
    top *= width
    first = (np.arange(n, dtype=np.int32) * (height * width))[:, None, None]
    flat = x.reshape(-1, channels)
    top += first
    below += first

    def mixed(row: np.ndarray) -> np.ndarray:
        a = flat.take(row + left, axis=0)
        b = flat.take(row + right, axis=0)
        b -= a
        b *= dz
        b += a
        return b

    upper, lower = mixed(top), mixed(below)
    lower -= upper
    lower *= dy
    lower += upper
    return lower
