"""What an evaluation gathers piece by piece, so that a part of any number of rows needs little memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core import forecast
from core.data.schema import Part
from core.model import TrainedModel

WORST = 50
PIECE_ROWS = 1 << 16
EXACT_ROWS = 1 << 20  # beyond, numbers of single rows are kept in float32; metrics are of float64 always


def answered(model: TrainedModel, part: Part) -> Iterator[tuple[slice, np.ndarray]]:
    """Pieces of rows with their raw outputs, (rows, outputs) float64."""
    rows = forecast.rows_at_once([model.output_shape], PIECE_ROWS)
    for start in range(0, len(part.x), rows):
        span = slice(start, min(start + rows, len(part.x)))
        yield span, model.outputs(part.x[span]).astype(np.float64)


class Worst:
    """The rows with the largest loss so far, worst first, equal ones in their order."""

    def __init__(self) -> None:
        self._losses, self._numbers = np.zeros(0), np.zeros(0, np.int64)

    def update(self, losses: np.ndarray, row_numbers: np.ndarray) -> None:
        losses = np.concatenate([self._losses, losses])
        order = np.argsort(-losses, kind="stable")[:WORST]
        self._losses = losses[order]
        self._numbers = np.concatenate([self._numbers, row_numbers])[order]

    def numbers(self) -> tuple[int, ...]:
        return tuple(self._numbers.tolist())


def index_type(classes: int) -> np.dtype:
    """The smallest integers that count so many classes."""
    return np.min_scalar_type(max(0, classes - 1))


def number_type(rows: int) -> type:
    """In what the numbers of so many rows are kept."""
    return np.float64 if rows <= EXACT_ROWS else np.float32


def short_numbers(row_numbers: np.ndarray) -> np.ndarray:
    """The same row numbers, in int32 where these are enough."""
    small = not len(row_numbers) or int(row_numbers.max()) <= np.iinfo(np.int32).max
    return row_numbers.astype(np.int32 if small else np.int64)
