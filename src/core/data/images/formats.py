"""One image file: its size from the header, then its pixels. Pillow reads, from a short list of formats.

An image is measured before it is decoded: a header of 60,000 × 60,000 pixels is refused while it is 40 bytes. What its
decoder will hold in memory is worked out too. A JPEG is decoded at a part of its size; a large image of another format
is brought to its 8 bits and made smaller strip by strip, so that no second copy of it is ever made.
"""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from core.budget import DEFAULT, MIB, measure
from core.data.magic import recognize

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
NAMES = "PNG, JPEG, BMP, GIF, WebP and TIFF"
HEAD = 65_536  # nearly every header ends before; a JPEG with a large colour profile may not
REASON_LENGTH = 120
LARGE = 2_000_000  # pixels above which images are decoded one by one, whatever the number of threads
STRIP = 500_000  # pixels of a large image that are looked at together
DECODED = 200 * MIB  # that the decoder of one image may hold
REDUCED = 16 * MIB  # that a large image may have before it is resized, its sides shrunk alike
GREY, RGB = 1, 3
# Bytes of a pixel in Pillow's memory.
_WIDTHS = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_ORIENTATION = 0x0112
# What undoes each turn that a camera notes: Exif 2.32, tag Orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
_MODES = {GREY: "L", RGB: "RGB"}
_COLOURLESS = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_LYING = (5, 6, 7, 8)  # turns that swap width and height
_NOTES = ("exif", "xmp", "XML:com.adobe.xmp")

_ONE_BY_ONE = threading.Lock()
# Pillow warns of what is refused here, and of metadata that play no part.
warnings.filterwarnings("ignore", module=r"PIL\.")
# What a hostile or broken file makes Pillow raise: its readers meet the file with struct, zlib and their own errors.
BROKEN = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError, KeyError,
    IndexError, OverflowError, EOFError, AttributeError, NotImplementedError, ZeroDivisionError, RuntimeError,
    AssertionError, struct.error,
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


def is_text(data: bytes) -> bool:
    """Whether a file begins as a text does, in UTF-8 or an encoding with ASCII in it."""
    head = data[:4096]
    return bool(head) and not any(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in head)


def header(data: bytes, *, pixels: int = DEFAULT.image_pixels) -> Header | str:
    """The header in the first bytes of an image file; where it cannot be used, why not."""
    try:
        with _opened(data) as image:
            if reason := _too_large(image, pixels):
                return reason
            width, height = image.size[::-1] if _turn(image) in _LYING else image.size
            colour = image.mode not in _COLOURLESS
            image.draft(_MODES[GREY], (1, 1))  # decoding does so with a JPEG
            return _too_costly(image) or Header(width, height, colour)
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
            least = max(width, height)
            image.draft(_MODES[channels], (2 * least, 2 * least))  # a JPEG is decoded at half, a quarter or an eighth
            if reason := _too_costly(image):
                return reason
            with _ONE_BY_ONE if image.width * image.height > LARGE else contextlib.nullcontext():
                image.load()
                turn = _turn(image)
                across, down = (height, width) if turn in _LYING else (width, height)
                flat = _flat(image, across, down, channels)
            return fitted(flat.transpose(_TURNS[turn]) if turn in _TURNS else flat, width, height)
    except BROKEN as err:
        return _why(data, err)


