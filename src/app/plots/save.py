"""A plot taken away: as a picture, as vectors, or as the numbers behind it. The old file survives a failed write."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSaveFile, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

from app import theme
from app.plots.chart import Chart
from app.plots.kinds import Line
from app.plots.palette import colour
from app.plots.series import EpochScale
from core.training.snapshot import History

FORMATS = (("png", "picture (PNG)"), ("svg", "vector graphic (SVG)"), ("csv", "numbers (CSV)"))
PICTURE_SCALE = 3
HEAD = 30


def csv_text(history: History, lines: Sequence[Line], scale: EpochScale) -> str:
    """One row a point: curves have steps of their own, so they stand below each other, not side by side."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("series", "step", "epoch", "mean", "low", "high"))
    for line in lines:
        curve = history.curves[line.curve]
        name = f"'{line.name}" if line.name[:1] in "=+-@\t\r" else line.name  # a spreadsheet would run it
        rows = zip(curve.step, scale.epochs(curve.step), curve.mean, curve.low, curve.high, strict=True)
        for step, epoch, mean, low, high in rows:
            table.writerow((name, int(step), f"{epoch:.6g}", *(f"{float(v):.9g}" for v in (mean, low, high))))
    return out.getvalue()


def png_bytes(chart: Chart, title: str, lines: Sequence[Line]) -> bytes:
    size = _size(chart)
    image = QImage(size * PICTURE_SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(PICTURE_SCALE)
    _paint(image, chart, title, lines)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def svg_bytes(chart: Chart, title: str, lines: Sequence[Line]) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    made = QSvgGenerator()
    made.setOutputDevice(buffer)
    made.setSize(_size(chart))
    made.setViewBox(QRectF(0, 0, _size(chart).width(), _size(chart).height()))
    made.setTitle(title)
    _paint(made, chart, title, lines)
    return bytes(buffer.data().data())


def write(path: str, content: bytes) -> None:
    """Raises OSError with the system's reason."""
    file = QSaveFile(path)
    opened = file.open(QIODevice.OpenModeFlag.WriteOnly)
    if not opened or file.write(content) != len(content) or not file.commit():
        raise OSError(file.errorString())


def content(suffix: str, chart: Chart, title: str, lines: Sequence[Line], numbers: Callable[[], str]) -> bytes:
    """The bytes of a file of that suffix, one of FORMATS."""
    if suffix == "csv":
        return numbers().encode("utf-8")
    return svg_bytes(chart, title, lines) if suffix == "svg" else png_bytes(chart, title, lines)


def _size(chart: Chart) -> QSize:
    return QSize(chart.width(), chart.height() + HEAD)


def _paint(device: QImage | QSvgGenerator, chart: Chart, title: str, lines: Sequence[Line]) -> None:
    tokens, size = theme.current(), _size(chart)
    painter = QPainter(device)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), tokens.panel)
    middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    x = 12.0
    for text, swatch in ((title, None), *((line.name, colour(line.colour)) for line in lines)):
        if swatch is not None:
            painter.fillRect(QRectF(x, HEAD / 2, 12, 2), swatch)
            x += 17
        painter.setFont(theme.font("small" if swatch is not None else "title"))
        painter.setPen(tokens.muted if swatch is not None else tokens.text)
        painter.drawText(QRectF(x, 0, size.width() - x, HEAD), middle, text)
        x += QFontMetricsF(painter.font()).horizontalAdvance(text) + 14
    chart.paint_on(painter, QRectF(0, HEAD, chart.width(), chart.height()))
    painter.end()
