"""Beside the plane: which class the hand draws, how wide it sprays, the eraser."""

from __future__ import annotations

from collections import Counter

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from app import theme
from app.data import paint
from app.data.scatter import SYMBOLS
from app.widgets import Card, SectionHead, button, explain, label, repaint_on_theme, wrapped
from core.data.drawing import LABELS, Points

ROW = 30
FEWEST_CLASSES = 2
SPREAD_STEPS, MOST_SPREAD = 30, 0.3
SPRAY, STRAY = 0.08, 0.0  # usual spread of classes and of a curve
SAVE_TIP = "Writes the points as a table that any program reads."
HELP = {
    "classes": "Click for a point, drag to spray. Right-click or the eraser removes. Undo takes back a stroke.",
    "curve": "Drag to draw, click for a point. Right-click or the eraser removes. Undo takes back a stroke.",
}


class ToolRow(QAbstractButton):
    """A class, or the eraser: a sign, a name and a number, one of them chosen."""

    def __init__(self, text: str, index: int | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index, self._count = index, 0
        self.setText(text)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(text)
        repaint_on_theme(self)

    def sizeHint(self) -> QSize:
        return QSize(160, ROW)

    def set_count(self, count: int) -> None:
        self._count = count
        self.setAccessibleDescription(f"{count:,} points")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        hot = self.underMouse() or self.hasFocus()
        painter.setPen(QPen(colours.accent if self.isChecked() or self.hasFocus() else colours.line, 1))
        painter.setBrush(colours.accent_bg if self.isChecked() else colours.bg if hot else colours.raised)
        painter.drawRoundedRect(box, 7, 7)
        self._paint_sign(painter, QPointF(18, box.center().y()))
        painter.setFont(theme.font("body_medium" if self.isChecked() else "body"))
        painter.setPen(colours.text)
        paint.draw_text(painter, box.adjusted(34, 0, -52, 0), self.text())
        if self._index is not None:
            painter.setFont(theme.font("mono_small"))
            painter.setPen(colours.muted)
            paint.draw_text(painter, box.adjusted(box.width() - 52, 0, -10, 0), f"{self._count:,}", right=True)

    def _paint_sign(self, painter: QPainter, at: QPointF) -> None:
        if self._index is None:
            painter.drawPixmap(at - QPointF(8, 8), theme.pixmap("eraser", theme.current().text, 16))
            return
        painter.save()
        painter.translate(at)
        painter.scale(11, 11)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.class_color(self._index))
        painter.drawPath(pg.graphicsItems.ScatterPlotItem.Symbols[SYMBOLS[self._index % len(SYMBOLS)]])
        painter.restore()


class DrawTools(Card):
    """`changed`: another class, spread or the eraser. `clear_asked`, `save_asked`: the buttons."""

    changed = Signal()
    clear_asked = Signal()
    save_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=14, spacing=8)
        self.setFixedWidth(228)
        self._mode = ""
        self._shown, self._last = FEWEST_CLASSES, 0
        self._group = QButtonGroup(self)
        self.rows = tuple(ToolRow(f"Class {name}", i) for i, name in enumerate(LABELS))
        self.pen, self.eraser = ToolRow("Pen", 0), ToolRow("Eraser", None)
        self.eraser.setToolTip(wrapped("The left button removes points. The right button always does. Key E."))
        self.add = button("Add a class", icon="plus", role="link", on_click=self._add_class)
        self._help = label("", "muted", wrap=True)
        self.spread = QSlider(Qt.Orientation.Horizontal)
        self.spread.setRange(0, SPREAD_STEPS)
        self._spread_name = label("Spread", "muted")
        self._spread_name.setBuddy(self.spread)
        self.clear = button("Clear all", icon="trash", on_click=self.clear_asked.emit)
        self.save = button("Save as CSV…", icon="save", on_click=self.save_asked.emit)
        self._lay_out()
        for row in (*self.rows, self.pen, self.eraser):
            self._group.addButton(row)
            row.clicked.connect(lambda _checked=False: self._chosen())
        for i, row in enumerate(self.rows):
            row.setToolTip(f"Draws this class. Key {i + 1}.")
        self.spread.valueChanged.connect(lambda _value: self.changed.emit())

    def _lay_out(self) -> None:
        self.head = SectionHead("Draw")
        self.body.addWidget(self.head)
        rows = QVBoxLayout()
        rows.setSpacing(4)
        for row in (*self.rows, self.pen, self.eraser):
            if row is self.eraser:
                rows.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
            rows.addWidget(row)
        self.body.addLayout(rows)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self._spread_name)
        line.addWidget(self.spread, 1)
        self.body.addSpacing(2)
        self.body.addLayout(line)
        self.body.addSpacing(2)
        self.body.addWidget(self._help)
        self.body.addStretch(1)
        self.body.addWidget(self.save)
        self.body.addWidget(self.clear)

    @property
    def index(self) -> int | None:
        """The class that is drawn, None for a curve; while erasing, the last one."""
        if self._mode == "curve":
            return None
        return self._last

    @property
    def erasing(self) -> bool:
        return self.eraser.isChecked()

    @property
    def spread_value(self) -> float:
        return self.spread.value() / SPREAD_STEPS * MOST_SPREAD

    def show_drawing(self, mode: str, points: Points) -> None:
        """Counts of the classes; the tools of that kind of drawing where it is another."""
        if mode != self._mode:
            self._start(mode)
        counts = Counter(int(p[2]) for p in points if len(p) > 2)
        self._shown = max(self._shown, FEWEST_CLASSES, *(i + 1 for i in counts), 0)
        for i, row in enumerate(self.rows):
            row.set_count(counts[i])
            row.setVisible(mode == "classes" and i < self._shown)
        self.add.setVisible(mode == "classes" and self._shown < len(LABELS))
        self.pen.set_count(len(points))
        for each, tip in ((self.clear, "Removes every point. Undo brings them back."), (self.save, SAVE_TIP)):
            explain(each, enabled=bool(points), tip=tip, why_not="there are no points.")

    def _start(self, mode: str) -> None:
        self._mode, self._shown, self._last = mode, FEWEST_CLASSES, 0
        curve = mode == "curve"
        self.pen.setVisible(curve)
        (self.pen if curve else self.rows[0]).setChecked(True)
        self._spread_name.setText("Noise" if curve else "Spray")
        tip = "How far points stray up and down from the curve." if curve else "How wide dragging sprays."
        for widget in (self._spread_name, self.spread):
            widget.setToolTip(tip)
        self.spread.setAccessibleName(tip)
        self._help.setText(HELP[mode])
        self.spread.setValue(round((STRAY if curve else SPRAY) / MOST_SPREAD * SPREAD_STEPS))
        self.changed.emit()

    def _chosen(self) -> None:
        self._last = next((i for i, row in enumerate(self.rows) if row.isChecked()), self._last)
        self.changed.emit()

    def choose(self, index: int) -> None:
        """Draw that class, as its key does."""
        if self._mode == "classes" and index < self._shown:
            self.rows[index].setChecked(True)
            self._chosen()

    def _add_class(self) -> None:
        self._shown = min(self._shown + 1, len(LABELS))
        self.rows[self._shown - 1].setVisible(True)
        self.add.setVisible(self._shown < len(LABELS))
        self.choose(self._shown - 1)
