"""One fold of a cross-validation over images: the pixels are those of the plain split, decoded once for all folds."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data import store
from core.data.images.album import Album
from core.data.images.goal import goal
from core.data.images.prepare import fitted, moments_of, write_targets
from core.data.parts import dealt, strata
from core.data.schema import Prepared
from core.spec import DataSpec


def prepare_fold(spec: DataSpec, plain: Prepared, album: Album, folder: Path, print_: str, *, where: str) -> Prepared:
    """Fold `spec.fold` in `folder`, made from `plain`: the same images prepared without folds.

    Raises:
        UserInputError: too few images for so many folds.
    """
    found, feature = goal(album, spec), plain.preparation.image
    assert feature is not None
    arrays = store.load(plain)
    rows = np.union1d(arrays.train.row_numbers, arrays.validation.row_numbers)
    fold = dealt(rows, spec, strata(found.values, spec, numbers=found.task == "regression"), where=where)
    parts = {
        "train": rows[fold != spec.fold],
        "validation": rows[fold == spec.fold],
        "test": np.asarray(arrays.test.row_numbers),
    }
    _link(Path(plain.folder) / store.PIXELS, folder / store.PIXELS)
    pixels = np.load(folder / store.PIXELS, mmap_mode="r", allow_pickle=False)
    moments = np.zeros((len(pixels), 2, pixels.shape[-1]))
    for i in parts["train"].tolist():
        moments[i] = moments_of(pixels[i])
    preparation = replace(
        plain.preparation,
        target=write_targets(folder, found, parts),
        image=fitted(moments, parts["train"], pixels.shape[1:], feature.white),
    )
    counts = {part: len(chosen) for part, chosen in parts.items()}
    return replace(plain, folder=str(folder), fingerprint=print_, rows=counts, preparation=preparation)


def _link(old: Path, new: Path) -> None:
    """The same file under another name; a copy where the disk knows no such thing."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)
