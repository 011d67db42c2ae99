"""The first thing a person sees: what this is, three samples that train at one click, and where files go."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.recent import Recent
from app.recent_row import RecentRow
from app.widgets import button, label, set_role
from core.resources import resource_path
from core.spec import DataSource

WIDTH = 860
PICTURE_HEIGHT = 148
RECENT_SHOWN = 4


@dataclass(frozen=True)
class Sample:
    """A source, and why one would start with it. `draw(painter, area, colours)` paints what the data look like."""

    title: str
    text: str
    source: DataSource
    draw: Callable[[QPainter, QRectF, tuple[QColor, ...]], None]


def _dots(painter: QPainter, area: QRectF, points: list[tuple[float, float, QColor]], radius: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    for x, y, colour in points:
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(area.x() + x * area.width(), area.y() + y * area.height()), radius, radius)


def _draw_spirals(painter: QPainter, area: QRectF, colours: tuple[QColor, ...]) -> None:
    side = min(area.width(), area.height())
    square = QRectF(area.center().x() - side / 2, area.center().y() - side / 2, side, side)
    points = []
    for i in range(64):
        turn, radius = 0.5 + 3.1 * math.pi * i / 63, 0.04 + 0.44 * i / 63
        for arm in (0, 1):
            angle = turn + arm * math.pi
            points.append((0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle), colours[arm]))
    _dots(painter, square, points, 2.4)


@cache
def _iris() -> tuple[tuple[float, float, int], ...]:
    """Petal length and width of the real flowers, each from 0 to 1, and the species."""
    with resource_path("data", "iris.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    species = sorted({row[4] for row in rows})
    return tuple((float(r[2]) / 7.2, 1 - float(r[3]) / 2.7, species.index(r[4])) for r in rows)


def _draw_iris(painter: QPainter, area: QRectF, colours: tuple[QColor, ...]) -> None:
    palette = (colours[0], colours[1], colours[2])
    _dots(painter, area, [(x, y, palette[index]) for x, y, index in _iris()], 2.6)


@cache
def _digits(count: int) -> tuple[tuple[float, ...], ...]:
    with resource_path("data", "digits.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return tuple(tuple(float(cell) / 16 for cell in row[:64]) for row, _ in zip(reader, range(count), strict=False))


def _draw_digits(painter: QPainter, area: QRectF, colours: tuple[QColor, ...]) -> None:
    columns, rows, gap = 5, 2, 8.0
    side = min((area.width() - gap * (columns - 1)) / columns, (area.height() - gap * (rows - 1)) / rows)
    left = area.center().x() - (side * columns + gap * (columns - 1)) / 2
    top = area.center().y() - (side * rows + gap * (rows - 1)) / 2
    cell = side / 8
    painter.setPen(Qt.PenStyle.NoPen)
    for n, pixels in enumerate(_digits(columns * rows)):
        x0, y0 = left + n % columns * (side + gap), top + n // columns * (side + gap)
        for i, value in enumerate(pixels):
            painter.setBrush(theme.mix(theme.current().bg, colours[3], value))
            painter.drawRect(QRectF(x0 + i % 8 * cell, y0 + i // 8 * cell, cell - 0.4, cell - 0.4))


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "Two spirals", "Two classes wound around each other. Watch a network bend space.",
        DataSource("generator", name="spirals"), _draw_spirals,
    ),
    Sample(
        "Iris flowers", "150 flowers, four measurements, three species. The classic first table.",
        DataSource("sample", name="iris"), _draw_iris,
    ),
    Sample(
        "Handwritten digits", "1,797 small pictures of 8 × 8 pixels. Tell ten digits apart.",
        DataSource("sample", name="digits"), _draw_digits,
    ),
)  # fmt: skip


class Picture(QWidget):
    def __init__(self, sample: Sample, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sample = sample
        self.setFixedHeight(PICTURE_HEIGHT)
        theme.signals.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.bg)
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        area = QRectF(self.rect()).adjusted(16, 14, -16, -14)
        self._sample.draw(painter, area, (now.positive, now.negative, now.good, now.accent))


class SampleCard(QFrame):
    """A card that trains at one click, anywhere on it."""

    clicked = Signal(object)

    def __init__(self, sample: Sample, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sample = sample
        set_role(self, "card", "clickable")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(6)
        column.addWidget(Picture(sample))
        column.addSpacing(4)
        column.addWidget(label(sample.title, "title"))
        column.addWidget(label(sample.text, "muted", wrap=True))
        column.addStretch(1)
        self.train: QPushButton = button("Train", icon="play", on_click=self._choose)
        self.train.setAccessibleName(f"Train on {sample.title}")
        row = QHBoxLayout()
        row.addWidget(self.train)
        row.addStretch(1)
        column.addLayout(row)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._choose()

    def show_waiting(self, source: DataSource | None) -> None:
        """While a sample is made ready no other can be started; the chosen one says that it comes."""
        chosen = source == self._sample.source
        self.train.setText("Getting ready…" if chosen else "Train")
        self.setEnabled(source is None or chosen)
        self.train.setEnabled(source is None)

    def _choose(self) -> None:
        if self.train.isEnabled():
            self.clicked.emit(self._sample.source)


class Welcome(QScrollArea):
    """start_asked: a sample to train on at once. open_asked, more_asked, draw_asked: the buttons.

    recent_asked: a `Recent`; clear_asked: the list of them is to be forgotten.
    """

    start_asked = Signal(object)
    open_asked = Signal()
    more_asked = Signal()
    draw_asked = Signal()
    recent_asked = Signal(object)
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        set_role(self, "page")
        body = set_role(QWidget(), "scrolled")
        self.setWidget(body)
        outer = QHBoxLayout(body)
        outer.setContentsMargins(24, 16, 24, 16)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH)
        outer.addStretch(1)
        outer.addWidget(inner, 1000)
        outer.addStretch(1)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._fill(column)

    def _fill(self, column: QVBoxLayout) -> None:
        column.addStretch(1)
        column.addWidget(label("See backpropagation happen, and train real networks with it.", "heading", wrap=True))
        column.addWidget(
            label(
                "Start with a sample: data, a network that fits and training, at one click. Everything can be changed"
                " while it runs.",
                "lead",
                wrap=True,
            )
        )
        column.addSpacing(12)
        cards = QHBoxLayout()
        cards.setSpacing(16)
        self.cards = tuple(SampleCard(sample) for sample in SAMPLES)
        for card in self.cards:
            card.clicked.connect(self.start_asked)
            cards.addWidget(card, 1)
        column.addLayout(cards)
        column.addSpacing(12)
        column.addWidget(self._drop_zone())
        self.recent = QWidget()
        self._recents = QVBoxLayout(self.recent)
        self._recents.setContentsMargins(0, 8, 0, 0)
        self._recents.setSpacing(0)
        column.addWidget(self.recent)
        column.addStretch(2)

    def _drop_zone(self) -> QFrame:
        zone = set_role(QFrame(), "dropzone")
        row = QHBoxLayout(zone)
        row.setContentsMargins(18, 14, 14, 14)
        row.setSpacing(14)
        sign = label()
        theme.set_icon(sign, "drop", "accent", 24)
        row.addWidget(sign)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label("Drop your own data anywhere on this window", "strong"))
        told = "A table, or a folder or ZIP of images by class; cells of a spreadsheet can be pasted (Ctrl+V)."
        words.addWidget(label(told, "muted", wrap=True))
        row.addLayout(words, 1)
        draw = "Paint points onto a plane with the mouse, and train on them."
        row.addWidget(button("Draw points", icon="pencil", tip=draw, on_click=self.draw_asked.emit))
        row.addWidget(button("More samples", tip="All samples and generators", on_click=self.more_asked.emit))
        row.addWidget(button("Open a file…", icon="open", on_click=self.open_asked.emit))
        return zone

    def show_waiting(self, source: DataSource | None) -> None:
        for card in self.cards:
            card.show_waiting(source)

    def set_recent(self, recents: tuple[Recent, ...]) -> None:
        while (item := self._recents.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        self.recent.setVisible(bool(recents))
        if recents:
            self._recents.addWidget(self._recent_head())
        for each in recents[:RECENT_SHOWN]:
            row = RecentRow(each)
            row.asked.connect(self.recent_asked)
            self._recents.addWidget(row)

    def _recent_head(self) -> QWidget:
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label("Recent", "section"))
        row.addStretch(1)
        tip = "Forgets these names; the files stay where they are."
        row.addWidget(button("Clear the list", role="link", tip=tip, on_click=self.clear_asked.emit))
        return head
