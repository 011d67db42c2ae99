"""The receipt: an exported file is read again and asked about rows that the training never saw."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from core import keys
from core.data import dates
from core.data.pixels import Images, normalised
from core.data.preprocess import (
    DateFeature,
    Feature,
    ImageFeature,
    NumberFeature,
    NumberTarget,
    Preparation,
    TextFeature,
)
from core.data.progress import Progress, silent
from core.data.schema import Part, Prepared
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.export.base import Cell, Exporter, HeldOut
from core.export.result import Receipt
from core.export.walk import shaped
from core.model import TrainedModel
from core.spec import DataSpec

MOST_ROWS = 1000
IMAGE_BYTES = 64 * 2**20  # of held-out images, at most
VARIATIONS = 24
MADE_UP_ROWS = 64
UNKNOWN = "a label that training never saw"
YEAR = 365.25 * 86_400.0
MOMENTS = (-62_135_596_800.0, 253_402_300_799.0)  # the years 1 to 9999
SEED = 20


def receipt(exporter: Exporter, path: Path, model: TrainedModel, rows: HeldOut) -> Receipt:
    """The largest difference between the file's answers and the network's, over all rows and outputs.

    For numbers it is measured in standard deviations of the target, so that the unit does not matter.
    """
    found = exporter.answer(path, model, rows)
    ours = model.answers(shaped(model, rows.x)).astype(np.float64)
    if found.answers.shape != ours.shape:
        raise RuntimeError(f"the file answers {found.answers.shape} where {ours.shape} was asked")
    target = model.preparation.target
    unit = target.scale if isinstance(target, NumberTarget) else 1.0
    # A NaN on both sides is agreement; on one side it is not, and must not vanish in a maximum.
    difference = np.abs(found.answers - ours) / unit
    difference[np.isnan(found.answers) & np.isnan(ours)] = 0.0
    largest = float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0))
    made = Receipt(found.reference, rows.rows, largest, note=_sentences(rows.note, found.note))
    return made if made.passed else replace(made, note=_sentences(made.note, _rounding(model, rows, unit)))


def _rounding(model: TrainedModel, rows: HeldOut, unit: float) -> str:
    """How far the network's own answers move between 32 and 64 bits: a steep network makes much of little."""
    x = shaped(model, rows.x)
    exact = model.answers(x, dtype=np.float64)
    own = float(np.abs(model.answers(x).astype(np.float64) - exact).max(initial=0.0)) / unit
    return f"The network itself differs by {own:.1e} between 32-bit and 64-bit arithmetic."


def _sentences(*texts: str) -> str:
    return " ".join(text for text in texts if text)


# --- the rows


def held_out(
    model: TrainedModel, prepared: Prepared | None, data: DataSpec | None, *, progress: Progress = silent
) -> HeldOut:
    """Test rows as they stand in the source, with variations; made-up rows where the source is gone or has changed."""
    if model.preparation.image is not None:
        return _images(model.preparation, model.preparation.image, prepared, data, progress)
    if data is None:
        return made_up(model.preparation, "There are no data: the rows were made up from what is known of the columns.")
    try:
        columns, part = _test_rows(model.preparation, prepared, data, progress)
    except UserInputError as err:
        return made_up(model.preparation, f"The rows were made up, because: {err.what}")
    if not len(part.x):
        return made_up(model.preparation, "There are no held-out rows: the rows were made up.")
    return varied(model.preparation, columns, part.x)


def _test_rows(
    preparation: Preparation, prepared: Prepared | None, data: DataSpec, progress: Progress
) -> tuple[dict[str, tuple[Cell, ...]], Part]:
    from core.data import load

    part = some(_test_part(preparation, prepared, data, progress))
    names = tuple(feature.name for feature in preparation.features)
    return load.read_cells(data.source, names, rows=part.row_numbers, progress=progress), part


def _test_part(preparation: Preparation, prepared: Prepared | None, data: DataSpec, progress: Progress) -> Part:
    """All test rows; raises UserInputError where the data are gone or are others."""
    from core.data import load, store

    digest = load.content_hash(data.source, progress=progress)
    there = prepared is not None and Path(prepared.folder or "/nowhere").is_dir()
    if prepared is None or not there or load.fingerprint(data, digest) != prepared.fingerprint:
        prepared = load.prepare(data, progress=progress)
    if prepared.preparation != preparation:
        raise UserInputError("The data have changed since the training.")
    return store.load(prepared).test


