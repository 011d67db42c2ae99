"""Numbers as pictures: heat maps in the colours of the theme."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QTransform

from app import theme


def _packed(rgb: np.ndarray) -> np.ndarray:
    """(n, 3) uint8 → (n,) uint32, opaque."""
    wide = rgb.astype(np.uint32)
    return np.uint32(0xFF000000) | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


class Palette:
    """The colour tables of the present theme; made anew when it changes."""

    def __init__(self) -> None:
        tokens = theme.current()
        self.signed = _packed(theme.signed_lut())
        self.ink = _packed(ramp(tokens.panel, tokens.text))
        self.ground = rgb(tokens.panel)

    def classes(self, count: int) -> np.ndarray:
        return np.array([rgb(theme.class_color(i)) for i in range(count)], float)


def rgb(colour: QColor) -> np.ndarray:
    return np.array([colour.red(), colour.green(), colour.blue()], float)


def ramp(low: QColor, high: QColor) -> np.ndarray:
    t = np.linspace(0.0, 1.0, 256)[:, None]
    return np.rint(rgb(low) + t * (rgb(high) - rgb(low))).astype(np.uint8)


def signed_image(values: np.ndarray, scale: float, palette: Palette) -> QImage:
    """(h, w) values between -scale and scale; the first row is at the bottom, as in a plot."""
    index = np.rint((np.clip(values[::-1] / max(scale, 1e-12), -1.0, 1.0) + 1.0) * 127.5)
    return _image(palette.signed[np.nan_to_num(index, nan=127.5).astype(np.uint8)])


def ink_image(values: np.ndarray, palette: Palette) -> QImage:
    """(h, w) of any values, lowest to highest from panel to text; the first row is at the top, as in a picture."""
    low, high = float(values.min()), float(values.max())
    index = np.rint((values - low) / max(high - low, 1e-12) * 255)
    return _image(palette.ink[index.astype(np.uint8)])


def rgb_image(values: np.ndarray) -> QImage:
    """(h, w, 3) uint8; the first row is at the bottom."""
    return _image(_packed(values[::-1]))


def colour_image(values: np.ndarray) -> QImage:
    """(h, w, 3) of any values, lowest to highest; the first row is at the top."""
    low, high = float(values.min()), float(values.max())
    return _image(_packed(np.rint((values - low) / max(high - low, 1e-12) * 255).astype(np.uint8)))


def _image(packed: np.ndarray) -> QImage:
    height, width = packed.shape
    data = np.ascontiguousarray(packed, np.uint32)
    return QImage(data.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()


def fill_rounded(painter: QPainter, box: QRectF, image: QImage, radius: float, *, smooth: bool = True) -> None:
    """The image over a rounded box. Smooth: its values lie on a grid whose outermost points are the border."""
    w, h = image.width(), image.height()
    inset = 0.5 if smooth and min(w, h) > 1 else 0.0
    to_box = QTransform()
    to_box.translate(box.left(), box.top())
    to_box.scale(box.width() / (w - 2 * inset), box.height() / (h - 2 * inset))
    to_box.translate(-inset, -inset)
    brush = QBrush(image)
    brush.setTransform(to_box)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.setBrush(brush)
    painter.drawRoundedRect(box, radius, radius)


def readable_on(colour: QColor) -> QColor:
    """Black or white, whichever stands out from it."""
    light = 0.299 * colour.redF() + 0.587 * colour.greenF() + 0.114 * colour.blueF()
    return QColor("#14171c") if light > 0.55 else QColor("#ffffff")
