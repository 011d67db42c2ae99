"""What a hand does to a drawing, as points: adding, spraying, following a curve, erasing. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.data.drawing import MOST_POINTS, Points, near, point

SPACING = 0.022  # of the plane: how far the hand moves between points that it sprays or leaves behind
ERASER = 0.06


@dataclass
class Stroke:
    """One gesture from press to release. index: the class, None for a curve; spread: how far points stray.

    `points` is the drawing as it stands, `added` and `removed` what this stroke has done so far.
    """

    points: Points
    index: int | None
    spread: float
    erasing: bool
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    added: int = 0
    removed: int = 0
    _at: tuple[float, float] | None = None

    def begin(self, x: float, y: float) -> None:
        """The button goes down: a point right under the cursor."""
        self._at = (x, y)
        if self.erasing:
            self._erase(x, y)
        else:
            self._add(x, y)

    def move(self, x: float, y: float) -> None:
        """The hand drags: points along its way, as dense however fast it moves."""
        if self._at is None:
            return
        way = np.array([x, y]) - self._at
        length = float(np.hypot(*way))
        start, step = self._at, way / max(length, 1e-9) * SPACING
        for k in range(1, int(length / SPACING) + 1):
            at = start[0] + step[0] * k, start[1] + step[1] * k
            if self.erasing:
                self._erase(*at)
            else:
                self._scatter(*at)
            self._at = at

    def place(self, x: float, y: float) -> None:
        """A single point exactly there, or the eraser once."""
        self.begin(x, y)
        self._at = None

    @property
    def full(self) -> bool:
        return len(self.points) >= MOST_POINTS

    @property
    def text(self) -> str:
        """What undo calls it."""
        n, verb = (self.removed, "Erase") if self.erasing else (self.added, "Draw")
        return f"{verb} {n:,} {'point' if n == 1 else 'points'}"

    def _scatter(self, x: float, y: float) -> None:
        """Classes are sprayed into a disc around the cursor, a curve strays up and down."""
        if self.index is None:
            self._add(x, y + self.rng.normal(0, self.spread) if self.spread else y)
            return
        radius, angle = self.spread * np.sqrt(self.rng.random()), self.rng.uniform(0, 2 * np.pi)
        self._add(x + radius * np.cos(angle), y + radius * np.sin(angle))

    def _add(self, x: float, y: float) -> None:
        if not self.full:
            self.points = (*self.points, point(float(x), float(y), self.index))
            self.added += 1

    def _erase(self, x: float, y: float) -> None:
        hit = near(self.points, x, y, ERASER)
        if hit.any():
            self.points = tuple(p for p, gone in zip(self.points, hit.tolist(), strict=True) if not gone)
            self.removed += int(hit.sum())
