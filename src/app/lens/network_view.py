"""The hero of the Train stage: the network opened into neurons that show, while it trains, what each one computes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app import theme
from app.document import Trained
from app.lens import hover, still
from app.lens.canvas import Canvas, legend, pill
from app.lens.hover import Card, Target
from app.lens.layout import BOTTOM, layout
from app.lens.pulse import Pulse
from app.lens.structure import structure
from app.lens.view import View
from app.widgets import Chip, Segmented, icon_button, wrapped
from core.spec import NetworkSpec
from core.training.snapshot import Snapshot

if TYPE_CHECKING:
    from app.session import Session

REFRESH = 100  # ms between pictures: the eye follows ten a second, and the window stays free
MOST_SHARE = 0.1  # of the time, at most, goes into painting: large networks are drawn less often
DIMMED = 0.72  # how far the rest steps back from what is pointed at
ZOOMS = (0.4, 4.0)
SMALLEST_FIT = 0.6  # below it names cannot be read: what does not fit is reached by dragging
STEP_PAUSE = 0.3  # seconds between steps from which each one is seen as a pulse
GRADIENT_VALUES = 20_000  # up to so many weights gradients are always fetched, so that hovering can tell them
OLDER = "The run goes on with the design that it began with. Your changes count from the next run."
EMPTY = "Choose data first: the network that learns them opens here."


class NetworkLens(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._canvas = Canvas()
        self._live: Mapping[str, np.ndarray] = {}
        self._live_of: NetworkSpec | None = None
        self._still: Mapping[str, np.ndarray] = {}
        self._still_of: Trained | None = None
        self._shot: tuple[int, float] = (-1, 0.0)  # step and moment of the newest snapshot
        self._fitted = True
        self._target: Target | None = None
        self._grip: QPointF | None = None
        self._pressed = QPoint()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        self._pulse = Pulse(self)
        self._pulse.moved.connect(self.update)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 180)
        self.setAccessibleName("Network opened into neurons")
        self._build()
        self._connect()
        self._take_network()

    def _build(self) -> None:
        self.colours = Segmented(
            (
                ("weights", "Weights", "Colour the edges by their weights: blue positive, orange negative."),
                ("gradient", "Gradients", "Colour the edges by the gradient of the loss: how each weight is pulled."),
            ),
            parent=self,
        )
        self.colours.chosen.connect(self._colour_by)
        self.fit = icon_button("fit-view", "Fit the network into view. Double-click does the same.", role="icon")
        self.fit.setParent(self)
        self.fit.clicked.connect(self.fit_view)
        self.fit.hide()
        self.older = Chip("older design", "warning", self)
        self.older.setToolTip(wrapped(OLDER))
        self.older.hide()
        self._card = Card(self)

    def _connect(self) -> None:
        session = self._session
        session.engine.snapshot_changed.connect(self._take_snapshot)
        session.engine.state_changed.connect(self._take_network)
        session.running_network_changed.connect(self._take_network)
        document = session.document
        document.network_changed.connect(self._take_network)
        document.prepared_changed.connect(self._take_network)
        document.weights_changed.connect(self._take_network)
        document.selection_changed.connect(self._select)
        theme.signals.changed.connect(self._take_theme)

    # --- what is shown

    @property
    def view(self) -> View:
        return self._canvas.view

    @property
    def _active(self) -> bool:
        """Whether a run stands, training or paused."""
        return self._session.engine.state in ("running", "paused")

    def _network(self) -> NetworkSpec:
        """The design of the run while it stands; then the present one, which may be newer."""
        session = self._session
        run = session.running_network
        keep = run is not None and (self._active or not session.design_is_newer)
        return run if keep and run is not None else session.document.project.network

    def _tensors_for(self, network: NetworkSpec) -> Mapping[str, np.ndarray]:
        """The run's newest, or those of a reopened project; none before any training."""
        engine, trained = self._session.engine, self._session.document.trained
        if engine.snapshot is not None and self._live and self._live_of == network:
            return self._live
        if trained is None or trained.network != network or self._active:
            return {}
        if self._still_of is not trained:
            self._still, self._still_of = still.tensors(trained), trained
        return self._still

    def _take_network(self, *_what: object) -> None:
        """Design, data or run changed: everything anew."""
        session, network = self._session, self._network()
        prepared = session.document.prepared
        built = structure(network, prepared)
        points = self.view.points if prepared is self.view.prepared else still.points(prepared)
        view = View(
            built, tensors=self._tensors_for(network), prepared=prepared, points=points,
            selected=frozenset(session.document.selected), coloured_by=self.colours.value(),
        )  # fmt: skip
        self.older.setVisible(self._active and session.design_is_newer)
        self._lay_out(view)
        self._subscribe()

    def _lay_out(self, view: View) -> None:
        if (view.structure, view.carded) != (self.view.structure, self.view.carded):
            self._point(None)
        width, height = self.width(), self.height()
        placed = layout(view.structure, width, height, card=view.carded, large=view.line)
        if placed.width > width:  # it will be seen from farther away: use the height that gives
            zoom = _zoom_to_fit(placed.width, width)
            placed = layout(view.structure, width, (height - BOTTOM) / zoom + BOTTOM, card=view.carded, large=view.line)
        self._canvas.set_view(replace(view, layout=placed))
        if self._fitted:
            self.fit_view()
        self._place_overlays()
        self.colours.setVisible(view.trained)
        self.update()

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        before, at = self._shot
        now = time.monotonic()
        self._shot = (snapshot.step, now)
        if snapshot.tensors:
            self._live, self._live_of = snapshot.tensors, self._session.running_network
        if not self.isVisible():
            return
        lone = snapshot.state == "paused" or now - at >= STEP_PAUSE
        if snapshot.step == before + 1 and lone:
            self._refresh()
            self._pulse.start(self.view)
        elif not self._timer.isActive():
            self._timer.start(max(REFRESH, round(1000 * self._canvas.cost / MOST_SHARE)))
        if snapshot.state == "running" and not lone:
            self._pulse.stop()

    def _refresh(self) -> None:
        if self._live_of != self._network():
            return
        self._canvas.set_view(replace(self.view, tensors=self._live))
        self.colours.setVisible(self.view.trained)
        if self._target is not None:
            self._tell(self._target)
        self.update()

    def _subscribe(self) -> None:
        if not self.isVisible():
            self._session.engine.subscribe(self, ())
            return
        wanted = ["weights", "activation"]
        if self.view.plane or self.view.line:
            wanted.append("surface")
        size = sum(
            a.shape[0] * a.shape[1] for n, a in self.view.tensors.items() if n.startswith("weights/") and a.ndim == 2
        )
        if size <= GRADIENT_VALUES or self.view.coloured_by == "gradient":
            wanted.append("gradient")
        self._session.engine.subscribe(self, tuple(wanted))

    def _colour_by(self, kind: str) -> None:
        self._canvas.set_view(replace(self.view, coloured_by=kind))
        self._subscribe()
        self.update()

    def _select(self) -> None:
        self._canvas.set_view(replace(self.view, selected=frozenset(self._session.document.selected)))
        self.update()

    def _take_theme(self) -> None:
        self._canvas.take_theme()
        self.update()

    # --- place and size

    def fit_view(self) -> None:
        """The whole network in view, or at a size that can be read where it is too wide for that."""
        placed = self.view.layout
        zoom = _zoom_to_fit(placed.width, self.width())
        if placed.height * zoom > self.height() + 1:
            zoom = max(SMALLEST_FIT, (self.height() - BOTTOM) / max(1.0, placed.height - BOTTOM))
        self._move(zoom, QPointF(max(0.0, (self.width() - placed.width * zoom) / 2), 0.0), fitted=True)

    def _move(self, zoom: float, offset: QPointF, *, fitted: bool = False) -> None:
        self._fitted = fitted
        self._canvas.set_place(zoom, offset)
        self.fit.setVisible(not fitted)
        self.update()

    def _zoom_at(self, at: QPointF, factor: float) -> None:
        canvas = self._canvas
        zoom = min(max(canvas.zoom * factor, ZOOMS[0]), ZOOMS[1])
        self._move(zoom, at - canvas.to_layout(at) * zoom)

    def _place_overlays(self) -> None:
        self.colours.adjustSize()
        self.colours.move(12, self.height() - self.colours.height() - 10)
        self.fit.adjustSize()
        self.fit.move(self.width() - self.fit.width() - 12, self.height() - self.fit.height() - 12)
        self.older.adjustSize()
        self.older.move(self.width() - self.older.width() - 14, 14)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out(self.view)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._take_network()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._point(None)
        self._pulse.stop()
        self._timer.stop()
        self._subscribe()

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        canvas, view = self._canvas, self.view
        canvas.paint(painter, self.size(), self.devicePixelRatioF())
        area = QRectF(self.rect())
        if self._target is not None and self._target.kind != "surface":
            veil = theme.mix(theme.current().canvas, theme.current().canvas, 0)
            veil.setAlphaF(DIMMED)
            painter.fillRect(area, veil)
            canvas.point_out(painter, self._target)
        if self._pulse.running:
            painter.save()
            canvas.enter(painter)
            self._pulse.paint(painter, view, pixel=canvas.pixel)
            painter.restore()
        if not view.structure.columns:
            painter.setPen(theme.current().muted)
            painter.setFont(theme.font("body"))
            painter.drawText(
                area.adjusted(40, 0, -40, 0), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY
            )
        elif not view.trained:
            why = self._session.why_not
            pill(painter, area, why or "Press Train: every neuron will show what it has learned.")
        else:
            at = QPointF(self.colours.geometry().right() + 14, area.bottom() - 20)
            legend(painter, at, view.coloured_by, more=view.layout.width * canvas.zoom > self.width() + 1)

    # --- pointing

    def _point(self, target: Target | None, near: QPoint | None = None) -> None:
        if target == self._target and near is None:
            return
        self._target = target
        if target is None:
            self._card.point(None, QPoint())
        else:
            self._tell(target, near)
        self.update()

    def _tell(self, target: Target, near: QPoint | None = None) -> None:
        found = hover.content(self.view, target, self._canvas.palette)
        if near is None and (box := self._canvas.box(target.column, target.unit) if target.kind == "neuron" else None):
            at = QPointF(box.right(), box.center().y()) * self._canvas.zoom + self._canvas.offset
            near = at.toPoint()
        self._card.point(found, near or self._pressed)
        self.setAccessibleDescription(self._card.text())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._grip is not None and event.buttons() & (Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton):
            self._move(self._canvas.zoom, self._canvas.offset + at - self._grip)
            self._grip = at
            return
        self._pressed = at.toPoint()
        target = hover.find(self.view, self._canvas.to_layout(at))
        self._point(target, at.toPoint() if target is not None else None)
        clickable = target is not None and target.kind == "neuron"
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        target = hover.find(self.view, self._canvas.to_layout(event.position()))
        if event.button() == Qt.MouseButton.LeftButton and target is not None and target.kind == "neuron":
            self._choose(target.column)
        elif event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._point(None)
            self._grip = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if hover.find(self.view, self._canvas.to_layout(event.position())) is None:
            self.fit_view()

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor; with Shift, or sideways on a touchpad, move along the layers."""
        delta = event.angleDelta()
        sideways = event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(delta.x()) > abs(delta.y())
        if sideways:
            self._move(self._canvas.zoom, self._canvas.offset + QPointF(delta.x() or delta.y(), 0) / 2)
        else:
            self._zoom_at(event.position(), 1.0015 ** delta.y())
        self._point(None)
        event.accept()

    def _choose(self, column: int) -> None:
        """Select the layer, as the design has it; a layer of an older design may be gone."""
        id = self.view.structure.columns[column].id
        if self._session.document.project.network.has(id):
            self._session.document.select(id)

    # --- keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk over the neurons and tell about them; Return selects the layer; +, - and 0 zoom."""
        key = event.key()
        columns = self.view.layout.columns
        moves = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        here = self._target if self._target is not None and self._target.kind == "neuron" else None
        middle = QPointF(self.rect().center())
        if key in moves and columns:
            self._point(self._beside(here, *moves[Qt.Key(key)]))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and here is not None:
            self._choose(here.column)
        elif key == Qt.Key.Key_Escape and self._target is not None:
            self._point(None)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._zoom_at(middle, 0.8 if key == Qt.Key.Key_Minus else 1.25)
        elif key == Qt.Key.Key_0:
            self.fit_view()
        else:
            super().keyPressEvent(event)

    def _beside(self, here: Target | None, across: int, down: int) -> Target:
        columns = self.view.layout.columns
        if here is None:
            return Target("neuron", 0, columns[0].units[0] if columns[0].units else -1)
        column = min(max(here.column + across, 0), len(columns) - 1)
        units, old = columns[column].units, columns[here.column].units
        if not units:
            return Target("neuron", column, -1)
        place = old.index(here.unit) if here.unit in old else 0
        row = place + down if not across else round(place / max(1, len(old) - 1) * (len(units) - 1))
        return Target("neuron", column, units[min(max(row, 0), len(units) - 1)])


def _zoom_to_fit(needed: float, width: float) -> float:
    return min(1.0, max(SMALLEST_FIT, width / needed)) if needed else 1.0