def _images(
    preparation: Preparation, feature: ImageFeature, prepared: Prepared | None, data: DataSpec | None,
    progress: Progress,
) -> HeldOut:  # fmt: skip
    """Test images as pixels; noise where they are gone."""
    most = max(1, min(MOST_ROWS, IMAGE_BYTES // (4 * math.prod(feature.shape))))
    why = "There are no data: the images are noise."
    if data is not None:
        try:
            x = _test_part(preparation, prepared, data, progress).x
            why = "There are no held-out images: these are noise."
        except UserInputError as err:
            x, why = None, f"The images are noise, because: {err.what}"
        if x is not None and len(x):
            at = np.linspace(0, len(x) - 1, min(most, len(x))).astype(np.int64)
            pixels = cast(Images, x).pixels[cast(Images, x).rows[at]].astype(np.float32)
            return HeldOut({}, normalised(pixels, feature), len(at), images=pixels)
    rng = keys.generator(keys.key(SEED, "made up"))
    drawn = rng.normal(feature.mean, feature.scale, (min(MADE_UP_ROWS, most), *feature.shape))
    pixels = np.clip(drawn, 0.0, feature.white).astype(np.float32)
    return HeldOut({}, normalised(pixels, feature), len(pixels), why, images=pixels)


def some(part: Part) -> Part:
    """At most 1000 rows, spread evenly, in the order of the source."""
    at = np.argsort(part.row_numbers, kind="stable")
    if len(at) > MOST_ROWS:
        at = at[np.linspace(0, len(at) - 1, MOST_ROWS).astype(np.int64)]
    return Part(part.x[at], part.y[at], part.row_numbers[at])


def varied(preparation: Preparation, columns: dict[str, tuple[Cell, ...]], x: np.ndarray) -> HeldOut:
    """The rows, and after them copies with a cell missing or strange: preparation must agree there as well."""
    rows = len(x)
    rng = keys.generator(keys.key(SEED, "variations"))
    extra: dict[str, list[Cell]] = {feature.name: [] for feature in preparation.features}
    kinds = _kinds(preparation)
    for i in range(min(max(VARIATIONS, 2 * len(kinds)), 4 * len(extra))):
        alike = kinds[i % len(kinds)]
        source, hit = int(rng.integers(rows)), alike[int(rng.integers(len(alike)))]
        spoilt = UNKNOWN if i // len(kinds) % 2 else None
        for name, cells in extra.items():
            cells.append(spoilt if name == hit.name else columns[name][source])
    more, _ = prepared_rows(preparation, extra)
    together = {name: (*columns[name], *cells) for name, cells in extra.items()}
    return HeldOut(together, np.concatenate([np.asarray(x, np.float32), more]), rows)


def _kinds(preparation: Preparation) -> list[list[Feature]]:
    """The columns by how they are prepared, so that the variations leave out no way of it."""
    found: dict[object, list[Feature]] = {}
    for feature in preparation.features:
        flags = (getattr(feature, flag, False) for flag in ("log", "other", "embedded", "indicator"))
        found.setdefault((type(feature), *flags), []).append(feature)
    return [*found.values()]


def made_up(preparation: Preparation, note: str) -> HeldOut:
    """Rows drawn around what the preparation knows: numbers about their mean, labels by chance, gaps here and there."""
    rng = keys.generator(keys.key(SEED, "made up"))
    columns: dict[str, tuple[Cell, ...]] = {}
    for feature in preparation.features:
        gaps = rng.random(MADE_UP_ROWS) < 0.1
        drawn = _drawn(feature, rng)
        columns[feature.name] = tuple(None if gap else cell for gap, cell in zip(gaps, drawn, strict=True))
    return HeldOut(columns, prepared_rows(preparation, columns)[0], MADE_UP_ROWS, note)


def _drawn(feature: Feature, rng: np.random.Generator) -> list[str]:
    """A cell for each made-up row."""
    if isinstance(feature, NumberFeature):
        values = feature.unscaled(rng.normal(0.0, 1.0, MADE_UP_ROWS))
        size = abs(feature.typical) + 1.0 if feature.log else feature.scale
        decimals = max(0, 3 - math.floor(math.log10(size)))  # as many as a table would have
        return [f"{value:.{decimals}f}" for value in values]
    if isinstance(feature, DateFeature):
        around = rng.normal(0.0, max(feature.scale, YEAR), MADE_UP_ROWS)
        return [dates.written(t) for t in np.clip(feature.fill + around, *MOMENTS)]
    if isinstance(feature, TextFeature):
        picked = rng.integers(feature.width, size=(MADE_UP_ROWS, 5))
        return [" ".join(f"word{k}" for k in row) for row in picked]
    known = (*feature.categories, UNKNOWN)
    return [known[i] for i in rng.integers(len(known), size=MADE_UP_ROWS)]
