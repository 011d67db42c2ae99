"""Images decoded once into the array that training reads from; the split, and numbers fitted to its training part."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.budget import DEFAULT, measure, require
from core.data import store
from core.data.fit import mean_and_scale
from core.data.images.album import TEST, TRAIN, VALIDATION, Album, Size
from core.data.images.goal import Goal, goal
from core.data.images.load import NAME, PART_NUMBERS, guessed, look, refuse_all, wanted
from core.data.parts import strata
from core.data.preprocess import ClassTarget, ImageFeature, NumberTarget, Preparation
from core.data.progress import Progress, silent, sparing
from core.data.schema import Loading, Prepared
from core.data.split import split
from core.errors import UserInputError
from core.losses import outputs_for, resolve
from core.spec import DataSpec

LISTED = 5
LOADING_SECONDS = 0.08  # between two times that it is told how far the array is filled


def prepare(
    spec: DataSpec, digest: str, album: Album, folder: Path, print_: str, *, where: str, progress: Progress = silent,
    loading: Callable[[Loading], None] | None = None,
) -> Prepared:  # fmt: skip
    """Decode every image once into the array that training reads from, in `folder`.

    loading: is told how far the array is filled, for those who want to look at it meanwhile.

    Raises:
        UserInputError: nothing can be learned from them; no room on the disk; too few of them can be read.
    """
    seen, found = look(album, digest, where, progress), goal(album, spec)
    if found.blocked:
        raise UserInputError(found.blocked, where=where)
    size = wanted(spec, guessed(seen))
    which = np.flatnonzero(seen.usable)
    _check_room(len(album), size, album, folder, where)
    moments, bad = _decode(album, which, size, folder, where, progress, loading)
    refuse_all(tuple(bad.values()), len(which), where)
    usable = seen.usable
    usable[list(bad)] = False
    _check_classes(found, usable, where)
    parts = _parts(album, found, usable, spec, where)
    feature = fitted(moments, parts[TRAIN], size.shape, album.pixels.white)
    target = write_targets(folder, found, parts)
    loss = resolve("auto", found.task, len(found.classes))
    return Prepared(
        folder=str(folder),
        fingerprint=print_,
        task=found.task,
        target=found.name,
        feature_names=(NAME,),
        row_shape=size.shape,
        outputs=outputs_for(loss, len(found.classes)),
        classes=found.classes,
        rows={part: len(rows) for part, rows in parts.items()},
        preparation=Preparation((), target, feature),
        warnings=_warnings(found, usable, bad, album),
    )


def _check_classes(found: Goal, usable: np.ndarray, where: str) -> None:
    """Refuse classes of which a single one is left once the images that cannot be read are gone."""
    left = np.unique(found.values[found.without(usable)])
    if found.task == "classification" and len(found.classes) > 1 and len(left) == 1:
        raise UserInputError(
            "The images that can be read are all of one class.", where=where,
            reason=f"None of the others is left beside “{found.classes[int(left[0])]}”.",
            remedy="Download or export the images again.",
        )  # fmt: skip


def _check_room(count: int, size: Size, album: Album, folder: Path, where: str) -> None:
    needed = count * size.height * size.width * size.channels * (4 if album.pixels.exact else 1)
    remedy = "Choose a smaller size, or fewer images."
    require(needed, DEFAULT.array_bytes, what="The images are too large.", unit="bytes", where=where, remedy=remedy)
    free = shutil.disk_usage(folder).free
    if needed > free:  # writing through a memory map to a full disk would kill the process
        raise UserInputError(
            "There is not enough disk space for the images.", where=where,
            reason=f"They need {measure(needed, 'bytes')}; {measure(free, 'bytes')} are free.",
            remedy="Free some space, choose a smaller size, or set CHAINRULE_CACHE to a folder on another disk.",
        )  # fmt: skip


def _decode(
    album: Album, which: np.ndarray, size: Size, folder: Path, where: str, progress: Progress,
    loading: Callable[[Loading], None] | None,
) -> tuple[np.ndarray, dict[int, str]]:  # fmt: skip
    """Fill the array of pixels. Returns, of every image and channel, the sums of values and of their squares; and which
    images could not be read, with the reason."""
    dtype = np.float32 if album.pixels.exact else np.uint8
    path = folder / store.PIXELS
    pixels = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(len(album), *size.shape))
    moments = np.zeros((len(album), 2, size.channels))
    bad: dict[int, str] = {}
    tell, told = sparing(progress), 0.0
    for k, (i, picture) in enumerate(zip(which.tolist(), album.pixels.pictures(which.tolist(), size), strict=True)):
        if isinstance(picture, str):
            bad[i] = picture
        else:
            pixels[i] = picture
            moments[i] = moments_of(picture)
        tell(f"Reading {where}", k / len(which))
        now = time.monotonic()
        if loading is not None and now - told >= LOADING_SECONDS:
            told = now
            loading(Loading(str(path), size.shape, np.dtype(dtype).name, i + 1))
    pixels.flush()
    return moments, bad


def moments_of(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(channels,) sums of the values and of their squares of one image (height, width, channels)."""
    wide = picture.reshape(-1, picture.shape[-1]).astype(np.float32)
    return wide.sum(0, np.float64), np.einsum("ij,ij->j", wide, wide, dtype=np.float64)


