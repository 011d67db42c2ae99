"""What a source of images gives, whatever holds them: names, labels, the split that it brings, and pixels in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.data.images.formats import Header
from core.data.schema import Finding, RejectedRow

TRAIN, VALIDATION, TEST = "train", "validation", "test"


@dataclass(frozen=True)
class Size:
    """What the network is to get: pixels down and across, 1 channel for grey or 3 for colours."""

    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


class Pixels(Protocol):
    """Where the pixels are. `white` is the value of a white pixel, `exact` whether values are no 8-bit ones."""

    @property
    def white(self) -> float: ...

    @property
    def exact(self) -> bool: ...

    def headers(self, which: Sequence[int]) -> Iterator[Header | str]:
        """The header of each of these images, or why it cannot be used."""
        ...

    def pictures(self, which: Sequence[int], size: Size) -> Iterator[np.ndarray | str]:
        """(height, width, channels) of each of these images in rising order, uint8 or float32; or why there is none."""
        ...


@dataclass(frozen=True)
class Album:
    """kind: for people, "folder of images". names: of every image. targets: what can be predicted, by name, one label
    an image, "" where unknown; the first is the guess, `reason` says why. labelled: whether labels are names even
    where they look like numbers. parts: TRAIN, VALIDATION or TEST of every image, () where the source brings no split.
    digests: equal for images of equal content, () where unknown. rejected: lines of the labels that fit no image.
    files: all that is read. codes: so many different whole numbers as labels are still classes.
    """

    kind: str
    names: tuple[str, ...]
    pixels: Pixels
    targets: Mapping[str, tuple[str, ...]]
    reason: str = ""
    labelled: bool = True
    parts: tuple[str, ...] = ()
    digests: tuple[object, ...] = ()
    findings: tuple[Finding, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    files: tuple[Path, ...] = ()
    codes: int = 20

    def __len__(self) -> int:
        return len(self.names)
