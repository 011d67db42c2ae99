"""The network as a list: what the canvas shows, for keyboard and screen reader."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.canvas import groups, operations, paint
from app.canvas.menus import layer_menu
from app.canvas.scene import describe, severity, shape_text
from app.style import set_role
from app.widgets import SectionHead, explain, icon_button, label
from core.errors import UserInputError

ROW = 40
ID, DESCRIBE, SHAPE, GROUP, SEVERITY = (Qt.ItemDataRole.UserRole + i for i in range(5))
Index = QModelIndex | QPersistentModelIndex


class _Row(QStyledItemDelegate):
    """Two lines: name and output shape, then what the layer is; "!" where something is wrong."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens, box = theme.current(), QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        state = option.state
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(tokens.accent_bg)
            painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 6, 6)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(theme.mix(tokens.panel, tokens.text, 0.05))
            painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 6, 6)
        painter.setBrush(paint.group_color(index.data(GROUP)))
        painter.drawRoundedRect(QRectF(box.left() + 8, box.top() + 9, 3, ROW - 18), 1.5, 1.5)
        left, right = box.left() + 19, box.right() - 8
        if index.data(SEVERITY):
            paint.badge(painter, box.topRight() + QPoint(-16, ROW // 2).toPointF(), index.data(SEVERITY), 7)
            right -= 22
        shape = index.data(SHAPE)
        wide = paint.metrics("mono_small").horizontalAdvance(shape) + 2
        top, low = QRectF(left, box.top() + 4, right - left, 17), QRectF(left, box.top() + 20, right - left, 16)
        name = index.data(Qt.ItemDataRole.DisplayRole)
        at_left, at_right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        paint.text(painter, top.adjusted(0, 0, -wide - 6, 0), "body", tokens.text, name, at_left)
        paint.text(painter, QRectF(right - wide, top.top(), wide, 17), "mono_small", tokens.muted, shape, at_right)
        paint.text(painter, low, "small", tokens.muted, index.data(DESCRIBE), at_left)
        painter.restore()

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect.adjusted(14, 5, -4, -5))


class _List(QListWidget):
    """A list whose rows are renamed by F2 or a double click."""

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "plain")
        self.setItemDelegate(_Row(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.EditKeyPressed | triggers.DoubleClicked)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setAccessibleName("Layers of the network")


class LayerList(QWidget):
    """Layers from the input on, with buttons to add, remove and reorder."""

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = session.document
        self._filling = False
        self.list = _List()
        self.add = icon_button(
            "plus", "Add a layer behind the selected one. Insert.", size=14, on_click=self._show_menu
        )
        self.up = icon_button("arrow-up", "Move earlier. Alt+Up.", size=14, on_click=lambda: self._move(-1))
        self.down = icon_button("arrow-down", "Move later. Alt+Down.", size=14, on_click=lambda: self._move(1))
        self.trash = icon_button("trash", "Delete.", size=14, on_click=self._remove)
        self.tips = {b: b.toolTip() for b in (self.up, self.down, self.trash)}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(SectionHead("Network", self.add, self.up, self.down, self.trash))
        self.nothing = label("No layers yet.", "muted")
        column.addWidget(self.nothing)
        column.addWidget(self.list, 1)
        self.list.installEventFilter(self)
        self.list.itemSelectionChanged.connect(self._select)
        self.list.itemChanged.connect(self._rename)
        document = self.document
        for signal in (document.network_changed, document.prepared_changed, document.training_changed):
            signal.connect(self.refresh)
        document.selection_changed.connect(self._show_selection)
        theme.signals.changed.connect(self.list.viewport().update)
        self.refresh()

    # --- from the document

    def refresh(self, _signal: object = None) -> None:
        ids = operations.in_order(self.document)
        self._filling = True
        if ids != tuple(self._id(row) for row in range(self.list.count())):
            self.list.clear()
            for _ in ids:
                self.list.addItem(QListWidgetItem())
        for row, id in enumerate(ids):
            self._fill(self.list.item(row), id)
        self._filling = False
        self.nothing.setVisible(not ids)
        self._show_selection()

    def _fill(self, item: QListWidgetItem, id: str) -> None:
        spec, report = self.document.project.network.layer(id), self.document.report
        about, wrong = describe(self.document, spec), severity(self.document, id)
        shape = shape_text(report.shapes[id]) if id in report.shapes else "?"
        findings = [f"{badge.title}. {badge.text}".strip() for badge in report.of(id)]
        facts = {Qt.ItemDataRole.DisplayRole: spec.name, ID: id, DESCRIBE: about, SHAPE: shape, SEVERITY: wrong}
        fed = self._fed_by(id)
        facts |= {
            GROUP: groups.group_of(type(spec.layer)),
            Qt.ItemDataRole.ToolTipRole: "\n".join([f"{about}, output {shape}", *fed, *findings]),
            Qt.ItemDataRole.AccessibleTextRole: ", ".join([spec.name, about, f"output {shape}", *fed, *findings]),
        }
        for role, value in facts.items():
            if item.data(role) != value:
                item.setData(role, value)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)

    def _fed_by(self, id: str) -> list[str]:
        """Where a layer's inputs come from, where that is not simply the row above."""
        network, order = self.document.project.network, operations.in_order(self.document)
        sources, place = network.sources(id), order.index(id)
        if not sources or sources == order[max(0, place - 1) : place]:
            return []
        return ["from " + " and ".join(network.layer(source).name for source in sources)]

    def _show_selection(self) -> None:
        chosen = self.document.selected
        self._filling = True
        for row in range(self.list.count()):
            self.list.item(row).setSelected(self._id(row) in chosen)
        rows = [row for row in range(self.list.count()) if self._id(row) == self.document.selection]
        if rows:
            keep = self.list.selectionModel().SelectionFlag.NoUpdate
            self.list.setCurrentRow(rows[0], keep)
            self.list.scrollToItem(self.list.item(rows[0]))
        self._filling = False
        self._explain_buttons()

    def _explain_buttons(self) -> None:
        one = self.document.selection if len(self.document.selected) == 1 else ""
        why = "select one layer first." if not one else "only neighbours in a chain change places."
        for control, by in ((self.up, -1), (self.down, 1)):
            can = bool(one) and operations.can_move(self.document, one, by)
            explain(control, enabled=can, tip=self.tips[control], why_not=why)
        explain(self.trash, enabled=bool(self.document.selected), tip=self.tips[self.trash],
                why_not="select a layer first.")  # fmt: skip

    def _id(self, row: int) -> str:
        return str(self.list.item(row).data(ID) or "")

    # --- to the document

    def _select(self) -> None:
        if self._filling:
            return
        ids = [self._id(self.list.row(item)) for item in self.list.selectedItems()]
        now = self._id(self.list.currentRow()) if self.list.currentRow() >= 0 else ""
        self.document.select(*(id for id in ids if id != now), *(id for id in ids if id == now))

    def _rename(self, item: QListWidgetItem) -> None:
        if self._filling:
            return
        try:
            operations.rename(self.document, str(item.data(ID)), item.text())
        except UserInputError as err:
            where = self.list.viewport().mapToGlobal(self.list.visualItemRect(item).bottomLeft())
            QToolTip.showText(where, f"{err.what} {err.remedy}".strip(), self.list)
        self.refresh()

    def _move(self, by: int) -> None:
        if self.document.selection:
            operations.move_in_order(self.document, self.document.selection, by)

    def _remove(self) -> None:
        operations.remove(self.document, self.document.selected)

    def _show_menu(self) -> None:
        menu = layer_menu(self.document, self, lambda kind: operations.insert(self.document, kind))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.add.mapToGlobal(QPoint(0, self.add.height() + 2)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The list's own keys, taken before shortcuts of the window."""
        if isinstance(event, QKeyEvent) and not self.list.findChild(QLineEdit):
            act = self._meaning(event)
            if act is not None and event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if act is not None and event.type() == QEvent.Type.KeyPress:
                act()
                return True
        return super().eventFilter(watched, event)

    def _meaning(self, event: QKeyEvent) -> Any:
        key, alt = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if alt and key in (Qt.Key.Key_Up, Qt.Key.Key_Left):
            return lambda: self._move(-1)
        if alt and key in (Qt.Key.Key_Down, Qt.Key.Key_Right):
            return lambda: self._move(1)
        if control and key == Qt.Key.Key_D and self.document.selected:
            return lambda: operations.duplicate(self.document)
        plain = {
            Qt.Key.Key_Delete: self._remove,
            Qt.Key.Key_Backspace: self._remove,
            Qt.Key.Key_Insert: self._show_menu,
        }
        return None if alt or control else plain.get(Qt.Key(key))
