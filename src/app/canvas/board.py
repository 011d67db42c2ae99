"""The view of the scene: zoom and pan, the dot grid, and what pointer, wheel and drop mean."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from app import theme
from app.canvas import gestures, operations
from app.canvas.gestures import Gesture
from app.canvas.scene import Hit, NetworkScene
from app.document import Document
from core import layout

LAYER_MIME = "application/x-chainrule-layer"
SMALLEST, LARGEST = 0.2, 2.5
MARGIN = 28  # between the network and the edge of the view when it is fitted
DOTS = 16
CLICK = Qt.MouseButton.LeftButton


class Board(QGraphicsView):
    """Left button: select, move, connect. Middle button, or Space and left: pan. Wheel pans, with Ctrl it zooms."""

    menu_wanted = Signal(object, QPoint, QPointF)  # Hit, where on the screen, where in the scene
    layers_wanted = Signal(object, object)  # where in the scene, keywords for what the new layer connects to
    rename_wanted = Signal(str)
    told = Signal(str, QPointF, bool)  # why something was refused, in place; whether it stays for a while
    hushed = Signal()
    badge_hovered = Signal(str)
    space_tapped = Signal()  # Space without a drag: what it means elsewhere in the window
    moved = Signal()  # scrolled, zoomed or resized: what lies over the canvas must follow

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.network = NetworkScene(document)
        self.setScene(self.network)
        self.gesture: Gesture | None = None
        self.fitted = True  # until a person zooms or pans
        self._space = self._space_alone = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(QSize(240, 160))

    # --- zoom and pan

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def fit(self) -> None:
        """Wrap the network to the view and show all of it, never larger than 100 %."""
        self.fitted = True
        area = self.viewport().rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        if area.width() <= 0 or area.height() <= 0:
            return
        if not self.document.project.layout:
            network = self.document.project.network
            self.network.per_row = layout.best_per_row(network, area.width(), area.height())
            self.network.reposition()
        content = self.network.content_rect()
        if content.isEmpty():
            self._look_at(QPointF(), 1.0)
            return
        scale = min(1.0, area.width() / content.width(), area.height() / content.height())
        self._look_at(content.center(), max(SMALLEST, scale))

    def _look_at(self, centre: QPointF, scale: float) -> None:
        self.resetTransform()
        self.scale(scale, scale)
        self._grow_scene_rect()
        self.centerOn(centre)
        self.moved.emit()

    def _grow_scene_rect(self) -> None:
        """Room to pan until only a corner of the network is in view, and no further."""
        view = QSize(self.viewport().size())
        dx, dy = (view.width() - 80) / self.zoom, (view.height() - 80) / self.zoom
        self.network.setSceneRect(self.network.content_rect().adjusted(-dx, -dy, dx, dy))

    def zoom_by(self, factor: float, at: QPoint | None = None) -> None:
        """Zoom so that the point `at` of the view, by default its middle, stays where it is."""
        pixel = self.viewport().rect().center() if at is None else at
        before = self.mapToScene(pixel)
        scale = max(SMALLEST, min(LARGEST, self.zoom * factor))
        self.fitted = False
        self.resetTransform()
        self.scale(scale, scale)
        self._grow_scene_rect()
        away = self.mapFromScene(before) - pixel
        self.pan(away)

    def pan(self, pixels: QPoint) -> None:
        self.fitted = False
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + pixels.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + pixels.y())
        self.moved.emit()

    def keep_view(self) -> None:
        """From now on the view stays as it is when the network changes."""
        self.fitted = False

    def refresh(self) -> None:
        """The network changed: show it, fitted as before or with the selected card in view."""
        self.network.sync()
        if self.fitted:
            self.fit()
            return
        self._grow_scene_rect()
        card = self.network.cards.get(self.document.selection)
        if card is not None:
            self.ensureVisible(card.sceneBoundingRect(), MARGIN, MARGIN)
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.fitted:
            self.fit()
        else:
            self._grow_scene_rect()
            self.moved.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        angle, pixels = event.angleDelta(), event.pixelDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1.0015 ** (angle.y() or pixels.y()), event.position().toPoint())
        else:
            step = pixels if not pixels.isNull() else angle / 2
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not step.x():
                step = step.transposed()
            self.pan(-step)
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1.0 + event.value(), event.position().toPoint())
            return True
        return super().viewportEvent(event)

    # --- ground

    def drawBackground(self, painter: QPainter, rect: QRectF | Any) -> None:
        tokens = theme.current()
        painter.fillRect(rect, tokens.canvas)
        pitch = DOTS * 2 ** max(0, math.ceil(math.log2(0.6 / self.zoom)))
        painter.setPen(QPen(tokens.dot, 1.5 / self.zoom, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        left, top = math.floor(rect.left() / pitch), math.floor(rect.top() / pitch)
        right, bottom = math.ceil(rect.right() / pitch), math.ceil(rect.bottom() / pitch)
        painter.drawPoints(
            [QPointF(x * pitch, y * pitch) for x in range(left, right + 1) for y in range(top, bottom + 1)]
        )

    # --- pointer

    def scene_at(self, event: QMouseEvent) -> QPointF:
        return self.mapToScene(event.position().toPoint())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.hushed.emit()
        at, pixel = self.scene_at(event), event.position().toPoint()
        if self.gesture is not None:
            return
        if event.button() == Qt.MouseButton.MiddleButton or (self._space and event.button() == CLICK):
            self._space_alone = False
            self.gesture = gestures.Pan(self, at, pixel)
        elif event.button() == CLICK:
            self.gesture = self._press(self.network.hit(at), at, event.modifiers())

    def _press(self, hit: Hit, at: QPointF, modifiers: Qt.KeyboardModifier) -> Gesture | None:
        adding = bool(modifiers & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier))
        if hit.kind in ("in", "out"):
            return gestures.Connect(self, at, hit.id, hit.kind)
        if hit.kind in ("card", "badge"):
            return self._press_card(hit.id, at, adding=adding)
        if hit.kind == "plus" and hit.edge is not None:
            return gestures.Insert(self, at, hit.edge)
        if hit.edge is not None:
            self.network.choose_edge(hit.edge)
            return None
        return gestures.RubberBand(self, at, adding=adding)

    def _press_card(self, id: str, at: QPointF, *, adding: bool) -> Gesture | None:
        chosen = self.document.selected
        self.network.chosen_edge = None
        if adding and id in chosen:
            self.document.select(*(c for c in chosen if c != id))
            return None
        if adding or id in chosen:
            self.document.select(*(c for c in chosen if c != id), id)
        else:
            self.document.select(id)
        self.network.show_selection()
        return gestures.MoveCards(self, at, id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self.scene_at(event)
        if isinstance(self.gesture, gestures.Pan):
            self.gesture.pan_to(event.position().toPoint())
        elif self.gesture is not None:
            self.gesture.move(at, event.modifiers())
        else:
            self._hover(self.network.hit(at))

    def _hover(self, hit: Hit) -> None:
        self.network.show_hover(hit)
        self.badge_hovered.emit(hit.id if hit.kind == "badge" else "")
        cursors = {"in": Qt.CursorShape.CrossCursor, "out": Qt.CursorShape.CrossCursor}
        pointing = Qt.CursorShape.PointingHandCursor
        cursors |= {"plus": pointing, "badge": pointing, "edge": pointing}
        idle = Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(cursors.get(hit.kind, idle))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        done, self.gesture = self.gesture, None
        if done is not None:
            self.unsetCursor()
            done.finish(self.scene_at(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self.scene_at(event)
        hit = self.network.hit(at)
        if hit.kind == "card":
            self.rename_wanted.emit(hit.id)
        elif not hit.kind and event.button() == CLICK:
            self.layers_wanted.emit(at, {})

    def leaveEvent(self, event: QEvent) -> None:
        if self.gesture is None:
            self.network.show_hover(Hit())
            self.badge_hovered.emit("")
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            card = self.network.cards.get(self.document.selection)
            at = card.pos() if card else self.network.content_rect().center()
            hit = Hit("card", card.id) if card else Hit()
            self.menu_wanted.emit(hit, self.viewport().mapToGlobal(self.mapFromScene(at)), at)
            return
        at = self.mapToScene(event.pos())
        hit = self.network.hit(at)
        if hit.id and hit.id not in self.document.selected:
            self.document.select(hit.id)
        elif hit.edge is not None:
            self.network.choose_edge(hit.edge)
        self.menu_wanted.emit(hit, event.globalPos(), at)

    def cancel(self) -> bool:
        """End the gesture that is going on without a trace; False where there is none."""
        going, self.gesture = self.gesture, None
        if going is None:
            return False
        self.unsetCursor()
        going.cancel()
        return True

    # --- what gestures ask for

    def tell(self, why: str, at: QPointF, *, lasting: bool = True) -> None:
        self.told.emit(why, at, lasting)

    def hush(self) -> None:
        self.hushed.emit()

    def offer_layers(self, at: QPointF, *, source: str = "", target: str = "") -> None:
        self.layers_wanted.emit(at, {"source": source, "target": target})

    # --- layers from the palette

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # Files are for the window: what is ignored here goes on to it.
        event.acceptProposedAction() if event.mimeData().hasFormat(LAYER_MIME) else event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if not event.mimeData().hasFormat(LAYER_MIME):
            event.ignore()
            return
        self.network.show_drop(self.network.drop_target(self.mapToScene(event.position().toPoint())))
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.network.show_plain()

    def dropEvent(self, event: QDropEvent) -> None:
        kind = bytes(event.mimeData().data(LAYER_MIME).data()).decode()
        at = self.mapToScene(event.position().toPoint())
        self.network.show_plain()
        self.drop(kind, at)
        event.acceptProposedAction()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def drop(self, kind: str, at: QPointF) -> None:
        """A layer of that kind put down at a point of the scene."""
        target = self.network.drop_target(at)
        if target.edge is not None:
            operations.insert_on_edge(self.document, kind, target.edge)
        elif target.id:
            operations.insert_behind(self.document, kind, target.id)
        elif not self.network.cards:
            operations.insert(self.document, kind)
        else:
            self.keep_view()
            operations.insert_at(self.document, kind, (at.x(), at.y()), self.network.places)

    # --- keys that the view itself needs; the rest are in `keys`

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self._space_alone = self._space_alone if self._space else True
            self._space = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
            return
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.viewport().unsetCursor()
            if self._space_alone:
                self.space_tapped.emit()
            return
        event.ignore()
