"""All images of the data by class: as many as there are, drawn only where one looks."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from app import theme
from app.data import facts, paint
from app.pictures import Pictures
from app.style import set_role

TILE, GAP, HEAD, MARGIN = 60, 6, 34, 12
VALUE = 16  # height of a number under a tile


@dataclass(frozen=True)
class Section:
    """A heading and the numbers of the images under it; `top` and `lines` are set when the grid is laid out."""

    title: str
    note: str
    rows: np.ndarray


class ImageGrid(QAbstractScrollArea):
    """`current_changed`: the number of the image that is now current, or -1. Arrows move; hovering tells names."""

    current_changed = Signal(int)

    def __init__(self, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures = pictures
        self.names: Sequence[str] = ()
        self.values: Sequence[str] = ()  # one text under each image, () = none
        self.usable: np.ndarray = np.zeros(0, bool)
        self._sections: tuple[Section, ...] = ()
        self._tops: list[int] = []
        self._height, self._across, self.current = 0, 1, -1
        self._wide = self._tall = TILE
        set_role(self, "plain")
        self.setAccessibleName("Images")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        theme.signals.changed.connect(self.viewport().update)

    def show_images(
        self, sections: Sequence[Section], names: Sequence[str], usable: np.ndarray, values: Sequence[str] = ()
    ) -> None:
        self._sections, self.names, self.usable, self.values = tuple(sections), names, usable, values
        if self.current >= len(names):
            self._set_current(-1)
        self._lay_out()

    # --- where things are

    def set_shape(self, width: int, height: int) -> None:
        """The proportions of the images; the longer side of a tile is always the same."""
        longest = max(width, height)
        self._wide, self._tall = max(16, TILE * width // longest), max(16, TILE * height // longest)

    @property
    def _line(self) -> int:
        return self._tall + GAP + (VALUE if self.values else 0)

    def _lay_out(self) -> None:
        room = self.viewport().width() - 2 * MARGIN + GAP
        self._across = max(1, room // (self._wide + GAP))
        self._tops, top = [], 0
        for section in self._sections:
            self._tops.append(top)
            top += HEAD + -(-len(section.rows) // self._across) * self._line + GAP
        self._height = top
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._height - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._line // 2)
        self.viewport().update()

    def _box(self, section: int, k: int) -> QRectF:
        """Of the k-th image of a section, in the viewport."""
        line, across = divmod(k, self._across)
        top = self._tops[section] + HEAD + line * self._line - self.verticalScrollBar().value()
        return QRectF(MARGIN + across * (self._wide + GAP), top, self._wide, self._tall)

    def _at(self, point: QPoint) -> tuple[int, int] | None:
        """(section, place in it) of the image at a point of the viewport."""
        y = point.y() + self.verticalScrollBar().value()
        section = bisect.bisect_right(self._tops, y) - 1
        if section < 0:
            return None
        line, across = (y - self._tops[section] - HEAD) // self._line, (point.x() - MARGIN) // (self._wide + GAP)
        k = line * self._across + across
        if line < 0 or not 0 <= across < self._across or not 0 <= k < len(self._sections[section].rows):
            return None
        return (section, k) if self._box(section, k).contains(point.toPointF()) else None

    def _place_of(self, row: int) -> tuple[int, int] | None:
        for i, section in enumerate(self._sections):
            found = np.flatnonzero(section.rows == row)
            if len(found):
                return i, int(found[0])
        return None

    def scroll_to_section(self, section: int) -> None:
        if 0 <= section < len(self._tops):
            self.verticalScrollBar().setValue(self._tops[section])

    # --- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        above, below = self.verticalScrollBar().value(), self.viewport().height()
        first = max(0, bisect.bisect_right(self._tops, above) - 1)
        for i in range(first, len(self._sections)):
            if self._tops[i] - above > below:
                break
            self._paint_section(painter, i, above, below)

    def _paint_section(self, painter: QPainter, i: int, above: int, below: int) -> None:
        section, top = self._sections[i], self._tops[i] - above
        colours = theme.current()
        painter.setFont(theme.font("title"))
        painter.setPen(colours.text)
        box = QRectF(MARGIN, top + 6, self.viewport().width() - 2 * MARGIN, HEAD - 12)
        paint.draw_text(painter, box, section.title)
        painter.setFont(theme.font("small"))
        painter.setPen(colours.muted)
        paint.draw_text(painter, box, section.note, right=True)
        start = max(0, (-top - HEAD) // self._line) * self._across
        stop = max(0, (below - top - HEAD) // self._line + 1) * self._across
        for k in range(start, min(stop, len(section.rows))):
            self._paint_tile(painter, self._box(i, k), int(section.rows[k]))

    def _paint_tile(self, painter: QPainter, box: QRectF, row: int) -> None:
        colours = theme.current()
        picture = self.pictures.pixmap(row, TILE, self.devicePixelRatioF()) if self.usable[row] else None
        if picture is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.bg)
            painter.drawRoundedRect(box, 4, 4)
            if not self.usable[row]:
                painter.setPen(colours.bad)
                painter.setFont(theme.font("small"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "✗")
        else:
            size = picture.deviceIndependentSize()
            at = QRectF(0, 0, size.width(), size.height())
            at.moveCenter(box.center())
            painter.drawPixmap(at, picture, QRectF(picture.rect()))
        if self.values:
            painter.setPen(colours.muted)
            painter.setFont(theme.font("mono_small"))
            paint.draw_text(painter, QRectF(box.left(), box.bottom() + 1, self._wide, VALUE - 2), self.values[row])
        if row == self.current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colours.accent, 2))
            painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), 5, 5)

    # --- hands

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(460, 360)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._at(event.position().toPoint())
        self._set_current(int(self._sections[at[0]].rows[at[1]]) if at is not None else -1)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self._at(event.pos())
            row = int(self._sections[at[0]].rows[at[1]]) if at is not None else -1
            QToolTip.showText(event.globalPos(), facts.shown(self.names[row]) if row >= 0 else "", self)
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -self._across, Qt.Key.Key_Down: self._across,
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None or not any(len(section.rows) for section in self._sections):
            super().keyPressEvent(event)
            return
        at = self._place_of(self.current)
        self._move(at, step)

    def _move(self, at: tuple[int, int] | None, step: int) -> None:
        """To a neighbour, over the borders of sections."""
        if at is None:
            section, k = next(i for i, s in enumerate(self._sections) if len(s.rows)), 0
        else:
            section, k = at[0], at[1] + step
            count = len(self._sections[section].rows)
            if k >= count and section + 1 < len(self._sections):
                section, k = section + 1, 0
            elif k < 0 and section > 0:
                section, k = section - 1, len(self._sections[section - 1].rows) - 1
        k = min(max(k, 0), len(self._sections[section].rows) - 1)
        if k >= 0:
            self._set_current(int(self._sections[section].rows[k]))
            self._show_place(section, k)

    def _show_place(self, section: int, k: int) -> None:
        box, bar = self._box(section, k), self.verticalScrollBar()
        if box.top() < HEAD:
            bar.setValue(int(bar.value() + box.top() - HEAD))
        elif box.bottom() > self.viewport().height() - GAP:
            bar.setValue(int(bar.value() + box.bottom() - self.viewport().height() + GAP + VALUE))

    def _set_current(self, row: int) -> None:
        if row != self.current:
            self.current = row
            self.setAccessibleDescription(facts.shown(self.names[row]) if row >= 0 else "")
            self.current_changed.emit(row)
            self.viewport().update()
