"""The head of the preview: kind, name, histogram, part and span of every column."""

from __future__ import annotations

from html import escape
from typing import cast

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QCursor, QFont, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QHeaderView, QToolTip, QWidget

from app import theme
from app.data import facts, paint
from app.data.table_model import PreviewModel

HEIGHT = 88
PAD = 10.0
NARROWEST, WIDEST = 96, 260
ARROW_ROOM = 24


class ColumnHeader(QHeaderView):
    """`asked`: the person wants the menu of a column, at a global position. `sorted_by`: the rows by a column,
    downwards or not; -1 for their own order. A click on the arrow at a name goes through all three.
    """

    asked = Signal(int, QPoint)
    sorted_by = Signal(int, bool)

    def __init__(self, model: PreviewModel, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._model = model
        self._hovered = -1
        self.current = -1
        self.brief = False  # columns are too many to be measured: only what is no feature is named
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(64)
        self.setMouseTracking(True)
        self.setAccessibleName("Columns")
        self.sectionClicked.connect(self._clicked)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.ask(self.logicalIndexAt(at)))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), HEIGHT)

    def sectionSizeFromContents(self, section: int) -> QSize:
        return QSize(self.natural_width(section), HEIGHT)

    def natural_width(self, section: int) -> int:
        """The width at which nothing of the head is cut, within bounds."""
        name = QFontMetricsF(_name_font()).horizontalAdvance(facts.shown(self._model.column(section).name))
        wanted = max(int(name + paint.GLYPH + 8 + 2 * PAD + 2), self.least_width(section))
        return min(WIDEST, wanted)

    def least_width(self, section: int) -> int:
        """The width at which only the name is cut."""
        profile, part = self._model.profile, self._model.role(section)
        assert profile is not None
        small = QFontMetricsF(paint.light_caption())
        left = paint.chip_width(part) if part == "target" else small.horizontalAdvance(part)
        right = small.horizontalAdvance(facts.column_range(profile, self._model.column(section)))
        return min(WIDEST, max(NARROWEST, int(left + 12 + right + 2 * PAD + 2)))

    def _clicked(self, section: int) -> None:
        at = self.viewport().mapFromGlobal(QCursor.pos())
        right = self.sectionViewportPosition(section) + self.sectionSize(section)
        if right - ARROW_ROOM <= at.x() <= right and 0 <= at.y() <= ARROW_ROOM:
            self.turn(section)
        else:
            self.ask(section)

    def turn(self, section: int) -> None:
        """Ascending, descending, and back to the order of the source."""
        view = self._model.pages.view
        if view.column != section:
            self.sorted_by.emit(section, False)
        else:
            self.sorted_by.emit(-1 if view.descending else section, not view.descending)

    def ask(self, section: int) -> None:
        if section >= 0:
            left = self.sectionViewportPosition(section)
            self.asked.emit(section, self.viewport().mapToGlobal(QPoint(max(0, left) + 8, self.height() - 4)))

    def mark(self, section: int) -> None:
        """Show which column the keyboard is in; -1 for none."""
        if section != self.current:
            self.current = section
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.logicalIndexAt(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, section: int) -> None:
        if section != self._hovered:
            self._hovered = section
            self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and self._model.profile is not None:
            help_event = cast(QHelpEvent, event)
            section = self.logicalIndexAt(help_event.pos())
            if section >= 0:
                text = self._model.headerData(
                    section, Qt.Orientation.Horizontal, Qt.ItemDataRole.AccessibleDescriptionRole
                )
                more = "Click for what to do with it; the arrow sorts the rows."
                QToolTip.showText(help_event.globalPos(), as_tooltip(f"{text}\n{more}"))
                return True
        return super().viewportEvent(event)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        if self._model.profile is None or section >= self._model.columnCount(QModelIndex()):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(rect)
        self._paint_state(painter, QRectF(rect), section)
        self._paint_column(painter, QRectF(rect), section)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(theme.current().line)
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()

    def _paint_state(self, painter: QPainter, box: QRectF, section: int) -> None:
        if section not in (self._hovered, self.current):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().bg)
        painter.drawRoundedRect(box.adjusted(3, 3, -3, -4), 6, 6)
        if section == self.current:
            painter.setBrush(theme.current().accent)
            painter.drawRoundedRect(QRectF(box.left() + PAD, box.bottom() - 2, box.width() - 2 * PAD, 2), 1, 1)

    def _paint_column(self, painter: QPainter, box: QRectF, section: int) -> None:
        profile, column = self._model.profile, self._model.column(section)
        assert profile is not None
        part, colours = self._model.role(section), theme.current()
        muted = part in facts.UNUSED
        inner = box.adjusted(PAD, 0, -PAD, 0)
        paint.draw_glyph(painter, QPointF(inner.left(), box.top() + 7), column.kind)
        painter.setFont(_name_font())
        painter.setPen(colours.faint if muted else colours.text)
        name = QRectF(inner.left() + paint.GLYPH + 8, box.top() + 7, inner.width() - paint.GLYPH - 8, 18)
        if section == self._model.pages.view.column or section == self._hovered:
            self._paint_arrow(painter, QPointF(box.right() - ARROW_ROOM / 2, name.center().y()), section)
            painter.setPen(colours.faint if muted else colours.text)
            name.setRight(box.right() - ARROW_ROOM)
        paint.draw_text(painter, name, facts.shown(column.name))
        picture = QRectF(inner.left(), box.top() + 31, inner.width(), 28)
        heights = paint.bars(column)
        paint.draw_histogram(painter, picture, heights, paint.bar_colours(profile, column, muted=muted))
        self._paint_part(painter, QRectF(inner.left(), box.top() + 64, inner.width(), 17), section, part)

    def _paint_arrow(self, painter: QPainter, at: QPointF, section: int) -> None:
        """How the rows are sorted; where the mouse is, that they can be."""
        view, colours = self._model.pages.view, theme.current()
        mine = section == view.column
        tip = 3.0 if mine and view.descending else -3.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.accent if mine else colours.faint)
        corners = [QPointF(at.x(), at.y() + tip), QPointF(at.x() - 4, at.y() - tip), QPointF(at.x() + 4, at.y() - tip)]
        painter.drawPolygon(corners)

    def _paint_part(self, painter: QPainter, box: QRectF, section: int, part: str) -> None:
        profile, colours = self._model.profile, theme.current()
        assert profile is not None
        fact = facts.column_range(profile, self._model.column(section))
        used = paint.draw_chip(painter, box.topLeft(), part) + 8 if part == "target" else 0.0
        painter.setFont(paint.light_caption())
        painter.setPen(colours.muted)
        if part != "target" and (word := self.word_beside(part, fact, box.width())):
            paint.draw_text(painter, box, word)
            used = QFontMetricsF(painter.font()).horizontalAdvance(word) + 8
        paint.draw_text(painter, box.adjusted(used, 0, 0, 0), fact, right=True)

    def word_beside(self, part: str, fact: str, room: float) -> str:
        """What a column is for; "" where it is a feature, as most are, and the word might cut the fact beside it."""
        word, small = facts.part_word(part), QFontMetricsF(paint.light_caption())
        fits = not self.brief and small.horizontalAdvance(word) + 8 + small.horizontalAdvance(fact) <= room
        return word if fits or part != "feature" else ""


def _name_font() -> QFont:
    font = theme.font("small")
    font.setWeight(QFont.Weight.DemiBold)
    return font


def as_tooltip(text: str) -> str:
    """Plain text for a tooltip: nothing of it is read as HTML, and long lines wrap."""
    return "<p>" + escape(text).replace("\n", "<br>") + "</p>"
