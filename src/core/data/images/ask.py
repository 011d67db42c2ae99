"""Images that a trained network is asked about, brought to the size and the numbers of the training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

import numpy as np
from PIL import Image

from core.budget import GIB, require
from core.data import cells
from core.data.images import pixel_table, recognize
from core.data.images.album import Album, Size
from core.data.images.arrays import ArrayPixels
from core.data.pixels import Images, normalised
from core.data.preprocess import ClassTarget, ImageFeature, NumberTarget, Preparation, Target
from core.data.progress import Progress, silent
from core.data.schema import Part
from core.data.sources import content_hash, title
from core.errors import UserInputError
from core.spec import DataSource

AT_ONCE = 256  # images that are answered for together
NOTES = 20
THUMBNAIL = 40  # pixels of the longer side
THUMBNAILS = 20_000
EVALUATED_BYTES = 2 * GIB


def answers(
    source: DataSource,
    preparation: Preparation,
    answer: Callable[[np.ndarray], np.ndarray],
    *,
    progress: Progress = silent,
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """Of every image that can be read: `answer` of its x, its name, a small picture (images, height, width, channels)
    uint8, and notes on what could not be read.

    Raises:
        UserInputError: no images, or none that can be read.
    """
    feature = image_of(preparation)
    album = album_of(source)
    found: list[np.ndarray] = []
    names: list[str] = []
    thumbnails: list[np.ndarray] = []
    notes: list[str] = []
    for block, kept in _blocks(album, feature, notes):
        progress(f"Predicting for {title(source)}", (kept[-1] + 1) / len(album))
        found.append(answer(normalised(block, feature)))
        names += [album.names[i] for i in kept]
        room = max(0, THUMBNAILS - sum(map(len, thumbnails)))
        thumbnails.append(thumbnails_of(block[:room], feature))
    if not names:
        first = notes[0] if notes else ""
        raise UserInputError("None of these images can be read.", where=title(source), reason=first)
    more = len(notes) - NOTES
    told = (*notes[:NOTES], *((f"{more:,} more images could not be read.",) if more > 0 else ()))
    return np.concatenate(found), tuple(names), np.concatenate(thumbnails), told


def image_of(preparation: Preparation) -> ImageFeature:
    assert preparation.image is not None
    return preparation.image


def album_of(source: DataSource) -> Album:
    """Raises UserInputError where a source holds no images."""
    album = recognize.recognize(source)
    if album is None and recognize.shapes_of(source):  # rows that make pictures
        album = recognize.recognize(replace(source, shape=recognize.IMAGES))
    if album is None:  # rows of a table whose columns are pixels
        album = pixel_table.album(source, content_hash(source))
    if album is None:
        raise UserInputError(
            "This network was trained on images; these are none.", where=title(source),
            remedy="Choose images, a folder or a ZIP archive of them.",
        )  # fmt: skip
    return album


def _blocks(album: Album, feature: ImageFeature, notes: list[str]) -> Iterator[tuple[np.ndarray, list[int]]]:
    """Pixels of the images that can be read, in the numbers of the training, with their places in the album."""
    size = Size(*feature.shape)
    held: list[np.ndarray] = []
    kept: list[int] = []
    unit = _unit(album, feature)
    for i, picture in enumerate(album.pixels.pictures(range(len(album)), size)):
        if isinstance(picture, str):
            notes.append(f"{album.names[i]}: {picture}.")
        else:
            held.append(picture if unit == 1.0 else picture.astype(np.float32) * np.float32(unit))
            kept.append(i)
        if held and (len(held) == AT_ONCE or i == len(album) - 1):
            yield np.stack(held), kept
            held, kept = [], []


def _unit(album: Album, feature: ImageFeature) -> float:
    """What turns the numbers of a source into those of the training.

    Of a few rows of a table, or of whole numbers of more than 8 bits, nobody can tell what white is: they are taken as
    those of the training were.
    """
    pixels = album.pixels
    whole = isinstance(pixels, ArrayPixels) and pixels.exact and all(a.dtype.kind in "iu" for a in pixels.arrays)
    return 1.0 if whole or album.kind == pixel_table.KIND else feature.white / pixels.white


def thumbnails_of(pixels: np.ndarray, feature: ImageFeature) -> np.ndarray:
    """Small uint8 pictures of pixels, for people to recognize them."""
    grey = np.clip(pixels * (255.0 / feature.white), 0, 255).astype(np.uint8)
    longest = max(feature.height, feature.width)
    if longest <= THUMBNAIL or not len(grey):
        return grey
    size = (max(1, feature.width * THUMBNAIL // longest), max(1, feature.height * THUMBNAIL // longest))
    small = [
        np.asarray(Image.fromarray(one.squeeze()).resize(size, Image.Resampling.BILINEAR)).reshape(size[1], size[0], -1)
        for one in grey
    ]
    return np.stack(small)


def load_with_target(source: DataSource, preparation: Preparation, *, progress: Progress = silent) -> Part:
    """All images of a source whose answer is known, prepared as in training.

    Raises:
        UserInputError: no images, too many at once, none with a known answer.
    """
    feature, target, album = image_of(preparation), preparation.target, album_of(source)
    where = title(source)
    labels = album.targets.get(target.name) or next(iter(album.targets.values()))
    y = _values(target, labels, album.labelled)
    known = y >= 0 if isinstance(target, ClassTarget) else np.isfinite(y)
    each = feature.height * feature.width * feature.channels * (1 if not album.pixels.exact else 4)
    what, remedy = "These are too many images to evaluate on at once.", "Choose some of them."
    require(len(album) * each, EVALUATED_BYTES, what=what, unit="bytes", where=where, remedy=remedy)
    blocks, places = [], []
    for block, kept in _blocks(album, feature, []):
        progress(f"Reading {where}", (kept[-1] + 1) / len(album))
        blocks.append(block)
        places += kept
    rows = [k for k, i in enumerate(places) if known[i]]
    if not rows:
        raise UserInputError(f"No image has a known “{target.name}”.", where=where)
    at = np.array(places)[rows]
    x = cast(np.ndarray, Images(np.concatenate(blocks), np.array(rows), feature))
    if isinstance(target, ClassTarget):
        return Part(x, y[at].astype(np.int32), at)
    assert isinstance(target, NumberTarget)  # images have one label each
    return Part(x, ((y[at] - target.mean) / target.scale).astype(np.float32)[:, None], at)


def _values(target: Target, labels: tuple[str, ...], labelled: bool) -> np.ndarray:
    """Class indices, -1 where unknown, or numbers, NaN where unknown."""
    if not isinstance(target, ClassTarget):
        numbers = [cells.number(text) for text in labels]
        return np.array([np.nan if n is None else n for n in numbers], np.float64)
    place = {label: i for i, label in enumerate(target.classes)}
    written = {text: cells.label(n) for text in set(labels) if (n := cells.number(text)) is not None}
    return np.array([place.get(text, place.get(written.get(text, ""), -1)) for text in labels], np.int64)
