"""Whether a source holds images, and which: decided from names, first bytes and headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.budget import DEFAULT, Budget
from core.data.images import arrays, files, formats, labels
from core.data.images import names as names_
from core.data.images.album import TEST, TRAIN, Album
from core.data.images.arrays import ArrayPixels, Stored
from core.data.images.files import File, FilePixels, Opened
from core.data.magic import recognize as recognize_magic
from core.data.readers.base import damaged
from core.data.schema import Finding
from core.errors import UserInputError
from core.spec import DataSource

ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
# ZIP archives that are something else, by a member that all of their kind have.
OTHER_ARCHIVES = ("[Content_Types].xml", "mimetype", "project.json", "META-INF/MANIFEST.MF")
IMAGE_NAMES = re.compile(r"(^|[^a-z])(x|images?|data|pixels|img)([^a-z]|$)")
LABEL_NAMES = re.compile(r"(^|[^a-z])(y|labels?|targets?|class|classes)([^a-z]|$)")
TEST_NAMES = re.compile(r"(^|[^a-z])(test|t10k|val|valid|validation)([^a-z]|$)")
IMAGES, TABLE = "images", "table"  # what a person may want an array read as
CODES = 100  # arrays of images and numbers are mostly classes; CIFAR-100 has so many


def recognize(source: DataSource, budget: Budget = DEFAULT) -> Album | None:
    """The images of a source, or None where it is anything else: a table, a generator.

    Raises:
        UserInputError: a folder without images; an archive that is damaged, hostile or too large.
    """
    if source.kind != "file":
        return None
    path = Path(source.path)
    if source.also:
        return _several([path, *map(Path, source.also)], budget, source.shape)
    if path.is_dir():
        return _folder(path, budget)
    if not path.is_file():
        return None
    head = _head(path)
    if head.startswith(ZIP):
        return _archive(path, budget, source.shape)
    if formats.is_image(head):
        return _loose([path], budget)
    if names_.is_image_name(path.name):
        _refuse_named(path)
    return _of_arrays(path, _siblings(path, head), source.shape)


def shapes_of(source: DataSource) -> tuple[str, ...]:
    """What a file of arrays can be read as: IMAGES and TABLE where both make sense, () where nothing is to choose."""
    paths = [Path(path) for path in (source.path, *source.also)]
    if source.kind != "file" or not all(path.is_file() for path in paths):
        return ()
    found = [array for path in paths for array in _stored(path)]
    return (IMAGES, TABLE) if any(arrays.looks_like_images(a.shape) or arrays.as_pictures(a) for a in found) else ()


def _refuse_named(path: Path) -> None:
    """Refuse what is called an image and is none, unless it is of another format that is read."""
    with path.open("rb") as file:
        data = file.read(4096)
    known = recognize_magic(data)
    if not data or (known and "picture" not in known):
        return  # the readers of tables say what it is
    is_text = formats.is_text(data)
    raise UserInputError(
        "This file is named like an image, but it is none.",
        where=path.name,
        reason="It is a text, whatever its name." if is_text else f"It is none of {formats.NAMES}.",
        remedy="Open the picture in another program and save it again; if it holds a table, name it .csv.",
    )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError:
        return b""


# --- files


def _folder(path: Path, budget: Budget) -> Album:
    found = files.files_in(path, budget)
    images = [file for file in found if names_.is_image_name(file.name)]
    if not images:
        album = _pair([path / file.name for file in found if "/" not in file.name][:64])
        if album is not None:
            return album
        listed = ", ".join(file.name[:60] for file in found[:4])
        raise UserInputError(
            "This folder holds no images.", where=path.name,
            reason=f"It holds {listed}{' …' if len(found) > 4 else ''}." if found else "It is empty.",
            remedy=f"Open a folder with {formats.NAMES} files in a folder for each class, or a table in it.",
        )  # fmt: skip
    tables = {file.name: (path / file.name).read_bytes() for file in found if _is_labels(file, budget)}
    names = tuple(file.name for file in images)
    used = tuple(path / file.name for file in (*images, *(file for file in found if file.name in tables)))
    return _album("folder of images", images, files.reading_folder(path, names), tables, used, budget)


def _archive(path: Path, budget: Budget, shape: str) -> Album | None:
    if path.suffix.lower() == ".npz":
        return _of_arrays(path, [], shape)
    with files.opened_zip(path, budget) as found:
        if any(name in OTHER_ARCHIVES for name in found.namelist()):
            return None
        listed, infos = files.files_of(found, path.name, budget)
        images = [file for file in listed if names_.is_image_name(file.name)]
        tables = [file for file in listed if _is_labels(file, budget)]
        if not images or len(images) < len(listed) - len(images) - len(tables):
            return None
        texts = {file.name: found.read(info) for file, info in zip(listed, infos, strict=True) if file in tables}
    names = tuple(file.name for file in images)
    return _album("archive of images", images, files.reading_zip(path, names), texts, (path,), budget)


def _loose(paths: Sequence[Path], budget: Budget) -> Album:
    """Images that were dropped one by one; a table of labels may be among them."""
    images = [path for path in paths if formats.is_image(_head(path))]
    texts = [path for path in paths if path not in images and path.suffix.lower() in labels.TABLES]
    kept = [File(path.name, path.stat().st_size) for path in images]
    by_name = {path.name: path.read_bytes() for path in texts if path.stat().st_size <= budget.whole_bytes}
    reading = files.reading_folder(Path(), [str(path) for path in images])
    used = (*images, *(path for path in texts if path.name in by_name))
    return _album("image" if len(kept) == 1 else "images", kept, reading, by_name, used, budget)


def _several(paths: Sequence[Path], budget: Budget, shape: str) -> Album | None:
    if any(path.is_file() and formats.is_image(_head(path)) for path in paths):
        return _loose([path for path in paths if path.is_file()], budget)
    return _pair(paths, shape)


def _is_labels(file: File, budget: Budget) -> bool:
    name = file.name.lower()
    return name.endswith(labels.TABLES) and file.size <= budget.whole_bytes


def _album(
    kind: str,
    images: Sequence[File],
    opened: Opened,
    tables: Mapping[str, bytes],
    used: tuple[Path, ...],
    budget: Budget,
) -> Album:
    names = tuple(file.name for file in images)
    found = labels.labels_of(names, tables)
    digests = tuple(file.digest for file in images)
    return Album(
        kind=kind, names=names, pixels=FilePixels(opened, tuple(file.size for file in images), budget),
        targets=found.targets, reason=found.reason, labelled=found.labelled, parts=found.parts,
        digests=digests if None not in digests else (), findings=found.findings, rejected=found.rejected,
        files=used,
    )  # fmt: skip


# --- arrays


def _of_arrays(path: Path, others: Sequence[Path], shape: str) -> Album | None:
    """The images in a file of arrays, with the labels and the test part that lie beside it."""
    own = _as_told(_stored(path), shape)
    if not any(arrays.looks_like_images(array.shape) for array in own):
        return None
    return _arranged([*own, *_as_told([array for other in others for array in _stored(other)], shape)])


def _pair(paths: Sequence[Path], shape: str = "") -> Album | None:
    found = _as_told([array for path in paths if path.is_file() for array in _stored(path)], shape)
    return _arranged(found) if any(arrays.looks_like_images(array.shape) for array in found) else None


def _as_told(found: list[Stored], shape: str) -> list[Stored]:
    """Arrays in the shapes that a person wants them read in: rows as square pictures, or none as pictures."""
    if shape == TABLE:
        return []
    return [arrays.as_pictures(array) or array for array in found] if shape == IMAGES else found


def _stored(path: Path) -> list[Stored]:
    head = _head(path)
    if head.startswith(ZIP):
        return arrays.npz(path)
    found = arrays.npy(path) if head.startswith(arrays.NPY) else arrays.idx(path)
    return [found] if found else []


def _siblings(path: Path, head: bytes) -> list[Path]:
    """Files of the same folder that belong to this one by their names: "train-labels-idx1-ubyte" to "train-images-…",
    "y.npy" to "x.npy", and the test part of both."""
    is_idx = arrays.idx(path) is not None
    if not is_idx and not head.startswith(arrays.NPY):
        return []
    try:
        beside = [other for other in path.parent.iterdir() if other != path and other.is_file()]
    except OSError:
        return []
    ends = ("ubyte", "idx", "ubyte.gz", "idx.gz") if is_idx else (".npy",)
    known = [other for other in beside if other.name.lower().endswith(ends)]
    return [o for o in sorted(known) if _word(o.stem, LABEL_NAMES) or _word(o.stem, IMAGE_NAMES)][:16]


def _word(name: str, wanted: re.Pattern[str]) -> bool:
    return wanted.search(name.lower()) is not None


def _arranged(found: Sequence[Stored]) -> Album:
    """Lists of images, those of the test part last, each with the labels of its length and part.

    Raises:
        UserInputError: images of several sizes, labels of another length.
    """
    images = [array for array in found if arrays.looks_like_images(array.shape)]
    shape = images[0].shape[1:]
    images = [array for array in images if array.shape[1:] == shape]
    images.sort(key=lambda array: _word(array.name, TEST_NAMES))
    images = [*{_word(array.name, TEST_NAMES): array for array in reversed(images)}.values()]
    images.sort(key=lambda array: _word(array.name, TEST_NAMES))
    for array in images:
        arrays.check_shape(array)
    flat = [array for array in found if len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)]
    answers: list[str] = []
    parts: list[str] = []
    for array in images:
        answers += _labels_for(array, images, flat)
        parts += [TEST if _word(array.name, TEST_NAMES) and len(images) > 1 else TRAIN] * array.shape[0]
    first = len(shape) == 3 and shape[-1] > 4 >= shape[0]
    files_ = dict.fromkeys(array.path for array in (*images, *flat))
    white, exact = _white(images)
    told = (Finding("info", "The test images are those of the file that is called so."),) if len(set(parts)) > 1 else ()
    numbers = len(str(sum(array.shape[0] for array in images)))
    return Album(
        kind="array of images",
        names=tuple(f"image {i + 1:0{numbers}}" for i in range(len(parts))),
        pixels=ArrayPixels(tuple(images), first, white, exact),
        targets={"label": tuple(answers)},
        reason="The labels that belong to the images." if any(answers) else "",
        labelled=False,
        parts=tuple(parts) if told else (),
        findings=told,
        files=tuple(files_),
        codes=CODES,
    )


def _labels_for(array: Stored, images: Sequence[Stored], flat: Sequence[Stored]) -> list[str]:
    """The labels of a list of images as text, "" where there are none."""
    is_test = _word(array.name, TEST_NAMES)
    alike = [
        other
        for other in flat
        if other.shape[0] == array.shape[0] and (len(images) == 1 or _word(other.name, TEST_NAMES) == is_test)
    ]
    named = [other for other in alike if _word(other.name, LABEL_NAMES)] or alike
    if not named:
        wrong = [other for other in flat if _word(other.name, LABEL_NAMES) and _word(other.name, TEST_NAMES) == is_test]
        if wrong:
            raise UserInputError(
                "The images and their labels are not of one length.", where=wrong[0].name,
                reason=f"There are {array.shape[0]:,} images and {wrong[0].shape[0]:,} labels.",
                remedy="Open the files that belong together.",
            )  # fmt: skip
        return [""] * array.shape[0]
    values = named[0].whole().reshape(-1)
    if values.dtype.kind == "S":
        return [value.decode("utf-8", "replace") for value in values.tolist()]
    return [_text(value) for value in values.tolist()]


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else repr(int(value)) if value == int(value) else repr(value)
    return str(value)


def _white(images: Sequence[Stored]) -> tuple[float, bool]:
    """The value of white, by the first images, and whether values are other than whole numbers of 8 bits."""
    if all(array.dtype == np.uint8 for array in images):
        return 255.0, False
    head = next(images[0].blocks(), None)
    if head is None:
        raise damaged(images[0].name, "array", "It holds nothing")
    high = float(np.nanmax(head))
    return (1.0 if high <= 1.0 else 255.0 if high <= 255.0 else 65_535.0), True
