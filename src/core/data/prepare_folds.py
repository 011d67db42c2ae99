"""The arrays of every fold of a cross-validation, each prepared by what its own training rows show."""

from __future__ import annotations

from dataclasses import replace

from core.budget import DEFAULT, measure
from core.data import load
from core.data.progress import Progress, silent
from core.data.schema import Prepared
from core.data.sources import title
from core.errors import UserInputError
from core.spec import DataSpec

SHARE = 2  # all folds together take at most one part in so many of what the cache may hold


def prepare_folds(spec: DataSpec, folds: int, *, progress: Progress = silent) -> tuple[Prepared, ...]:
    """One `Prepared` a fold: medians, scales and categories are those of its training rows alone.

    Raises:
        UserInputError: as `load.prepare`; too few rows for so many folds, or too much data for the cache.
    """
    spec = DataSpec.from_json({**spec.to_json(), "folds": folds, "fold": 0})
    made: list[Prepared] = []
    for k in range(folds):
        where = f"Preparing fold {k + 1} of {folds}"
        progress(where, k / folds)
        made.append(load.prepare(replace(spec, fold=k), progress=_within(progress, where, k, folds)))
        if k == 0:
            _check_room(made[0], folds, title(spec.source))
    return tuple(made)


def _within(progress: Progress, text: str, k: int, folds: int) -> Progress:
    """The progress of one fold as part of that of all."""

    def tell(_text: str, fraction: float | None = None) -> None:
        progress(text, (k + (fraction or 0.0)) / folds)

    return tell


def _check_room(prepared: Prepared, folds: int, where: str) -> None:
    """Refuse what would push the data that are in use out of the cache; folds of images share their pixels."""
    values = 1
    for n in prepared.row_shape:
        values *= n
    size = 4 * values * sum(prepared.rows.values()) * folds
    limit = DEFAULT.cache_bytes // SHARE
    if prepared.preparation.image is None and size > limit:
        raise UserInputError(
            "The data are too large for so many folds.", where=where,
            reason=f"All folds take {measure(size, 'bytes')}; the limit is {measure(limit, 'bytes')}.",
            remedy="Use fewer folds, or fewer rows: with so many, one validation part tells as much.",
        )  # fmt: skip
