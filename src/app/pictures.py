"""Images of the data as pictures: read from the array that training reads, a few at a time, also while it is filled."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPixmap

from core.data import store
from core.data.schema import Loading, Prepared

KEPT = 1500  # pictures that are held ready to be drawn
SHARP = 40  # pixels of a side up to which enlarged pixels keep their edges


def to_image(pixels: np.ndarray, white: float = 255.0) -> QImage:
    """A picture of (height, width, channels) values from 0 to `white`, grey or RGB."""
    values = pixels if pixels.dtype == np.uint8 and white == 255.0 else np.clip(pixels * (255.0 / white), 0, 255)
    bytes_ = np.ascontiguousarray(values, np.uint8)
    height, width, channels = bytes_.shape
    kind = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_Grayscale8
    return QImage(bytes_.data, width, height, width * channels, kind).copy()


def scaled(image: QImage, side: float, ratio: float = 1.0) -> QPixmap:
    """An image brought into a square of `side` pixels; small ones keep their pixels: they are what the network sees."""
    size = round(side * ratio)
    grows = max(image.width(), image.height()) <= min(SHARP, size)
    how = Qt.TransformationMode.FastTransformation if grows else Qt.TransformationMode.SmoothTransformation
    made = QPixmap.fromImage(image.scaled(QSize(size, size), Qt.AspectRatioMode.KeepAspectRatio, how))
    made.setDevicePixelRatio(ratio)
    return made


class Pictures:
    """The images of a source by their number. `use` the finished array, or what is `loading`."""

    def __init__(self) -> None:
        self._prepared: Prepared | None = None
        self._loading: Loading | None = None
        self._pixels: np.ndarray | None = None
        self._kept: OrderedDict[tuple[int, int], QPixmap] = OrderedDict()

    def use(self, prepared: Prepared | None) -> None:
        """Pictures of these data; None: of none, until something is loading."""
        if prepared is not None and prepared.preparation.image is None:
            prepared = None
        if prepared is self._prepared and self._loading is None:
            return
        same_size = prepared is not None and self._loading is not None and prepared.row_shape == self._loading.shape
        self._prepared, self._loading, self._pixels = prepared, None, None
        if not same_size:
            self._kept.clear()

    def load(self, loading: Loading) -> None:
        if self._loading is None or self._loading.path != loading.path:
            self._kept.clear()
        self._loading = loading

    @property
    def white(self) -> float:
        image = self._prepared.preparation.image if self._prepared is not None else None
        return image.white if image is not None else 255.0

    def pixels(self, row: int) -> np.ndarray | None:
        """(height, width, channels) as kept, or None where it is not there (yet)."""
        if self._loading is not None:
            return _while_loading(self._loading, row)
        if self._pixels is None:
            self._pixels = _opened(self._prepared)
        if self._pixels is None or not 0 <= row < len(self._pixels):
            return None
        return np.array(self._pixels[row])

    def pixmap(self, row: int, side: float, ratio: float) -> QPixmap | None:
        """The picture of an image in a square of `side` pixels."""
        key = (row, round(side * ratio))
        found = self._kept.get(key)
        if found is None:
            pixels = self.pixels(row)
            if pixels is None:
                return None
            found = self._kept[key] = scaled(to_image(pixels, self.white), side, ratio)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found


def _opened(prepared: Prepared | None) -> np.ndarray | None:
    if prepared is None or not prepared.folder:
        return None
    try:
        found: np.ndarray = np.load(Path(prepared.folder) / store.PIXELS, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None  # swept away with its folder: the data are still what they were
    return found


def _while_loading(loading: Loading, row: int) -> np.ndarray | None:
    """Opened and closed each time: the array is moved when it is full, which a held one would hinder on Windows."""
    if row >= loading.done:
        return None
    dtype, size = np.dtype(loading.dtype), int(np.prod(loading.shape))
    try:
        with Path(loading.path).open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            read(file)
            file.seek(row * size * dtype.itemsize, 1)
            values = np.fromfile(file, dtype, size)
    except (OSError, ValueError):
        return None
    return values.reshape(loading.shape) if len(values) == size else None