def fitted(image: Image.Image, width: int, height: int) -> np.ndarray:
    """(height, width, channels) of a grey or RGB image. Pillow's kernel widens where it shrinks: antialiasing."""
    # Pillow resizes rows first, with a weight for every pixel that it looks at: both grow with what is tall and narrow.
    if width * image.height > LARGE:
        image = image.reduce((1, max(1, image.height // (2 * height))))
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


def _turn(image: Image.Image) -> int:
    """How the camera was held, 1 for upright. Pillow turns a TIFF by itself."""
    if image.format == "TIFF" or not any(note in image.info for note in _NOTES):
        return 1  # asking a PNG would decode it
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except BROKEN:  # the note is damaged, not the picture
        return 1


def _too_costly(image: ImageFile.ImageFile) -> str:
    """Why an image would take too much memory to decode, "" where it does not."""
    width, height = image.size
    needed = width * height * _WIDTHS.get(image.mode, 4)
    if image.format == "JPEG" and image.info.get("progressive"):
        needed += _coefficients(image)
    elif image.format == "WEBP":
        needed *= 4  # its decoder keeps two canvases of its own and hands out a copy
    elif image.format == "TIFF" and image.info.get("compression", "raw") != "raw":
        needed += _tiff_strip(image)
    if needed <= DECODED:
        return ""
    least = f"it takes {measure(needed, 'bytes')} of memory to decode; the limit is {measure(DECODED, 'bytes')}"
    return f"{least}: save it smaller, or as JPEG"


def _coefficients(image: ImageFile.ImageFile) -> int:
    """Bytes that a progressive JPEG has in memory: every coefficient, whatever the size it is decoded at."""
    layers = getattr(image, "layer", [])
    most_across = max((across for _, across, _, _ in layers), default=1)
    most_down = max((down for _, _, down, _ in layers), default=1)
    share = sum(across * down for _, across, down, _ in layers) / (most_across * most_down)
    width, height = _size_in_file(image)
    return int(2 * width * height * share)


def _size_in_file(image: ImageFile.ImageFile) -> tuple[int, int]:
    scale = getattr(image, "decoderconfig", (1, 0)) or (1, 0)
    return image.width * scale[0], image.height * scale[0]


def _tiff_strip(image: ImageFile.ImageFile) -> int:
    """Bytes of the largest strip or tile: libtiff unpacks it whole."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(258, (8,))
    pixel = sum(bits) / 8 if isinstance(bits, tuple) else bits / 8
    rows = min(int(tags.get(278, image.height)), image.height)
    return int(rows * image.width * pixel)


def _flat(image: Image.Image, width: int, height: int, channels: int) -> Image.Image:
    """As 8-bit grey or RGB, of the wanted size at least or as it was."""
    if image.mode == _MODES[channels] and "transparency" not in image.info:
        return image
    scale = 255.0 if image.mode == "F" and float(image.getextrema()[1]) <= 1.0 else 1.0  # type: ignore[arg-type]
    if image.width * image.height <= LARGE:
        return _8_bit(image, width, height, channels, scale)
    across, down = max(1, image.width // (2 * width)), max(1, image.height // (2 * height))
    least = min(across, down)
    if image.width * image.height * channels <= least**2 * REDUCED:  # not so if it is long and narrow
        across = down = least
    made = Image.new(_MODES[channels], (-(-image.width // across), -(-image.height // down)))
    rows = max(1, STRIP // image.width // down) * down
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        made.paste(_8_bit(strip, *strip.size, channels, scale).reduce((across, down)), (0, top // down))
    return made


def _8_bit(image: Image.Image, width: int, height: int, channels: int, scale: float) -> Image.Image:
    """As 8-bit grey or RGB; what is transparent is resized first, so that only a small picture is laid on white.

    scale: by what fractions are multiplied.
    """
    if image.mode.startswith("I"):  # 16 bits, or 16 in a box of 32
        values = np.asarray(image).astype(np.float64)
        image = Image.fromarray(np.clip(values / 257.0, 0, 255).round().astype(np.uint8))
    elif image.mode == "F":
        image = Image.fromarray(np.clip(np.nan_to_num(np.asarray(image)) * scale, 0, 255).astype(np.uint8))
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
        if known and "picture" not in known:
            return f"it is {known}, not an image"
        return f"it is a text, none of {NAMES}" if is_text(data) else f"it is none of {NAMES}"
    text = " ".join(str(err).split())[:REASON_LENGTH].rstrip(".")
    return f"it is damaged: {text}" if text else "it is damaged"