def _parts(album: Album, found: Goal, usable: np.ndarray, spec: DataSpec, where: str) -> dict[str, np.ndarray]:
    """Numbers of the images of each part: as the source brings them, else split at random within every class."""
    known = found.without(usable)
    if len(known) < 2:
        raise UserInputError(
            "There are too few images to learn from.", where=where, reason=f"{len(known)} can be read and has a label."
        )
    if not album.parts:
        return _divided(known, found, spec.validation, spec.test, spec)
    part = np.array([PART_NUMBERS[name] for name in album.parts])
    given = {name: known[part[known] == number] for name, number in PART_NUMBERS.items()}
    if not len(given[TRAIN]):
        raise UserInputError("No image of the training part can be read.", where=where)
    if len(given[VALIDATION]):
        return given
    share = spec.validation / (1.0 - spec.test)  # of what trains or validates
    taken = _divided(given[TRAIN], found, share, 0.0, spec)
    return {TRAIN: taken[TRAIN], VALIDATION: taken[VALIDATION], TEST: given[TEST]}


def _divided(rows: np.ndarray, found: Goal, validation: float, test: float, spec: DataSpec) -> dict[str, np.ndarray]:
    classes = None if spec.split == "random" else strata(found.values, spec, numbers=found.task == "regression")
    chosen = None if classes is None else classes[rows]
    parts = split(len(rows), validation=validation, test=test, seed=spec.seed, classes=chosen)
    return {part: rows[some] for part, some in zip(store.PARTS, parts, strict=True)}


def fitted(moments: np.ndarray, train: np.ndarray, shape: tuple[int, ...], white: float) -> ImageFeature:
    """Mean and standard deviation of every channel over all pixels of the training images of this shape."""
    height, width = shape[:2]
    count = max(1, len(train)) * height * width
    sums, squares = moments[train].sum(0) / count
    deviation = np.sqrt(np.maximum(squares - sums**2, 0.0))
    scale = [float(d) if d > 1e-6 * white else 1.0 for d in deviation]
    return ImageFeature(NAME, height, width, tuple(map(float, sums)), tuple(scale), float(white))


def write_targets(folder: Path, found: Goal, parts: dict[str, np.ndarray]) -> ClassTarget | NumberTarget:
    target: ClassTarget | NumberTarget = (
        ClassTarget(found.name, found.classes)
        if found.task == "classification"
        else NumberTarget(found.name, *mean_and_scale(found.values[parts[TRAIN]]))
    )
    for part, rows in parts.items():
        store.write_targets(folder, part, rows, found.values, target)
    return target


def _warnings(found: Goal, usable: np.ndarray, bad: dict[int, str], album: Album) -> tuple[str, ...]:
    told = []
    if bad:
        listed = "; ".join(f"{album.names[i]}: {why}" for i, why in list(bad.items())[:LISTED])
        many = "One image" if len(bad) == 1 else f"{len(bad):,} images"
        told.append(f"{many} could not be read and were left out. {listed}{' …' if len(bad) > LISTED else ''}.")
    lost = int((~found.known & usable).sum())
    if lost:
        told.append(f"{'One image' if lost == 1 else f'{lost:,} images'} without a label left out.")
    return tuple(told)
