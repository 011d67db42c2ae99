"""Classes one under the other, each with a bar as long as it is frequent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.data import facts, paint
from app.style import set_role

ROW, MOST_ROWS = 24, 10
NAME, COUNT = 0.42, 52
Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()


class _Classes(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.names: Sequence[str] = ()
        self.counts = np.zeros(0, np.int64)

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        return f"{facts.shown(self.names[index.row()])}: {facts.count(int(self.counts[index.row()]), 'image')}"

    def show(self, names: Sequence[str], counts: np.ndarray) -> None:
        self.beginResetModel()
        self.names, self.counts = names, counts
        self.endResetModel()


class _Row(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model, colours = index.model(), theme.current()
        assert isinstance(model, _Classes)
        box, count = QRectF(option.rect), int(model.counts[index.row()])
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if focused or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(colours.accent_bg if focused else colours.bg)
            painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 5, 5)
        left, width = box.left() + 6, box.width() * NAME
        track = QRectF(left + width + 6, box.center().y() - 3, box.right() - COUNT - left - width - 10, 6)
        painter.setBrush(colours.line)
        painter.drawRoundedRect(track, 3, 3)
        share = count / max(1, int(model.counts.max()))
        painter.setBrush(theme.class_color(index.row()))
        painter.drawRoundedRect(QRectF(track.left(), track.top(), max(2.0, track.width() * share), 6), 3, 3)
        painter.setFont(theme.font("small"))
        painter.setPen(colours.text)
        paint.draw_text(painter, QRectF(left, box.top(), width, ROW), facts.shown(model.names[index.row()]))
        painter.setFont(theme.font("mono_small"))
        painter.setPen(colours.muted)
        paint.draw_text(painter, QRectF(box.right() - COUNT, box.top(), COUNT - 4, ROW), f"{count:,}", right=True)
        painter.restore()


class ClassBars(QListView):
    """`chosen`: the number, among those that have images, of the class that was clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Classes()
        self.setModel(self._model)
        self.setItemDelegate(_Row(self))
        set_role(self, "plain")
        self.setAccessibleName("Classes")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)
        theme.signals.changed.connect(self.viewport().update)

    def show_classes(self, names: Sequence[str], counts: np.ndarray) -> None:
        self._model.show(names, counts)
        self.setFixedHeight(ROW * min(len(names), MOST_ROWS) + (ROW // 2 if len(names) > MOST_ROWS else 0))

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(int(np.count_nonzero(self._model.counts[: index.row()])))
