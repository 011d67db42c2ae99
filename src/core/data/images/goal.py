"""What is to be told of images: one of several classes, or a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data import cells
from core.data.cells import natural
from core.data.images.album import Album
from core.data.roles import CLASS_NUMBERS, IMBALANCE, MOST_CLASSES, TASKS
from core.data.schema import ColumnProfile, Finding
from core.errors import UserInputError
from core.spec import DataSpec

BINS = 24
TINY = 10  # images of a class below which little can be learned of it
LISTED = 4
LABELS = "Put the images of each class into a folder of its own, or lay a CSV file with their labels beside them."
ONE = "Choose one column of labels, and the task classification."


@dataclass(frozen=True)
class Goal:
    """name, reason: of the target. values: index in `classes` and -1 where unknown, or numbers and NaN where unknown.

    blocked: why nothing can be learned, or "".
    """

    name: str
    task: str
    reason: str
    classes: tuple[str, ...]
    values: np.ndarray
    blocked: str = ""

    @property
    def known(self) -> np.ndarray:
        """(images,) whether the answer is known."""
        return self.values >= 0 if self.task == "classification" else np.isfinite(self.values)

    def without(self, usable: np.ndarray) -> np.ndarray:
        """Numbers of the images that can be read and whose answer is known."""
        return np.flatnonzero(self.known & usable)


def goal(album: Album, spec: DataSpec) -> Goal:
    """The target as a person wants it, or guessed; raises UserInputError for one that is not there."""
    if spec.task not in TASKS:
        raise UserInputError(f"“{spec.task}” is no task.", where="data", remedy=f"Use one of: {', '.join(TASKS)}.")
    if spec.task == "labels" or spec.targets:
        reason = "The images of this version have one label each."
        raise UserInputError("Images cannot have several labels.", where="data", reason=reason, remedy=ONE)
    if spec.target and spec.target not in album.targets:
        remedy = f"There are: {', '.join(album.targets)}."
        raise UserInputError(f"There are no labels called “{spec.target}”.", where="data", remedy=remedy)
    name = spec.target or next(iter(album.targets))
    reason = "Chosen by you." if spec.target else album.reason
    texts = album.targets[name]
    numbers = {text: cells.number(text) for text in set(texts)}
    task = spec.task if spec.task != "auto" else _task(album, texts, numbers)
    if task == "regression":
        found = np.array([np.nan if (n := numbers[text]) is None else n for text in texts], np.float64)
        return _checked(Goal(name, task, reason, (), found))
    written = {text: _label(text, numbers[text], album.labelled) for text in numbers}
    classes = tuple(sorted({label for label in written.values() if label}, key=natural))
    place = {label: i for i, label in enumerate(classes)}
    codes = np.array([place.get(written[text], -1) for text in texts], np.int32)
    return _checked(Goal(name, task, reason, classes, codes))


def _label(text: str, number: float | None, labelled: bool) -> str:
    """Of a folder its name as it is; in a table "1.0" is "1"."""
    if labelled:
        return text
    missing = text in cells.MISSING and text.lower() not in ("none", "null")
    return "" if missing else text if number is None else cells.label(number)


def _task(album: Album, texts: tuple[str, ...], numbers: dict[str, float | None]) -> str:
    if album.labelled:
        return "classification"
    known = [n for text, n in numbers.items() if text and n is not None]
    words = [text for text, n in numbers.items() if n is None and text not in cells.MISSING]
    if words or not known:
        return "classification"
    whole, filled = all(n == int(n) for n in known), sum(1 for text in texts if text)
    most = max(CLASS_NUMBERS, album.codes)
    return "classification" if whole and len(known) <= most and len(known) * 2 <= filled else "regression"


def _checked(found: Goal) -> Goal:
    known = found.values[found.known]
    if not len(known) and found.task == "regression" and found.name:
        why = f"“{found.name}” holds no numbers: choose classification."
    elif not len(known):
        why = f"Nothing says what these images show. {LABELS}"
    elif len(known) == 1:
        why = "Only one image has a label: there is nothing to compare it with."
    elif known.min() == known.max():
        what = found.classes[0] if found.classes else f"{known[0]:g}"
        why = f"All images are “{what}”: there is nothing to tell apart. {LABELS}"
    elif len(found.classes) > MOST_CLASSES:
        why = f"There are {len(found.classes):,} classes; at most {MOST_CLASSES:,} can be told apart."
    elif 10 < len(found.classes) > len(known) / 2:
        why = "Nearly every image has a class of its own, so no class repeats."
    else:
        return found
    return Goal(found.name, found.task, found.reason, found.classes, found.values, why)


def column(found: Goal, usable: np.ndarray) -> ColumnProfile:
    """The target as a column, over the images that can be read."""
    missing = int((~found.known & usable).sum())
    values = found.values[found.known & usable]
    if found.task == "classification":
        counts = np.bincount(values, minlength=len(found.classes)) if len(values) else np.zeros(0, np.int64)
        order = sorted(range(len(counts)), key=lambda i: (-counts[i], i))
        listed = tuple((found.classes[i], int(counts[i])) for i in order[:64])
        bars = tuple(n for _, n in listed[:BINS])
        distinct = int((counts > 0).sum())
        numbers = [n for label in found.classes if (n := cells.number(label)) is not None]
        low, high = (min(numbers), max(numbers)) if numbers and len(numbers) == len(found.classes) else (None, None)
        return ColumnProfile(
            found.name, "category", found.reason, missing=missing, distinct=distinct, minimum=low, maximum=high,
            categories=listed, histogram=bars,
        )  # fmt: skip
    if not len(values):
        return ColumnProfile(found.name, "empty", found.reason, missing=missing)
    bins = np.histogram(values, BINS)[0] if values.min() < values.max() else np.array([len(values)])
    return ColumnProfile(
        found.name, "number", found.reason, missing=missing, distinct=len(np.unique(values)),
        minimum=float(values.min()), maximum=float(values.max()), mean=float(values.mean()),
        standard_deviation=float(values.std()), histogram=tuple(map(int, bins)),
    )  # fmt: skip


def findings(found: Goal, usable: np.ndarray) -> list[Finding]:
    """What a person should know of the target before training."""
    told = [Finding("error", found.blocked, found.name)] if found.blocked else []
    lost = int((~found.known & usable).sum())
    if lost and not found.blocked:
        told.append(Finding("warning", f"{_images(lost)} no label and will be left out.", found.name))
    if found.task != "classification" or found.blocked:
        return told
    counts = np.bincount(found.values[found.known & usable], minlength=len(found.classes))
    many, few = int(counts.argmax()), int(counts.argmin())
    if counts[many] >= IMBALANCE * max(counts[few], 1):
        text = (
            f"Classes are uneven: {counts[many]:,} images of “{found.classes[many]}”, {counts[few]:,} of "
            f"“{found.classes[few]}”. Accuracy alone will flatter."
        )
        told.append(Finding("warning", text, found.name))
    tiny = [(int(n), label) for n, label in zip(counts, found.classes, strict=True) if n < TINY]
    if tiny:
        listed = ", ".join(f"“{label}” ({n})" for n, label in sorted(tiny)[:LISTED])
        more = " …" if len(tiny) > LISTED else ""
        told.append(Finding("warning", f"Too few images to learn from: {listed}{more}.", found.name))
    return told


def _images(count: int) -> str:
    return "One image has" if count == 1 else f"{count:,} images have"
