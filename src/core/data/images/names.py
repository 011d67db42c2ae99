"""Names of files that hold images; nothing is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff")
ARRAYS = ("-ubyte", ".idx", "-ubyte.gz", ".idx.gz", ".npy", ".npz")


def is_image_name(name: str) -> bool:
    return PurePosixPath(name.lower()).suffix in SUFFIXES


def belong_together(names: Sequence[str]) -> bool:
    """Whether several files can be one source of images: image files, or arrays of pixels and of labels."""
    return any(is_image_name(name) or name.lower().endswith(ARRAYS) for name in names)
