"""Draws the mark and the project file's icon in the forms that desktops ask for."""

import io
import os
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

MARK = Path(__file__).resolve().parents[1] / "resources" / "mark"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512, 1024)


def draw(svg: Path, size: int) -> Image.Image:
    """Each size is drawn anew from the vectors: a scaled-down picture would be soft."""
    picture = QImage(size, size, QImage.Format.Format_ARGB32)
    picture.fill(0)
    painter = QPainter(picture)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(buffer.data().data())))


def draw_all(target: Path) -> None:
    """Write NAME-SIZE.png, NAME.ico and NAME.icns for each drawing of the mark."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication.instance() or QGuiApplication([])
    target.mkdir(parents=True, exist_ok=True)
    for svg in sorted(MARK.glob("*.svg")):
        pictures = {size: draw(svg, size) for size in SIZES}
        for size, picture in pictures.items():
            picture.save(target / f"{svg.stem}-{size}.png", optimize=True)
        small = [pictures[size] for size in SIZES if size <= 256]
        small[-1].save(target / f"{svg.stem}.ico", append_images=small[:-1], sizes=[picture.size for picture in small])
        pictures[1024].save(target / f"{svg.stem}.icns", append_images=list(pictures.values())[:-1])
    del application
