"""Images and archives of them, made for tests."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.data import load, store
from core.data.schema import Arrays, Prepared, TableProfile
from core.spec import DataSource, DataSpec

RNG = np.random.default_rng(0)


def picture(level: int, side: int = 8, *, colour: bool = False) -> np.ndarray:
    """A square whose upper left corner tells it from others."""
    shape = (side, side, 3) if colour else (side, side)
    made = np.full(shape, level % 256, np.uint8)
    made[:2, :3] = (level * 7 + 40) % 256
    if colour:
        made[..., 0] = 255 - made[..., 0]
    return made


def encoded(pixels: np.ndarray | Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def class_files(classes: tuple[str, ...] = ("cat", "dog"), each: int = 6, **how: Any) -> dict[str, bytes]:
    return {
        f"{name}/{i}.png": encoded(picture(40 * k + 3 * i, **how))
        for k, name in enumerate(classes)
        for i in range(each)
    }


def folder(place: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def zipped(place: Path, files: dict[str, bytes], name: str = "images.zip") -> Path:
    path = place / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    return path


def idx(array: np.ndarray, *, packed: bool = False) -> bytes:
    code = {np.dtype("u1"): 8, np.dtype(">i4"): 0x0C, np.dtype(">f4"): 0x0D}[array.dtype]
    data = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()
    return gzip.compress(data) if packed else data


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rest = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rest


def source(path: Path, *also: Path) -> DataSource:
    return DataSource("file", path.name, str(path), also=tuple(map(str, also)))


def looked(path: Path, *also: Path, **how: Any) -> TableProfile:
    return load.inspect(DataSpec(source(path, *also), **how))


def prepared(path: Path, *also: Path, **how: Any) -> tuple[Prepared, Arrays]:
    made = load.prepare(DataSpec(source(path, *also), **how))
    return made, store.load(made)


def pixels_of(made: Prepared) -> np.ndarray:
    found: np.ndarray = np.load(Path(made.folder) / store.PIXELS)
    return found


def texts(profile: TableProfile) -> str:
    return " | ".join(finding.text for finding in profile.findings)
