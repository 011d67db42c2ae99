"""One image file: its size from the header, then its pixels. Pillow reads, from a short list of formats.

An image is measured before it is decoded: a header of 60,000 × 60,000 pixels is refused while it is 40 bytes.
"""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from core.budget import DEFAULT
from core.data.magic import recognize

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
NAMES = "PNG, JPEG, BMP, GIF, WebP and TIFF"
HEAD = 65_536  # nearly every header ends before; a JPEG with a large colour profile may not
REASON_LENGTH = 120
LARGE = 8_000_000  # pixels above which images are decoded one by one, whatever the number of threads
GREY, RGB = 1, 3
_MODES = {GREY: "L", RGB: "RGB"}
_COLOURLESS = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")

_ONE_BY_ONE = threading.Lock()
# Pillow warns of what is refused here, and of metadata that play no part.
warnings.filterwarnings("ignore", module=r"PIL\.")
# What a hostile or broken file makes Pillow raise: its readers meet the file with struct, zlib and their own errors.
BROKEN = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError, KeyError,
    IndexError, OverflowError, EOFError, AttributeError, NotImplementedError, ZeroDivisionError, RuntimeError,
    AssertionError,
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What an image says of itself: pixels across and down, and whether it may hold colours."""

    width: int
    height: int
    colour: bool


def is_image(head: bytes) -> bool:
    """Whether a file begins as one of the formats does."""
    marks = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
    is_bmp = head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"
    return head.startswith(marks) or is_bmp or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def header(data: bytes, *, pixels: int = DEFAULT.image_pixels) -> Header | str:
    """The header in the first bytes of an image file; where it cannot be used, why not."""
    try:
        with _opened(data) as image:
            if reason := _too_large(image, pixels):
                return reason
            return Header(*image.size, colour=image.mode not in _COLOURLESS)
    except BROKEN as err:
        return _why(data, err)


def decode(
    data: bytes, width: int, height: int, channels: int, *, pixels: int = DEFAULT.image_pixels
) -> np.ndarray | str:
    """(height, width, channels) uint8 of an image file's first frame; where it cannot be read, why not.

    Turned upright as its camera noted; transparency stands on white; resized with an antialiasing kernel.
    """
    try:
        with _opened(data) as image:
            if reason := _too_large(image, pixels):
                return reason
            image.draft(_MODES[channels], (2 * width, 2 * height))  # a JPEG is decoded at half, a quarter or an eighth
            with _ONE_BY_ONE if image.width * image.height > LARGE else contextlib.nullcontext():
                ImageOps.exif_transpose(image, in_place=True)
                return fitted(_flat(image, width, height, channels), width, height)
    except BROKEN as err:
        return _why(data, err)


def fitted(image: Image.Image, width: int, height: int) -> np.ndarray:
    """(height, width, channels) of a grey or RGB image. Pillow's kernel widens where it shrinks: antialiasing."""
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(height, width, -1)


def _opened(data: bytes) -> ImageFile.ImageFile:
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _too_large(image: Image.Image, pixels: int) -> str:
    width, height = image.size
    if width * height > pixels:
        return f"it has {width:,} × {height:,} pixels; the limit is {pixels / 1e6:,.0f} million"
    return "" if width and height else "it has no pixels"


def _flat(image: Image.Image, width: int, height: int, channels: int) -> Image.Image:
    """As 8-bit grey or RGB; what is transparent is resized first, so that only a small picture is laid on white."""
    if image.mode.startswith("I"):  # 16 bits, or 16 in a box of 32
        values = np.asarray(image).astype(np.float64)
        image = Image.fromarray(np.clip(values / 257.0, 0, 255).round().astype(np.uint8))
    elif image.mode == "F":
        values = np.nan_to_num(np.asarray(image))
        image = Image.fromarray(np.clip(values * (255.0 if values.max() <= 1.0 else 1.0), 0, 255).astype(np.uint8))
    elif image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        image = image.resize((width, height), Image.Resampling.BILINEAR)
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image if image.mode == _MODES[channels] else image.convert(_MODES[channels])


def _why(data: bytes, err: Exception) -> str:
    if not data:
        return "it is empty"
    if isinstance(err, Image.DecompressionBombError):
        return f"it announces more pixels than the limit of {DEFAULT.image_pixels / 1e6:,.0f} million"
    known = recognize(data[:4096])
    if isinstance(err, UnidentifiedImageError):
        return f"it is {known}, not an image" if known and "picture" not in known else f"it is none of {NAMES}"
    text = " ".join(str(err).split())[:REASON_LENGTH].rstrip(".")
    return f"it is damaged: {text}" if text else "it is damaged"
